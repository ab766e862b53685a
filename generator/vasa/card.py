"""The card of a model that `tellbench fit-generator` trains: what it learned from, how, and what is not known of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tellbench._version import __version__
from tellbench.datasets.card import CITATION
from tellbench.datasets.corpus import MANIFEST, Corpus
from tellbench.datasets.files import atomic_path, sha256

FILE: Final = "README.md"
_LEFT_OUT: Final = ("size", "save_every", "panel_every")
"""Parts of a plan that change no weight, or are said elsewhere."""
_FROM_STUDIO: Final = "No photograph, no recording and no face of a real person was learned from."
_FROM_OUTSIDE: Final = """\
What came from folders may show real people. Their consent, and the licence and terms of those recordings, hold for
these weights too: see to them before the weights, or what they make, are passed on.\
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """What a card says of one of the generator's networks, whoever trained it."""

    title: str
    weights: str
    """Name of the file."""
    does: str
    measured_by: str
    """Command that measures it on people held out."""
    unknown: str
    """What nobody knows before it was measured."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Session:
    """One uninterrupted stretch of training."""

    device: str
    processes: int
    torch: str
    """Version."""
    first: int
    """Steps done before it."""
    last: int
    """Steps done at its end."""
    seconds: float
    """By the clock."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """How a model was trained."""

    plan: Mapping[str, Any]
    """What was asked for, with `size`, `steps` and `seed`."""
    step: int
    """Steps done."""
    parameters: int
    sessions: Sequence[Session]
    learned: Sequence[str]
    """One line for each source of data."""
    outside: bool
    """Whether any source is not the studio."""


def write_model_card(folder: Path, part: Part, training: Training) -> None:
    """Write `README.md` beside the weights in `folder`."""
    with atomic_path(folder / FILE) as written:
        written.write_text(model_card(folder / part.weights, part, training), encoding="utf-8")


def model_card(weights: Path, part: Part, training: Training) -> str:
    """The card of these weights as Markdown."""
    plan = training.plan
    asked = ", ".join(_said(name, value) for name, value in plan.items() if name not in _LEFT_OUT and value != ())
    learned = "\n".join(f"- {line}" for line in training.learned)
    return f"""# {part.title}, size `{plan["size"]}`: model card

`{weights.name}` ({weights.stat().st_size / 1e6:.1f} MB, float16, sha256 `{sha256(weights)}`) has \
{training.parameters / 1e6:.2f} M parameters. {part.does}
Made with Tellbench {__version__} by `tellbench fit-generator`; {_progress(training)}

## Trained on

{learned}

{_FROM_OUTSIDE if training.outside else _FROM_STUDIO}

## How

{asked[0].upper()}{asked[1:]}. The weights are a running average.

| steps | device | processes | PyTorch | time |
|---|---|---|---|---|
{_table(training.sessions)}

## Measured

Nothing: training measures nothing on people held out, and its losses and `panels/` are no measurement. The command is
`{part.measured_by}`.
Not known before that: {part.unknown}.

## Intended use

Making labelled forged clips, with which detectors are trained and tested. Portraits need a statement of rights
(`--rights`), and clips are signed as synthetic. Not for impersonating anyone, not for deceiving, not for live calls.

## Limits

- What it makes carries tells of its own; a detector that finds them knows this model, not forgeries in general.
- People, looks, voices and languages that were not among its data may come out worse, and nobody counted by how much.
- {_bias(training)}

## Licence

Not stated: whoever trained it says under which terms it may be used. Tellbench itself is Apache-2.0 and asks nothing of
weights that only its studio taught.

## How to cite

{CITATION}
"""


def outside_about(folder: Path, kept: str) -> str:
    """One line on a folder of video that was learned from.

    Args:
        folder: a corpus, or a folder of people.
        kept: what was taken of it.
    """
    if not (folder / MANIFEST).is_file():
        return f"Folder `{folder.resolve().name}`: {kept}."
    names = ", ".join(name for (name,) in Corpus.open(folder).rows.counted("dataset") if name)
    source = f"imported from {names}" if names else "made by Tellbench"
    digest = sha256(folder / MANIFEST)
    return f"Corpus `{folder.resolve().name}`, {source} (manifest sha256 `{digest}`), pristine train clips: {kept}."


def _progress(training: Training) -> str:
    done, wanted = training.step, training.plan["steps"]
    return (
        f"all {wanted} steps are done." if done >= wanted else f"{done} of {wanted} steps are done: it is unfinished."
    )


def _said(name: str, value: Any) -> str:
    words = " and ".join(value) if isinstance(value, tuple) else f"{value}"
    return f"{name} {words}{' a process' if name == 'batch' else ''}"


def _table(sessions: Sequence[Session]) -> str:
    rows = [
        f"| {s.first} to {s.last} | {s.device} | {s.processes} | {s.torch} | {_lasting(s.seconds)} |" for s in sessions
    ]
    if sessions and sessions[0].first:
        rows.insert(0, f"| 0 to {sessions[0].first} | not written down | | | |")
    return "\n".join(rows)


def _lasting(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"


def _bias(training: Training) -> str:
    if training.outside:
        return "Sex, age and skin tone of the people in those folders were not counted; differences were not measured."
    return "Shares of sex, age and skin tone are the studio's, not a population's; differences were not measured."
