"""The shipped face model on paintings, where they lie beside the checkout: lids close, jaws drop, the room stays."""

import numpy as np
import pytest

from tellbench.datasets.expression import expression
from tellbench.datasets.faces import FaceFinder, frame_portrait, load_landmarker, read_portrait
from tellbench.datasets.faces.framing import only_face
from tellbench.generator.meshwarp.motion import Motion
from tellbench.generator.vasa import Vasa

REST, BLINK, JAW, TURNED = range(4)


@pytest.fixture(scope="module", params=["sargent_lady_agnew.jpg", "oil_gogol.png"])
def frames(request, shared_assets):
    """The portrait itself, then one frame of each motion."""
    portrait = frame_portrait(read_portrait(shared_assets / "portraits" / request.param), 256, FaceFinder())
    acts = [expression(), expression(eyeBlink=1.0), expression(jawOpen=0.7), expression()]
    pose = np.zeros((4, 6), np.float32)
    pose[TURNED, 0] = 8
    still = np.zeros(4, np.float32)
    motion = Motion(np.stack(acts).astype(np.float32), pose, np.zeros((4, 2), np.float32), still, still)
    made, _ = Vasa().prepare(portrait).render(motion)
    return np.concatenate([portrait[None], made])


@pytest.fixture(scope="module")
def seen(frames):
    boxes = np.stack([only_face(faces).box for faces in FaceFinder()(frames)])
    found = load_landmarker()(frames, boxes)
    return found.aperture[1:].mean(1), _gap(found.points[1:])


def _gap(points):
    """Opening between the inner lips over the distance of the outer eye corners."""
    return (points[:, 66, 1] - points[:, 62, 1]) / np.linalg.norm(points[:, 45] - points[:, 36], axis=-1)


def test_lids_close_on_command(seen):
    aperture, _ = seen
    assert aperture[BLINK] < 0.6 * aperture[REST]


def test_the_jaw_drops_on_command(seen):
    _, gap = seen
    assert gap[JAW] > gap[REST] + 0.08


def test_at_rest_the_portrait_stays_itself(frames):
    assert np.abs(frames[1 + REST].astype(int) - frames[0]).mean() < 1.5
    face = (slice(96, 160), slice(96, 160))  # of the middle of the face every pixel
    assert np.abs(frames[1 + REST][face].astype(int) - frames[0][face]).mean() < 2


def test_the_room_stays_while_the_head_turns(frames):
    corners = np.concatenate([frames[:, :24, :24], frames[:, :24, -24:]], 2).astype(int)
    assert np.abs(corners[1 + TURNED] - corners[0]).mean() < 2
    assert np.abs(frames[1 + TURNED].astype(int) - frames[1 + REST]).mean() > 1
