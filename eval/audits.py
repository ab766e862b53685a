"""Audits: reasons not to believe a leaderboard, looked for with every evaluation and named where they are found.

Three kinds. *Leaks*: people, speech or files that training and test share. *Twins*: a forged clip and its pristine
twin must agree in everything that the forgery did not do: picture format, encoder, sound. *Probes*: `eval.probes`,
classifiers that see no face and must be at chance. `missing_scores` needs a detector's scores and is asked
once they are there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from tellbench.datasets.clip import FORGED, PRISTINE, SPLITS, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.manifest import from_clips
from tellbench.datasets.rows import Held, Rows
from tellbench.datasets.scores import ScoreTable
from tellbench.datasets.splits import KEYS
from tellbench.datasets.video import encoder_settings, probe
from tellbench.detectors.probes import silence_facts
from tellbench.eval.bootstrap import RESAMPLES
from tellbench.eval.probes import can_learn, probes
from tellbench.eval.results import AuditRow

PASS: Final = "pass"
FAIL: Final = "fail"
MOST_MISSING: Final = 0.1
"""Share of clips that a detector may leave without a score (assumption)."""
_UNEVEN: Final = 0.001
"""Fisher's exact p-value below which scores are missing more often in one class (assumption)."""
_SHOWN: Final = 3
"""Examples named in a finding."""
_SOUND: Final = {
    "leading silence (s)": 0.03,
    "trailing silence (s)": 0.03,
    "share of silence": 0.02,
    "level (dB)": 0.5,
    "length of sound (s)": 0.03,
}
"""What `silence_facts` measures, and how far twins may differ: one window of 20 ms and rounding (assumption)."""

Facts = Mapping[str, str | float]


def audit(corpus: Corpus, *, seed: int = 0, n_boot: int = RESAMPLES) -> tuple[AuditRow, ...]:
    """Every audit that needs no scores. Probes are left out of a corpus that gives them nothing to learn from.

    Args:
        corpus: the whole corpus, all splits. Clips that are known to be corrupt have nothing to probe.
        seed: of probes and resampling.
        n_boot: resamples of the probes' intervals.

    Raises:
        InputError: a class is missing from test, or a clip cannot be read.
    """
    whole = corpus.where(lambda clip: clip.status == "ok")
    asked = probes(whole, seed=seed, n_boot=n_boot) if can_learn(whole) else ()
    return (*leaks(corpus), *twins(whole.split("test")), *asked)


def failed(rows: Iterable[AuditRow]) -> list[str]:
    """One line for each failed audit: its name, where, and what was found."""
    return [
        f"{row.probe}{f' on {row.test_on}' if row.test_on else ''}: {row.found}" for row in rows if row.verdict == FAIL
    ]


# --- leaks ----------------------------------------------------------------------------------------------------------


def leaks(clips: Corpus | Iterable[Clip]) -> tuple[AuditRow, ...]:
    """Overlap of splits by identity, donor, driver and speech, and ids or files that occur twice."""
    rows = clips.rows if isinstance(clips, Corpus) else Held(from_clips(clips))
    table = pd.DataFrame({name: rows.words(name) for name in ("split", *KEYS)})
    overlaps = [_row(f"split overlap: {key.removesuffix('_id')}", _shared(table, key)) for key in KEYS]
    return (*overlaps, _row("id collisions", _collisions(rows)))


def _shared(table: pd.DataFrame, key: str) -> list[str]:
    """Values of one key that another split knows too; a person counts there in any role."""
    roles = ("speech_id",) if key == "speech_id" else KEYS[:3]
    clips = {s: table[table["split"] == s] for s in SPLITS}
    known = {s: {value for role in roles for value in clips[s][role].unique()} - {""} for s in SPLITS}
    own = {s: set(clips[s][key].unique()) - {""} for s in SPLITS}
    found = {(v, *sorted((a, b))) for a in SPLITS for b in SPLITS if a != b for v in own[a] & known[b]}
    return [f"{value!r} is in {a} and {b}" for value, a, b in sorted(found)]


def _collisions(rows: Rows) -> list[str]:
    """Ids that no file system or spreadsheet keeps apart, and files that are the same under two ids."""
    twice = rows.repeated("clip_id", fold=str.casefold)
    same = (sorted(name for (name,) in names) for names in rows.repeated("sha256").values())
    return [
        *(f"id {name!r} occurs {len(names)} times" for name, names in twice.items()),
        *(f"{' and '.join(names[:2])} are the same file" for names in same),
    ]


def training(corpus: Corpus) -> dict[str, list[str]]:
    """People and speech that a detector meets when it is fitted on a corpus's train and val splits."""
    met = [key for split, *key in corpus.rows.counted("split", *KEYS) if split in ("train", "val")]
    people = {person for *roles, _ in met for person in roles} - {""}
    return {"people": sorted(people), "speech": sorted({speech for *_, speech in met} - {""})}


def met_before(name: str, seen: Mapping[str, Sequence[str]], test: Corpus) -> AuditRow:
    """Whether a detector that was trained elsewhere has met people or speech of the test clips.

    Args:
        name: the detector.
        seen: what `training` said of the corpus that it was trained on.
        test: the clips that it is to score.
    """
    people = {word for role in KEYS[:3] for word in test.rows.words(role).categories} & set(seen["people"])
    speech = set(test.rows.words("speech_id").categories) & set(seen["speech"])
    found = [f"{value!r} of the test clips was in its training" for value in (*sorted(people), *sorted(speech))]
    return _row(f"training overlap: {name}", found)


# --- twins ----------------------------------------------------------------------------------------------------------


def picture_format(clip: Clip) -> Facts:
    """Size, rate, length and presence of sound, as the container states them."""
    info = probe(clip.path)
    return {
        "size": f"{info.width}x{info.height}",
        "fps": info.fps,
        "frames": info.n_frames,
        "sound": "yes" if info.has_audio else "no",
    }


def sound(clip: Clip) -> Facts:
    """Silence, level and length of the sound; NaN without any."""
    return dict(zip(_SOUND, silence_facts(clip), strict=True))


def encoder(clip: Clip) -> Facts:
    """What the coded stream says of its encoder."""
    return dict(encoder_settings(clip.path))


TWINS: Final[dict[str, Callable[[Clip], Facts]]] = {
    "picture format": picture_format,
    "encoder": encoder,
    "silence and sound": sound,
}
"""What twins must agree in."""


def twins(test: Corpus) -> tuple[AuditRow, ...]:
    """Whether forged clips differ from their pristine twins in what no forgery needs to change.

    Args:
        test: test clips; those without a twin are left to the probes.
    """
    pristine = {clip.pair_id: clip for clip in test if clip.label == PRISTINE and clip.pair_id}
    rows: list[AuditRow] = []
    for name, facts in TWINS.items():
        known = {pair_id: facts(clip) for pair_id, clip in pristine.items()}
        for generator in test.generators:
            forged = [c for c in test if c.label == FORGED and c.generator == generator and c.pair_id in pristine]
            pairs = [(known[clip.pair_id], facts(clip)) for clip in forged]
            if pairs:
                rows.append(_row(f"twins: {name}", _differences(pairs), generator))
    return tuple(rows)


def _differences(pairs: Sequence[tuple[Facts, Facts]]) -> list[str]:
    """Each fact that differs, with the first values seen and how many pairs it concerns."""
    found: dict[str, list[str]] = defaultdict(list)
    for pristine, forged in pairs:
        for name in {**pristine, **forged}:
            a, b = pristine.get(name, "absent"), forged.get(name, "absent")
            if not _alike(a, b, _SOUND.get(name, 0)):
                found[name].append(f"{name} is {_said(b)} in forged clips and {_said(a)} in their twins")
    return [f"{said[0]} ({len(said)} of {len(pairs)} pairs)" for said in found.values()]


def _alike(a: str | float, b: str | float, tolerance: float) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return bool(np.isclose(a, b, rtol=0, atol=tolerance + 1e-9, equal_nan=True))


def _said(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


# --- scores ---------------------------------------------------------------------------------------------------------


def missing_scores(tables: Mapping[str, ScoreTable], test: Corpus) -> tuple[AuditRow, ...]:
    """Whether a detector leaves too many clips without a score, or those of one class more than of the other.

    Args:
        tables: detector to its scores.
        test: the clips that were to be scored.
    """
    return tuple(_row(f"missing scores: {name}", list(_missing(table, test))) for name, table in tables.items())


def _missing(table: ScoreTable, test: Corpus) -> Iterator[str]:
    labels = test.labels
    absent = table.series.reindex(labels.index).isna().to_numpy()
    counts = [(int(absent[labels == y].sum()), int((labels == y).sum())) for y in (PRISTINE, FORGED)]
    if absent.mean() > MOST_MISSING:
        yield f"{absent.sum()} of {len(absent)} clips have no score"
    if stats.fisher_exact([[n, total - n] for n, total in counts]).pvalue < _UNEVEN:
        (p, pristine), (f, forged) = counts
        yield f"no score for {p} of {pristine} pristine and {f} of {forged} forged clips"


def _row(name: str, found: list[str], test_on: str = "") -> AuditRow:
    """The verdict on what was found: nothing passes."""
    said = "; ".join(found[:_SHOWN]) + (f"; {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
    return AuditRow(
        probe=name, test_on=test_on, auc=None, auc_low=None, auc_high=None, verdict=FAIL if found else PASS, found=said
    )
