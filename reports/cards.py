"""Cards of what took part in a run: the corpus, the generators, the detectors, each with what is known of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import read_json
from tellbench.errors import InputError
from tellbench.eval.results import Results, ScoreRow
from tellbench.eval.rows import OUTSIDE
from tellbench.registry import DETECTORS, GENERATORS, Registry
from tellbench.reports.tables import best_detectors, fastest

_UNSAID: Final = ("device",)
"""Settings that change no score."""


@dataclasses.dataclass(frozen=True)
class Card:
    """One thing, in one line and as facts."""

    name: str
    about: str
    """Empty where this version does not know the name."""
    facts: tuple[tuple[str, str], ...]


def corpus_card(results: Results) -> Card | None:
    """The corpus of a run; None where the results do not describe it."""
    if not results.corpus:
        return None
    known = results.corpus
    splits = {
        split: ", ".join(f"{n} {kind}" for kind, n in counts.items()) for split, counts in known["splits"].items()
    }
    groups = {
        f"{name.replace('_', ' ')}, pristine clips": ", ".join(f"{value}: {count}" for value, count in counts.items())
        for name, counts in known["groups"].items()
    }
    facts = {
        "size": f"{known['n_clips']} clips of {known['n_people']} people, {known['minutes']} minutes",
        "format": "; ".join(f"{text} ({count} clips)" for text, count in known["formats"].items()),
        **splits,
        **groups,
    }
    about = "Pairs of the same person and speech, pristine and forged; the splits share no person and no speech."
    return Card(known["name"], about, _said(facts))


def generator_cards(results: Results, corpus: Corpus | None) -> list[Card]:
    """Every generator that was tested on, with version and dials where the corpus is at hand."""
    made: dict[str, Clip] = {}
    for clip in corpus or ():
        made.setdefault(clip.generator, clip)
    names = dict.fromkeys(row.test_on.removesuffix(OUTSIDE) for row in results.scores)
    best, speed = best_detectors(results), fastest(results)
    cards = []
    for name in names:
        facts: dict[str, object] = {"version": made[name].generator_version if name in made else ""}
        facts |= _controls(made[name]) if name in made else {}
        facts["seen in training"] = _yes(any(name in row.train_on for row in results.scores))
        if name in best:
            facts["best detector"] = f"{best[name].score.detector}, AUC {best[name].score.auc:.3f}"
        if name in speed:
            row = speed[name]
            facts["speed"] = f"{row.fps_offline:.1f} fps at {row.resolution} on {row.device}, {row.precision}"
        cards.append(Card(name, _about(GENERATORS, name), _said(facts)))
    return cards


def detector_cards(results: Results, models: Path) -> list[Card]:
    """Every detector of the leaderboard, with its configuration and training where its folder is in `models`."""
    rows = {row.detector: row for row in reversed(results.scores)}
    return [_detector_card(row, models) for row in reversed(rows.values())]


def _detector_card(row: ScoreRow, models: Path) -> Card:
    folder = models / row.detector.replace(":", "-").replace("/", "-")
    described = _description(folder / "detector.json")
    facts: dict[str, object] = {"trained on": ", ".join(row.train_on)}
    learned = _description(folder / "training.json")
    facts |= _flat({name: learned[name] for name in ("corpus", "people", "seed") if name in learned})
    if described:
        facts["version"] = f"{described.get('version')} (Tellbench {described.get('tellbench')})"
        for part in ("config", "fitted"):
            facts |= _flat(described.get(part) or {})
    return Card(row.detector, _about(DETECTORS, row.detector), _said(facts))


def _description(path: Path) -> dict[str, Any]:
    """What a detector's folder says of it; empty where there is none that can be read."""
    try:
        found = read_json(path)
    except InputError:
        return {}
    return found if isinstance(found, dict) else {}


def _controls(clip: Clip) -> dict[str, object]:
    """Controls and dials of a forged clip."""
    try:
        controls = json.loads(clip.controls)
    except ValueError:
        return {}
    dials = controls.pop("dials", {}) if isinstance(controls, dict) else {}
    return {**_flat(controls if isinstance(controls, dict) else {}), "dials": _text(dials) or "none turned"}


def _flat(values: Mapping[str, Any]) -> dict[str, object]:
    """Nested facts as one level, numbers that are no whole ones to four digits."""
    flat: dict[str, object] = {}
    for name, value in values.items():
        if name == "facts" and isinstance(value, dict):
            flat |= _flat(value)
        elif name not in _UNSAID:
            flat[name.replace("_", " ")] = _text(value)
    return flat


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_text(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, bool):
        return _yes(value)
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _about(registry: Registry, name: str) -> str:
    """A registered name's own line; empty for names from elsewhere."""
    bare = name.partition(":")[0]
    return registry.about(bare) if bare in registry else ""


def _said(facts: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in facts.items() if str(value))
