"""What each trained detector of a run found in a clip, in the shapes that a page draws."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Detector, Evidence
from tellbench.reports.charts import Chart, chart

QUALITY: Final = 88
"""Of stored pictures, JPEG."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One detector's evidence on one clip."""

    detector: str
    score: float | None
    facts: tuple[tuple[str, str], ...]
    charts: tuple[Chart, ...]
    pictures: tuple[tuple[str, str], ...]
    """File relative to the site's folder, and title."""


def examine(clip: Clip, detectors: Sequence[Detector], site: Path, stem: str) -> list[Finding]:
    """Every detector's evidence on one clip; pictures are written beside `stem` in the site's folder."""
    return [_finding(detector.evidence(clip), site, f"{stem}-{i}") for i, detector in enumerate(detectors)]


def _finding(evidence: Evidence, site: Path, stem: str) -> Finding:
    charts = tuple(
        chart(
            plot.title,
            plot.x_label,
            plot.y_label,
            {name: (plot.x, values) for name, values in plot.series.items()},
            marks={"": plot.marks},
        )
        for plot in evidence.plots
    )
    pictures = []
    for i, picture in enumerate(evidence.pictures):
        name = f"{stem}-{i}.jpg"
        Image.fromarray(picture.pixels).save(site / name, quality=QUALITY)
        pictures.append((name, picture.title))
    facts = (
        (name, f"{value:.4g}" if isinstance(value, float) else str(value)) for name, value in evidence.facts.items()
    )
    return Finding(evidence.detector, evidence.score, tuple(facts), charts, tuple(pictures))
