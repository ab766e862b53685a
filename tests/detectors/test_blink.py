import numpy as np
import pandas as pd
import pytest

from tellbench.detectors.blink import STATISTICS, blink_statistics, interval_entropy, pause_locking
from tellbench.detectors.events import COLUMNS
from tellbench.detectors.voice import RATE, Voice


def blinks(peaks, depth=1.0, down=0.08, up=0.2, **columns) -> pd.DataFrame:
    peaks = np.array(peaks, float)
    table = pd.DataFrame({name: np.zeros(len(peaks)) for name in COLUMNS})
    table["peak_s"], table["depth"] = peaks, depth
    table["onset_s"], table["closed_s"] = peaks - down - 0.01, peaks - 0.01
    table["reopening_s"], table["offset_s"] = peaks + 0.02, peaks + 0.02 + up
    return table.assign(**columns)


def test_numbers_of_a_known_table():
    found = blink_statistics(blinks([1.0, 3.0, 4.0, 8.0], [1.0, 0.5, 1.0, 0.6], lag_s=[0.01, -0.01, 0.02, 0]), 10.0)
    assert tuple(found) == tuple(STATISTICS)
    assert found["rate"] == pytest.approx(24)
    assert found["partial_share"] == 0.5
    assert found["duration"] == pytest.approx(0.31)
    assert found["closing_ratio"] == pytest.approx(0.4)
    assert found["interval"] == pytest.approx(7 / 3)
    assert found["interval_cv"] == pytest.approx(np.std([2, 1, 4], ddof=1) / (7 / 3))
    assert found["interval_lv"] == pytest.approx(1.5 * ((1 / 3) ** 2 + (3 / 5) ** 2))
    assert found["lag"] == pytest.approx(0.01)
    assert found["longest_open"] == pytest.approx(0.4)


def test_clockwork_has_no_variation():
    found = blink_statistics(blinks(np.arange(1, 10, 1.5)), 10.0)
    assert found["interval_cv"] == pytest.approx(0, abs=1e-9)
    assert found["interval_lv"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("count", "unknown"), [(0, 19), (1, 9), (2, 5), (3, 2)])
def test_too_few_blinks_leave_statistics_unknown_not_zero(count, unknown):
    found = blink_statistics(blinks([2.0, 5.0, 6.0][:count]), 8.0)
    assert np.isnan(list(found.values())).sum() == unknown
    assert found["rate"] == pytest.approx(count / 8 * 60)
    assert np.isfinite(found["longest_open"])


def test_deeper_blinks_are_faster_in_the_main_sequence():
    depth = np.array([0.4, 0.6, 0.8, 1.0])
    found = blink_statistics(blinks([1, 3, 4, 8], depth, closing_speed=12 * depth), 10.0)
    assert found["main_sequence"] == pytest.approx(12)
    assert found["main_sequence_r"] == pytest.approx(1)
    flat = blink_statistics(blinks([1, 3, 4, 8], depth, closing_speed=[9.0, 9.1, 9.1, 9.0]), 10.0)
    assert abs(flat["main_sequence_r"]) < 0.1
    assert found["shortest"] == pytest.approx(1)


def test_entropy_of_intervals():
    assert interval_entropy(np.array([2.5, 2.6, 2.7])) == 0
    assert interval_entropy(np.array([0.4, 1.5, 3.0])) == pytest.approx(1)
    assert np.isnan(interval_entropy(np.array([1.0])))


def test_blinks_in_pauses_lock_to_them():
    speaking = np.ones(10 * RATE, bool)
    speaking[400:600] = False
    voice = Voice(np.zeros(1000), np.zeros(1000), speaking)
    inside, outside = pause_locking(np.array([4.2, 5.0, 5.9]), voice), pause_locking(np.array([1.0, 3.0, 8.0]), voice)
    assert inside == pytest.approx(np.log((3.5 / 2.01) / (0.5 / 7.99)), abs=1e-3)
    assert outside < 0 < inside
    assert np.isnan(pause_locking(np.array([1.0]), Voice(np.zeros(1000), np.zeros(1000), np.ones(1000, bool))))
