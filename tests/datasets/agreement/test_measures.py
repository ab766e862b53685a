import numpy as np
import pytest

from tellbench.datasets.agreement.measures import MOUTH, Moves, at_rate, mouth_of


def face(opening: np.ndarray) -> np.ndarray:
    """Points (T, 68, 2) with eyes 100 pixels apart and lips that are open so many pixels."""
    points = np.zeros((len(opening), 68, 2), np.float32)
    points[:, 36], points[:, 45] = (100, 100), (200, 100)
    points[:, 33] = (150, 150)
    points[:, 48], points[:, 54] = (125, 180), (175, 180)
    points[:, 60], points[:, 64] = (130, 180), (170, 180)
    for upper, lower in ((61, 67), (62, 66), (63, 65)):
        points[:, upper, 1], points[:, lower, 1] = 180 - opening / 2, 180 + opening / 2
    points[:, 51, 1], points[:, 57, 1], points[:, 8, 1] = 175 - opening / 2, 185 + opening / 2, 230 + opening
    return points


def test_distances_are_shares_of_the_eyes():
    found = dict(zip(MOUTH, mouth_of(face(np.array([20.0])))[0], strict=True))
    wanted = {"opening": 0.2, "opening_sides": 0.2, "height": 0.3, "width": 0.5, "inner_width": 0.4}
    assert found == pytest.approx(wanted | {"lower_drop": 0.45, "chin_drop": 1.0, "corner_drop": 0.3}, abs=1e-5)


def test_double_rate_is_halved_between_its_frames():
    track = np.arange(20, dtype=np.float32)[:, None]
    np.testing.assert_allclose(at_rate(track, 50)[:, 0], np.arange(10) * 2 + 0.5)


def test_the_same_rate_changes_nothing():
    track = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    np.testing.assert_allclose(at_rate(track, 25), track, atol=1e-6)


@pytest.mark.parametrize(("missing", "bridged"), [(3, True), (8, False)])
def test_short_gaps_are_bridged_and_long_ones_stay(missing, bridged):
    track = np.arange(40, dtype=np.float32)[:, None]
    track[10 : 10 + missing] = np.nan
    found = at_rate(track, 25)[:, 0]
    assert np.isfinite(found[10 : 10 + missing]).all() == bridged
    np.testing.assert_allclose(found[:10], np.arange(10))
    np.testing.assert_allclose(found[10 + missing :], np.arange(10 + missing, 40))


def test_without_a_face_nothing_is_known():
    moves = Moves.of(np.full((30, 68, 2), np.nan, np.float32), 30)
    assert len(moves) == 25
    assert not moves.seen.any()
