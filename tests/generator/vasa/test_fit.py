"""From filmed people, or video, to a run: sources are drawn the same again, and the run leaves weights."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from tellbench.cli import app
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import sha256
from tellbench.errors import InputError
from tellbench.generator.vasa import fit, train
from tellbench.generator.vasa.card import Session, Training, model_card, outside_about
from tellbench.generator.vasa.data.bank import Bank, path_of, stored
from tellbench.generator.vasa.data.studio import Recipe
from tellbench.generator.vasa.fit import Alternating, Data, RandomPairs, fit_face, identity_network
from tellbench.generator.vasa.train import Plan

from .toys import toy_frames

RECIPE = Recipe.for_windows(64)


@pytest.fixture
def films(tmp_path):
    """Toy people as the studio's would lie there."""
    return _filmed(tmp_path / "films", RECIPE)


def _filmed(folder, recipe):
    poses, faces = recipe.poses, recipe.expressions
    for seed in (*range(720_000, 720_006), *range(819_990, 819_992)):
        random = torch.Generator().manual_seed(seed)
        texture = torch.rand(1, 3, 8, 8, generator=random).expand(poses * faces, -1, -1, -1)
        pose = torch.zeros(poses, 7)
        pose[:, 3:5] = torch.rand(poses, 2, generator=random) * 0.2
        jaw = torch.rand(faces, generator=random)
        poses_of_rows = pose.repeat_interleave(faces, 0)
        frames = toy_frames(texture, poses_of_rows, jaw.repeat(poses), recipe.side)
        path = path_of(folder, seed, recipe)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(stored(frames), path)
    return folder


def test_a_run_from_filmed_people(toy_size, films, tmp_path):
    data = Data(people=range(720_000, 720_006), films=films, workers=0)
    steps = []
    assert fit_face(Plan(size="toy", steps=2, batch=2), data, tmp_path / "run", "cpu", on_step=steps.append)
    assert sum(steps) == 2
    card = (tmp_path / "run" / "README.md").read_text()
    assert f"sha256 `{sha256(tmp_path / 'run' / train.WEIGHTS)}`" in card
    assert "all 2 steps are done" in card
    assert "Steps 2, batch 2 a process, rate 0.0008, seed 0, precision 32-true" in card
    assert "off" not in card.split("## How")[1].split("|")[0]
    assert "6 virtual people (of seeds 720000 to 720005), 5 poses and 10 expressions each" in card
    assert "no face of a real person was learned from" in card
    assert re.search(r"\| 0 to 2 \| .* \(CPU\) \| 1 \| 2\.\S* \| \d+\.\d s \|", card)
    for section in ("Measured\n\nNothing", "Intended use", "Limits", "Licence", "How to cite"):
        assert f"## {section}" in card
    stored = sum(value.numel() for value in load_file(tmp_path / "run" / train.WEIGHTS).values())
    assert float(re.search(r"([\d.]+) M parameters", card)[1]) == pytest.approx(stored / 1e6, abs=0.006)


def test_a_card_of_people_s_videos_says_that_they_may_be_real(tmp_path):
    clip = Clip(clip_id="a", path=tmp_path / "a.mp4", label=0, dataset="voxceleb2", split="train")
    clip.path.touch()
    Corpus([clip], tmp_path).write_manifest()
    line = outside_about(tmp_path, "1 clips of 1 people")
    assert "imported from voxceleb2" in line
    session = Session(device="GPU", processes=2, torch="2.15", first=500, last=900, seconds=90)
    training = Training(
        plan={"size": "tiny", "steps": 1000, "seed": 3, "off": ("transfer", "match")},
        step=900,
        parameters=10,
        sessions=[session],
        learned=[line],
        outside=True,
    )
    card = model_card(tmp_path / "metadata.parquet", fit.CARD, training)
    assert "may show real people" in card
    assert "no face of a real person" not in card
    assert "900 of 1000 steps are done: it is unfinished" in card
    assert "| 0 to 500 | not written down |" in card
    assert "| 500 to 900 | GPU | 2 | 2.15 | 1.5 min |" in card
    assert "Steps 1000, seed 3, off transfer and match" in card


def test_the_same_index_is_the_same_batch(films):
    bank = Bank(films, range(720_000, 720_006), RECIPE)
    bank.take_in()
    source = Alternating([RandomPairs(bank, "cpu", 0), RandomPairs(bank, "cpu", 1)])
    one, two, again = source.batch(0, 3), source.batch(1, 3), source.batch(0, 3)
    assert torch.equal(one.source.image, again.source.image)
    assert torch.equal(one.dynamics_driver.image, again.dynamics_driver.image)
    assert not torch.equal(one.source.image, two.source.image)


def test_people_who_are_measured_on_are_refused(toy_size, tmp_path):
    data = Data(people=range(739_999, 740_001), films=tmp_path)
    with pytest.raises(InputError, match="allowed: 720000 to 740000"):
        fit_face(Plan(size="toy"), data, tmp_path / "run", "cpu")


def test_people_who_are_not_filmed_and_will_not_be_are_not_waited_for(toy_size, tmp_path):
    data = Data(people=range(720_000, 720_006), films=tmp_path / "none", workers=0)
    with pytest.raises(InputError, match="0 people filmed, 2 are needed"):
        fit_face(Plan(size="toy"), data, tmp_path / "run", "cpu")


def test_data_that_is_not_there_is_refused(toy_size, films, tmp_path):
    data = Data(names=("nowhere",), films=films, workers=0)
    with pytest.raises(InputError, match="data 'nowhere'; allowed: studio, or a folder"):
        fit_face(Plan(size="toy"), data, tmp_path / "run", "cpu")


def test_identity_is_ours_without_facenet_s_weights(monkeypatch, tmp_path):
    monkeypatch.setattr(fit.torch.hub, "get_dir", lambda: str(tmp_path))
    network = identity_network()
    vectors = network(torch.rand(2, 3, 112, 112) * 255)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(2), atol=1e-5)
    assert not any(p.requires_grad for p in network.parameters())


@pytest.mark.slow
def test_torchrun_trains_one_model_in_two_processes(tmp_path):
    films = _filmed(tmp_path / "films", Recipe.for_windows(128))
    out = tmp_path / "run"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", str(shutil.which("tellbench"))]
    command += ["fit-generator", "face", "--device", "cpu", "--steps", "3", "--batch", "2", "--people", "720000:720006"]
    subprocess.run([*command, "--films", str(films), "--workers", "0", "--out", str(out)], check=True, timeout=280)
    assert (out / train.WEIGHTS).is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mouth"], "part 'mouth'; allowed: face"),
        (["face", "--size", "huge"], "size 'huge'; allowed: tiny"),
        (["face", "--precision", "8"], "precision '8'; allowed: auto, 32-true"),
    ],
)
def test_bad_requests_are_refused(arguments, message, tmp_path):
    result = CliRunner().invoke(app, ["fit-generator", *arguments, "--out", str(tmp_path / "run")])
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
    assert not Path(tmp_path / "run").exists()
