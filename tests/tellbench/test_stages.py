"""The stages of a run, apart from the command line."""

import dataclasses

import numpy as np
import pytest

from tellbench.cli import stages
from tellbench.cli.protocols import own_settings
from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.detectors import cues
from tellbench.eval import speed
from tellbench.eval.results import SpeedRow
from tellbench.generator.base import RefusalError, Request
from tellbench.registry import GENERATORS
from tellbench.suite import Suite

ROW = SpeedRow(
    generator="vasa", device="cpu", resolution="8x8", batch=1, precision="float32", fps_offline=1.0, fps_streaming=None,
    first_frame_ms=1.0, p50_ms=None, p95_ms=None, gflops_per_frame=None, peak_memory_mb=None,
)  # fmt: skip


class Choosy:
    """Accepts the takes it is given by seed."""

    def __init__(self, accepted, device):
        self.accepted, self.device = accepted, device


class Filmed(list):
    """Seeds of scenes, and the devices on which was measured."""


@pytest.fixture
def filmed(monkeypatch):
    """The seeds of the scenes that were filmed, in order; measuring answers with the seed it measured on."""
    seeds, devices = Filmed(), []
    seeds.devices = devices

    def film(scene):
        seeds.append(scene.seed)
        return len(seeds) - 1  # which take it was

    def measure(generator, take, device, repeats, live):
        devices.append(device)
        if take not in generator.accepted:
            raise RefusalError(f"take {take} refused")
        return take

    monkeypatch.setattr(speed, "studio_request", film)
    monkeypatch.setattr(speed, "measure_generator", measure)
    return seeds


def measure(monkeypatch, *accepted):
    generators = {f"g{i}": Choosy(takes, f"cuda:{i}") for i, takes in enumerate(accepted)}
    monkeypatch.setattr(GENERATORS, "create_with", lambda name, device: generators[name])
    return stages.measure_speed(list(generators), 256, "cuda", 1.0, 0)


def test_every_generator_is_measured_on_the_first_take_it_accepts(monkeypatch, filmed):
    assert measure(monkeypatch, {0, 1}, {1, 2}, {2}) == [0, 1, 2]


def test_speed_is_told_of_the_device_that_the_generator_runs_on(monkeypatch, filmed):
    measure(monkeypatch, {0}, {0})
    assert filmed.devices == ["cuda:0", "cuda:1"]


def test_a_take_is_filmed_once_and_only_if_it_is_needed(monkeypatch, filmed):
    measure(monkeypatch, {1}, {0}, {1})
    assert len(filmed) == 2


def test_where_every_take_is_refused_the_last_refusal_is_told(monkeypatch, filmed):
    with pytest.raises(RefusalError, match="take 2 refused"):
        measure(monkeypatch, set())


def test_a_trained_detector_comes_with_its_card_and_is_not_trained_twice(monkeypatch, tmp_path):
    monkeypatch.setattr(cues, "extract_all", lambda _corpus, **_more: None)
    rows = [("a", 0, "", "train"), ("b", 1, "meshwarp", "train"), ("c", 1, "vasa", "val")]
    clips = [
        Clip(clip_id=name, path=tmp_path / "c" / name, label=label, generator=maker, identity_id=name, split=split)
        for name, label, maker, split in rows
    ]
    corpus = Corpus(clips, tmp_path / "c")
    corpus.write_manifest()
    folder = tmp_path / "models" / "constant"
    times = []
    for _ in range(2):
        trained = stages.train_detectors({"constant": folder}, corpus, ["meshwarp"], 3, "cpu", 1)
        assert trained["constant"].name == "constant"
        times.append((folder / "README.md").stat().st_mtime_ns)
    assert times[0] == times[1]
    card = (folder / "README.md").read_text()
    assert "1 pristine and 1 forged clips to learn from, 0 pristine and 0 forged" in card


def test_settings_are_asked_of_the_generator_and_named(monkeypatch):
    asked = []

    def measure(generator, request, device, repeats, live):
        asked.append(dict(request.controls.dials))
        return ROW

    take = Request(portrait=np.zeros((8, 8, 3), np.uint8), speech=Audio(np.ones(RATE, np.float32)), n_frames=1)
    monkeypatch.setattr(speed, "studio_request", lambda scene: take)
    monkeypatch.setattr(speed, "measure_generator", measure)
    monkeypatch.setattr(GENERATORS, "create_with", lambda name, device: Choosy({0}, "cpu"))
    rows = stages.measure_speed(["vasa"], 64, "cpu", 1.0, 0, settings=[("vasa", "sampler_steps", 5.0)])
    assert asked == [{}, {"sampler_steps": 5.0}]
    assert [row.setting for row in rows] == ["", "sampler_steps=5"]


def test_only_doses_of_how_a_generator_works_have_a_speed():
    dials = {"blink_rate": (0.0,), "sampler_steps": (5.0, 25.0)}
    suite = Suite(
        name="s", people=4, generators=("meshwarp", "vasa"), train_on=("meshwarp", "vasa"), dials=dials,
        protocols=("dose-response",),
    )  # fmt: skip
    assert own_settings(suite) == [("vasa", "sampler_steps", 5.0), ("vasa", "sampler_steps", 25.0)]
    assert own_settings(dataclasses.replace(suite, protocols=())) == []
