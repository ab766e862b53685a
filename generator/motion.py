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
    """Shape (T, 52), in [0, 1]."""
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

    def labels(self, part: slice, fps: float, angles: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[Any]]:
        """Columns of tracks that follow from the motion alone, for some frames.

        Args:
            part: first frame and one beyond the last.
            fps: frames a second.
            angles: yaw, pitch and roll (T, 3) of the head as shown, degrees.
        """
        frame, coefficients, gaze = np.arange(part.start, part.stop), self.coefficients[part], self.gaze[part]
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
            "loudness_db": self.loudness_db[part],
            "voiced": np.isfinite(self.f0_hz[part]),
        }
