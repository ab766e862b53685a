import dataclasses

import numpy as np
import pytest

from tellbench.datasets.studio.behaviour import Habits
from tellbench.datasets.studio.behaviour.gaze import (
    EYE_LIMITS,
    eye_in_head,
    gaze_direction,
    lids_with_gaze,
    plan_glances,
    saccade,
    vergence,
)


def glances_of(scene, habits=None, seed=0):
    return plan_glances(scene, habits or Habits(), np.random.default_rng(seed))


def dwells(scene, mutual):
    """Lengths of looking at the viewer (or away) in seconds."""
    lengths = []
    for seed in range(4):
        state = glances_of(scene, seed=seed).mutual_at(scene.times) == mutual
        edges = np.flatnonzero(np.diff(np.concatenate([[False], state, [False]]).astype(int)))
        lengths.append((edges[1::2] - edges[::2])[1:-1] / 100)
    return np.concatenate(lengths)


def test_dwell_times_are_those_of_talkers_and_listeners(ten_minutes, listening):
    assert dwells(ten_minutes, True).mean() == pytest.approx(3.1, rel=0.15)
    assert dwells(ten_minutes, False).mean() == pytest.approx(0.93, rel=0.15)
    assert dwells(listening, True).mean() == pytest.approx(7.9, rel=0.25)
    assert dwells(listening, False).mean() == pytest.approx(0.43, rel=0.25)


@pytest.mark.parametrize("degrees", [5.0, 10.0, 20.0, 30.0])
def test_saccades_follow_the_main_sequence(degrees):
    times = np.arange(0, 0.2, 1e-4)
    angle = degrees * saccade(times, np.full(len(times), degrees))
    assert angle[0] == 0
    assert angle[-1] == degrees
    assert np.diff(angle).min() >= -1e-12
    assert np.diff(angle).max() * 1e4 == pytest.approx(500 * (1 - np.exp(-degrees / 14)), rel=0.12)
    assert (np.diff(angle) > 0).sum() / 1e4 == pytest.approx(0.023 + 0.0026 * degrees, abs=0.002)


def test_magnitudes_fall_off_and_directions_are_cardinal(ten_minutes):
    glances = [glances_of(ten_minutes, seed=seed) for seed in range(4)]
    sizes = np.concatenate([g.shifts for g in glances])
    large = sizes[sizes > 1.5]
    assert 0.85 < (large < 15).mean() < 0.97  # 90% of natural saccades
    assert (sizes > 33).any()
    micro = (sizes > 0) & (sizes < 1)
    assert 0.5 < micro.sum() / 2400 < 2
    away = np.concatenate([g.spot[~g.mutual] for g in glances])
    angle = np.degrees(np.arctan2(away[:, 1] / 0.7, away[:, 0])) % 90
    assert 1.5 < ((angle < 22.5) | (angle > 67.5)).mean() / ((angle > 22.5) & (angle < 67.5)).mean() < 3.2


def test_eyes_hold_the_viewer_while_the_head_turns():
    pose = np.zeros((50, 6))
    pose[:, 0], pose[:, 1] = 8.0, 5.0
    eyes = eye_in_head(np.zeros((50, 2)), pose, np.zeros((50, 2)))
    np.testing.assert_allclose(eyes[0], [-8, 5], rtol=0.01)
    assert (np.abs(eye_in_head(np.full((3, 2), 90.0), np.zeros((3, 6)), np.zeros((3, 2)))) <= EYE_LIMITS).all()


def test_eyes_part_for_far_things_and_meet_for_near_ones(ten_minutes):
    glances = glances_of(ten_minutes)
    inward = vergence(ten_minutes, glances)
    assert -2.3 < inward.min() < -0.5
    assert 0.3 < inward.max() < 1.6
    assert np.median(np.abs(inward)) < 0.05
    assert np.abs(np.diff(inward)).max() * 100 < 30  # degrees a second: slower than saccades


def test_lids_follow_the_eyes():
    down, up = lids_with_gaze(np.array([-15.0, 0.0, 10.0]))
    np.testing.assert_allclose(down, [0.5, 0, 0])
    np.testing.assert_allclose(up, [0, 0, 0.4])


def test_dials_stare_and_lower_the_eyes(ten_minutes):
    stare = gaze_direction(ten_minutes, glances_of(ten_minutes, dataclasses.replace(Habits(), gaze_gain=0.0)))
    assert np.linalg.norm(stare, axis=1).max() < 6
    low = glances_of(ten_minutes, dataclasses.replace(Habits(), gaze_down=6.0))
    assert low.spot[~low.mutual, 1].mean() < -4
