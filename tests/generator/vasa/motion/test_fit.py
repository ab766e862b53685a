"""From acted talks to a run, through the command line too."""

import re
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from tellbench.cli import app, fit_generator
from tellbench.datasets.files import sha256
from tellbench.errors import InputError
from tellbench.generator.vasa.motion import train
from tellbench.generator.vasa.motion.data.talks import path_of, write_talk
from tellbench.generator.vasa.motion.fit import SHOWN, Data, fit_motion
from tellbench.generator.vasa.motion.model import MotionModel
from tellbench.generator.vasa.motion.train import Plan

from .toys import TOY, toy_talk


@pytest.fixture
def talks(tmp_path):
    """Toy talks as the studio's would lie there."""
    for seed in (760_000, 760_001, SHOWN):
        write_talk(path_of(tmp_path / "talks", seed), toy_talk(seed))
    return tmp_path / "talks"


def test_the_command_trains_and_goes_on(toy_size, talks, tmp_path, monkeypatch):
    monkeypatch.setitem(fit_generator.STEPS["motion"], "toy", 2)
    command = ["fit-generator", "motion", "--size", "toy", "--out", str(tmp_path / "run"), "--films", str(talks)]
    command += ["--people", "760000:760002", "--workers", "0", "--device", "cpu", "--batch", "2"]
    stopped = CliRunner().invoke(app, [*command, "--minutes", "0"], catch_exceptions=False)
    assert "the same command goes on" in stopped.output
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert "trained" in done.output
    assert MotionModel.load(tmp_path / "run" / train.WEIGHTS).size == TOY
    card = (tmp_path / "run" / "README.md").read_text()
    assert card.startswith("# Motion model of `vasa`, size `toy`: model card\n")
    assert "2 talks" in card
    assert "seeds 760000 to 760001" in card
    assert "| 0 to 2 |" in card
    assert "no recording" in card


def test_a_stopped_run_says_that_it_is_unfinished(toy_size, talks, tmp_path):
    data, run = Data(people=range(760_000, 760_002), talks=talks, workers=0), tmp_path / "run"
    plan = Plan(size="toy", steps=5, batch=2, save_every=2)

    def kill(n):
        kill.left -= n
        if not kill.left:
            raise KeyboardInterrupt

    kill.left = 3
    with pytest.raises(KeyboardInterrupt):
        fit_motion(plan, data, run, "cpu", on_step=kill)
    card = (run / "README.md").read_text()
    assert "2 of 5 steps are done: it is unfinished" in card
    assert sha256(run / train.WEIGHTS) in card
    assert fit_motion(plan, data, run, "cpu")
    card = (run / "README.md").read_text()
    assert "all 5 steps are done" in card
    assert re.search(r"\| 0 to 2 \|.*\n\| 2 to 5 \|", card)
    fit_motion(plan, data, run, "cpu")
    assert (run / "README.md").read_text() == card  # nothing was trained, so no time was spent


@pytest.mark.slow
def test_torchrun_trains_one_model_in_two_processes(talks, tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", str(shutil.which("tellbench"))]
    command += ["fit-generator", "motion", "--size", "tiny", "--device", "cpu", "--steps", "3", "--batch", "2"]
    command += ["--people", "760000:760002", "--films", str(talks), "--workers", "0", "--out", str(tmp_path / "run")]
    subprocess.run(command, check=True, timeout=280)
    assert MotionModel.load(tmp_path / "run" / train.WEIGHTS).size.name == "tiny"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"people": range(779_999, 780_001)}, "allowed: 760000 to 780000"),
        ({"people": range(760_000, 760_003)}, "talk_760002.safetensors does not exist; give --workers 1"),
        ({"names": ("nowhere",)}, "data 'nowhere'; allowed: studio, or a folder"),
    ],
)
def test_data_that_cannot_be_used_is_refused(toy_size, talks, tmp_path, data, message):
    chosen = Data(**{"people": range(760_000, 760_002), "talks": talks, "workers": 0, **data})
    with pytest.raises(InputError, match=message):
        fit_motion(Plan(size="toy", steps=1), chosen, tmp_path / "run", "cpu")


def test_weights_of_something_else_are_named(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="not weights of a motion model"):
        MotionModel.load(tmp_path / "x.safetensors")
