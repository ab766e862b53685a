import numpy as np
import pytest

from tellbench.generator.meshwarp.fit import fit_head


def test_true_points_give_the_true_pose_and_an_exact_mesh(model, shots):
    angles = []
    for points in shots.landmarks:
        fit = fit_head(model, points, (192, 192))
        assert fit.model_error < 0.05
        assert fit.final_error < 0.005
        assert fit.mouth_closed
        angles.append(fit.camera.euler)
    turned = np.subtract(angles[1], angles[0])
    assert turned[:2] == pytest.approx((12, -3), abs=2.5)
    assert abs(turned[2]) == pytest.approx(2, abs=1.5)


def test_place_and_size_in_the_picture_do_not_matter(model, portrait):
    points = portrait.truth.points[0]
    here, there = fit_head(model, points, (192, 192)), fit_head(model, points * 2 + 40, (500, 460))
    assert there.camera.pixels_per_mm == pytest.approx(2 * here.camera.pixels_per_mm, rel=0.03)
    assert there.camera.euler == pytest.approx(here.camera.euler, abs=3)


def test_random_points_fit_no_head(model):
    points = np.random.default_rng(0).uniform(40, 150, (68, 2))
    assert fit_head(model, points, (192, 192)).model_error > 0.1
