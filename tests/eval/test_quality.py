from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tellbench.datasets.agreement.hearing import N_HEARD, Heard
from tellbench.datasets.agreement.measures import MOUTH, Moves
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.errors import InputError
from tellbench.eval import quality
from tellbench.eval.fvd import CONTROL, FEWEST
from tellbench.eval.looks import COUNT, WIDTH, Looks, extractor
from tellbench.eval.quality import Quality, quality_of, quality_rows, summary
from tellbench.eval.results import QualityRow, Results


def moves(n: int) -> Moves:
    random = np.random.default_rng(0)
    return Moves(random.normal(size=(n, len(MOUTH))).astype(np.float32), random.normal(size=(n, 3)).astype(np.float32))


def test_what_cannot_be_measured_is_unknown_and_the_rest_is_given():
    found = quality_of(moves(50), None)
    assert np.isnan([found.sync_confidence, found.sync_offset, found.capp]).all()
    assert found.delta_p > 0
    heard = Heard(np.zeros((50, N_HEARD), np.float32), np.ones(50, bool))
    short = quality_of(moves(50), heard)  # long enough for lips, not for 3 s of a head
    assert np.isfinite([short.sync_confidence, short.sync_offset]).all()
    assert np.isnan(short.capp)


def test_generators_stand_beside_the_control():
    columns = ["generator", "pair_id", "sync_confidence", "sync_distance", "sync_offset", "capp", "delta_p"]
    rows = [
        ("warp", "a", 0.3, 1.0, 0, 0.1, 0.2),
        ("warp", "b", np.nan, np.nan, np.nan, np.nan, 0.4),
        (CONTROL, "a", 0.6, 0.8, 1, 0.2, 0.5),
        (CONTROL, "b", 0.6, 0.8, -4, 0.2, 0.7),
    ]
    found = summary(pd.DataFrame(rows, columns=columns))
    assert list(found.index) == [CONTROL, "warp"]
    warp, control = found.loc["warp"], found.loc[CONTROL]
    assert warp["confidence_ratio"] == pytest.approx(0.5)
    assert warp["delta_p_ratio"] == pytest.approx(0.5)
    assert (warp["clips"], warp["judged"], warp["in_time"]) == (2, 1, 1.0)
    assert control["in_time"] == 0.5


@pytest.fixture
def rows(monkeypatch) -> list[QualityRow]:
    """Of a pristine clip without a face to compare, and a forged one that is too short for a voice."""
    moving = {"a-pristine": (0.6, 0), "a-warp": (np.nan, np.nan)}
    clips = Corpus(
        [
            Clip(clip_id=name, path=Path(f"/{name}.mp4"), label=int("warp" in name), generator="warp", pair_id="a")
            for name in moving
        ],
        Path("/"),
    )
    judged = {name: Quality(sync, 1.0, offset, np.nan, 0.5) for name, (sync, offset) in moving.items()}
    windows = np.random.default_rng(0).normal(size=(FEWEST, WIDTH)).astype(np.float32)
    seen = {
        "a-pristine": Looks(np.ones((COUNT, 1), np.float32), windows),
        "a-warp": Looks(np.full((COUNT, 1), 0.9, np.float32), windows + 3 * np.eye(WIDTH, dtype=np.float32)[1]),
    }
    monkeypatch.setattr(quality, "clip_quality", lambda clip, *_: judged[clip.clip_id])
    monkeypatch.setattr(quality, "look", lambda clip, *_: seen[clip.clip_id])
    return quality_rows(clips)


def test_rows_hold_what_is_known_and_none_elsewhere(rows):
    control, warp = rows
    assert (control.generator, control.n_judged, control.in_time) == (CONTROL, 1, 1.0)
    assert (warp.generator, warp.n_clips, warp.n_judged) == ("warp", 1, 0)
    assert (control.identity, warp.identity) == pytest.approx((1.0, 0.9))
    assert (warp.sync_confidence, warp.capp, warp.delta_p) == (None, None, 0.5)
    assert (control.delta_p, warp.in_time) == (0.5, None)


def test_rows_name_the_extractor_of_their_distance_or_why_there_is_none(rows):
    control, warp = rows
    assert (control.fvd, control.n_windows, control.fvd_extractor) == (None, FEWEST, extractor())
    assert "each half of the people" in control.fvd_note
    assert warp.fvd == pytest.approx(9, rel=1e-4)
    assert (warp.fvd_low, warp.n_windows, warp.fvd_extractor, warp.fvd_note) == (None, FEWEST, extractor(), "")


def test_rows_come_back_from_a_file(rows, tmp_path):
    results = Results(suite="made up", git=None, versions={}, device={}, seeds={}, quality=tuple(rows))
    results.write(tmp_path)
    assert Results.read(tmp_path).quality == tuple(rows)


def test_a_clip_that_cannot_be_read_is_left_out(monkeypatch):
    def refuse(clip, *_):
        raise InputError(f"{clip.path}: broken")

    monkeypatch.setattr(quality, "look", refuse)
    monkeypatch.setattr(quality, "clip_quality", refuse)
    assert quality_rows(Corpus([Clip(clip_id="a", path=Path("/a.mp4"), label=0)], Path("/"))) == []
