import numpy as np

from tellbench.generator.splice.follow import face_points, steadied


def test_noise_is_less_and_motion_is_kept():
    rng = np.random.default_rng(0)
    motion = np.linspace(0, 50, 100)[:, None, None] + np.zeros((100, 68, 2))
    points = (motion + rng.standard_normal(motion.shape)).astype(np.float32)
    error = steadied(points) - motion
    assert error[1:-1].std() < 0.7
    assert abs(error.mean()) < 0.05


def test_frames_without_a_face_stay_without_and_give_nothing():
    points = np.full((5, 68, 2), 10, np.float32)
    points[2] = np.nan
    made = steadied(points)
    assert np.isnan(made[2]).all()
    np.testing.assert_allclose(made[[0, 1, 3, 4]], 10, rtol=1e-6)


def test_reads_a_face_where_it_is(shot):
    blank = np.zeros_like(shot.frames[:1])
    points = face_points([shot.frames[:1], blank])
    error = np.linalg.norm(points[0, 17:] - shot.landmarks[0, 17:], axis=-1).mean()
    assert error < 0.08 * np.linalg.norm(shot.landmarks[0, 36] - shot.landmarks[0, 45])
    assert np.isnan(points[1]).all()
