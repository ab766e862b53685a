"""The whole chain on paintings and real video, which the network has never seen the like of."""

import numpy as np
import pytest

from tellbench.datasets.faces import FaceFinder, frame_portrait, load_landmarker, read_portrait, track_faces
from tellbench.datasets.faces.framing import only_face
from tellbench.datasets.video import iter_frames

NAMES = (
    "monalisa_720x1280.jpg",
    "monalisa_256.png",
    "oil_gogol.png",
    "raphael_donna_velata.jpg",
    "sargent_lady_agnew.jpg",
)


@pytest.fixture(scope="module")
def finder():
    return FaceFinder()


@pytest.mark.parametrize("name", NAMES)
def test_landmarks_agree_with_the_finder_s_five_points(shared_assets, finder, name):
    image = read_portrait(shared_assets / "portraits" / name)
    face = only_face(finder(image[None])[0])
    found = load_landmarker()(image[None], face.box[None])
    points = found.points[0]
    five = np.stack([*found.iris[0], points[30], points[48], points[54]])
    assert (np.linalg.norm(five - face.points, axis=1) / found.outer_distance[0]).mean() < 0.08


@pytest.mark.parametrize("name", [*NAMES, "pearl_earring.jpg", "vangogh_straw_hat.jpg"])
def test_portraits_are_framed_with_one_large_face(shared_assets, finder, name):
    framed = frame_portrait(read_portrait(shared_assets / "portraits" / name), 256, finder)
    face = only_face(finder(framed[None])[0])
    assert framed.shape == (256, 256, 3)
    assert 0.35 < (face.box[3] - face.box[1]) / 256 < 0.8


@pytest.mark.parametrize(("name", "blinks_at"), [("grid_bbaf2n.mpg", (31, 40)), ("grid_lwbsza.mpg", ())])
def test_real_speakers_are_followed_and_their_blinks_seen(shared_assets, finder, name, blinks_at):
    track = track_faces(iter_frames(shared_assets / "video" / name), finder, load_landmarker())
    aperture = track.landmarks.aperture.mean(1)
    assert track.found.all() and (track.n_faces == 1).all()
    usual, blinking = np.median(aperture), np.zeros(len(aperture), bool)
    for frame in blinks_at:
        assert aperture[frame - 1 : frame + 2].min() < 0.5 * usual
        blinking[frame - 3 : frame + 6] = True
    assert aperture[~blinking].min() > 0.7 * usual
    if blinks_at:
        assert min(abs(int(aperture.argmin()) - frame) for frame in blinks_at) <= 1
