from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tellbench.datasets.agreement.hearing import N_HEARD, Heard
from tellbench.datasets.agreement.measures import MOUTH, Moves
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.eval import quality
from tellbench.eval.quality import CONTROL, Quality, quality_of, quality_rows, summary


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


def test_rows_hold_what_is_known_and_none_elsewhere(monkeypatch):
    moving = {"a-pristine": (0.6, 0), "a-warp": (np.nan, np.nan)}
    clips = Corpus(
        [Clip(clip_id=name, path=Path(f"/{name}.mp4"), label=int("warp" in name), generator="warp") for name in moving],
        Path("/"),
    )
    judged = {name: Quality(sync, 1.0, offset, np.nan, 0.5) for name, (sync, offset) in moving.items()}
    monkeypatch.setattr(quality, "clip_quality", lambda clip, *_: judged[clip.clip_id])
    monkeypatch.setattr(quality, "likeness", lambda clips, **_: {"a-warp": 0.9})
    control, warp = quality_rows(clips)
    assert (control.generator, control.n_judged, control.in_time, control.identity) == (CONTROL, 1, 1.0, None)
    assert (warp.generator, warp.n_clips, warp.n_judged, warp.identity) == ("warp", 1, 0, 0.9)
    assert (warp.sync_confidence, warp.capp, warp.delta_p) == (None, None, 0.5)
    assert (control.delta_p, warp.in_time) == (0.5, None)
