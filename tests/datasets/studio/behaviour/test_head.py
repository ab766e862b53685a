import dataclasses

import numpy as np

from tellbench.datasets.studio.behaviour import Habits
from tellbench.datasets.studio.behaviour.breath import Breaths, plan_breaths
from tellbench.datasets.studio.behaviour.head import LIMITS, head_pose
from tellbench.datasets.studio.behaviour.signals import band_noise, band_pass

NO_BREATH = Breaths(*np.zeros((4, 0)))


def pose_of(scene, habits=None, seed=0, target=None):
    target = np.zeros((scene.n_steps, 2)) if target is None else target
    return head_pose(scene, target, NO_BREATH, habits or Habits(), np.random.default_rng(seed))


def voice_correlation(scene, pose):
    return np.corrcoef(band_pass(scene.envelope, 1, 2), band_pass(pose[:, 1], 1, 2))[0, 1]


def test_amplitude_is_moderate(three_minutes):
    pose = pose_of(three_minutes)
    assert 2.5 < pose[:, 0].std() < 5
    assert (np.abs(pose) < LIMITS).all()
    assert np.abs(pose[:, 0]).max() < 25


def test_power_lies_in_drift_and_phrase_bands(three_minutes):
    yaw = pose_of(three_minutes)[:, 0]

    def power(low, high):
        return band_pass(yaw, low, high).var()

    assert power(0.02, 0.55) > 5 * power(0.95, 2.05) > 5 * 5 * power(3, 8)
    assert power(0.95, 2.05) > 0.3
    assert 0.02 < power(1.8, 3.7) < power(0.2, 1.8)  # Hadar 1983's classes are all there
    assert 0 < power(3.7, 7) < power(1.8, 3.7)


def test_pitch_moves_with_the_voice_by_the_habit(three_minutes):
    assert 0.4 < voice_correlation(three_minutes, pose_of(three_minutes)) < 0.75
    loose = dataclasses.replace(Habits(), head_coupling=0.0, nod_gain=0.0)
    assert abs(voice_correlation(three_minutes, pose_of(three_minutes, loose))) < 0.15


def test_nods_peak_after_the_stress(three_minutes):
    calm = dataclasses.replace(Habits(), head_coupling=0.0)
    with_nods, without = pose_of(three_minutes, calm), pose_of(three_minutes, dataclasses.replace(calm, nod_gain=0.0))
    nod = (with_nods - without)[:, 1]
    steps = (three_minutes.stresses * 100).astype(int)
    steps = steps[steps + 60 < len(nod)]
    mean = np.mean([nod[step : step + 60] for step in steps], axis=0)
    assert 8 < mean.argmax() < 30
    assert mean.max() > mean[0] + 0.3


def test_frozen_head_and_head_following_gaze(three_minutes):
    frozen = pose_of(three_minutes, dataclasses.replace(Habits(), head_gain=0.0))
    assert np.ptp(frozen, axis=0).max() < 1e-9
    shift = np.zeros((three_minutes.n_steps, 2))
    shift[2000:, 0] = 10.0
    moved = pose_of(three_minutes, target=shift) - pose_of(three_minutes)
    assert np.abs(moved[:2007, 0]).max() < 0.05
    assert 1 < moved[2100, 0] < 2.1  # eyes do most of a small shift ...
    far = pose_of(three_minutes, target=4 * shift) - pose_of(three_minutes)
    assert 16 < far[2100, 0] < 30  # ... and the head most of a large one


def test_listeners_nod_after_what_they_hear(three_minutes, listening):
    still = dataclasses.replace(Habits(), nod_rate=0.0)
    nods = (pose_of(listening) - pose_of(listening, still))[:, 1]
    dips = np.flatnonzero((nods[1:-1] > 1.2) & (nods[1:-1] >= nods[:-2]) & (nods[1:-1] > nods[2:]))
    assert 10 < len(dips) < 60  # 6 nods a minute of up to 3 dips
    ends = listening.heard_ends
    near = np.mean([((dip / 100 > ends) & (dip / 100 < ends + 1.6)).any() for dip in dips])
    anywhere = np.mean([((t > ends) & (t < ends + 1.6)).any() for t in listening.times[::7]])
    assert near > anywhere + 0.08
    talk = pose_of(three_minutes) - pose_of(three_minutes, still)
    assert np.abs(talk).max() < 1e-9  # nobody nods along with their own voice


def test_chin_and_shoulders_rise_with_the_breath(three_minutes):
    breaths = plan_breaths(three_minutes, Habits(), np.random.default_rng(0))
    zero = np.zeros((three_minutes.n_steps, 2))
    with_breath = head_pose(three_minutes, zero, breaths, Habits(), np.random.default_rng(0))
    lifted = (with_breath - pose_of(three_minutes))[:, 4]
    assert np.corrcoef(lifted, breaths.volume(three_minutes.n_steps))[0, 1] > 0.95
    assert 1 < lifted.max() < 2


def test_noise_has_unit_variance_and_its_band():
    noise = band_noise(np.random.default_rng(0), 60000, 0.5, 1.5, 3)
    np.testing.assert_allclose(noise.std(0), 1, atol=0.1)
    outside = noise[:, 0] - band_pass(noise[:, 0], 0.45, 1.55)
    assert outside.std() < 0.1
