"""What a generated head does in a clip, whichever generator makes it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from tellbench.datasets.expression import INDEX, columns


@dataclasses.dataclass(frozen=True)
class Motion:
    """T frames of a performance, all relative to the portrait."""

    coefficients: npt.NDArray[np.float32]
    """Shape (T, 52), in [0, 1]; below 0 where a clip that is followed relaxes more than in its frame at rest."""
    pose: npt.NDArray[np.float32]
    """Shape (T, 6): yaw, pitch, roll in degrees, then mm."""
    gaze: npt.NDArray[np.float32]
    """Shape (T, 2): degrees right of the image and up."""
    loudness_db: npt.NDArray[np.float32]
    """Shape (T,)."""
    f0_hz: npt.NDArray[np.float32]
    """Shape (T,), NaN where unvoiced."""

    def __len__(self) -> int:
        return len(self.pose)

    def rows(self, part: slice) -> Motion:
        """Some of the frames."""
        return Motion(*(getattr(self, field.name)[part] for field in dataclasses.fields(self)))

    def labels(self, first: int, fps: float, angles: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[Any]]:
        """Columns of tracks that follow from the motion alone.

        Args:
            first: number of the first frame in its clip.
            fps: frames a second.
            angles: yaw, pitch and roll (T, 3) of the head as shown, degrees.
        """
        frame, coefficients, gaze = np.arange(first, first + len(self)), self.coefficients, self.gaze
        means = {
            name: coefficients[:, columns(name)].mean(1)
            for name in ("browInnerUp", "browOuterUp", "browDown", "mouthPress")
        }
        return {
            "frame": frame,
            "time_s": (frame + 0.5) / fps,
            "yaw": angles[:, 0],
            "pitch": angles[:, 1],
            "roll": angles[:, 2],
            "gaze_x": gaze[:, 0],
            "gaze_y": gaze[:, 1],
            "blink_left": coefficients[:, INDEX["eyeBlinkLeft"]],
            "blink_right": coefficients[:, INDEX["eyeBlinkRight"]],
            "brow_raise": (means["browInnerUp"] + means["browOuterUp"]) / 2,
            "brow_lower": means["browDown"],
            "jaw_open": coefficients[:, INDEX["jawOpen"]],
            "lip_press": means["mouthPress"],
            "loudness_db": self.loudness_db,
            "voiced": np.isfinite(self.f0_hz),
        }
