"""The generator on a studio portrait with true landmarks and an untrained model: frames, labels, poses."""

import numpy as np
import pandas as pd
import pytest
import torch

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.expression import columns
from tellbench.datasets.faces.landmarks import Landmarks
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.person import Person
from tellbench.datasets.studio.renderer import Studio
from tellbench.errors import InputError
from tellbench.generator.base import Request
from tellbench.generator.controls import Controls
from tellbench.generator.motion import Motion
from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.motion.model import MotionModel
from tellbench.generator.vasa.motion.sizes import SIZES as MOTION_SIZES
from tellbench.generator.vasa.moves import moved_pose
from tellbench.generator.vasa.pose import project
from tellbench.generator.vasa.sizes import SIZES
from tellbench.generator.vasa.vasa import Vasa


@pytest.fixture(scope="module")
def shot():
    studio = Studio(Person(Identity.sample(12)), seed=12, size=192)
    return studio.render(np.zeros((1, 52), np.float32), np.zeros((1, 6), np.float32), np.zeros((1, 2), np.float32))


@pytest.fixture(scope="module")
def generator(shot, tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "face.safetensors"
    FaceModel(SIZES["tiny"]).save(path)
    motion = MotionModel(MOTION_SIZES["tiny"])
    motion.motion_scale.fill_(0.2)
    motion.save(path.with_name("motion.safetensors"))
    truth = Landmarks(*(getattr(shot, k).astype(np.float32) for k in ("landmarks", "iris", "aperture")))
    return Vasa(path, lambda frames: truth, motion=path.with_name("motion.safetensors"))


def _request(shot, **changes):
    t = np.arange(RATE) / RATE
    speech = Audio((0.3 * np.sin(2 * np.pi * 140 * t) * (1 + np.sin(2 * np.pi * 4 * t)) / 2).astype(np.float32))
    return Request(**{"portrait": shot.frames[0], "speech": speech, "n_frames": 20, "seed": 7, **changes})


@pytest.fixture(scope="module")
def chunks(generator, shot):
    return list(generator.animate(_request(shot)))


def test_chunks_add_up_and_know_their_labels(chunks, shot):
    assert [len(c.frames) for c in chunks] == [10, 10]
    assert all(c.frames.shape[1:] == shot.frames[0].shape for c in chunks)
    tracks = pd.concat([c.tracks for c in chunks], ignore_index=True)
    assert tracks["frame"].tolist() == list(range(20))
    assert {"yaw", "gaze_x", "blink_left", "jaw_open", "loudness_db", "voiced"} <= set(tracks)
    assert np.isfinite(tracks.select_dtypes("number").to_numpy()).all()
    assert tracks["yaw"].abs().max() < 30


def test_what_is_asked_for_stands_beside_what_is_shown(generator, shot):
    tracks = {"gaze_x": tuple(np.linspace(0, 8, 8)), "gaze_y": (0.0,) * 8}
    controls = Controls(head_motion=0.0, pose=(6.0, 0, 0, 0, 0, 0), replace_pose=True, tracks=tracks)
    (chunk,) = generator.animate(_request(shot, n_frames=8, controls=controls))
    assert chunk.tracks["asked_gaze_x"].tolist() == pytest.approx(tracks["gaze_x"])
    assert (chunk.tracks["asked_yaw"] == 6).all()
    assert chunk.tracks["yaw"].std() < 0.01
    assert not chunk.tracks["window_seam"].any()


def test_a_stream_gives_the_frames_of_the_whole(generator, shot):
    request = _request(shot, n_frames=25, controls=Controls(dials={"window": 10}))
    whole = list(generator.animate(request))
    streamed = list(generator.stream(request, iter(np.array_split(request.speech.samples, 7))))
    tables = [pd.concat([c.tracks for c in made], ignore_index=True) for made in (whole, streamed)]
    pd.testing.assert_frame_equal(*tables)
    assert np.flatnonzero(tables[0]["window_seam"]).tolist() == [10, 20]
    frames = [np.concatenate([c.frames for c in made]) for made in (whole, streamed)]
    assert np.array_equal(*frames)


def test_given_motion_is_shown_instead_of_one_to_the_voice(generator, shot):
    still = np.zeros((4, 6), np.float32)
    turned = still.copy()
    turned[:, 0] = 5
    quiet = np.zeros(4, np.float32)
    shown = []
    for pose in (still, turned):
        given = Motion(np.zeros((4, 52), np.float32), pose, still[:, :2], quiet, quiet)
        (chunk,) = generator.animate(_request(shot, n_frames=4, motion=given))
        shown.append(chunk.tracks["yaw"])
    assert np.allclose(shown[1] - shown[0], 5, atol=0.5)


def test_blinks_shut_the_portrait_s_own_eyes(generator, shot):
    """Even an untrained model's: irises give way to skin, and come back."""
    blinks, still, quiet = np.zeros((3, 52), np.float32), np.zeros((3, 6), np.float32), np.zeros(3, np.float32)
    blinks[1, columns("eyeBlink")] = 1
    motion = Motion(blinks, still, still[:, :2], quiet, quiet)
    (chunk,) = generator.animate(_request(shot, n_frames=3, motion=motion))
    open_, shut, again = (frame.mean(-1) for frame in chunk.frames)
    portrait = shot.frames[0].mean(-1)
    for x, y in np.round(shot.iris[0]).astype(int):
        iris, skin = (np.s_[y - 2 : y + 3, x - 2 : x + 3], np.s_[y + 12 : y + 16, x - 2 : x + 3])
        apart = portrait[skin].mean() - portrait[iris].mean()
        assert apart > 30 and abs(portrait[skin].mean() - shut[iris].mean()) < 0.5 * apart
    assert np.array_equal(open_, again)


def test_enlarged_faces_lose_detail(generator, shot):
    def detail(factor):
        (chunk,) = generator.animate(_request(shot, n_frames=1, controls=Controls(dials={"upsampler": factor})))
        return np.abs(np.diff(chunk.frames[0, 60:130, 60:130].astype(int), axis=1)).mean()

    assert detail(4) < 0.8 * detail(1)


def test_same_seed_same_frames(generator, chunks, shot):
    again = list(generator.animate(_request(shot)))
    assert all(np.array_equal(a.frames, b.frames) for a, b in zip(chunks, again, strict=True))


def test_the_picture_outside_the_window_stays(shot, generator):
    large = np.zeros((320, 320, 3), np.uint8)
    large[:192, :192] = shot.frames[0]
    large[250:] = 77
    frames = next(generator.animate(_request(shot, portrait=large))).frames
    assert (frames[:, 270:] == 77).all()


def test_bad_requests_are_refused(generator, shot):
    with pytest.raises(InputError, match="even sides"):
        next(generator.animate(_request(shot, portrait=shot.frames[0][:-1])))
    with pytest.raises(InputError, match="no dial 'nose'"):
        next(generator.animate(_request(shot, controls=Controls(dials={"nose": 1.0}))))


def test_without_weights_it_says_how_to_make_them(shot, tmp_path):
    with pytest.raises(InputError, match="fit-generator face"):
        next(Vasa(weights=tmp_path / "none.safetensors").animate(_request(shot)))


def test_heads_turn_about_the_neck_as_the_studio_s_do():
    """The renderer's own points, moved by a pose, lie where the moved pose puts them."""
    from tellbench.generator.vasa.data.acting import Grid
    from tellbench.generator.vasa.data.studio import Recipe, Take

    poses = np.zeros((2, 6), np.float32)
    poses[1] = 15, -8, 6, 6, -4, 10
    grid = Grid(poses, np.zeros((1, 52), np.float32), np.zeros((1, 2), np.float32), 900.0, 1.0, (0.0, 0.0))
    take = Take(Person(Identity.sample(12)), grid, Recipe(poses=2, expressions=1, side=96, maps=48), 12)
    seen = take.frames(slice(0, 2))
    moved = moved_pose(seen.pose[:1], torch.from_numpy(poses[1:]))
    points = torch.tensor([[[0.0, 0.16, 0.29], [-0.35, -0.13, 0.02], [0.2, 0.37, 0.03]]])
    there = [project(points, pose)[..., :2] for pose in (seen.pose[1:], moved)]
    assert (there[0] - there[1]).abs().max() < 0.03
    still = project(points, seen.pose[:1])[..., :2]
    assert (there[0] - still).abs().max() > 0.1
