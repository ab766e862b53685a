"""A corpus of drawn faces that every detector can tell apart, and a tracker that reads the drawing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.faces import FaceTrack, Landmarks
from tellbench.datasets.video import VideoWriter

SIDE, FPS = 96, 25.0
BOX = (20, 16, 76, 84)
EYES = ((38, 42), (58, 42))
"""Centres, subject's right eye first."""
EYE_WIDTH, EYE_HEIGHT = 12, 6
SKIN, DARK = 170, 20
MOUTH, MOUTH_WIDTH, WIDEST = (48, 70), 16, 6
NOSE, NOD = (48, 56), 3
"""Centre of a dark nose tip, and pixels that it sinks by as the head nods."""
BRIDGE = 27, 36
"""Landmarks of the nose; the tip is the fourth."""


def landmarks(opening: np.ndarray, nod: np.ndarray) -> np.ndarray:
    """68 points (T, 68, 2) of the drawing, for openings and nods in pixels: exact where the cues read them."""
    points = np.tile([48.0, 50.0], (len(opening), 68, 1))
    points[:, 17:22] = np.c_[np.linspace(32, 44, 5), np.full(5, 34)]
    points[:, 22:27] = np.c_[np.linspace(52, 64, 5), np.full(5, 34)]
    points[:, [36, 39, 42, 45]] = [(32, 42), (42.5, 42.5), (53.5, 42.5), (64, 42)]
    x = 48 + 32 * np.array([0, 0, 0, 0, -0.14, -0.09, 0, 0.09, 0.14])
    y = 42 + 32 * np.array([0, 0.12, 0.26, 0.41, 0.49, 0.48, 0.51, 0.48, 0.49])
    depth = np.array([0.5, 0.7, 0.8, 1, 0.6, 0.55, 0.65, 0.55, 0.6])
    points[:, slice(*BRIDGE), 0], points[:, slice(*BRIDGE), 1] = x, y + nod[:, None] * depth
    up, down = MOUTH[1] - opening / 2, MOUTH[1] + opening / 2  # (T,)
    for i, side in enumerate((61, 62, 63)):
        points[:, side], points[:, 128 - side] = (44 + 4 * i, 0), (44 + 4 * i, 0)
        points[:, side, 1], points[:, 128 - side, 1] = up, down
    points[:, [48, 54, 60, 64]] = [(40, MOUTH[1]), (56, MOUTH[1]), (41, MOUTH[1]), (55, MOUTH[1])]
    points[:, 51, 1], points[:, 57, 1], points[:, 8, 1] = up - 2, down + 2, down + 10
    return points


def syllables(seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Loudness from 0 to 1 at 100 Hz: about four syllables a second, some of them loud."""
    peaks = np.cumsum(rng.uniform(0.18, 0.34, int(seconds / 0.18)))
    x = np.arange(round(seconds * 100))[:, None] / 100 - peaks
    return (rng.uniform(0.3, 1, len(peaks)) * np.exp(-((x / 0.06) ** 2))).sum(1).clip(0, 1)


def sound(loudness: np.ndarray) -> Audio:
    """A hum as loud as that."""
    t = np.arange(len(loudness) * RATE // 100) / RATE
    hum = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 12))
    return Audio((0.2 * hum * np.interp(t, np.arange(len(loudness)) / 100, loudness + 0.01)).astype(np.float32))


def schedule(forged: bool, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Blink times: clockwork and frequent when forged, rare and irregular otherwise."""
    if forged:
        return np.arange(0.5, seconds - 0.3, 0.7)
    return rng.uniform(0.4, seconds - 0.4, 1)


def openness(peaks: np.ndarray, n_frames: int) -> np.ndarray:
    """Lid opening (T,) from 0 to 1 around blink peaks."""
    x = np.arange(n_frames)[:, None] / FPS - peaks[None]
    shut = np.clip(np.where(x < 0, 1 + x / 0.09, 1 - x / 0.22), 0, 1)
    return 1 - shut.max(1, initial=0)


def raise_brows(picture: np.ndarray, forged: bool, rng: np.random.Generator) -> np.ndarray:
    """The picture with a dark bar for brows, which rise now and then by up to 4 pixels, or, when forged, never do."""
    x = np.arange(len(picture)) / FPS - rng.uniform(0.5, len(picture) / FPS - 0.5)
    up = 0 * x if forged else 4 * np.exp(-((x / 0.2) ** 2))
    bar = np.abs(np.arange(SIDE)[:, None] + 0.5 - 34 + up[:, None, None]) < 1  # (T, S, 1)
    return np.where(bar & (np.abs(np.arange(SIDE) + 0.5 - 48) < 16), DARK, picture)


def brow_rise(grey: np.ndarray) -> np.ndarray:
    """Pixels that the bar has risen by in pictures (T, S, S)."""
    dark = ((SKIN - grey[:, 28:37, 34:62].mean(2)) / (SKIN - DARK) - 0.2).clip(0)  # (T, rows), without the grain
    return 34 - (dark * (np.arange(28, 37) + 0.5)).sum(1) / dark.sum(1).clip(1e-6)


def draw(forged: bool, n_frames: int, rng: np.random.Generator, loudness: np.ndarray | None = None) -> np.ndarray:
    """Frames (T, SIDE, SIDE, 3): a face with fine grain that nods and opens its mouth as it speaks.

    When forged: with smooth skin, clockwork blinks, lips that have nothing to do with the voice, and a still head.
    """
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    face = ((x - 48) / 26) ** 2 + ((y - 50) / 33) ** 2 < 1
    grain = rng.normal(0, 1 if forged else 14, (n_frames, SIDE, SIDE))
    picture = np.where(face, SKIN + rng.uniform(-8, 8) + grain, 60.0)  # (T, S, S)
    opening = openness(schedule(forged, n_frames / FPS, rng), n_frames)
    for centre in EYES:
        lid = np.abs(y - centre[1])[None] < opening[:, None, None] * EYE_HEIGHT / 2
        picture = np.where(lid & (np.abs(x - centre[0]) < EYE_WIDTH / 2), DARK, picture)
    picture = raise_brows(picture, forged, rng)
    voice = np.zeros(n_frames) if loudness is None else loudness[2::4][:n_frames]  # the middles of the frames
    lips, nod = ((1 + np.sin(np.arange(n_frames) / 9)) / 2, 0 * voice) if forged else (voice, NOD * voice)
    mouth = np.abs(y - MOUTH[1])[None] < lips[:, None, None] * WIDEST / 2
    picture = np.where(mouth & (np.abs(x - MOUTH[0]) < MOUTH_WIDTH / 2), DARK, picture)
    tip = np.hypot(x - NOSE[0], y - NOSE[1] - nod[:, None, None]) < 2.5
    picture = np.where(tip, DARK, picture)
    return np.repeat(picture.clip(0, 255)[..., None], 3, -1).astype(np.uint8)


def track(chunks: Iterator[np.ndarray]) -> Iterator[tuple[np.ndarray, FaceTrack]]:
    """What `follow_faces` would give: lid aperture from the dark rows at the known eyes, no face on dark frames."""
    for frames in chunks:
        yield frames, read(frames)


def read(frames: np.ndarray) -> FaceTrack:
    """The face of drawn frames (T, SIDE, SIDE, 3)."""
    grey = frames.mean(-1)
    found = grey[:, 48:52, 40:56].mean((1, 2)) > 110
    dark = [((SKIN - grey[:, y - 4 : y + 4, x - 4 : x + 4].mean(2)) / (SKIN - DARK)).clip(0, 1).sum(1) for x, y in EYES]
    known = np.where(found, 1.0, np.nan)[:, None]
    lids = np.stack(dark, -1) / EYE_WIDTH * known
    shade = ((SKIN - grey) / (SKIN - DARK)).clip(0, 1)
    opening = shade[:, 64:77, 43:53].mean(2).sum(1)
    tip = shade[:, 52:63, 46:50].mean(2) - 0.2  # (T, rows), without the grain
    sunk = (tip.clip(0) * (np.arange(52, 63) + 0.5)).sum(1) / tip.clip(0).sum(1).clip(1e-6) - NOSE[1]
    points, iris = (np.asarray(xy, float) * known[..., None] for xy in (landmarks(opening, sunk), EYES))
    points[:, 17:27, 1] -= brow_rise(grey)[:, None]
    boxes = np.asarray(BOX, float) * known
    marks = Landmarks(*(part.astype(np.float32) for part in (points, iris, lids)))
    return FaceTrack(found, boxes.astype(np.float32), marks, found.astype(np.int64))


def write(path: Path, frames: np.ndarray, audio: Audio | None = None) -> Path:
    with VideoWriter(path, frames.shape[2], frames.shape[1], FPS, audio, crf=16) as video:
        video.write(frames)
    return path


def clip(folder: Path, clip_id: str, label: int, split: str = "", n_frames: int = 75, seed: int = 0) -> Clip:
    """One drawn clip on disk."""
    rng = np.random.default_rng(seed)
    loudness = syllables(n_frames / FPS, rng)
    frames = draw(label == FORGED, n_frames, rng, loudness)
    path = write(folder / "clips" / f"{clip_id}.mp4", frames, sound(loudness))
    return Clip(clip_id=clip_id, path=path, label=label, split=split, identity_id=f"id-{clip_id}", fps=FPS)


def corpus(folder: Path) -> Corpus:
    """12 clips to train, 6 to validate, 6 to test, half of each forged; and one in `test` without a face."""
    sizes = {"train": 12, "val": 6, "test": 6}
    plan = [(split, i) for split, count in sizes.items() for i in range(count)]
    clips = [
        clip(folder, f"{split}-{i}", (PRISTINE, FORGED)[i % 2], split, seed=n) for n, (split, i) in enumerate(plan)
    ]
    blank = write(folder / "clips" / "blank.mp4", np.full((30, SIDE, SIDE, 3), 40, np.uint8))
    clips.append(Clip(clip_id="blank", path=blank, label=PRISTINE, split="test", identity_id="nobody", fps=FPS))
    return Corpus(clips, folder)
