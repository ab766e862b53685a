"""The card of a trained detector: what it is, what it learned from, what was measured, and what it is not for."""

from __future__ import annotations

import collections
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tellbench.datasets.card import CITATION
from tellbench.datasets.clip import PRISTINE
from tellbench.datasets.corpus import MANIFEST, Corpus
from tellbench.datasets.files import atomic_path, read_json, sha256, write_json
from tellbench.errors import InputError
from tellbench.eval.results import Results, ScoreRow
from tellbench.registry import DETECTORS

DESCRIPTION: Final = "detector.json"
TRAINING: Final = "training.json"
"""In a detector's folder: what it was trained on. Absent where it was trained in Python."""

_HEAD: Final = "| tested on | AUC (95% interval) | EER | TPR@1%FPR | ECE | pristine, forged, without score |"


def write_model_card(folder: Path, corpus: Corpus, generators: Sequence[str], seed: int) -> None:
    """Keep what a detector was trained on in its folder, and write its card beside it.

    Args:
        folder: of the saved detector.
        corpus: with the train and val splits that it saw; its test split is not counted.
        generators: whose forged clips it was trained on.
        seed: of the training.
    """
    seen = corpus.against(*generators).rows.counted("split", "label", "identity_id")
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    for (split, label, _), n in seen.items():
        counts[split, "pristine" if label == PRISTINE else "forged"] += n
    facts = {
        "corpus": corpus.root.resolve().name,
        "manifest_sha256": sha256(corpus.root / MANIFEST),
        "generators": list(generators),
        "clips": {split: {kind: counts[split, kind] for kind in ("pristine", "forged")} for split in ("train", "val")},
        "people": len({person for split, _, person in seen if split in ("train", "val")}),
        "seed": seed,
    }
    write_json(folder / TRAINING, facts)
    with atomic_path(folder / "README.md") as part:
        part.write_text(model_card(folder), encoding="utf-8")


def model_card(folder: Path, results: Results | None = None) -> str:
    """The card as Markdown.

    Args:
        folder: of a saved detector.
        results: of a run in which it was scored under its own name or its folder's.

    Raises:
        InputError: the folder holds no detector, or the results do not have it.
    """
    about = read_json(folder / DESCRIPTION)
    name = str(about.get("name")) if isinstance(about, dict) else ""
    if name not in DETECTORS:
        raise InputError(f"{folder} holds detector {name!r}; known: {', '.join(DETECTORS)}")
    files = "\n".join(f"- `{file}`, sha256 `{digest}`" for file, digest in about.get("files", {}).items())
    return f"""# Detector `{name}`: model card

It looks at: {DETECTORS.about(name)}. Configuration: `{json.dumps(about.get("config", {}), sort_keys=True)}`.
Made with Tellbench {about.get("tellbench")}; stored form {about.get("version")}.

## Trained on

{_trained_on(folder)}

## Measured

{_measured(folder, name, results)}

## Intended use

Research on telling forged faces, and comparison with other detectors on the same clips. A score is higher the more
likely a clip is forged; it is no verdict on a recording, and no probability outside the corpus it was calibrated on.

## Limits

- It knows the generators it was trained on. Others, other cameras and other compression may fool it either way.
- Trained on renders, it has not seen photographs; trained on photographs, it has not seen renders.
- Faces that are small, turned away or covered may get no score; such clips count as 0.5.
- Differences between groups of people are only known where the leaderboard's table of groups has enough of them.

## Files

{files or "- none: nothing is learned"}

## How to cite

{CITATION}
"""


def _trained_on(folder: Path) -> str:
    if not (folder / TRAINING).is_file():
        return "Not written down: it was not trained by `tellbench train` or `tellbench run`."
    facts: dict[str, Any] = read_json(folder / TRAINING)
    train, val = (
        f"{n['pristine']} pristine and {n['forged']} forged" for n in map(facts["clips"].get, ("train", "val"))
    )
    return (
        f"Corpus `{facts['corpus']}` (manifest sha256 `{facts['manifest_sha256']}`), forged clips of "
        f"{', '.join(facts['generators']) or 'none'}: it was given {train} clips to learn from, {val} to select and "
        f"calibrate on, {facts['people']} people, seed {facts['seed']}. Its test split was not touched."
    )


def _measured(folder: Path, name: str, results: Results | None) -> str:
    if results is None:
        return f"Nothing is said here; `tellbench card {folder.name} --results RUN` puts the scores of a run in."
    own = [row for row in results.scores if re.sub("[:/]", "-", row.detector) == folder.name]  # as `run` names folders
    rows = own or [row for row in results.scores if row.detector == name]
    if not rows:
        scored = ", ".join(sorted({row.detector for row in results.scores}))
        raise InputError(f"the results have no scores of {name!r}; they have {scored or 'none'}")
    said = f"Suite `{results.suite}`, test split, seeds {dict(results.seeds)}:\n"
    return "\n".join([said, _HEAD, "|---|---|---|---|---|---|", *map(_row, rows)])


def _row(row: ScoreRow) -> str:
    between = "" if row.auc_low is None or row.auc_high is None else f" ({row.auc_low:.2f}-{row.auc_high:.2f})"
    numbers = (f"{value:.3f}" for value in (row.eer, row.tpr_at_fpr_1, row.ece))
    counts = f"{row.n_pristine}, {row.n_forged}, {row.n_missing}"
    return f"| {row.test_on} | {row.auc:.3f}{between} | {' | '.join(numbers)} | {counts} |"
