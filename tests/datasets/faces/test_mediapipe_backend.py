from pathlib import Path

import numpy as np
import pytest

from tellbench.datasets.faces.landmarks import face_boxes, load_landmarker
from tellbench.datasets.faces.mediapipe_backend import MODEL_VARIABLE, TO_IBUG, from_meshes
from tellbench.errors import InputError

BUNDLE = Path(__file__).parents[4] / "shared" / "models" / "face_landmarker.task"


def test_missing_bundle_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)
    with pytest.raises(InputError, match=MODEL_VARIABLE):
        load_landmarker("mediapipe")
    with pytest.raises(InputError, match="does not exist"):
        load_landmarker("mediapipe", model=tmp_path / "none.task")
    monkeypatch.setenv(MODEL_VARIABLE, str(tmp_path / "elsewhere.task"))
    with pytest.raises(InputError, match=r"elsewhere\.task"):
        load_landmarker("mediapipe")


def test_missing_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "mediapipe.tasks.python", None)
    (tmp_path / "a.task").write_bytes(b"x")
    with pytest.raises(InputError, match=r"tellbench\[mediapipe\]"):
        load_landmarker("mediapipe", model=tmp_path / "a.task")


def test_broken_bundle_is_refused(tmp_path):
    pytest.importorskip("mediapipe")
    (tmp_path / "a.task").write_bytes(b"no bundle")
    with pytest.raises(InputError, match="not a FaceLandmarker bundle"):
        load_landmarker("mediapipe", model=tmp_path / "a.task")


def test_mapping_has_68_distinct_vertices():
    assert TO_IBUG.shape == (68,) and len(set(TO_IBUG.tolist())) == 68


def test_aperture_is_lid_distance_over_eye_width():
    meshes = np.zeros((1, 478, 2), np.float32)
    meshes[0, [33, 133, 159, 145]] = [[0, 0], [30, 0], [15, -5], [15, 4]]
    meshes[0, [362, 263, 386, 374]] = [[60, 0], [90, 0], [75, 0], [75, 0]]
    np.testing.assert_allclose(from_meshes(meshes).aperture, [[0.3, 0]], atol=1e-6)


@pytest.mark.skipif(not BUNDLE.is_file(), reason="needs shared/models/face_landmarker.task beside the repository")
def test_agrees_with_the_studio(renders):
    pytest.importorskip("mediapipe")
    found = load_landmarker("mediapipe", model=BUNDLE)(renders.frames, face_boxes(renders.landmarks))
    assert found.known.all()
    unit = np.linalg.norm(renders.landmarks[:, 36] - renders.landmarks[:, 45], axis=-1)[:, None]
    distance = np.linalg.norm(found.points - renders.landmarks, axis=-1) / unit
    assert distance[:, 17:].mean() < 0.08
    assert (np.linalg.norm(found.iris - renders.iris, axis=-1) / unit).mean() < 0.05
    assert (found.aperture[3] < found.aperture[0] / 2).all()
