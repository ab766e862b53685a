import itertools

import numpy as np
import pytest

from tellbench.datasets.faces.finder import Face
from tellbench.datasets.faces.landmarks import FOREHEAD, Landmarks
from tellbench.datasets.faces.track import FaceTrack, track_faces

SIZE = 64


def face_at(x: float, probability: float = 0.99, size: float = 40.0) -> Face:
    return Face(np.float32([x, 10, x + size, 10 + size]), probability, np.zeros((5, 2), np.float32))


class Script:
    """A finder that knows the frames by the number written into their first pixel."""

    def __init__(self, faces_of):
        self.faces_of, self.searched = faces_of, []

    def __call__(self, frames):
        numbers = frames[:, 0, 0, 0].tolist()
        self.searched += numbers
        return [self.faces_of(i) for i in numbers]


def landmarks_in_boxes(frames, boxes):
    """Points spread over the part of the box below the forehead; NaN boxes give NaN."""
    top = boxes[:, 1] + (boxes[:, 3] - boxes[:, 1]) * FOREHEAD / (1 + FOREHEAD)
    x, y = np.linspace(0, 1, 68), np.linspace(0, 1, 68)
    points = np.stack(
        [boxes[:, :1] + (boxes[:, 2:3] - boxes[:, :1]) * x, top[:, None] + (boxes[:, 3] - top)[:, None] * y], -1
    )
    return Landmarks(points.astype(np.float32), points[:, :2].astype(np.float32), points[:, 0].astype(np.float32))


def video(length, chunk=8):
    frames = np.zeros((length, SIZE, SIZE, 3), np.uint8)
    frames[:, 0, 0, 0] = np.arange(length)
    return (frames[i : i + chunk] for i in range(0, length, chunk))


def test_searches_every_kth_frame_and_interpolates():
    finder = Script(lambda i: [face_at(i)])
    track = track_faces(video(30, 30), finder, landmarks_in_boxes, every=10)
    assert finder.searched == [0, 10, 20, 29]
    assert track.found.all() and (track.n_faces == 1).all()
    np.testing.assert_allclose(track.boxes[:, 0], np.arange(30), atol=1e-4)


@pytest.mark.parametrize("chunk", [1, 7, 32])
def test_chunks_do_not_matter_for_steady_motion(chunk):
    track = track_faces(video(25, chunk), Script(lambda i: [face_at(0.5 * i)]), landmarks_in_boxes, every=10)
    np.testing.assert_allclose(track.boxes[:, 0], 0.5 * np.arange(25), atol=1e-4)


def test_a_cut_is_searched_and_not_interpolated():
    finder = Script(lambda i: [face_at(0 if i < 14 else 100)])
    track = track_faces(video(30, 30), finder, landmarks_in_boxes, every=10)
    assert set(range(10, 21)) <= set(finder.searched)
    np.testing.assert_allclose(track.boxes[:, 0], [0] * 14 + [100] * 16)


def test_frames_without_a_face_are_not_found():
    track = track_faces(video(30, 30), Script(lambda i: [face_at(0)] if i < 13 else []), landmarks_in_boxes, every=10)
    assert track.found.tolist() == [True] * 13 + [False] * 17
    assert np.isnan(track.boxes[13:]).all() and not track.landmarks.known[13:].any()
    assert track.n_faces[0] == 1 and track.n_faces[-1] == 0


def test_stays_with_the_same_person_when_a_larger_one_appears():
    faces = lambda i: [face_at(0)] if i < 10 else [face_at(100, size=60), face_at(2)]  # noqa: E731
    track = track_faces(video(30, 30), Script(faces), landmarks_in_boxes, every=10)
    assert track.boxes[:, 0].max() <= 2 and track.n_faces[-1] == 2


def test_doubtful_faces_do_not_count():
    track = track_faces(video(12, 12), Script(lambda i: [face_at(0, 0.8)]), landmarks_in_boxes, every=5)
    assert not track.found.any() and (track.n_faces == 0).all()


def test_landmarks_far_from_the_box_are_not_believed():
    astray = lambda frames, boxes: landmarks_in_boxes(frames, boxes + 500)  # noqa: E731
    assert not track_faces(video(5), Script(lambda i: [face_at(0)]), astray).found.any()


def test_landmarks_are_not_smoothed():
    def blinking(frames, boxes):
        found = landmarks_in_boxes(frames, boxes)
        shut = frames[:, 0, 0, 0] == 5
        return Landmarks(
            found.points, found.iris, np.where(shut[:, None], 0, 0.3).repeat(2, 1)[:, :2].astype(np.float32)
        )

    track = track_faces(video(12, 12), Script(lambda i: [face_at(0)]), blinking)
    assert np.flatnonzero(track.landmarks.aperture[:, 0] == 0).tolist() == [5]


def test_reads_one_chunk_at_a_time():
    pulled, used = [], []

    def chunks():
        for i, chunk in enumerate(video(24, 8)):
            pulled.append(i)
            yield chunk

    def landmarker(frames, boxes):
        used.append(len(pulled))
        return landmarks_in_boxes(frames, boxes)

    track_faces(chunks(), Script(lambda i: [face_at(0)]), landmarker)
    assert used == [1, 2, 3]


def test_empty_video_gives_an_empty_track():
    assert len(track_faces(iter(()), Script(lambda i: []), landmarks_in_boxes)) == 0


def test_refuses_nonsense():
    with pytest.raises(ValueError, match="every"):
        track_faces(video(3), Script(lambda i: []), landmarks_in_boxes, every=0)
    with pytest.raises(ValueError, match="exactly where"):
        FaceTrack(np.ones(2, bool), np.zeros((2, 4), np.float32), Landmarks.unknown(2), np.zeros(2, np.int64))


def test_follows_a_rendered_blink():
    from tellbench.datasets.expression import expression
    from tellbench.datasets.faces import FaceFinder, load_landmarker
    from tellbench.datasets.studio import Identity, Person, Studio

    closure = np.interp(np.arange(24), [0, 9, 12, 13, 17, 24], [0, 0, 1, 1, 0, 0])
    pose = np.zeros((24, 6), np.float32)
    pose[:, 0] = np.linspace(-10, 10, 24)
    coefficients = np.stack([expression(eyeBlink=c) for c in closure])
    studio = Studio(Person(Identity.sample(12)), seed=12, size=256)
    shots = [
        studio.render(coefficients[i : i + 8], pose[i : i + 8], np.zeros((8, 2), np.float32), i) for i in (0, 8, 16)
    ]
    track = track_faces((shot.frames for shot in shots), FaceFinder(), load_landmarker())
    truth = np.concatenate([shot.aperture for shot in shots])
    assert track.found.all() and (track.n_faces == 1).all()
    assert np.corrcoef(track.landmarks.aperture.ravel(), truth.ravel())[0, 1] > 0.95
    assert track.landmarks.aperture.mean(1).argmin() in (12, 13)
    moves = np.linalg.norm(np.diff(track.landmarks.points[:, 27:36], axis=0), axis=-1)
    assert moves.max() < 5, "landmarks jump between frames"


def test_pairs_of_anchors_cover_all_frames():
    """Every frame of any length and period is either searched or interpolated."""
    for length, every in itertools.product((1, 2, 9, 10, 11, 21), (1, 3, 10)):
        assert track_faces(video(length, 6), Script(lambda i: [face_at(0)]), landmarks_in_boxes, every).found.all()
