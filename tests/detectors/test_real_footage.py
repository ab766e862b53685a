"""Blinks of two filmed people, where their recordings lie beside the checkout."""

import os

import pytest

from tellbench.datasets.clip import Clip
from tellbench.datasets.faces.mediapipe_backend import MODEL_VARIABLE
from tellbench.detectors.cues import extract
from tellbench.detectors.events import find_blinks


@pytest.mark.parametrize("backend", ["network", "mediapipe"])
@pytest.mark.parametrize(("name", "peaks"), [("grid_bbaf2n", [1.24, 1.58]), ("grid_lwbsza", [])])
def test_blinks_seen_by_eye_are_found(name, peaks, backend, shared_assets, tmp_path, monkeypatch):
    if backend == "mediapipe" and not os.environ.get(MODEL_VARIABLE):
        pytest.skip(f"{MODEL_VARIABLE} names no model")
    monkeypatch.setenv("TELLBENCH_CACHE", str(tmp_path))
    clip = Clip(clip_id=name, path=shared_assets / "video" / f"{name}.mpg", label=-1)
    cues = extract(clip, backend, device="cpu")
    assert cues.found.all()
    assert find_blinks(cues.aperture, cues.fps)["peak_s"].tolist() == pytest.approx(peaks, abs=0.05)
