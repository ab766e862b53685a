import dataclasses
import logging

import numpy as np
import pytest

from tellbench.datasets.clip import Clip
from tellbench.datasets.expression import columns
from tellbench.datasets.faces import FaceTrack, Landmarks
from tellbench.datasets.studio import Identity, Person, Studio
from tellbench.datasets.video import VideoWriter
from tellbench.detectors import cues
from tellbench.detectors.cache import cache_folder
from tellbench.errors import InputError

LENGTH = 12


def face(yaw=0.0, pitch=0.0, roll=0.0, scale=100.0, brow=0.25, mouth=0.1) -> np.ndarray:
    """68 points of a stylised head turned by the pose of the house (+ subject's left, down, tips to the left)."""
    points = np.zeros((68, 3))  # x = subject's left, y up, z to the camera; unit = outer eye distance
    points[36], points[39], points[42], points[45] = (-0.5, 0, 0), (-0.17, 0, 0.1), (0.17, 0, 0.1), (0.5, 0, 0)
    points[27:31, 1], points[27:31, 2] = np.linspace(0.02, -0.41, 4), np.linspace(0.19, 0.38, 4)
    points[31:36] = np.c_[np.linspace(-0.14, 0.14, 5), np.full(5, -0.49), [0.23, 0.21, 0.25, 0.21, 0.23]]
    points[17:27] = np.c_[np.linspace(-0.5, 0.5, 10), np.full(10, brow), np.full(10, cues.BROW_DEPTH)]
    points[62], points[66] = (0, -0.8, 0), (0, -0.8 - mouth, 0)
    a, b, c = np.radians([yaw, pitch, roll])
    turn_yaw = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    turn_pitch = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    turned = points @ (turn_yaw @ turn_pitch).T
    x, y = turned[:, 0], -turned[:, 1]  # image: y down
    tipped = np.stack([x * np.cos(c) - y * np.sin(c), x * np.sin(c) + y * np.cos(c)], -1)
    return tipped * scale + 200


def made(points, found=None) -> cues.Cues:
    points = np.asarray(points, np.float32)
    found = np.ones(len(points), bool) if found is None else found
    rest = np.zeros((len(points), 2, 2), np.float32)
    return cues.Cues(25.0, found, found.astype(int), rest.reshape(-1, 4), points, rest, rest[:, 0] + 0.3)


def track(chunk) -> FaceTrack:
    """A face of brightness: aperture is the mean of the frame, no face where it is black."""
    level = chunk.mean((1, 2, 3)) / 255
    found = level > 0.1
    known = np.where(found, 1.0, np.nan)
    points = np.tile(face()[None], (len(level), 1, 1)) * known[:, None, None]
    aperture = np.repeat((level * known)[:, None], 2, 1)
    marks = (points, np.zeros((len(level), 2, 2)) * known[:, None, None], aperture)
    boxes = np.tile([1.0, 2, 3, 4], (len(level), 1)) * known[:, None]
    landmarks = Landmarks(*(part.astype(np.float32) for part in marks))
    return FaceTrack(found, boxes.astype(np.float32), landmarks, found.astype(np.int64))


@pytest.fixture
def tracker(tmp_path, monkeypatch) -> list[str]:
    """The brightness tracker as back end `bright`; the list grows by each use."""
    used: list[str] = []

    def make(device):
        def follow(chunks):
            used.append(device)
            for chunk in chunks:
                yield chunk, track(chunk)

        return follow

    monkeypatch.setenv("TELLBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(cues.TRACKERS, "bright", make)
    return used


@pytest.fixture
def clip(tmp_path) -> Clip:
    levels = np.linspace(100, 200, LENGTH)
    levels[3] = 0
    frames = np.broadcast_to(levels[:, None, None, None], (LENGTH, 32, 32, 3)).astype(np.uint8)
    with VideoWriter(tmp_path / "clip.mp4", 32, 32, 12.5, crf=4) as video:
        video.write(frames)
    return Clip(clip_id="clip", path=tmp_path / "clip.mp4", label=-1)


def test_cues_follow_the_frames(clip, tracker):
    found = cues.extract(clip, "bright", "cpu")
    assert len(found) == LENGTH
    assert found.fps == pytest.approx(12.5)
    assert found.duration_s == pytest.approx(LENGTH / 12.5)
    assert found.found.tolist() == [i != 3 for i in range(LENGTH)]
    assert np.isnan(found.aperture[3]).all()
    assert np.isnan(found.pose[3]).all() and np.isfinite(found.pose[4]).all()
    assert np.nanargmax(found.aperture[:, 0]) == LENGTH - 1
    assert found.share_found == pytest.approx(11 / 12)


def test_the_second_time_comes_from_the_cache_by_content(clip, tracker, tmp_path):
    first = cues.extract(clip, "bright", "cpu")
    moved = clip.path.rename(tmp_path / "other name.mp4")
    second = cues.extract(Clip(clip_id="other", path=moved, label=-1), "bright", "cpu")
    assert tracker == ["cpu"]
    for name, values in first.arrays().items():
        np.testing.assert_array_equal(second.arrays()[name], values)
        assert second.arrays()[name].dtype == values.dtype


def test_provenance_and_sound_do_not_matter_to_the_cache(clip, tracker, tmp_path):
    cues.extract(clip, "bright", "cpu")
    signed = tmp_path / "signed.mp4"
    signed.write_bytes(clip.path.read_bytes() + (16).to_bytes(4, "big") + b"free" + b"manifest")
    cues.extract(Clip(clip_id="signed", path=signed, label=1), "bright", "cpu")
    assert tracker == ["cpu"]


def test_other_content_version_or_back_end_is_measured_anew(clip, tracker, monkeypatch):
    cues.extract(clip, "bright", "cpu")
    monkeypatch.setattr(cues, "VERSION", 99)
    cues.extract(clip, "bright", "cpu")
    with VideoWriter(clip.path, 32, 32, 12.5) as video:
        video.write(np.full((5, 32, 32, 3), 150, np.uint8))
    assert len(cues.extract(clip, "bright", "cpu")) == 5
    assert len(tracker) == 3


def test_a_broken_cache_entry_is_made_anew(clip, tracker):
    cues.extract(clip, "bright", "cpu")
    (entry,) = (cache_folder() / "cues").rglob("*.safetensors")
    entry.write_bytes(b"\x80\x04broken")
    cues.extract(clip, "bright", "cpu")
    assert len(tracker) == 2
    cues.extract(clip, "bright", "cpu")
    assert len(tracker) == 2


def test_unreadable_videos_are_none_and_logged_and_bars_only_on_request(clip, tracker, tmp_path, caplog, capsys):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    clips = [clip, Clip(clip_id="bad", path=broken, label=-1), Clip(clip_id="gone", path=tmp_path / "no.mp4", label=-1)]
    with caplog.at_level(logging.WARNING):
        found = cues.extract_all(clips, "bright", "cpu")
    assert [name for name, value in found.items() if value is None] == ["bad", "gone"]
    assert "bad" in caplog.text and "gone" in caplog.text
    assert capsys.readouterr() == ("", "")


def test_unknown_back_end_and_device_name_what_is_allowed(clip):
    with pytest.raises(InputError, match="network, mediapipe"):
        cues.extract(clip, "dlib")
    with pytest.raises(InputError, match="auto, cpu, cuda"):
        cues.extract_all([clip], device="tpu")


@pytest.mark.parametrize("angle", [-20.0, -8.0, 8.0, 20.0])
def test_pose_has_the_sign_and_size_of_the_head(angle):
    for axis, name in enumerate(("yaw", "pitch", "roll")):
        pose = made([face(), face(**{name: angle})]).pose
        assert abs(pose[0]).max() < 3
        assert pose[1, axis] - pose[0, axis] == pytest.approx(angle, rel=0.1)
        assert abs(np.delete(pose[1] - pose[0], axis)).max() < 1.5


def test_brow_and_mouth_do_not_depend_on_scale_or_roll():
    small, large = made([face(scale=60, roll=15)]), made([face(scale=200, roll=-10)])
    np.testing.assert_allclose(small.brow, large.brow, atol=1e-4)
    np.testing.assert_allclose(small.brow[0], 0.25, atol=0.002)
    np.testing.assert_allclose([small.mouth[0], large.mouth[0]], 0.1, atol=1e-4)
    assert made([face(brow=0.35)]).brow[0, 0] > small.brow[0, 0]


@pytest.mark.parametrize(("yaw", "pitch"), [(20, 0), (-20, 0), (0, 12), (0, -12)])
def test_turns_and_nods_leave_the_brows_where_they_are(yaw, pitch):
    still, turned = made([face()]), made([face(yaw=yaw, pitch=pitch)])
    np.testing.assert_allclose(turned.brow, still.brow, atol=0.012)


def test_lids_that_close_move_neither_head_nor_brows():
    person = Studio(Person(Identity.sample(11)), seed=0, size=128)
    faces = np.zeros((5, 52), np.float32)
    faces[2, columns("eyeBlink")] = 1
    shot = person.render(faces, np.zeros((5, 6), np.float32), np.zeros((5, 2), np.float32))
    seen = dataclasses.replace(made(shot.landmarks), aperture=shot.aperture)
    np.testing.assert_allclose(seen.shut, [0, 0, 1, 0, 0], atol=0.02)
    assert abs(seen.pose[2] - seen.pose[0]).max() < 0.3  # of the points alone: about a degree of pitch
    assert abs(seen.brow[2] - seen.brow[0]).max() < 0.003  # of the points alone: about 0.01


def test_brows_that_were_read_count_as_much_as_those_of_the_points():
    seen = made([face(brow=0.3)] * 3)
    read = dataclasses.replace(seen, brows=np.array([[0.5, -0.5], [0, 0], [np.nan, np.nan]], np.float32))
    np.testing.assert_allclose(read.brow[1], (cues.BROW_REST + seen.brow[1]) / 2, atol=1e-6)
    np.testing.assert_allclose(read.brow[0] - read.brow[1], [cues.BROW_REACH / 4, -cues.BROW_REACH / 4], atol=1e-6)
    np.testing.assert_array_equal(read.brow[2], seen.brow_of_points[2])
    assert cues.Cues.from_arrays(read.arrays()).brows[0].tolist() == [0.5, -0.5]


def test_gaze_follows_the_irises_and_not_the_head():
    points = np.stack([face()] * 3).astype(np.float32)
    iris = np.stack([points[:, [36, 39]].mean(1), points[:, [42, 45]].mean(1)], 1)  # (3, 2, 2)
    iris[1] += (100 * cues.IRIS_REACH[0] * np.sin(np.radians(12)), 0)
    iris[2] -= (0, 100 * cues.IRIS_REACH[1] * np.sin(np.radians(8)))
    found = dataclasses.replace(made(points), iris=iris).gaze
    np.testing.assert_allclose(found - found[0], [[0, 0], [12, 0], [0, 8]], atol=0.6)
    assert abs(found[0]).max() < 3


def test_a_clip_without_any_face_is_all_unknown():
    nobody = made(np.full((5, 68, 2), np.nan), np.zeros(5, bool))
    assert np.isnan(nobody.pose).all()
    assert nobody.share_found == 0
