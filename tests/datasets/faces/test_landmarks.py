import numpy as np
import pytest

from tellbench.datasets.faces.landmarks import (
    EYE_CORNERS,
    FOREHEAD,
    GROUPS,
    MIRROR,
    Landmarks,
    face_boxes,
    load_landmarker,
)
from tellbench.errors import InputError


def some_landmarks(length: int = 3) -> Landmarks:
    rng = np.random.default_rng(0)
    points = rng.uniform(10, 90, (length, 68, 2)).astype(np.float32)
    iris = rng.uniform(10, 90, (length, 2, 2)).astype(np.float32)
    return Landmarks(points, iris, rng.uniform(0, 0.4, (length, 2)).astype(np.float32))


def test_refuses_shapes_that_disagree():
    good = some_landmarks()
    with pytest.raises(ValueError, match="aperture"):
        Landmarks(good.points, good.iris, good.aperture[:2])


def test_refuses_frames_known_in_part():
    good = some_landmarks()
    good.iris[1] = np.nan
    with pytest.raises(ValueError, match="in part"):
        Landmarks(good.points, good.iris, good.aperture)


def test_unknown_frames_are_reported_and_joined():
    joined = Landmarks.concatenate([some_landmarks(2), Landmarks.unknown(3)])
    assert joined.known.tolist() == [True, True, False, False, False]
    assert len(joined[joined.known]) == 2


def test_groups_cover_all_points_once():
    covered = np.concatenate([np.arange(68)[group] for group in GROUPS.values()])
    assert sorted(covered) == list(range(68))


def test_mirror_is_an_involution_that_keeps_groups_and_swaps_eyes():
    assert (MIRROR[MIRROR] == np.arange(68)).all()
    for group in GROUPS.values():
        assert set(MIRROR[group]) == set(range(68)[group])
    assert tuple(MIRROR[list(EYE_CORNERS[0])]) == (EYE_CORNERS[1][1], EYE_CORNERS[1][0])


def test_eye_aspect_of_a_known_eye():
    points = np.zeros((1, 68, 2), np.float32)
    eye = np.array([[0, 0], [10, -3], [20, -3], [30, 0], [20, 3], [10, 3]], np.float32)
    points[0, 36:42], points[0, 42:48] = eye, eye * [1, 0]
    landmarks = Landmarks(points, np.zeros((1, 2, 2), np.float32), np.zeros((1, 2), np.float32))
    np.testing.assert_allclose(landmarks.eye_aspect, [[6 / 30, 0]], atol=1e-6)
    np.testing.assert_allclose(landmarks.eye_widths, [[30, 30]])


def test_face_boxes_reach_above_the_brows():
    points = np.array([[[10, 20], [50, 120]] * 34], np.float32)
    np.testing.assert_allclose(face_boxes(points), [[10, 20 - FOREHEAD * 100, 50, 120]])


def test_unknown_landmarker_names_the_allowed_ones():
    with pytest.raises(InputError, match="network, mediapipe"):
        load_landmarker("dlib")
