"""One pass over a clip for all that quality asks of its pixels: faces to compare, and windows that FVD is made of.

A window is 16 frames at 25 a second, every 8. It becomes ten numbers: how strongly each of the four stages of our
identity network responds to the aligned inner face (its detail, fine to coarse), how much each response changes from
frame to frame, and how fast mouth and head move. The first four see how a face looks, the other six how it moves;
published extractors (I3D) mostly see the former (Ge et al. 2024, CVPR, "On the Content Bias in Frechet Video
Distance").
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Final

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view

from tellbench.datasets.agreement.measures import RATE, Moves, at_rate
from tellbench.datasets.clip import Clip
from tellbench.datasets.faces.identity import Embedder, align, inner_only
from tellbench.datasets.faces.landmarks import Floats, Frames
from tellbench.datasets.faces.network import standardise
from tellbench.datasets.video import iter_frames
from tellbench.detectors.cache import weights_digest
from tellbench.detectors.crops import spread
from tellbench.detectors.cues import extract
from tellbench.detectors.devices import torch_device

VERSION: Final = 1
"""Of the numbers of a window; raise it whenever they change."""
COUNT: Final = 9
"""Faces that are embedded, spread over a clip."""
LENGTH: Final = 16
"""Frames in a window, as in FVD (Unterthiner et al. 2019)."""
STRIDE: Final = 8
"""Frames from window to window."""
_STAGES: Final = ((0, 1), (1, 3), (3, 5), (5, 7))
"""Layers of `IdentityNet.stages` at each size of the picture: a stem, then a halving and a residual block."""
_CHANNELS: Final = (24, 48, 96, 128)
"""Channels at each of them."""
_SCALES: Final = np.array([0.0088, 0.0196, 0.0248, 0.0201, 0.0072, 0.0088, 0.0094, 0.0132, 0.0205, 0.0868])
"""Standard deviation of the numbers over 140 windows of the 10 pristine training clips of the suite `standard`, so that
each weighs the same: responses of four stages, roots of their changes, of the mouth's speed and of the head's."""
WIDTH: Final = len(_SCALES)
_BATCH: Final = 8
"""Frames on their way through the network: few, as they are whole and of floats."""


@dataclasses.dataclass(frozen=True)
class Looks:
    """One clip."""

    faces: Floats
    """Unit vectors of faces spread over the clip, (COUNT, 128); none where fewer frames show a face."""
    windows: Floats
    """Shape (W, WIDTH); only windows with a face all through, gaps up to 0.2 s bridged."""


def extractor(backend: str = "network") -> str:
    """What makes the numbers: their version, the landmark back end, and a hash of the weights."""
    return f"face-windows-{VERSION}/{backend}/{weights_digest()[:8]}"


def look(clip: Clip, backend: str = "network", device: str = "auto") -> Looks:
    """Decode a clip once; memory is a few frames, and a few numbers for each that has passed.

    Raises:
        InputError: unreadable, or the back end or device is unknown.
    """
    cues, embedder = extract(clip, backend, device), _embedder(torch_device(device))
    wanted = spread(np.flatnonzero(cues.found), COUNT)
    faces, levels, changes, passed = [], [], [], 0
    before = np.full((1, sum(_CHANNELS)), np.nan, np.float32)
    for frames in iter_frames(clip.path):
        here = slice(passed, passed + len(frames))
        near = wanted[(wanted >= here.start) & (wanted < here.stop)] - passed
        faces.append(embedder(frames[near], cues.points[here][near]))
        responses = _responses(embedder, frames, cues.points[here])
        levels.append(_by_stage(responses))
        changes.append(_by_stage(np.abs(np.diff(responses, axis=0, prepend=before))))
        before, passed = responses[-1:], here.stop
    seen = np.concatenate([np.zeros((0, 128), np.float32), *faces])
    if not passed:
        return Looks(seen, np.zeros((0, WIDTH), np.float32))
    a_frame = np.concatenate(changes) * (cues.fps / RATE)  # of 25 a second
    windows = windows_of(
        at_rate(np.concatenate(levels), cues.fps), at_rate(a_frame, cues.fps), Moves.of(cues.points, cues.fps)
    )
    return Looks(seen if len(seen) == COUNT else seen[:0], windows)


def windows_of(levels: Floats, changes: Floats, moves: Moves) -> Floats:
    """The numbers of each window that is known all through, (W, WIDTH), each over its usual deviation.

    Roots of means of absolute changes: speeds are skewed, their roots nearer to the Gaussian that is fitted to them.

    Args:
        levels: response of each stage, (T, 4), 25 frames a second; NaN without a face.
        changes: mean absolute change of its channels from the frame before, (T, 4).
        moves: what mouth and head do, T frames.
    """
    if len(levels) < LENGTH:
        return np.zeros((0, WIDTH), np.float32)
    speeds = [np.abs(np.diff(track, axis=0)).mean(1) for track in (moves.mouth, moves.angles)]
    motion = np.column_stack([changes[1:], *speeds])
    seen = sliding_window_view(levels, LENGTH, 0)[::STRIDE].mean(-1)
    moved = np.sqrt(sliding_window_view(motion, LENGTH - 1, 0)[::STRIDE].mean(-1))
    numbers = np.concatenate([seen, moved], 1) / _SCALES
    return np.asarray(numbers[np.isfinite(numbers).all(1)], np.float32)


@torch.inference_mode()
def _responses(embedder: Embedder, frames: Frames, points: Floats) -> Floats:
    """Mean response of each channel of each stage to the inner face, (T, C); NaN where no face was found."""
    found = np.full((len(frames), sum(_CHANNELS)), np.nan, np.float32)
    known = np.flatnonzero(np.isfinite(points).all((1, 2)))
    for start in range(0, len(known), _BATCH):
        part = known[start : start + _BATCH]
        x = standardise(inner_only(align(frames[part], points[part]).to(embedder.device)))
        means = []
        for first, end in _STAGES:
            x = embedder.network.stages[first:end](x)
            means.append(x.mean((2, 3)))
        found[part] = torch.cat(means, 1).cpu().numpy()
    return found


def _by_stage(channels: Floats) -> Floats:
    """Means over the channels of each stage, (T, 4) of (T, C)."""
    parts = np.split(channels, np.cumsum(_CHANNELS)[:-1], 1)
    return np.stack([part.mean(1) for part in parts], 1)


@functools.cache
def _embedder(device: str) -> Embedder:
    """The network that ships, loaded once."""
    return Embedder.load(device=device)
