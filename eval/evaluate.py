"""Fitted detectors and a corpus in; score tables, metrics and intervals out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol

import pandas as pd

from tellbench.datasets.clip import FORGED, PRISTINE, SPLITS
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import atomic_path, inside
from tellbench.datasets.scores import ScoreTable
from tellbench.errors import InputError
from tellbench.eval import environment
from tellbench.eval.audits import missing_scores
from tellbench.eval.bootstrap import RESAMPLES
from tellbench.eval.order import comparisons, ranks
from tellbench.eval.results import AuditRow, Results, ScoreRow, SpeedRow
from tellbench.eval.rows import OUTSIDE, alone, evaluate

CLIPS_FILE: Final = "clips.csv"
GROUPS: Final = ("sex", "age_band", "skin_tone", "language")
"""Attributes of a clip that group people or their speech."""
_CLIP_COLUMNS = ("clip_id", "label", "generator", "identity_id", "pair_id", *GROUPS)


class Scorer(Protocol):
    """A fitted detector, or scores that were made elsewhere."""

    def score(self, clips: Corpus) -> ScoreTable:
        """One score a clip."""


Progress = Callable[[str, int, int], None]
"""Told the detector about to score, how many are done, and how many there are."""


def evaluate_run(
    corpus: Corpus,
    detectors: Mapping[str, Scorer],
    train_on: Sequence[str],
    out: Path,
    seed: int = 0,
    n_boot: int = RESAMPLES,
    progress: Progress | None = None,
    *,
    suite: str = "",
    speed: Sequence[SpeedRow] = (),
    audits: Sequence[AuditRow] = (),
    reuse: bool = False,
) -> Results:
    """Score the test split with every fitted detector, and write the run folder.

    Writes `clips.csv`, `scores/<detector>.csv` and, last, `results.json` into `out`.

    Args:
        corpus: the whole corpus; only its labelled test clips are scored.
        detectors: name on the leaderboard to fitted detector, or to scores from elsewhere.
        train_on: generators that the detectors were trained on.
        out: run folder.
        seed: of the resampling.
        n_boot: resamples of each interval.
        progress: called before each detector scores.
        suite: name of the suite, for the reader.
        speed: rows measured by `tellbench.eval.speed`, stored beside the scores.
        audits: rows found by `tellbench.eval.audits.audit`, stored beside the scores with those on missing scores.
        reuse: whether score tables that are already in `out` stand; they must be of this corpus and these detectors.

    Raises:
        InputError: no labelled test clips, a class is missing, or a detector is not fitted.
    """
    test = _set_apart(corpus.split("test").where(lambda clip: clip.label in (PRISTINE, FORGED)))
    if not test.generators:
        raise InputError(f"corpus {corpus.root}: no forged clip in the test split; generate more clips")
    write_clips(test, out)
    names = table_names(detectors)
    rows: list[ScoreRow] = []
    tables: dict[str, ScoreTable] = {}
    for done, (name, detector) in enumerate(detectors.items()):
        if progress is not None:
            progress(name, done, len(detectors))
        if not (reuse and (out / names[name]).is_file()):
            detector.score(test).write_csv(out / names[name])
        tables[name] = table = ScoreTable.read_csv(out / names[name])  # as a later report will read it
        rows += [
            evaluate(table, test, detector=name, train_on=train_on, test_on=generator, seed=seed, n_boot=n_boot)
            for generator in test.generators
        ]
    contenders = {name: table for name, table in tables.items() if not getattr(detectors[name], "sanity", False)}
    results = Results(
        suite=suite,
        git=environment.git_commit(),
        versions=environment.versions(),
        device=environment.machine(),
        seeds={"bootstrap": seed, "n_boot": n_boot},
        scores=tuple(rows),
        speed=tuple(speed),
        audits=(*audits, *missing_scores(tables, test)),
        comparisons=comparisons(contenders, test),
        ranks=ranks(contenders, test, n_boot=n_boot, seed=seed),
        tables=names,
        corpus=corpus_facts(corpus),
    )
    results.write(out)
    return results


def table_names(detectors: Mapping[str, object]) -> dict[str, str]:
    """Detector to the relative path of its score table; names that are no file names are made so, and kept apart."""
    names: dict[str, str] = {}
    used: Counter[str] = Counter()
    for detector in detectors:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", detector).strip(".-") or "detector"
        used[stem.lower()] += 1  # file systems may not keep case apart
        again = f"~{used[stem.lower()]}" if used[stem.lower()] > 1 else ""
        names[detector] = f"scores/{stem}{again}.csv"
    return names


def write_clips(clips: Corpus, run: Path) -> None:
    """Write what a report needs to know of each scored clip."""
    table = pd.DataFrame([{name: getattr(clip, name) for name in _CLIP_COLUMNS} for clip in clips])
    with atomic_path(run / CLIPS_FILE) as part:
        table.to_csv(part, index=False)


def read_scores(run: Path, results: Results) -> pd.DataFrame:
    """Clips of a run, indexed by clip id: the columns of `clips.csv`, then one column of scores a detector.

    A run without `clips.csv` or a detector without its table (results from elsewhere) gives fewer rows or columns.

    Raises:
        InputError: a file is broken, or a table's name leaves the run folder.
    """
    path = run / CLIPS_FILE
    if not path.is_file():
        return pd.DataFrame(columns=list(_CLIP_COLUMNS[1:]))
    try:
        clips = pd.read_csv(path, dtype=str, keep_default_na=False).set_index("clip_id").astype({"label": int})
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not a readable clip table ({error}); evaluate again") from error
    missing = [name for name in _CLIP_COLUMNS[1:] if name not in clips.columns]
    if missing:
        raise InputError(f"{path}: column {missing[0]!r} is missing; evaluate again")
    tables = {name: inside(run, file) for name, file in results.tables.items()}
    scores = {name: ScoreTable.read_csv(file).series for name, file in tables.items() if file.is_file()}
    return clips.join(pd.DataFrame(scores, index=clips.index))


def corpus_facts(corpus: Corpus) -> dict[str, Any]:
    """What a reader should know of a corpus: sizes, people, format, groups, counts by split."""
    rows = corpus.rows
    formats = Counter(
        {
            f"{width}x{height}, {fps:g} fps, {codec or 'unknown codec'} crf {crf}": n
            for (width, height, fps, codec, crf), n in rows.counted("width", "height", "fps", "codec", "crf").items()
        }
    )
    clips, people = rows.counted("split", "label", "generator"), rows.counted("split", "identity_id")
    return {
        "name": corpus.root.name,
        "n_clips": len(corpus),
        "n_people": len({person for _, person in people if person}),
        "minutes": round(float(rows.numbers("duration_s").sum()) / 60, 2),
        "formats": dict(formats.most_common()),
        "splits": {
            split: {
                "pristine": sum(n for (s, label, _), n in clips.items() if (s, label) == (split, PRISTINE)),
                **{g: sum(n for (s, _, by), n in clips.items() if (s, by) == (split, g)) for g in corpus.generators},
                "people": sum(s == split for s, _ in people),
            }
            for split in SPLITS
        },
        "groups": {key: dict(sorted(_counted(corpus, key).items())) for key in GROUPS},
    }


def _set_apart(clips: Corpus) -> Corpus:
    """Clips that stand alone get a row of their own on the leaderboard."""
    apart = alone(clips)
    if not apart:
        return clips
    renamed = (replace(clip, generator=clip.generator + OUTSIDE) if clip.clip_id in apart else clip for clip in clips)
    return Corpus(renamed, clips.root)


def _counted(corpus: Corpus, key: str) -> dict[str, int]:
    """How many pristine clips have each value of an attribute."""
    counts = corpus.rows.counted("label", key).items()
    return {value: n for (label, value), n in counts if label == PRISTINE and value}
