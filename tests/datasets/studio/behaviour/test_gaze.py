import dataclasses

import numpy as np

from tellbench.datasets.studio.behaviour import Habits
from tellbench.datasets.studio.behaviour.gaze import EYE_LIMITS, eye_in_head, gaze_target, lids_with_gaze


def test_share_of_looking_away_while_talking(ten_minutes):
    target = np.concatenate([gaze_target(ten_minutes, Habits(), np.random.default_rng(seed)) for seed in range(4)])
    away = np.linalg.norm(target, axis=1) > 4
    assert 0.1 < away.mean() < 0.33  # 0.93 s of 4.03 s at most, some glances are short
    assert np.abs(target).max() < 20


def test_saccades_last_as_long_as_published(ten_minutes):
    target = gaze_target(ten_minutes, Habits(), np.random.default_rng(1))
    speed = np.linalg.norm(np.diff(target, axis=0), axis=1) * 100
    assert 200 < speed.max() < 600  # degrees a second
    moving = speed > 30
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[False], moving, [False]]).astype(int))))[::2]
    assert runs.max() <= 8  # 80 ms


def test_eyes_hold_the_viewer_while_the_head_turns():
    pose = np.zeros((50, 6))
    pose[:, 0], pose[:, 1] = 8.0, 5.0
    eyes = eye_in_head(np.zeros((50, 2)), pose, np.zeros((50, 2)))
    np.testing.assert_allclose(eyes[0], [-8, 5], rtol=0.06)
    assert (np.abs(eye_in_head(np.full((3, 2), 90.0), np.zeros((3, 6)), np.zeros((3, 2)))) <= EYE_LIMITS).all()


def test_lids_follow_the_eyes():
    down, up = lids_with_gaze(np.array([-15.0, 0.0, 10.0]))
    np.testing.assert_allclose(down, [0.5, 0, 0])
    np.testing.assert_allclose(up, [0, 0, 0.4])


def test_stare_dial(ten_minutes):
    stare = gaze_target(ten_minutes, dataclasses.replace(Habits(), gaze_gain=0.0), np.random.default_rng(0))
    assert np.linalg.norm(stare, axis=1).max() < 6
