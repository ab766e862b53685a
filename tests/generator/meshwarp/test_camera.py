import numpy as np
import pytest

from tellbench.generator.meshwarp.camera import Camera, place, turn

CAMERA = Camera(turn(8, -5, 3), np.array([4.0, -7.0, 0.0]), 1500.0, np.array([100.0, 90.0]))


def test_angles_come_back():
    assert CAMERA.euler == pytest.approx((8, -5, 3))


def test_angles_after_a_motion_add_up_about_one_axis():
    camera = Camera(turn(8, 0, 0), np.zeros(3), 1500.0, np.zeros(2))
    after = camera.euler_after(np.array([[4.0, 0, 0, 0, 0, 0], [-8.0, 0, 0, 1, 2, 3]]))
    np.testing.assert_allclose(after, [[12, 0, 0], [0, 0, 0]], atol=1e-9)


def test_positive_yaw_turns_to_the_subjects_left_and_pitch_looks_down():
    nose = np.array([0.0, 0.0, 1.0])
    assert (turn(10, 0, 0) @ nose)[0] > 0
    assert (turn(0, 10, 0) @ nose)[1] < 0
    assert (turn(0, 0, 10) @ np.array([0.0, 1.0, 0.0]))[0] > 0


def test_lifting_undoes_projection():
    points = np.random.default_rng(0).normal(size=(20, 3)) * 40
    seen = CAMERA.project(points)
    lifted = CAMERA.to_head(CAMERA.lift(seen[:, :2], 900 - seen[:, 2]))
    np.testing.assert_allclose(lifted, points, atol=1e-9)


def test_points_without_weight_stay():
    points = np.random.default_rng(1).normal(size=(5, 3)) * 40
    moved = place(CAMERA, points, np.zeros((5, 1)), np.array([10, 5, 2, 3, 0, 0]))
    np.testing.assert_allclose(moved, CAMERA.project(points), atol=1e-3)
