import numpy as np

from tellbench.datasets.expression import COEFFICIENTS, INDEX
from tellbench.generator.vasa.data.acting import grid_of, random_faces, style_of


def test_a_group_shares_its_grid():
    a, b, c = (grid_of(seed, 3, 4) for seed in (720_000, 720_001, 720_002))
    assert np.array_equal(a.poses, b.poses) and np.array_equal(a.coefficients, b.coefficients)
    assert a.distance == b.distance and not np.array_equal(a.poses, c.poses)


def test_every_pose_meets_every_expression():
    grid = grid_of(720_000, 3, 4)
    coefficients, poses, gaze = grid.everything
    assert len(coefficients) == len(poses) == len(gaze) == 12
    assert np.array_equal(poses[4:8], poses[[4] * 4]) and np.array_equal(coefficients[1::4], coefficients[[1] * 3])


def test_first_expression_is_neutral_and_first_pose_nearly_frontal():
    grid = grid_of(720_004, 3, 4)
    assert not grid.coefficients[0].any() and not grid.gaze[0].any() and np.abs(grid.poses[0, :3]).max() < 10


def test_what_must_be_driven_is_shown_often_and_strongly():
    faces, gaze = random_faces(np.random.default_rng(0), 2000)
    blink = faces[:, INDEX["eyeBlinkLeft"]]
    assert faces.min() >= 0 and faces.max() <= 1
    assert (blink > 0.8).mean() > 0.15 and (blink < 0.1).mean() > 0.2
    assert (faces[:, INDEX["jawOpen"]] > 0.5).mean() > 0.15
    driven = [i for i, name in enumerate(COEFFICIENTS) if not name.startswith("eyeLook")]  # the gaze turns the eyes
    assert (faces[:, driven] > 0.4).mean(0).min() > 0.005
    assert np.abs(gaze[:, 0]).max() > 20


def test_styles_are_mostly_photographs():
    styles = [style_of(seed) for seed in range(720_000, 720_300)]
    assert 0.6 < styles.count("photo") / 300 < 0.8 and set(styles) == {"photo", "painted", "drawn", "statue"}
