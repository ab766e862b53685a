"""Protocols as data: which clips are scored by detectors trained on what, and how the rows are named.

The leaderboard's own rows (`within-generator`, `unseen-generator`, `null`) come from `eval.evaluate`; here are the
others. A `Trial` is one cell: clips, fitted detectors, a name. Its score tables are files, and a trial whose files are
there is not scored again.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tellbench.datasets.clip import FORGED, PRISTINE
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.datasets.splits import columns, groups_of
from tellbench.detectors.base import Detector
from tellbench.errors import InputError
from tellbench.eval.bootstrap import RESAMPLES
from tellbench.eval.evaluate import GROUPS, table_names
from tellbench.eval.groups import FEWEST
from tellbench.eval.names import GROUP, UNSEEN_GENERATOR
from tellbench.eval.results import ScoreRow
from tellbench.eval.rows import evaluate


@dataclasses.dataclass(frozen=True)
class Trial:
    """One cell of a protocol."""

    protocol: str
    train_on: tuple[str, ...]
    """Generators that the detectors were trained on."""
    clips: Corpus
    """Labelled clips that are scored."""
    test_on: tuple[str, ...]
    """Generators that get a row each."""
    condition: str = ""
    dose: float | None = None


def run_trial(
    trial: Trial, detectors: Mapping[str, Detector], run: Path, *, seed: int = 0, n_boot: int = RESAMPLES
) -> list[ScoreRow]:
    """Score what is not scored yet, and give one row for each detector and generator.

    Raises:
        InputError: a class is missing, or a detector is not fitted.
    """
    score_once(trial, detectors, run)
    files = table_files(trial, detectors, run)
    tables = {name: ScoreTable.read_csv(path) for name, path in files.items()}
    return [row for name, table in tables.items() for row in rows_of(trial, name, table, seed=seed, n_boot=n_boot)]


def score_once(trial: Trial, detectors: Mapping[str, Detector], run: Path) -> None:
    """Write the score tables of a trial that are not there yet.

    Raises:
        InputError: a detector is not fitted.
    """
    for name, path in table_files(trial, detectors, run).items():
        if not path.is_file():
            detectors[name].score(trial.clips).write_csv(path)


def is_scored(trial: Trial, detectors: Mapping[str, object], run: Path) -> bool:
    """Whether every score table of a trial is there."""
    return all(path.is_file() for path in table_files(trial, detectors, run).values())


def table_files(trial: Trial, detectors: Mapping[str, object], run: Path) -> dict[str, Path]:
    """Detector to its score table of a trial."""
    folder = f"{trial.protocol}/{slug('-'.join([*trial.test_on, trial.condition]))}"
    return {name: run / "scores" / folder / Path(file).name for name, file in table_names(detectors).items()}


def pooled(parts: Sequence[Trial], detector: str, detectors: Mapping[str, object], run: Path) -> ScoreTable:
    """The scores of several trials that share no clip, as one table."""
    tables = [ScoreTable.read_csv(table_files(part, detectors, run)[detector]) for part in parts]
    return ScoreTable(
        pd.concat([table.series for table in tables]), frames=pd.concat([table.frames for table in tables])
    )


def rows_of(
    trial: Trial, detector: str, table: ScoreTable, *, seed: int = 0, n_boot: int = RESAMPLES
) -> list[ScoreRow]:
    """The rows of one detector's scores."""
    return [
        evaluate(
            table,
            trial.clips,
            detector=detector,
            train_on=trial.train_on,
            test_on=generator,
            seed=seed,
            n_boot=n_boot,
            named=trial.protocol,
            condition=trial.condition,
            dose=trial.dose,
        )
        for generator in trial.test_on
    ]


def labelled(corpus: Corpus) -> Corpus:
    """Test clips of either class that have a twin, where the corpus has twins."""
    test = corpus.split("test")
    paired = any(clip.pair_id for clip in test)
    return test.where(lambda clip: clip.label in (PRISTINE, FORGED) and (bool(clip.pair_id) or not paired))


def generators_held_out(train_on: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Each generator and those left to train on.

    Raises:
        InputError: fewer than two generators.
    """
    if len(train_on) < 2:
        raise InputError(
            f"{UNSEEN_GENERATOR} needs two generators that forge, there is {', '.join(train_on) or 'none'}; add another"
        )
    return [(name, tuple(other for other in train_on if other != name)) for name in train_on]


def folds(corpus: Corpus, n: int, seed: int = 0) -> Iterator[Corpus]:
    """The corpus once for each fold: a fold is the test split, the next one val, the rest train.

    Clips that share a person or speech, directly or through others, fall into the same fold; everybody is tested once.

    Args:
        corpus: labelled clips of any split.
        n: folds; 0 for one a linked group, which leaves one identity out at a time.
        seed: of the dealing.

    Raises:
        InputError: fewer than three linked groups, or folds that they cannot fill.
    """
    clips = corpus.clips
    group = groups_of(columns(clips))
    n_groups = int(group.max()) + 1
    n = n or n_groups
    if not 3 <= n <= n_groups:
        raise InputError(f"{n} folds of {n_groups} unlinked identities; at least 3 and at most {n_groups} are needed")
    home = np.random.default_rng(seed).permutation(n_groups)[group] % n
    for fold in range(n):
        split = np.where(home == fold, "test", np.where(home == (fold + 1) % n, "val", "train"))
        again = [dataclasses.replace(clip, split=str(s)) for clip, s in zip(clips, split, strict=True)]
        yield Corpus(again, corpus.root)


def group_rows(
    tables: Mapping[str, ScoreTable],
    test: Corpus,
    train_on: Sequence[str],
    *,
    seed: int = 0,
    n_boot: int = RESAMPLES,
) -> list[ScoreRow]:
    """Every detector within every group of people with at least `FEWEST` clips a class, where there are two groups.

    Args:
        tables: detector to its scores of the test clips.
        test: the test clips.
        train_on: generators that the detectors were trained on.
        seed: of the resampling.
        n_boot: resamples of each interval.
    """
    rows: list[ScoreRow] = []
    for generator in test.generators:
        view = test.against(generator)
        for attribute in GROUPS:
            values = _large(view, attribute)
            for value in values if len(values) > 1 else ():
                inside = view.where(lambda clip, a=attribute, v=value: getattr(clip, a) == v)  # type: ignore[misc]
                trial = Trial(GROUP, tuple(train_on), inside, (generator,), f"{attribute}={value}")
                for name, table in tables.items():
                    rows += rows_of(trial, name, table, seed=seed, n_boot=n_boot)
    return rows


def _large(view: Corpus, attribute: str) -> list[str]:
    """Values of an attribute that enough clips of both classes have."""
    table = pd.DataFrame([(getattr(clip, attribute), clip.label) for clip in view], columns=["value", "label"])
    counts = table[table["value"] != ""].groupby("value")["label"].value_counts().unstack(fill_value=0)
    enough = counts.reindex(columns=[PRISTINE, FORGED], fill_value=0).min(axis=1) >= FEWEST
    return sorted(map(str, counts.index[enough]))


def slug(text: str) -> str:
    """A text as a folder's name."""
    return re.sub(r"[^A-Za-z0-9._=+-]+", "-", text).strip(".-") or "all"
