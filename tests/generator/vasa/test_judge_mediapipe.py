import numpy as np
import pytest
import torch

from tellbench.datasets.expression import INDEX
from tellbench.datasets.faces.judges import Sighting
from tellbench.datasets.faces.mediapipe_backend import IRISES, TO_IBUG
from tellbench.generator.vasa.frames import RIG_NAMES
from tellbench.generator.vasa.judge_mediapipe import MediaPipeJudge
from tellbench.generator.vasa.window import STEADY, STEADY_PLACES

NOTHING = Sighting(0, np.full((478, 2), np.nan, np.float32), {})


@pytest.fixture
def sighting() -> Sighting:
    """The mean head in a window of 64 pixels, looking up and to image right with its left lid half shut."""
    mesh = np.zeros((478, 2), np.float32)
    mesh[TO_IBUG[list(STEADY)]] = (np.array(STEADY_PLACES)[:, :2] + 1) * 32
    mesh[list(IRISES)] = [[24, 28], [40, 28]]
    looks = {"eyeLookInRight": 0.6, "eyeLookOutLeft": 0.4, "eyeLookUpLeft": 0.3, "eyeLookUpRight": 0.3}
    return Sighting(1, mesh, {"eyeBlinkLeft": 0.5, **looks})


def test_scores_become_a_rig_and_the_mesh_a_pose(sighting):
    reading = MediaPipeJudge(lambda frame: sighting)(torch.zeros(2, 3, 64, 64))
    assert reading.rig[0, INDEX["eyeBlinkLeft"]] == 0.5 and reading.rig[0, INDEX["jawOpen"]] == 0
    gaze = reading.rig[0, [RIG_NAMES.index("gazeRight"), RIG_NAMES.index("gazeUp")]]
    assert gaze.tolist() == pytest.approx([0.5, 0.3])
    assert reading.pose[:, :6].abs().max() < 0.15 and reading.landmarks.shape == (2, 70, 2)


def test_no_face_is_a_face_at_rest(sighting):
    seen = iter([NOTHING, sighting])
    reading = MediaPipeJudge(lambda frame: next(seen))(torch.zeros(2, 3, 64, 64))
    assert reading.rig[0].abs().max() == 0 and reading.pose[0].abs().max() == 0 and reading.landmarks.isfinite().all()
    assert reading.rig[1].abs().max() > 0
