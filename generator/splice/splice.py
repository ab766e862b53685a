"""The `splice` generator: a face swap by landmarks, colours and a soft mask; everything else is the pristine video."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from tellbench.datasets.scene import identity_name
from tellbench.generator.base import Chunk, Frames, Generator, RefusalError, Request
from tellbench.generator.dials import settle
from tellbench.generator.splice.dials import SPLICE_DIALS
from tellbench.generator.splice.donor import donor_of, photograph
from tellbench.generator.splice.follow import face_points
from tellbench.generator.splice.region import face_region
from tellbench.generator.splice.tone import match_colours, match_grain
from tellbench.generator.splice.warp import bend

Tensor = torch.Tensor
Floats = npt.NDArray[np.float32]

_CHUNK: Final = 16
"""Frames drawn at once: memory does not grow with the clip."""


class Splice(Generator):
    """Head, lids, gaze and lips stay the pristine video's; skin, nose and brows become a donor's, frame by frame.

    Args:
        device: a torch device, for landmarks, the donor's photograph and the drawing.
    """

    name: ClassVar[str] = "splice"
    version: ClassVar[str] = "1.0"
    needs_pristine: ClassVar[bool] = True
    dials: ClassVar[Mapping[str, str]] = {name: dial.line for name, dial in SPLICE_DIALS.items()}

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    def donor_id(self, request: Request) -> str:
        """The virtual human whose face is put in; in no corpus and no training."""
        return identity_name(donor_of(request.portrait, request.seed).seed)

    def animate(self, request: Request) -> Iterator[Chunk]:
        """Yield the pristine frames with the donor's face; a frame in which no face is found stays as it is.

        Tracks hold the frame index, whether anything was spliced, and the region's share of the picture: of the pixels
        that the donor has a part in. The pristine frames are read twice, first for landmarks alone.

        Raises:
            InputError: no pristine frames were given or too few, no face in any, or a dial is unknown or out of range.
        """
        self.check(request)
        dials = settle(request.controls.dials, SPLICE_DIALS)
        points = face_points(_cut(request), self.device)
        if not np.isfinite(points).any():
            raise RefusalError("no face was found in any frame of the pristine clip; splice needs one")
        face, source = self._photograph(request)
        points = _jittered(points, dials["jitter"], request.seed)
        first = 0
        for frames in _cut(request):
            now = points[first : first + len(frames)]
            made, share = self._draw(frames, now, face, source, dials, request.seed + first)
            yield Chunk(made, _tracks(first, share))
            first += len(frames)

    def _photograph(self, request: Request) -> tuple[Tensor, Tensor]:
        """The donor's picture (3, S, S) in 0 to 255 and landmarks (68, 2)."""
        donor = donor_of(request.portrait, request.seed)
        picture, source = photograph(donor, request.seed, max(request.portrait.shape[:2]), self.device)
        planes = torch.as_tensor(np.array(picture), device=self.device).permute(2, 0, 1).float()
        return planes, torch.as_tensor(source, device=self.device)

    @torch.no_grad()
    def _draw(
        self, frames: Frames, points: Floats, face: Tensor, source: Tensor, dials: Mapping[str, float], seed: int
    ) -> tuple[Frames, Floats]:
        """Frames (T, H, W, 3) with the face in them, and the region's share of each picture (T,)."""
        made, share = frames.copy(), np.zeros(len(frames), np.float32)
        known = np.flatnonzero(np.isfinite(points[:, 0, 0]))
        if not len(known) or not dials["opacity"]:
            return made, share
        rows, columns = _box(points[known], frames.shape[1:3])
        shift = np.array([columns.start, rows.start], np.float32)
        where = torch.as_tensor(points[known] - shift, device=self.device)
        seen = torch.as_tensor(frames[known, rows, columns], device=self.device).permute(0, 3, 1, 2).float()
        size = (seen.shape[2], seen.shape[3])
        weight = face_region(where, size, dials["blend_width"])
        new = match_colours(bend(face, source, where, size), seen, weight, dials["colour_match"])
        new = match_grain(new, seen, weight, dials["grain"], torch.Generator().manual_seed(seed))
        mixed = seen + dials["opacity"] * weight[:, None] * (new - seen)
        made[known, rows, columns] = mixed.round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
        share[known] = (weight > 0).sum((1, 2)).cpu().numpy() / (frames.shape[1] * frames.shape[2])
        return made, share


def _cut(request: Request) -> Iterator[Frames]:
    """The pristine frames that are wanted, at most `_CHUNK` at once."""
    for frames in request.pristine_frames():
        for start in range(0, len(frames), _CHUNK):
            yield frames[start : start + _CHUNK]


def _jittered(points: Floats, jitter: float, seed: int) -> Floats:
    """Points (T, 68, 2) with an error of their own in every frame; `jitter` in distances of the outer eye corners."""
    unit = np.linalg.norm(points[:, 36] - points[:, 45], axis=-1)[:, None, None]
    error = np.random.default_rng((seed, 43)).standard_normal(points.shape)
    return np.asarray(points + jitter * unit * error, np.float32)


def _box(points: Floats, size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the picture that hold the faces (T, 68, 2), with room for the forehead."""
    room = 0.3 * (points.max((0, 1)) - points.min((0, 1)))
    low, high = np.floor(points.min((0, 1)) - room), np.ceil(points.max((0, 1)) + room)
    (left, top), (right, bottom) = low.astype(int), high.astype(int)
    height, width = size
    return slice(max(top, 0), min(bottom, height)), slice(max(left, 0), min(right, width))


def _tracks(first: int, share: Floats) -> pd.DataFrame:
    """Labels of frames from `first` on: where a share is 0 nothing was spliced."""
    frame = np.arange(first, first + len(share))
    return pd.DataFrame({"frame": frame, "spliced": (share > 0).astype(np.int64), "region_share": share})
