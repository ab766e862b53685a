import numpy as np
import pandas as pd
import pytest

from tellbench.datasets.agreement.hearing import N_HEARD, Heard
from tellbench.datasets.agreement.measures import MOUTH, Moves
from tellbench.eval.quality import CONTROL, quality_of, summary


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
