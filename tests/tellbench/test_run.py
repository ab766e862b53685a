"""A whole run on stand-ins: every protocol's rows, and a killed run that ends as a whole one."""

import json
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tellbench.cli import stages
from tellbench.cli.run import run_suite
from tellbench.datasets import provenance
from tellbench.datasets.audio import RATE, Audio
from tellbench.errors import InputError
from tellbench.eval import quality, rows
from tellbench.eval.bootstrap import Interval
from tellbench.generator import build as building
from tellbench.generator.base import Chunk, Generator
from tellbench.registry import GENERATORS
from tellbench.suite import Suite

SUITE = {
    "name": "cheap", "people": 4, "seconds": 1.0, "size": 64, "fps": 10.0, "generators": ("tint", "shade", "null"),
    "train_on": ("tint", "shade"), "detectors": ("constant", "random", "oracle"),
    "protocols": (
        "leave-one-generator-out", "leave-one-identity-out", "laundered", "clip-length", "dose-response",
        "group-fairness",
    ),
    "recipes": ("crf=35",), "lengths": (0.5,), "dials": {"blink_rate": (0.0,)}, "folds": 3, "seed": 1,
}  # fmt: skip


class Killed(BaseException):
    """What no code catches."""


class Tint(Generator):
    """The portrait, held."""

    name, version, dials = "tint", "1", {"blink_rate": "does nothing here"}

    def animate(self, request):
        frames = np.repeat(request.portrait[None], request.n_frames, 0)
        yield Chunk(frames // 2, pd.DataFrame({"frame": range(len(frames))}))


class Shade(Tint):
    name = "shade"


class StandInTake:
    """Coloured noise that holds still, and a hum."""

    def __init__(self, scene, device="cpu"):
        self.scene = scene
        self.identity = types.SimpleNamespace(sex="female", age_band="18-29", skin_tone="II")
        self._picture = np.random.default_rng(scene.seed).integers(40, 200, (64, 64, 3), dtype=np.uint8)

    @property
    def speech(self):
        t = np.arange(round(self.scene.duration * RATE)) / RATE
        return Audio((0.2 * np.sin(2 * np.pi * 150 * t)).astype(np.float32))

    def portrait(self):
        return self._picture

    def shots(self):
        frames = np.repeat(self._picture[None], self.scene.n_frames, 0)
        yield types.SimpleNamespace(frames=frames, mask=None, depth=None), pd.DataFrame({"k": range(len(frames))})


def name_in_box(path, facts, **_):
    """A signature that costs nothing: a box that readers skip, other in every file."""
    name = path.name.encode()
    path.write_bytes(path.read_bytes() + (8 + len(name)).to_bytes(4, "big") + b"free" + name)


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    """No studio, no trained generator, no signatures, no resampling, no page, no clock."""
    module = types.ModuleType("stand_ins")
    module.Tint, module.Shade = Tint, Shade
    monkeypatch.setitem(sys.modules, "stand_ins", module)
    for name in ("Tint", "Shade"):
        monkeypatch.setitem(GENERATORS._targets, name.lower(), (f"stand_ins:{name}", "stands in"))
    monkeypatch.setattr(building, "Take", StandInTake)
    monkeypatch.setattr(provenance, "sign", name_in_box)
    monkeypatch.setattr(rows, "auc_interval", lambda *_, **__: Interval(0.0, 1.0, 0))
    monkeypatch.setattr(quality, "quality_rows", lambda *_, **__: [])
    monkeypatch.setattr(stages, "measure_speed", lambda *_, **__: [])
    monkeypatch.setattr(stages, "write_report", lambda run, _corpus, _site: run)


def run(out: Path, **changes) -> dict:
    run_suite(Suite(**{**SUITE, **changes}), out, workers=1, device="cpu")
    return json.loads((out / "results.json").read_text())


def test_a_killed_run_ends_as_a_whole_one(tmp_path, monkeypatch):
    finish, left, most = Path.replace, [0], 10**9

    def count(path, target):
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return finish(path, target)

    monkeypatch.setattr(Path, "replace", count)
    left[0] = most
    whole = run(tmp_path / "whole")
    files, random = most - left[0], np.random.default_rng(0)
    kills, again = 0, None
    for budget in (random.integers(files // 4, files // 2), random.integers(files // 8, files // 4), most):
        left[0] = int(budget)
        try:
            again = run(tmp_path / "cut")
        except Killed:
            kills += 1
    assert kills == 2
    assert again == whole
    protocols = {row["protocol"] for row in whole["scores"]}
    assert protocols == {"within-generator", "null", *SUITE["protocols"]} - {"group-fairness"}, (
        "one group is no comparison"
    )
    for row in whole["scores"]:
        assert row["auc"] == {"oracle": 1, "constant": 0.5}.get(row["detector"], row["auc"])
    (folds,) = {r["n_pristine"] for r in whole["scores"] if r["protocol"] == "leave-one-identity-out"}
    assert folds == 4, "everybody is tested"
    assert whole["record"]["suite"]["recipes"] == ["crf=35"]
    assert set(whole["record"]["weights"]) > {"oracle", "without-tint/oracle", "fold-2/random"}


def test_another_suite_in_the_folder_is_refused(tmp_path):
    few = {"protocols": (), "generators": ("null",), "train_on": ("null",), "detectors": ("oracle",), "people": 4}
    run(tmp_path, **few)
    before = (tmp_path / "results.json").read_bytes()
    with pytest.raises(InputError, match="another suite or version"):
        run(tmp_path, **few, seed=9)
    assert (tmp_path / "results.json").read_bytes() == before
