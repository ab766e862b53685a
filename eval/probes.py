"""Shortcut probes: classifiers that see only what must not tell forged from pristine. They have to be at chance.

A benchmark whose forged clips are a frame longer, or start with a breath of silence, is solved without looking at a
face (Boldisor et al. 2024, arXiv 2412.00175, found leading silence in two public corpora). Each probe is trained on the
train and val splits and tested like any detector, once for each generator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.detectors.probes import container_facts, silence_facts
from tellbench.errors import InputError
from tellbench.eval.bootstrap import RESAMPLES
from tellbench.eval.metrics import Floats
from tellbench.eval.results import AuditRow
from tellbench.eval.rows import alone, evaluate

CHANCE: Final = 0.5
PROBES: Final[dict[str, Callable[[Clip], list[float]]]] = {"metadata": container_facts, "silence": silence_facts}
"""Name of each probe and the only numbers it may see of a clip."""


def probes(corpus: Corpus, *, seed: int = 0, n_boot: int = RESAMPLES) -> tuple[AuditRow, ...]:
    """Every probe against every generator of the test split; `fail` when its interval excludes chance.

    Forged clips that stand alone in a paired corpus are left out: their portraits and voices are others.

    Raises:
        InputError: a class is missing from train and val, or from test, or a clip cannot be read.
    """
    learn, test = _halves(corpus)
    if not can_learn(corpus):
        raise InputError(f"corpus {corpus.root}: probes need pristine and forged clips in train and val; generate more")
    rows: list[AuditRow] = []
    for name, facts in PROBES.items():
        model = DecisionTreeClassifier(max_depth=4, min_samples_leaf=3, random_state=seed)
        model.fit(_matrix(learn, facts), learn.labels)
        given = model.predict_proba(_matrix(test, facts))[:, 1]
        table = ScoreTable(dict(zip(test.labels.index, given, strict=True)))
        rows += [_row(name, table, test, generator, seed, n_boot) for generator in test.generators]
    return tuple(rows)


def can_learn(corpus: Corpus) -> bool:
    """Whether probes have both classes to learn from; a corpus that is all test has not."""
    return set(_halves(corpus)[0].labels) == {PRISTINE, FORGED}


def _halves(corpus: Corpus) -> tuple[Corpus, Corpus]:
    """Clips to learn from, and to test on."""
    apart = alone(corpus)
    known = corpus.where(lambda clip: clip.label in (PRISTINE, FORGED) and clip.clip_id not in apart)
    return known.where(lambda clip: clip.split in ("train", "val")), known.split("test")


def _row(name: str, table: ScoreTable, test: Corpus, generator: str, seed: int, n_boot: int) -> AuditRow:
    row = evaluate(table, test, detector=name, train_on=[], test_on=generator, seed=seed, n_boot=n_boot)
    low, high = (row.auc if end is None else end for end in (row.auc_low, row.auc_high))
    said = f"AUC {row.auc:.3f} ({low:.3f} to {high:.3f}) without looking at a face"
    at_chance = low - 1e-9 <= CHANCE <= high + 1e-9
    return AuditRow(
        probe=name,
        test_on=generator,
        auc=row.auc,
        auc_low=row.auc_low,
        auc_high=row.auc_high,
        verdict="pass" if at_chance else "fail",
        found="" if at_chance else said,
    )


def _matrix(clips: Corpus, facts: Callable[[Clip], list[float]]) -> Floats:
    return np.array([facts(clip) for clip in clips], np.float64)
