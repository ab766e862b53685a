import dataclasses

import numpy as np
import pandas as pd
import pytest

from tellbench.datasets.clip import PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.detectors import cue_accuracy
from tellbench.detectors.cue_accuracy import MEASURES, compare, main, summarise
from tellbench.detectors.cues import LID_BROW, Cues
from tellbench.errors import InputError

LENGTH = 200


def shut() -> np.ndarray:
    x = np.arange(LENGTH)[:, None] - np.array([40, 90, 150])
    return np.clip(1 - np.abs(x) / 3, 0, 1).max(1)


@pytest.fixture
def cues() -> Cues:
    """A frontal face whose lids blink three times; nothing else moves but the brows."""
    points = np.zeros((LENGTH, 68, 2), np.float32)
    points[:, [36, 39, 42, 45], 0] = (-50, -17, 17, 50)
    points[:, [36, 39, 42, 45], 1] = 100 * LID_BROW * shut()[:, None]  # eye corners go down with the lids
    points[:, 27:36, 1] = np.linspace(-2, 49, 9)
    points[:, 31:36, 0] = (-14, -8, 0, 8, 14)
    points[:, 17:27, 1] = -25 - 2 * np.sin(np.arange(LENGTH) / 20)[:, None]
    aperture = np.repeat(0.3 * (1 - shut())[:, None], 2, 1).astype(np.float32)
    iris = np.tile(np.array([[-33.5, 0], [33.5, 0]], np.float32), (LENGTH, 1, 1))
    boxes = np.zeros((LENGTH, 4), np.float32)
    return Cues(25.0, np.ones(LENGTH, bool), np.ones(LENGTH, int), boxes, points, iris, aperture)


@pytest.fixture
def tracks(cues) -> pd.DataFrame:
    """The truth, with a head that was 6 degrees further to the left and 2 further down than it was seen."""
    columns = {f"{name}_{side}": values for side in ("right", "left") for name, values in (("blink", shut()),)}
    columns |= {f"aperture_{side}": cues.aperture[:, 0] for side in ("right", "left")}
    brow = np.sin(np.arange(LENGTH) / 20)
    columns |= dict.fromkeys(("brow_inner", "brow_outer_left", "brow_outer_right"), brow)
    angles = dict(zip(("yaw", "pitch", "roll"), (cues.pose + np.array([6, 2, 0])).T, strict=True))
    return pd.DataFrame({**columns, **angles, "gaze_x": cues.gaze[:, 0] - 3, "gaze_y": cues.gaze[:, 1] + 4})


def test_numbers_of_a_known_truth(cues, tracks):
    found = summarise([compare(cues, tracks)])
    assert set(found) == set(MEASURES)
    assert found["frames"] == LENGTH
    assert found["blink F1"] == 1 and found["blink ms"] == 0
    assert found["aperture r"] == pytest.approx(1) and found["brow r"] == pytest.approx(1, abs=2e-3)
    assert [found[name] for name in ("yaw", "pitch", "roll", "pose")] == pytest.approx([6, 2, 0, 8 / 3], abs=1e-3)
    assert found["pitch moves"] == pytest.approx(0, abs=1e-3)
    assert (found["gaze"], found["gaze moves"]) == pytest.approx((5, 0), abs=1e-3)


def test_frames_without_a_face_and_other_yaws_do_not_count(cues, tracks):
    lost = dataclasses.replace(cues, found=np.arange(LENGTH) >= 50)
    assert summarise([compare(lost, tracks)])["frames"] == 150
    tracks["yaw"] = np.where(np.arange(LENGTH) < 30, 12.0, 0.0)
    assert summarise([compare(cues, tracks)], (10, 90))["frames"] == 30


def test_the_command_writes_a_row_for_each_corpus(cues, tracks, tmp_path, monkeypatch, capsys):
    clip = Clip(clip_id="one", path=tmp_path / "truth" / "clips" / "one.mp4", label=PRISTINE)
    clip.path.parent.mkdir(parents=True)
    clip.path.touch()
    Corpus([clip], tmp_path / "truth").write_manifest()
    monkeypatch.setattr(cue_accuracy, "extract", lambda clip, backend: cues)
    with pytest.raises(InputError, match="no ground truth"):
        main([str(tmp_path / "truth")])
    clip.track_path.parent.mkdir()
    tracks.to_parquet(clip.track_path)
    capsys.readouterr()
    main([str(tmp_path / "truth"), str(tmp_path / "truth")])
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].count("|") == rows[2].count("|") == len(MEASURES) + 2
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["truth", "yaw 5 to 10", "truth"]
