import sys

import numpy as np
import pytest
from PIL import Image

from tellbench.datasets.audio import write_wav
from tellbench.datasets.faces.landmarks import OUTER_CORNERS
from tellbench.generator.vasa import lasting


def _faces(n, random):
    points = np.zeros((n, 68, 2), np.float32) + 50
    points[:, OUTER_CORNERS[1], 0] += 40
    vectors = np.tile(np.eye(8, dtype=np.float32)[0], (n, 1)) + 0.01 * random.normal(size=(n, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), points


def test_a_clip_that_stays_has_no_drift_and_one_that_leaves_has():
    vectors, points = _faces(40, np.random.default_rng(0))
    still = lasting.lasted(vectors, points)
    assert still["identity_first_last"] == pytest.approx(1, abs=0.01)
    assert still["drift_percent"] == pytest.approx(0, abs=1e-3)
    points += np.arange(40, dtype=np.float32)[:, None, None] * np.array([0.4, 0], np.float32)  # 12 of 40 pixels in all
    vectors[30:] = np.eye(8, dtype=np.float32)[1]
    gone = lasting.lasted(vectors, points)
    assert gone["identity_first_last"] < 0.1 < 0.5 < gone["identity_neighbours"]
    assert gone["drift_percent"] == pytest.approx(30, abs=0.1)
    assert gone["drift_neighbours_percent"] == pytest.approx(10, abs=0.1)


def test_the_peak_grows_with_what_is_held():
    before = lasting.peak_mb()
    if np.isnan(before):
        pytest.skip("this system does not tell the peak memory of a process")
    held = np.ones(100_000_000 // 8)
    assert lasting.peak_mb() > before - 1 and lasting.peak_mb() * 1e6 > held.nbytes


@pytest.mark.slow
def test_the_command_renders_and_says(shared_assets, voice, tmp_path, monkeypatch, capsys):
    write_wav(tmp_path / "voice.wav", voice)
    with Image.open(shared_assets / "portraits" / "monalisa_256.png") as face:
        face.save(tmp_path / "face.png")
    command = ["lasting", "--portrait", tmp_path / "face.png", "--speech", tmp_path / "voice.wav", "--seconds", "4"]
    monkeypatch.setattr(sys, "argv", [*map(str, command), "--side", "128", "--out", str(tmp_path / "out")])
    lasting.main()
    assert "identity_first_last" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"lasting_4.mp4", "lasting.csv"}
