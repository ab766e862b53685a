"""tellbench inspect: every detector's evidence on one video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tellbench.cli.common import bar, examples, say
from tellbench.registry import DETECTORS

if TYPE_CHECKING:
    from tellbench.detectors.base import Detector, Evidence


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "inspect",
        epilog=examples(
            "tellbench inspect interview.mp4", "tellbench inspect interview.mp4 --models demo/models --out why.png"
        ),
    )(inspect)


def inspect(
    video: Annotated[Path, typer.Argument(help="A video with one talking person.")],
    models: Annotated[
        Path | None, typer.Option(help="Folder of trained detectors; without it, evidence but no scores.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The picture to draw; default: beside the current folder.")] = None,
) -> None:
    """Print and draw what each detector measures on a video."""
    from tellbench.datasets.clip import Clip
    from tellbench.reports.inspection import draw_evidence

    clip = Clip.from_file(video)
    detectors = _load(models)
    with bar("inspecting", len(detectors)) as advance:
        found = []
        for detector in detectors:
            found.append(detector.evidence(clip))
            advance(1)
        picture = draw_evidence(found, clip, out or Path(f"{video.stem}-evidence.png"))
    for evidence in found:
        _tell(evidence)
    say(f"drawn: {picture}")


def _load(models: Path | None) -> list[Detector]:
    """Trained detectors from a folder, or every real detector untrained."""
    if models is None:
        return [DETECTORS.create(name) for name in DETECTORS if not DETECTORS.load(name).sanity]
    from tellbench.detectors.storage import read_detectors
    from tellbench.errors import InputError

    found = read_detectors(models)
    if not found:
        raise InputError(f"{models} holds no trained detector; make one with `tellbench train`")
    return list(found.values())


def _tell(evidence: Evidence) -> None:
    score = "not trained" if evidence.score is None else f"score {evidence.score:.3f} (0 pristine .. 1 forged)"
    say(f"{evidence.detector}: {score}")
    for name, value in evidence.facts.items():
        say(f"  {name}: {value:.3g}" if isinstance(value, float) else f"  {name}: {value}")
