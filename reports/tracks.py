"""What a face does over time, measured from the decoded frames of a pair: lids, mouth and brows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.clip import Clip
from tellbench.detectors.cues import try_extract
from tellbench.detectors.events import find_blinks
from tellbench.reports.charts import Chart, chart

BACKEND: Final = "network"
"""Landmark source: the one that ships, and that detectors use unless told otherwise."""
_STRIPS: Final = {
    "lids": ("Lid opening, blinks marked", "share of the eye's width"),
    "mouth": ("Mouth opening", "share of the distance between the eyes"),
    "brow": ("Brow raise", "share of the distance between the eyes"),
}

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Tracks:
    """One clip's measurements of T frames; NaN where no face was found."""

    times: Floats
    """Seconds, (T,)."""
    lids: Floats
    """Mean opening of both eyes over their width, (T,)."""
    mouth: Floats
    """Opening between the inner lips over the outer eye distance, (T,)."""
    brow: Floats
    """Mean height of both brows against its median over the clip, over the outer eye distance, (T,)."""
    blinks: Floats
    """Time of each blink's peak in seconds."""


def measure(clip: Clip, device: str = "auto") -> Tracks | None:
    """Tracks of one clip, from the cache of cues where it was measured before; None where it cannot be measured."""
    cues = try_extract(clip, BACKEND, device)
    if cues is None or not cues.found.any():
        return None
    brow = cues.brow.astype(float).mean(1)
    return Tracks(
        times=cues.times,
        lids=cues.aperture.astype(float).mean(1),
        mouth=cues.mouth.astype(float),
        brow=brow - float(np.nanmedian(brow)),
        blinks=find_blinks(cues.aperture, cues.fps)["peak_s"].to_numpy(float),
    )


def strips(tracks: Mapping[str, Tracks | None]) -> tuple[Chart, ...]:
    """A chart a cue, the clips' curves in one box.

    Args:
        tracks: `pristine`, `forged` or both, to what was measured.
    """
    known = {kind: found for kind, found in tracks.items() if found is not None}
    if not known:
        return ()
    blinks = {kind: found.blinks.tolist() for kind, found in known.items()}
    counted = "; ".join(f"{kind}: {_blinks(len(found.blinks))}" for kind, found in known.items())
    return tuple(
        chart(
            title,
            "time, s",
            unit,
            {kind: (found.times, getattr(found, name)) for kind, found in known.items()},
            kinds=list(known),
            marks=blinks if name == "lids" else None,
            words=counted if name == "lids" else "",
        )
        for name, (title, unit) in _STRIPS.items()
    )


def _blinks(count: int) -> str:
    return f"{count} blink{'s' if count != 1 else ''}"
