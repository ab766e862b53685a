"""What 68 landmarks tell of speech: eight numbers of the mouth and three angles of the head, 25 times a second.

The same numbers come from the studio's exact points, from which the networks learn, and from those that a landmark
network finds in any video.
"""

from __future__ import annotations

import dataclasses
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from tellbench.datasets.faces.posing import head_angles, upright

Floats = npt.NDArray[np.float32]

RATE: Final = 25
"""Frames a second at which agreement is judged, as SyncNet does (Chung & Zisserman 2016)."""
MOUTH: Final = {
    "opening": "between the inner lips in the middle",
    "opening_sides": "the same half-way to the corners",
    "height": "from the upper to the lower border of the lips",
    "width": "between the outer corners",
    "inner_width": "between the inner corners",
    "lower_drop": "from the base of the nose to the lower lip",
    "chin_drop": "from the base of the nose to the chin",
    "corner_drop": "from the base of the nose to the corners",
}
"""Distances over that of the outer eye corners. How thick the upper lip is and where it hangs are not among them: the
landmark network does not see them move (r = 0.13 and 0.36 with the truth, against 0.91 to 0.97 for these)."""
ANGLES: Final = ("yaw", "pitch", "roll")
_LONGEST_GAP: Final = 0.2
"""Seconds without a face that are bridged (assumption: a syllable)."""


@dataclasses.dataclass(frozen=True)
class Moves:
    """A face over T frames, 25 a second; NaN where no face was seen for longer than 0.2 s."""

    mouth: Floats
    """(T, 8), columns `MOUTH`."""
    angles: Floats
    """(T, 3), columns `ANGLES`, degrees."""

    def __len__(self) -> int:
        return len(self.mouth)

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """(T,): frames that are known."""
        return np.asarray(np.isfinite(self.mouth[:, 0]))

    @classmethod
    def of(cls, points: Floats, fps: float) -> Self:
        """From landmarks (T, 68, 2) in pixels at any rate; NaN where no face was found."""
        return cls(at_rate(mouth_of(points), fps), at_rate(head_angles(points), fps))


def mouth_of(points: Floats) -> Floats:
    """The mouth (T, 8) of landmarks (T, 68, 2) in pixels."""
    x, y = np.moveaxis(upright(points), -1, 0)  # (T, 68) each
    columns = {
        "opening": y[:, 66] - y[:, 62],
        "opening_sides": (y[:, 67] - y[:, 61] + y[:, 65] - y[:, 63]) / 2,
        "height": y[:, 57] - y[:, 51],
        "width": x[:, 54] - x[:, 48],
        "inner_width": x[:, 64] - x[:, 60],
        "lower_drop": y[:, 57] - y[:, 33],
        "chin_drop": y[:, 8] - y[:, 33],
        "corner_drop": (y[:, 48] + y[:, 54]) / 2 - y[:, 33],
    }
    return np.stack([columns[name] for name in MOUTH], -1).astype(np.float32)


def at_rate(track: Floats, fps: float) -> Floats:
    """A track (T, C) read off at the middles of frames of 25 a second, linearly; NaN in gaps beyond 0.2 s."""
    known = np.flatnonzero(np.isfinite(track).all(1))
    count = max(1, round(len(track) / fps * RATE))
    if len(known) < 2:
        return np.full((count, track.shape[1]), np.nan, np.float32)
    place = (np.arange(count) + 0.5) / RATE * fps - 0.5
    read = np.stack([np.interp(place, known, column) for column in track[known].T], -1)
    after = np.clip(np.searchsorted(known, place), 1, len(known) - 1)
    gap = np.where(np.isin(place, known), 0, known[after] - known[after - 1]) / fps
    outside = (place < known[0] - 1) | (place > known[-1] + 1)  # half a frame at the ends is held
    read[(gap > max(_LONGEST_GAP, 1.01 / fps)) | outside] = np.nan
    return read.astype(np.float32)
