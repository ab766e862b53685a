"""A toy video with known moves, sound and rig is read back; useless clips are named."""

import logging

import numpy as np
import pytest
import torch

from tellbench.datasets.audio import Audio
from tellbench.datasets.faces.finder import Face
from tellbench.datasets.faces.landmarks import Landmarks
from tellbench.datasets.video import VideoWriter
from tellbench.generator.vasa.data.video import recordings
from tellbench.generator.vasa.motion.data.clips import prepare, read_clip
from tellbench.generator.vasa.motion.frontends import LogMel
from tellbench.generator.vasa.motion.space import COLUMNS
from tellbench.generator.vasa.moves import moved_pose
from tellbench.generator.vasa.pose import project
from tellbench.generator.vasa.window import STEADY, STEADY_PLACES

T, FPS, SIDE = 90, 30, 64
JAW = COLUMNS.index("jawOpen")
TIME = (torch.arange(T) + 0.5) / FPS


def _moves():
    moves = torch.zeros(T, 6)
    moves[:, 0] = 12 * torch.sin(2 * TIME)
    moves[:, 5] = 20 * torch.cos(2 * TIME)
    return moves


def _points():
    pose = moved_pose(torch.tensor([[0, 0, 0, 0, 0, 0, 0.11]]).expand(T, -1), _moves())
    places = torch.zeros(T, 70, 3)
    places[:, list(STEADY)] = torch.tensor(STEADY_PLACES)
    return ((project(places, pose)[..., :2] * 0.8 + 1) * SIDE / 2).numpy().astype(np.float32)


class Tools:
    """Frame i has brightness 20 + 2 i, and is known by it; frame 40 shows nobody."""

    side = 32

    def __init__(self):
        self.points = _points()

    def _which(self, pictures):
        return np.clip(np.round((pictures.mean((1, 2, 3)) - 20) / 2).astype(int), 0, T - 1)

    def finder(self, batch):
        rows = self._which(batch)
        boxes = np.concatenate([self.points[rows].min(1), self.points[rows].max(1)], 1)
        five = np.zeros((5, 2), np.float32)
        return [[] if row == 40 else [Face(box, 1.0, five)] for row, box in zip(rows, boxes, strict=True)]

    def landmarker(self, batch, boxes):
        points = self.points[self._which(batch)]
        found = Landmarks(points[:, :68].copy(), points[:, 68:].copy(), np.full((len(batch), 2), 0.3, np.float32))
        for field in (found.points, found.iris, found.aperture):
            field[~np.isfinite(boxes).all(1)] = np.nan
        return found

    def __call__(self, windows, poses):
        code = torch.zeros(len(windows), 60)
        code[:, JAW - 6] = (windows.mean((1, 2, 3)) * 255 - 20) / 2 / T
        return code


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    frames = (20 + 2 * np.arange(T, dtype=np.uint8))[:, None, None, None].repeat(SIDE, 1).repeat(SIDE, 2).repeat(3, 3)
    sound = Audio((0.3 * np.sin(np.arange(T * 16_000 // FPS) / 10)).astype(np.float32))
    for name, audio in (("talks", sound), ("mute", None)):
        (folder / name).mkdir()
        with VideoWriter(folder / name / "clip.mp4", SIDE, SIDE, FPS, audio, crf=4) as writer:
            writer.write(frames)
    return folder


def test_a_clip_is_read_at_25_frames_a_second(people):
    tools = Tools()
    talk = read_clip(people / "talks" / "clip.mp4", tools.finder, tools.landmarker, tools, LogMel())
    assert talk.motion.shape == (75, 60) and talk.heard.shape == (75, 4, 28) and len(talk.script.gaze) == 75
    middles = ((torch.arange(75) + 0.5) / 25).numpy()
    yaw = np.interp(middles, TIME.numpy(), _moves()[:, 0].numpy())
    assert np.abs(talk.motion[:, 0].numpy() - yaw).max() < 1.0
    rise = (talk.motion[1:, JAW] - talk.motion[:-1, JAW]).mean()
    assert rise == pytest.approx(FPS / 25 / T, rel=0.05)
    z = talk.motion[:, 5] - talk.motion[:, 5].mean()
    wanted = torch.from_numpy(np.interp(middles, TIME.numpy(), _moves()[:, 5].numpy()))
    assert torch.corrcoef(torch.stack([z.double(), wanted]))[0, 1] > 0.98


def test_clips_without_sound_are_named_and_skipped_and_none_is_read_twice(people, tmp_path, caplog):
    tools = Tools()
    with caplog.at_level(logging.WARNING):
        first = list(prepare(recordings(people), tmp_path, tools.finder, tools.landmarker, tools, LogMel()))
    assert len(first) == 1
    assert "mute" in caplog.text and "no sound" in caplog.text

    def never(*_):
        raise AssertionError("read again")

    found = [one for one in recordings(people) if one.person == "talks"]
    again = list(prepare(found, tmp_path, never, never, tools, LogMel()))
    assert torch.equal(first[0].motion, again[0].motion)
