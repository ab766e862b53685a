"""`RUN/results.json`, schema 1: the one file between measuring and reporting."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from tellbench.datasets.files import read_json, write_json
from tellbench.errors import InputError

SCHEMA: Final = 1
FILE: Final = "results.json"

Row = TypeVar("Row", "ScoreRow", "ComparisonRow", "RankRow", "SpeedRow", "DetectorSpeedRow", "QualityRow", "AuditRow")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """One detector on the test clips of one generator and the pristine test clips."""

    detector: str
    protocol: str
    train_on: tuple[str, ...]
    """Generators whose forged clips the detector was trained on."""
    test_on: str
    n_pristine: int
    n_forged: int
    n_missing: int
    """Clips without a score; each counted as 0.5."""
    auc: float
    auc_low: float | None
    """Lower end of the 95% interval; None where there are too few people to give one."""
    auc_high: float | None
    ap: float
    eer: float
    tpr_at_fpr_1: float
    brier: float
    ece: float
    condition: str = ""
    """What was done to the clips or asked of the generator, such as `crf=35`; empty for the corpus as it is."""
    dose: float | None = None
    """The number in the condition, where a curve can be drawn over it."""
    prevalence: float | None = None
    """Share of forged clips: the AP of a detector that knows nothing."""
    partial_auc: float | None = None
    """Up to 10% false alarms, standardised: chance 0.5, perfect 1."""
    tpr_at_fpr_0_1: float | None = None
    """Forged clips found at 0.1% false alarms."""
    aurc: float | None = None
    """Mean error over all shares of clips answered, surest first."""
    frame_auc: float | None = None
    """AUC of single frames, or runs of frames, each with the label of its clip; None where clips are scored whole."""
    frame_auc_low: float | None = None
    frame_auc_high: float | None = None
    n_frames: int = 0
    """Frames, or runs of frames, that were scored."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """A paired test of two detectors on the clips of one generator."""

    test_on: str
    first: str
    second: str
    difference: float
    """AUC of the first minus AUC of the second."""
    standard_error: float | None
    p: float | None
    """Two-sided; None where the sample cannot tell."""
    p_holm: float | None
    """Corrected over all tests of the run (Holm 1979)."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RankRow:
    """Where a detector stands on one generator over resamples of people; rank 1 has the highest AUC."""

    test_on: str
    detector: str
    rank: float
    rank_low: float
    rank_high: float
    first: float
    """Share of resamples that it leads."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpeedRow:
    """One generator on one device. None = could not be measured honestly."""

    generator: str
    device: str
    resolution: str
    """Width x height in pixels, as in `256x256`."""
    batch: int
    """Frames in the largest chunk."""
    precision: str
    fps_offline: float
    """Frames a second of a whole clip, its preparation included, rendering only."""
    fps_streaming: float | None
    """Frames a second once the first chunk is out, rendering only; of the stream where the generator has one."""
    first_frame_ms: float
    """From the request to the first chunk."""
    p50_ms: float | None
    """Median over chunks of the time a frame takes."""
    p95_ms: float | None
    gflops_per_frame: float | None
    peak_memory_mb: float | None
    """CUDA: allocated by torch. CPU: resident memory of the whole process."""
    fps_end_to_end: float | None = None
    """As `fps_offline`, with H.264 and AAC encoding to a file."""
    delay_ms: float | None = None
    """A stream's first frame after its first sample of sound came in, the sound spoken live; None without streams."""
    behind_p50_ms: float | None = None
    """Median over chunks of a live stream: from the arrival of the last sound it needs to a chunk."""
    behind_p95_ms: float | None = None
    threads: int = 1
    n_frames: int = 0
    """Frames in each repeat."""
    repeats: int = 1
    fps_offline_low: float | None = None
    """`fps_offline` of the slowest repeat."""
    fps_offline_high: float | None = None
    """`fps_offline` of the fastest repeat."""
    setting: str = ""
    """What was asked of the generator, such as `sampler_steps=5`; empty for its own defaults."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DetectorSpeedRow:
    """One detector on one device."""

    detector: str
    device: str
    threads: int
    resolution: str
    n_frames: int
    """Of the clip that was timed."""
    fps: float
    """Frames of video judged in a second, from the file to the score."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class QualityRow:
    """How well one generator's clips talk, beside `pristine`: means over clips, None where nothing could be measured.

    The networks were trained here (`docs/agreement.md`): values compare with the control, not with published ones.
    """

    generator: str
    n_clips: int
    """Clips with a face."""
    n_judged: int
    """Clips with enough voice and face for a sync confidence."""
    sync_confidence: float | None
    """Median less minimum of the distances of lips and sound over offsets of 15 frames either way."""
    sync_distance: float | None
    """The minimum."""
    in_time: float | None
    """Share of the judged clips whose lips are at most one frame of 40 ms off their sound."""
    capp: float | None
    """CAPP-style: mean cosine of head and sound over windows of 3 s."""
    delta_p: float | None
    """Pose variation: mean change of yaw, pitch and roll from frame to frame at 25 frames a second, degrees."""
    identity: float | None
    """Mean cosine of the face with the first frame of the pristine twin."""
    fvd: float | None = None
    """Frechet distance of windows of clips from the pristine ones'; of the control, of halves of its people."""
    fvd_low: float | None = None
    """Lower end of its 95% interval over people, or over halves."""
    fvd_high: float | None = None
    fvd_extractor: str = ""
    """What made numbers of windows: values of different extractors do not compare."""
    fvd_note: str = ""
    """Why there is no distance; empty where there is one."""
    n_windows: int = 0
    """Windows of this row's clips, of 16 frames each."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class AuditRow:
    """One audit: a probe that must be at chance, or something that must not be found."""

    probe: str
    """Name of the audit."""
    test_on: str
    """Generator that it concerns; empty for the corpus as a whole."""
    auc: float | None
    """Of a probe; None for audits that classify nothing."""
    auc_low: float | None
    auc_high: float | None
    verdict: str
    """`pass` or `fail`."""
    found: str = ""
    """What failed it, in words."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Results:
    """Everything a report is made from, beside the score tables that `tables` names."""

    suite: str
    git: str | None
    versions: Mapping[str, str]
    device: Mapping[str, Any]
    seeds: Mapping[str, int]
    scores: tuple[ScoreRow, ...] = ()
    speed: tuple[SpeedRow, ...] = ()
    detector_speed: tuple[DetectorSpeedRow, ...] = ()
    quality: tuple[QualityRow, ...] = ()
    audits: tuple[AuditRow, ...] = ()
    comparisons: tuple[ComparisonRow, ...] = ()
    ranks: tuple[RankRow, ...] = ()
    tables: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Detector to its score table, a CSV file relative to the run folder."""
    corpus: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Facts of the corpus for the reader; see `tellbench.eval.evaluate.corpus_facts`."""
    record: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What was run: the whole suite, hashes of manifests and of trained detectors; see `tellbench.eval.record`."""

    def write(self, run: Path) -> Path:
        """Write `run/results.json` atomically and return its path."""
        path = run / FILE
        write_json(path, {"schema": SCHEMA, **dataclasses.asdict(self)})
        return path

    @classmethod
    def read(cls, run: Path) -> Results:
        """Read and check `run/results.json`; keys that this version does not know are ignored.

        Raises:
            InputError: absent, not JSON, another schema, or a key that is missing or of the wrong kind.
        """
        path = run / FILE
        value = read_json(path)
        if not isinstance(value, dict):
            raise InputError(f"{path}: not a JSON object; write it with `tellbench evaluate`")
        if value.get("schema") != SCHEMA:
            raise InputError(f"{path}: schema {value.get('schema')!r}; schema {SCHEMA} is needed; evaluate again")
        rows: dict[str, Any] = {name: _rows(kind, value, name, path) for name, kind in _ROWS.items()}
        plain = {
            name: _checked(_KINDS[kind], value, name, str(path))
            for name, kind in _PLAIN.items()
            if name in value or name not in _OPTIONAL
        }
        return cls(**plain, **rows)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_corpus(value: object) -> bool:
    """Empty, or with every fact that a page shows, in its shape."""
    if value == {}:
        return True
    if not isinstance(value, dict) or not all(_is_number(value.get(key)) for key in ("n_clips", "n_people", "minutes")):
        return False
    nested = [*value.get("splits", {0: 0}).values(), *value.get("groups", {0: 0}).values(), value.get("formats")]
    return isinstance(value.get("name"), str) and all(isinstance(item, dict) for item in nested)


_Kind = tuple[Callable[[Any], bool], str]
_KINDS: Final[Mapping[str, _Kind]] = {
    "str": (lambda v: isinstance(v, str), "a string"),
    "str | None": (lambda v: v is None or isinstance(v, str), "a string or null"),
    "int": (_is_count, "a count"),
    "float": (_is_number, "a finite number"),
    "float | None": (lambda v: v is None or _is_number(v), "a finite number or null"),
    "tuple[str, ...]": (_is_strings, "a list of strings"),
    "dict": (lambda v: isinstance(v, dict), "an object"),
    "corpus": (_is_corpus, "an object as `corpus_facts` makes it"),
    "dict[str, str]": (lambda v: isinstance(v, dict) and _is_strings([*v.values()]), "an object of strings"),
}
_ROWS: Final = {
    "scores": ScoreRow,
    "speed": SpeedRow,
    "detector_speed": DetectorSpeedRow,
    "quality": QualityRow,
    "audits": AuditRow,
    "comparisons": ComparisonRow,
    "ranks": RankRow,
}
_PLAIN: Final = {
    "suite": "str",
    "git": "str | None",
    "versions": "dict[str, str]",
    "device": "dict",
    "seeds": "dict",
    "tables": "dict[str, str]",
    "corpus": "corpus",
    "record": "dict",
}
_OPTIONAL: Final = ("detector_speed", "quality", "audits", "comparisons", "ranks", "tables", "corpus", "record")


def _rows(row: type[Row], value: Mapping[str, Any], name: str, path: Path) -> tuple[Row, ...]:
    if name not in value and name in _OPTIONAL:
        return ()
    listed = value.get(name)
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise InputError(f"{path}: {name!r} is missing or not a list of objects; evaluate again")
    return tuple(_row(row, item, f"{path}: {name}[{i}]") for i, item in enumerate(listed))


def _row(row: type[Row], item: Mapping[str, Any], where: str) -> Row:
    known = dataclasses.fields(row)
    needed: Iterable[dataclasses.Field[Any]] = (f for f in known if f.name in item or f.default is dataclasses.MISSING)
    values = {field.name: _checked(_KINDS[str(field.type)], item, field.name, where) for field in needed}
    typed: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    return row(**typed)


def _checked(kind: _Kind, item: Mapping[str, Any], name: str, where: str) -> Any:
    valid, wording = kind
    if name not in item:
        raise InputError(f"{where}: key {name!r} is missing; evaluate again with this version")
    if not valid(item[name]):
        raise InputError(f"{where}: {name} is {str(item[name])[:60]!r}; {wording} is needed")
    return item[name]
