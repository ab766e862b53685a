"""Motion judged as video is, without a picture: a studio person's landmarks are projected and held against the sound.

SyncNet-style and CAPP-style values are of networks trained here (`datasets.agreement`): they compare motions with one
another and with the pristine control, not with published tables.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from torch import Tensor

from tellbench.datasets.agreement.hearing import Heard
from tellbench.datasets.agreement.measures import Moves
from tellbench.datasets.agreement.scores import capp_of, sync_of
from tellbench.datasets.agreement.talks import Sitter
from tellbench.errors import InputError
from tellbench.generator.vasa.motion.data.talks import SECONDS, Scene
from tellbench.generator.vasa.motion.space import RATE, split

_DISTANCE: Final = 1000.0
"""Camera to the eyes, mm (assumption: a laptop's)."""


@dataclasses.dataclass(frozen=True)
class Witness:
    """The person of a talk, and what was recorded."""

    sitter: Sitter
    heard: Heard

    @classmethod
    def of(cls, seed: int, n_frames: int = SECONDS * RATE) -> Self:
        """Of a talk's seed."""
        return cls(Sitter(seed), Heard.of(Scene.of(seed).recording, n_frames))

    def judge(self, motion: Tensor) -> tuple[float, float, float, float]:
        """Sync confidence, sync distance, offset in frames and CAPP-style score of a motion (T, 60).

        NaN where there is too little voice for it.
        """
        pose, coefficients, _ = split(motion)
        moves = Moves.of(self.sitter.landmarks(coefficients, pose, _DISTANCE), RATE)
        try:
            sync = sync_of(moves, self.heard)
        except InputError:
            return (float("nan"),) * 4
        try:
            capp = capp_of(moves, self.heard)
        except InputError:
            capp = float("nan")
        return sync.confidence, sync.distance, float(sync.offset), capp


def agreement(witnesses: Sequence[Witness], motions: Sequence[Tensor]) -> dict[str, float]:
    """Part of a row: means over the talks with enough voice, and the share of those within a frame of their sound."""
    judged = np.array([one.judge(motion) for one, motion in zip(witnesses, motions, strict=True)])
    known = judged[np.isfinite(judged[:, 0])]
    if not len(known):
        return {}
    return {
        "sync_confidence": float(known[:, 0].mean()),
        "sync_distance": float(known[:, 1].mean()),
        "sync_offset": float(known[:, 2].mean()),
        "in_time": float((np.abs(known[:, 2]) <= 1).mean()),
        "capp": float(np.nanmean(known[:, 3])),
        "judged": float(len(known)),
    }
