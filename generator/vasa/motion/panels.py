"""Tracks of motion to be looked at: what was made beside what a person of the studio did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from torch import Tensor

from tellbench.generator.vasa.motion.space import COLUMNS, RATE

TRACKS: Final = ("yaw", "pitch", "gazeRight", "gazeUp", "jawOpen", "mouthPucker", "eyeBlinkLeft", "browInnerUp")
"""Columns that are drawn."""


def panel(motions: Mapping[str, Tensor], heard: Tensor) -> Tensor:
    """Tracks of motions (T, 60) by name, one picture below the other, over the sound's features (T, 4, 28).

    Returns:
        (3, H, W) in [0, 1].
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 11), dpi=70, layout="constrained")
    axes = figure.subplots(len(TRACKS) + 1, 1, sharex=True)
    axes[0].imshow(
        heard.flatten(0, 1)[:, :-2].T.numpy(), aspect="auto", origin="lower", extent=(0, len(heard) / RATE, 0, 1)
    )
    axes[0].set_ylabel("sound")
    for axis, name in zip(axes[1:], TRACKS, strict=True):
        for label, motion in motions.items():
            axis.plot(np.arange(len(motion)) / RATE, motion[:, COLUMNS.index(name)].numpy(), label=label, linewidth=1)
        axis.set_ylabel(name)
    axes[1].legend(loc="upper right")
    axes[-1].set_xlabel("seconds")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].astype(np.float32) / 255
    return torch.from_numpy(pixels).permute(2, 0, 1)
