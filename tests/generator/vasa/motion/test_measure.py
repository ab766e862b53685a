"""Figures are right where the answer is known, and what people did agrees with itself."""

import pytest
import torch

from tellbench.datasets.emotion import EMOTIONS
from tellbench.generator.vasa.motion import measure
from tellbench.generator.vasa.motion.data.talks import path_of, write_talk
from tellbench.generator.vasa.motion.space import COLUMNS, N_MOTION

from .toys import GAZE, JAW, toy_talk


@pytest.fixture
def talks():
    return [toy_talk(seed, 150) for seed in range(2)]


def test_what_people_did_is_without_fault(talks):
    row = measure.figures(talks, [talk.motion for talk in talks])
    assert row["lips_r"] == pytest.approx(1)
    assert row["lips_late_frames"] == 0
    assert row["gaze_error_deg"] < 0.5
    assert row["main_gaze_error_deg"] < 1
    assert row["distance_error_percent"] < 0.01
    assert row["seam_ratio"] == pytest.approx(1, abs=0.1)


def test_faults_are_seen(talks):
    late = [torch.roll(talk.motion, 3, 0) for talk in talks]
    assert measure.figures(talks, late)["lips_late_frames"] == 3
    aside = [talk.motion.clone() for talk in talks]
    for motion in aside:
        motion[:, GAZE] += 0.5
        motion[:, 5] -= 118
    row = measure.figures(talks, aside)
    assert row["gaze_error_deg"] == pytest.approx(10, abs=0.3)
    assert row["distance_error_percent"] == pytest.approx(10, abs=0.1)


def test_a_jump_at_the_seam_is_seen():
    smooth = torch.sin(torch.arange(2000) / 7.3)[:, None].repeat(1, N_MOTION)
    broken = smooth.clone()
    broken[torch.arange(2000) // 50 % 2 == 1] += 0.3
    assert measure.seam_ratio([smooth], 50) == pytest.approx(1, abs=0.1)
    assert measure.seam_ratio([broken], 50) > 3


def test_blinks_are_counted():
    motion = torch.zeros(100, N_MOTION)
    for start in (10, 40, 41, 80):
        motion[start : start + 4, [COLUMNS.index(f"eyeBlink{side}") for side in ("Left", "Right")]] = 0.9
    assert measure.blinks(motion) == 3


def test_emotions_that_show_are_read(untrained, monkeypatch, talks):
    """A stand-in for the model that shows what it is asked for."""

    def shown(model, talk, seed, sampling, script=None):
        motion = talk.motion.clone()
        for i, name in enumerate(measure.MOODS):
            motion[:, 6:58] += script.emotion[0, i] * torch.from_numpy(EMOTIONS[name].copy())
        return motion

    monkeypatch.setattr(measure, "made", shown)
    table = measure.confusion(untrained, talks)
    assert (table.sum(axis=1) == 1).all()
    assert sum(table.loc[name, name] for name in EMOTIONS) >= 7.5


def test_what_is_asked_for_is_what_is_measured_against(untrained, monkeypatch, talks):
    """A stand-in for the model that heeds the gaze alone, and comes no nearer."""

    def deaf(model, talk, seed, sampling, script=None):
        motion = torch.zeros(150, N_MOTION)
        motion[:, JAW] = talk.motion[:, JAW]
        motion[:, GAZE] = talk.script.gaze[:, 0] / 20
        return motion

    monkeypatch.setattr(measure, "made", deaf)
    table = measure.asked(untrained, talks)
    assert table.loc["nothing", ["gaze_error_deg", "emotion"]].tolist() == pytest.approx([0, 0], abs=1e-3)
    assert table.loc["gaze 20 0", "main_gaze_error_deg"] == pytest.approx(0, abs=1e-3)
    assert table.loc["gaze 0 10", "gaze_error_deg"] == pytest.approx(10, abs=1e-3)
    assert table.loc["distance 0.85", "distance_error_percent"] == pytest.approx(15, abs=1e-3)


def test_the_command_writes_tables_and_pictures(untrained, talks, tmp_path, monkeypatch):
    for seed, talk in zip((840_000, 840_001), talks, strict=True):
        write_talk(path_of(tmp_path / "talks", seed), talk)
    untrained.save(tmp_path / "model.safetensors")
    monkeypatch.setattr(measure, "_GUIDANCE", ((0.5, 1.0),))
    monkeypatch.setattr(measure, "_STEPS", (1,))
    monkeypatch.setattr(measure, "_LOOKS", ())
    monkeypatch.setattr(measure, "_DISTANCES", (1.1,))
    monkeypatch.setattr(measure, "MotionModel", type("Loaded", (), {"load": staticmethod(lambda path: untrained)}))
    command = ["measure", "--model", "x", "--talks", str(tmp_path / "talks"), "--people", "840000:840002"]
    monkeypatch.setattr("sys.argv", [*command, "--out", str(tmp_path / "out")])
    monkeypatch.setattr(measure, "Witness", type("Deaf", (), {"of": staticmethod(lambda *_: None)}))
    monkeypatch.setattr(measure, "agreement", lambda witnesses, motions: {"sync_confidence": 0.5})
    measure.main()
    assert "sync_confidence" in (tmp_path / "out" / "ablation.csv").read_text()
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "ablation.csv",
        "asked.csv",
        "emotions.csv",
        "minute.csv",
        "talk_840000.png",
        "talk_840001.png",
    }
