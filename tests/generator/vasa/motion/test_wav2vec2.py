"""Hearing by wav2vec2, with a tiny network of random weights as Transformers saves it."""

import sys

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tellbench.cli import app, fit_generator
from tellbench.errors import InputError
from tellbench.generator.vasa.motion import train, wav2vec2
from tellbench.generator.vasa.motion.diffusion import Sampling
from tellbench.generator.vasa.motion.frontends import FRAME, Kind, frontend_named, frontend_of
from tellbench.generator.vasa.motion.hearing import Ear
from tellbench.generator.vasa.motion.model import MotionModel
from tellbench.generator.vasa.motion.script import Script
from tellbench.generator.vasa.motion.stream import Performer, look_ahead, perform
from tellbench.generator.vasa.vasa import Vasa

from .test_hearing import VOICE, heard_in
from .toys import TOY

transformers = pytest.importorskip("transformers", reason="the extra wav2vec2 is not installed")


def _saved(folder, seed=0, **changes):
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    sizes |= {"conv_dim": [8] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2, **changes}
    torch.manual_seed(seed)
    transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**sizes)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return _saved(tmp_path_factory.mktemp("wav2vec2"))


@pytest.fixture
def frontend(folder, monkeypatch):
    monkeypatch.setenv(wav2vec2.FOLDER_VARIABLE, str(folder))
    return frontend_named("wav2vec2")


def test_blocks_may_come_in_any_parts(frontend):
    whole = heard_in([VOICE], frontend)[0]
    assert whole.shape == (40, 2, 16)
    assert torch.equal(whole, heard_in(np.array_split(VOICE, 97), frontend)[0])
    ear = Ear(frontend)
    ear.hear(VOICE)
    ear.end()
    assert torch.allclose(ear.features(7, 13), whole[7:13], atol=1e-5)  # across blocks, as inside them


def test_features_are_those_of_the_network_at_their_time(frontend, folder):
    """Frame 44 lies in a block that hears 0.2 s beyond it and no more; its second step is centred where it says."""
    sound = np.concatenate([VOICE, VOICE])
    ear = Ear(frontend)
    ear.hear(sound)
    made = ear.features(44, 45)
    stretch = sound[0 * FRAME + 0 : 55 * FRAME + 40].copy()
    stretch = np.concatenate([np.zeros(40, np.float32), stretch])
    network = transformers.Wav2Vec2Model.from_pretrained(folder).eval()
    with torch.no_grad():
        hidden = network(torch.from_numpy((stretch - stretch.mean()) / stretch.std())[None]).last_hidden_state
    assert torch.allclose(made[0], hidden[0, 88:90], atol=1e-4)
    ear = Ear(frontend)
    ear.hear(np.concatenate([sound[: 55 * FRAME + 40], 0 * sound[:9999]]))
    assert torch.equal(made, ear.features(44, 45))


def test_a_model_is_trained_on_it_says_so_and_plays(frontend, toy_size, tmp_path, monkeypatch):
    monkeypatch.setitem(fit_generator.STEPS["motion"], "toy", 2)
    monkeypatch.setattr("tellbench.generator.vasa.motion.data.talks.process_pool", _Here)
    command = ["fit-generator", "motion", "--size", "toy", "--out", str(tmp_path / "run"), "--device", "cpu"]
    command += ["--hearing", "wav2vec2", "--people", "760000:760001", "--batch", "2"]
    CliRunner().invoke(app, command, catch_exceptions=False)
    weights = tmp_path / "run" / train.WEIGHTS
    model = MotionModel.load(weights)
    assert (model.kind, model.kind.name, model.size) == (frontend.kind, "wav2vec2", TOY)
    assert Vasa(motion=weights).delay == pytest.approx(0.4 + look_ahead(model.kind)) == pytest.approx(1.2025)
    made = [
        torch.cat(
            [part.motion for part in perform(Performer(model, Script.of(), 1, sampling=Sampling(steps=1)), sound)]
        )
        for sound in ([VOICE], iter(np.array_split(VOICE, 30)), [VOICE[::-1]])
    ]
    assert len(made[0]) == 41 and torch.equal(made[0], made[1])
    assert not torch.allclose(made[0], made[2])


def _made(model, sound):
    performer = Performer(model, Script.of(), 1, sampling=Sampling(steps=1))
    return torch.cat([part.motion for part in perform(performer, sound)])


class _Here:
    """A pool of this process."""

    def __init__(self, workers):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, work, *given):
        work(*given)
        return self

    def done(self):
        return True

    def result(self):
        pass


def test_weights_of_another_training_are_refused(frontend, tmp_path, monkeypatch):
    other = _saved(tmp_path / "other", seed=1)
    monkeypatch.setenv(wav2vec2.FOLDER_VARIABLE, str(other))
    with pytest.raises(InputError, match=r"trained on other wav2vec2 weights .* set TELLBENCH_WAV2VEC2"):
        frontend_of(frontend.kind)


def test_what_is_missing_is_named_with_the_next_step(tmp_path, folder, monkeypatch):
    monkeypatch.delenv(wav2vec2.FOLDER_VARIABLE, raising=False)
    with pytest.raises(InputError, match="set TELLBENCH_WAV2VEC2 to a folder"):
        frontend_of(Kind("wav2vec2", 2, 16, "0" * 64))
    with pytest.raises(InputError, match="no wav2vec2 weights; give TELLBENCH_WAV2VEC2 a folder"):
        wav2vec2.Wav2Vec2(tmp_path)
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folder / name).read_bytes()[:80])
    with pytest.raises(InputError, match="no readable wav2vec2 weights"):
        wav2vec2.Wav2Vec2(tmp_path)
    with pytest.raises(InputError, match="steps of 160 samples, 320 needed"):
        wav2vec2.Wav2Vec2(_saved(tmp_path / "fast", conv_stride=[5, 2, 2, 2, 2, 2, 1]))
    with pytest.raises(InputError, match="hearing 'ears'; allowed: log-mel, wav2vec2"):
        frontend_named("ears")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"pip install 'tellbench\[wav2vec2\]'"):
        wav2vec2.Wav2Vec2(folder)


def test_weights_without_a_layer_are_refused(folder, tmp_path):
    from safetensors.torch import load_file, save_file

    kept = load_file(folder / "model.safetensors")
    lost = next(name for name in kept if "attention.q_proj.weight" in name)
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    save_file({name: value for name, value in kept.items() if name != lost}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=r"weights are missing, such as .*q_proj"):
        wav2vec2.Wav2Vec2(tmp_path)
