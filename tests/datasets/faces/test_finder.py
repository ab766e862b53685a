import numpy as np
import pytest

from tellbench.datasets.faces.finder import FaceFinder, same_face


@pytest.fixture(scope="module")
def finder():
    return FaceFinder()


def test_finds_the_face_where_it_is(finder, renders):
    for faces, landmarks in zip(finder(renders.frames), renders.landmarks, strict=True):
        assert len(faces) == 1 and faces[0].probability > 0.95
        x0, y0, x1, y1 = faces[0].box
        inside = (landmarks > [x0, y0]).all(1) & (landmarks < [x1, y1]).all(1)
        assert inside.mean() > 0.85
        eyes = np.stack([landmarks[36:42].mean(0), landmarks[42:48].mean(0)])
        assert np.linalg.norm(faces[0].points[:2] - eyes, axis=1).max() < 0.25 * np.linalg.norm(eyes[0] - eyes[1])


def test_same_frames_same_faces_whatever_the_batch(finder, renders):
    together = finder(renders.frames)
    for frame, faces in zip(renders.frames, together, strict=True):
        np.testing.assert_allclose(finder(frame[None])[0][0].box, faces[0].box, atol=0.5)


def test_boxes_are_mapped_back_from_the_shrunk_frame(finder, renders):
    small = finder(renders.frames[:1])[0][0].box
    large = finder(renders.frames[:1].repeat(4, 1).repeat(4, 2))[0][0].box
    assert same_face(small * 4, large, 0.8)


def test_no_face_no_answer(finder):
    assert finder(np.full((2, 128, 160, 3), 90, np.uint8)) == [[], []]
    assert finder(np.zeros((1, 24, 24, 3), np.uint8)) == [[]]
    assert finder(np.zeros((0, 128, 128, 3), np.uint8)) == []


def test_noise_is_no_face(finder):
    noise = np.random.default_rng(0).integers(0, 256, (1, 200, 150, 3), dtype=np.uint8)
    assert finder(noise) == [[]]


def test_two_people_are_two_faces(finder, renders):
    pair = np.concatenate([renders.frames[0], renders.frames[1]], 1)
    assert len(finder(pair[None])[0]) == 2


def test_same_face_is_overlap_over_union():
    one = np.array([0, 0, 10, 10.0])
    assert same_face(one, one + 1)
    assert not same_face(one, one + 8)
    assert same_face(one, np.array([0, 0, 10, 5.0]), 0.5) and not same_face(one, np.array([0, 0, 10, 5.0]), 0.51)
