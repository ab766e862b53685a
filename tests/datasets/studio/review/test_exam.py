"""Outside judges look at a few people of the studio. `tellbench studio judge` is the same with hundreds."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tellbench.datasets.expression import COEFFICIENTS
from tellbench.datasets.faces.judges import FaceCounter, FaceMesher, Sighting, distinct
from tellbench.datasets.studio.review.exam import FIRST_SEED, PITCHES, YAWS, Exam, hold
from tellbench.datasets.studio.review.verdict import findings, markdown, worst

BUNDLE = Path(__file__).parents[5] / "shared" / "models" / "face_landmarker.task"
JUDGED = BUNDLE.is_file() and importlib.util.find_spec("mediapipe") is not None
PEOPLE = range(FIRST_SEED + 1000, FIRST_SEED + 1003)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Findings about three people; MediaPipe's only where it and its model are at hand."""
    work = tmp_path_factory.mktemp("exam")
    if not JUDGED:
        return hold(PEOPLE, 192, work, None, every=30)
    with FaceMesher.opened(BUNDLE) as mesher:
        return hold(PEOPLE, 192, work, mesher, every=30)


needs_model = pytest.mark.skipif(not JUDGED, reason="needs the mediapipe extra and shared/models/face_landmarker.task")


def test_every_pose_and_expression_is_asked_for():
    exam = Exam.of(5)
    assert set(COEFFICIENTS) <= set(exam.names)
    turns = {(yaw, pitch) for yaw, pitch, *_ in exam.pose[: len(YAWS) * len(PITCHES)].tolist()}
    assert turns == {(yaw, pitch) for yaw in YAWS for pitch in PITCHES}
    np.testing.assert_array_equal(exam.pose, Exam.of(5).pose)


def test_frames_come_back_in_the_order_of_the_exam():
    exam = Exam.of(5, every=1000)
    shot = exam.film(5, 64)
    assert len(shot.frames) == len(exam.names) and set(exam.takes) == {0, 1, 2}
    wide, shut = (exam.names.index(f"{name} 1.00") for name in ("jawOpen", "eyeBlink"))
    assert shot.aperture[shut].max() < 0.03 < shot.aperture[wide].min()
    assert np.abs(exam.film_one(5, 64, wide).astype(int) - shot.frames[wide]).mean() < 12


def test_thinned_exams_cover_everything_in_turn():
    assert set(Exam.of(0).names) == {name for seed in range(7) for name in Exam.of(seed, every=7).names}


def test_mtcnn_finds_exactly_one_face(table):
    assert (table.mtcnn >= 1).all()
    assert (table.mtcnn == 1).mean() >= 0.95, "small frames: now and then it takes a pattern for a face"


def test_mtcnn_finds_none_in_an_empty_room():
    assert FaceCounter()(np.full((2, 160, 160, 3), 90, np.uint8)).tolist() == [0, 0]


@needs_model
def test_mediapipe_finds_exactly_one_face(table):
    assert (table.mediapipe == 1).mean() >= 0.99


@needs_model
def test_mediapipe_sees_the_landmarks_where_the_truth_has_them(table):
    assert table.inner.mean() < 0.045 and table.inner_spaced.mean() < 0.04
    assert table.jaw.mean() < 0.05
    assert table.iris.mean() < 0.03


@needs_model
@pytest.mark.parametrize(
    ("name", "score", "truth"), [("eyeBlink", "blink_score", "aperture"), ("jawOpen", "jaw_score", "jaw_open")]
)
def test_mediapipes_scores_follow_the_truth(table, name, score, truth):
    sweep = table[table.expression.str.startswith(f"{name} ")]
    assert abs(sweep[score].corr(sweep[truth])) > 0.85


def test_people_already_examined_are_read_back(tmp_path):
    row = pd.DataFrame({"seed": [1], "expression": ["neutral"], "yaw": [0], "pitch": [0], "mtcnn": [1]})
    row.to_csv(tmp_path / "person_1_64_1.csv", index=False)
    pd.testing.assert_frame_equal(hold(range(1, 2), 64, tmp_path, None), row)


def test_outline_of_a_mesh():
    """A face whose mesh is a disc: the outline is its rim."""
    pytest.importorskip("mediapipe")
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * np.pi, 478), np.sqrt(rng.uniform(0, 1, 478)) * 50
    radius[:300] = 50
    mesh = np.stack([100 + radius * np.cos(angle), 100 + radius * np.sin(angle)], 1).astype(np.float32)
    points = np.array([[150.0, 100.0], [100.0, 40.0], [100.0, 100.0]], np.float32)
    found = Sighting(1, mesh, {}).outline_distance(points)
    np.testing.assert_allclose(found, [0, 10, 50], atol=1.5)


def test_a_face_found_twice_is_one_face():
    rng = np.random.default_rng(1)
    mesh = rng.uniform(50, 90, (478, 2)).astype(np.float32)
    assert distinct([mesh, mesh + 3]) == 1
    assert distinct([mesh, mesh + 60, mesh - 2]) == 2


def synthetic_table():
    rng = np.random.default_rng(0)
    frames = 240
    sweep = np.tile(np.linspace(0, 1, 6), frames // 6)
    columns = {name: rng.uniform(0.01, 0.03, frames) for name in ("inner", "inner_spaced", "brows", "nose", "eyes")}
    columns |= {name: rng.uniform(0.01, 0.03, frames) for name in ("mouth", "iris", "jaw")}
    columns |= {"seed": np.repeat([1, 2], frames // 2), "frame": np.arange(frames), "mtcnn": 1, "mediapipe": 1}
    columns |= {"yaw": 0.0, "pitch": 0.0, "aperture": 0.3 * (1 - sweep), "jaw_open": sweep}
    columns |= {"blink_score": sweep, "jaw_score": sweep**2}
    names = [f"{'eyeBlink' if i % 2 else 'jawOpen'} {x:.2f}" for i, x in enumerate(sweep)]
    return pd.DataFrame({**columns, "expression": names})


def test_the_verdict_says_what_was_met_and_what_was_not():
    table = synthetic_table()
    assert all(finding.passed in (True, None) for finding in findings(table))
    table.loc[3, "mtcnn"], table.loc[5, "inner"] = 2, 0.5
    failed = [finding.what for finding in findings(table) if finding.passed is False]
    assert failed == ["MTCNN finds exactly one face"]
    assert worst(table).frame.tolist()[:2] == [3, 5]
    page = markdown(table, "tellbench studio judge")
    assert "239 of 240 (99.58 %)" in page and "faces 2 (MTCNN)" in page and "50.0 %" in page
