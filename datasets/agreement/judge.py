"""How well the agreement networks tell what belongs together from what does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.agreement.hearing import Heard
from tellbench.datasets.agreement.measures import Moves
from tellbench.datasets.agreement.network import Capp, SyncNet
from tellbench.datasets.agreement.scores import capp_of, sync_of

Pair = tuple[Moves, Heard]

_SHIFTS: Final = (-12, -6, -3, 3, 6, 12)
"""Frames by which lips are put off to find them again."""
_HEAD_SHIFTS: Final = (1, 2, 3, 4, 12, 25)
"""Frames by which heads are put off, as in VASA-1's table of CAPP, and beyond."""


def judge(pairs: Sequence[Pair], sync: SyncNet | None = None, capp: Capp | None = None) -> dict[str, float]:
    """Figures by name, on clips of face and voice that belong together; swapped: the voice of the next clip.

    AUC is the chance that what belongs together agrees better than what does not.

    Raises:
        InputError: a clip is too short or without a voice.
    """
    swapped = [together(moves, pairs[(i + 1) % len(pairs)][1]) for i, (moves, _) in enumerate(pairs)]
    true, false = ([sync_of(*pair, sync) for pair in some] for some in (pairs, swapped))
    own, other = (np.array([found.confidence for found in some]) for some in (true, false))
    errors = [sync_of(*late(pair, by), sync).offset - by for pair in pairs for by in _SHIFTS]
    off = np.abs(np.array(errors))
    heads = {0: np.array([capp_of(*pair, capp) for pair in pairs])}
    heads |= {by: np.array([capp_of(*late(pair, by), capp) for pair in pairs]) for by in _HEAD_SHIFTS}
    strangers = np.array([capp_of(*pair, capp) for pair in swapped])
    return {
        "sync confidence": float(own.mean()),
        "sync confidence, swapped": float(other.mean()),
        "sync distance": float(np.mean([found.distance for found in true])),
        "sync AUC, swapped": auc(own, other),
        "sync offset, mean": float(np.mean([found.offset for found in true])),
        "sync offset within 1": float(np.mean([abs(found.offset) <= 1 for found in true])),
        "shift found within 1": float((off <= 1).mean()),
        "shift error, mean frames": float(off.mean()),
        **{f"head score, {by} frames late": float(values.mean()) for by, values in heads.items()},
        "head score, swapped": float(strangers.mean()),
        "head AUC, swapped": auc(heads[0], strangers),
        "head AUC, 1 s late": auc(heads[0], heads[25]),
    }


def late(pair: Pair, frames: int) -> Pair:
    """A pair whose face comes `frames` later than it does; what has no counterpart is cut off."""
    moves, heard = pair
    n = len(moves) - abs(frames)
    face, voice = (slice(max(0, -by), max(0, -by) + n) for by in (frames, -frames))
    return Moves(moves.mouth[face], moves.angles[face]), Heard(heard.features[voice], heard.speaking[voice])


def together(moves: Moves, heard: Heard) -> Pair:
    """A face and another's voice, as long as the shorter of them."""
    n = min(len(moves), len(heard.features))
    return Moves(moves.mouth[:n], moves.angles[:n]), Heard(heard.features[:n], heard.speaking[:n])


def auc(high: npt.NDArray[np.float64], low: npt.NDArray[np.float64]) -> float:
    """Chance that one of `high` exceeds one of `low`; ties count one half."""
    above = high[:, None] - low[None]
    return float((above > 0).mean() + (above == 0).mean() / 2)
