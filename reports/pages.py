"""The pages of the site as HTML: the front page, and one for each clip of the gallery."""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from tellbench.datasets.corpus import Corpus
from tellbench.eval.groups import FEWEST, GroupRow, auc_by_group
from tellbench.eval.results import Results
from tellbench.eval.rows import NULL
from tellbench.reports import cards, conditions, figures, protocols, tables
from tellbench.reports.checks import findings, sanity
from tellbench.reports.gallery import Exhibit, Pair
from tellbench.reports.heatmap import STEPS, WORDS, heat_map, level

MARK: Final = '<meta name="generator" content="Tellbench">'
"""In the head of every page; a folder that holds such a page may be replaced."""
GROUP_RESAMPLES: Final = 1000
"""Resamples of the intervals within groups."""
SIGNIFICANT: Final = 0.05
"""Corrected p-value below which two detectors are called different."""
_FOLDED: Final = ("auc_low", "auc_high", "frame_auc", "protocol", "n_forged", "n_missing")
"""Columns that the page draws inside another cell."""
_MOST_CURVES: Final = 6
"""Detectors in one figure: as many as there are colours."""
_FACTS: Final = (
    "clip_id",
    "identity_id",
    "generator",
    "generator_version",
    "role",
    "emotion",
    "style",
    "language",
    "sex",
)
_MORE_FACTS: Final = ("age_band", "skin_tone", "speech_id", "codec", "crf", "sha256")


_QUALITY: Final = (
    (
        "sync",
        "How much better lips and sound agree in time than out of time (SyncNet-style); higher is better.",
    ),
    ("in time", "Share of the clips whose lips are at most 40 ms off their sound."),
    ("CAPP-style", "How well the movement of the head goes with the voice, -1 to 1; higher is better."),
    ("ΔP, degrees", "How much the head turns from frame to frame; a generator should come near the pristine clips."),
    (
        "identity",
        "Cosine of the face with the first frame of its pristine twin; the pristine row shows what one person gives.",
    ),
    (
        "FVD, own",
        "How far the looks and movements of 16 frames at a time are from those of the pristine clips, with its 95% "
        "interval over people; lower is better. The pristine row is the distance between halves of the pristine "
        "people: a value whose interval reaches down to it may be due to who was filmed.",
    ),
)
"""Columns of the quality table and what they say."""


def render_index(
    results: Results, clips: pd.DataFrame, pairs: Sequence[Pair], corpus: Corpus | None, models: Path
) -> str:
    """The front page.

    Args:
        results: of the run.
        clips: its clips and scores, as `read_scores` gives them.
        pairs: the gallery.
        corpus: where it is at hand, for what is known of the generators.
        models: folder of trained detectors, which may be absent.
    """
    entries = tables.leaderboard(results)
    looks = _looks(entries)
    drawn = _figures(results, clips, entries, looks)
    return _render(
        "index.html.j2",
        results=results,
        entries=entries,
        columns=[column for column in tables.COLUMNS if column.key not in _FOLDED],
        best=tables.best_detectors(results),
        findings=findings(results),
        heat=heat_map(results),
        level=level,
        levels=list(enumerate(zip(WORDS, ("below 0.4", *(f"from {step:g}" for step in STEPS)), strict=True))),
        tradeoffs=tables.tradeoffs(results),
        sanity=sanity(),
        null=NULL,
        real_time=figures.REAL_TIME,
        looks=looks,
        pairs=pairs,
        figures={name: Markup(svg) for name, svg in drawn.items()},
        speed=[row for row in results.speed if row.generator != NULL],
        quality_columns=_QUALITY,
        extractors=sorted({row.fvd_extractor for row in results.quality} - {""}),
        groups=_groups(results, clips),
        fewest=FEWEST,
        further=_further(results, looks),
        different=[row for row in results.comparisons if row.p_holm is not None and row.p_holm < SIGNIFICANT],
        significant=SIGNIFICANT,
        most_curves=conditions.MOST,
        generators=list(dict.fromkeys(entry.score.test_on for entry in entries)),
        corpus_card=cards.corpus_card(results),
        generator_cards=cards.generator_cards(results, corpus),
        detector_cards=cards.detector_cards(results, models),
    )


def render_clips(pairs: Sequence[Pair], results: Results) -> Iterator[tuple[str, str]]:
    """Path and HTML of a page for each clip of the gallery, in its order."""
    shown: dict[str, tuple[Exhibit, Exhibit]] = {}
    for pair in pairs:
        for item, twin in ((pair.pristine, pair.forged), (pair.forged, pair.pristine)):
            shown.setdefault(item.page, (item, twin))
    order = list(shown)
    for i, (path, (item, twin)) in enumerate(shown.items()):
        about = {name.replace("_", " "): getattr(item.clip, name) for name in (*_FACTS, *_MORE_FACTS)}
        clip = item.clip
        about["format"] = f"{clip.width} x {clip.height}, {clip.n_frames} frames at {clip.fps:g} a second"
        yield (
            path,
            _render(
                "clip.html.j2",
                results=results,
                item=item,
                twin=twin,
                before=Path(order[i - 1]).name if i else None,
                after=Path(order[i + 1]).name if i + 1 < len(order) else None,
                about={name: value for name, value in about.items() if value not in ("", 0)},
                dials=_dials(clip.controls),
            ),
        )


def _dials(controls: str) -> Mapping[str, Any]:
    """Controls of a forged clip; none where they are no JSON object."""
    try:
        found = json.loads(controls)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _render(template: str, **values: Any) -> str:
    script = _template("site.js")
    return (
        _environment()
        .get_template(template)
        .render(
            mark=Markup(MARK),
            style=Markup(_template("style.css")),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            **values,
        )
    )


def breaking(name: str) -> Markup:
    """A name whose line may break after each part of it, as HTML.

    >>> breaking("fusion:blink+<b>")
    Markup('fusion:<wbr>blink+<wbr>&lt;b&gt;')
    """
    parts = re.split(r"(?<=[:+])", name)
    return Markup("<wbr>").join(escape(part) for part in parts)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = tables.shown
    environment.filters["breaking"] = breaking
    return environment


@functools.cache
def _template(name: str) -> str:
    return resources.files("tellbench.reports").joinpath("templates", name).read_text(encoding="utf-8")


def _looks(entries: Sequence[tables.Entry]) -> dict[str, int]:
    """Number of each real detector, in the order of the leaderboard."""
    return {name: i for i, name in enumerate(dict.fromkeys(e.score.detector for e in entries if not e.is_sanity))}


def _figures(
    results: Results, clips: pd.DataFrame, entries: Sequence[tables.Entry], looks: figures.Looks
) -> dict[str, str]:
    """Every figure that the run has the data for, by name."""
    drawn: dict[str, str] = {}
    contenders = [entry for entry in entries if not entry.is_sanity]
    best = tables.best_detectors(results)
    if any(entry.fps is not None for entry in contenders):
        asked = tables.settings(results)
        drawn["pareto"] = figures.pareto([*contenders, *asked], [*best.values(), *asked], looks)
    for generator in best:
        if not (clips["generator"] == generator).any():
            continue
        here = [e.score.detector for e in contenders if e.score.test_on == generator]
        scored = [name for name in here if name in clips.columns]
        if scored:
            curves = scored[:_MOST_CURVES]
            drawn[f"roc {generator}"] = figures.roc(clips, curves, generator, looks)
            drawn[f"scores {generator}"] = figures.distributions(clips, curves, generator)
            drawn[f"calibration {generator}"] = figures.calibration(clips, curves, generator, looks)
            drawn[f"risk {generator}"] = figures.risk(clips, curves, generator, looks)
    return drawn


@dataclasses.dataclass(frozen=True)
class Further:
    """One protocol beside the leaderboard, as shown."""

    title: str
    about: str
    panels: tuple[tuple[protocols.Panel, Markup, str], ...]
    """What it shows, its figure, and the lowest point in words."""


def _further(results: Results, looks: figures.Looks) -> list[Further]:
    """Every further protocol that the run has rows of."""
    return [
        Further(
            *protocols.heading(name),
            tuple((p, Markup(conditions.draw(p, looks)), protocols.in_words(p, results)) for p in panels),
        )
        for name, panels in protocols.panels(results, sanity()).items()
    ]


def _groups(results: Results, clips: pd.DataFrame) -> dict[str, list[GroupRow]]:
    """For each generator, its best detector within groups, where an attribute has more than one."""
    found: dict[str, list[GroupRow]] = {}
    for generator, best in tables.best_detectors(results).items():
        if best.score.detector in clips.columns:
            rows = auc_by_group(clips, best.score.detector, generator, n_boot=GROUP_RESAMPLES, seed=0)
            values = Counter(row.attribute for row in rows)
            found[generator] = [row for row in rows if values[row.attribute] > 1]
    return {generator: rows for generator, rows in found.items() if rows}
