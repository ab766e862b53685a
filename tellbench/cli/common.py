"""What the verbs share: consoles, progress, exit codes, common options."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

EXIT_AUDIT: Final = 3
"""Everything was done, and an audit says not to believe it."""
EXIT_INTERRUPTED: Final = 130

stdout = Console()
"""Results."""
stderr = Console(stderr=True)
"""Progress and errors."""

Seed = Annotated[int, typer.Option(help="Seed of everything random; the same seed gives the same result.")]
Device = Annotated[str, typer.Option(help="auto, cpu, or cuda.")]
Workers = Annotated[int, typer.Option(help="Processes side by side; 0 means one a core.")]
Rights = Annotated[
    str, typer.Option(help="By what right the portraits are used; needed for any that is not the studio's.")
]


def fail(message: str) -> None:
    """One red line on stderr."""
    stderr.print("[bold red]error:[/bold red]", end=" ")
    stderr.print(message, markup=False, highlight=False, soft_wrap=True)


def warn(message: str) -> None:
    """One plain line on stderr, for what the user should know."""
    stderr.print(message, markup=False, highlight=False, soft_wrap=True)


def say(message: str) -> None:
    """One plain line on stdout."""
    stdout.print(message, markup=False, highlight=False, soft_wrap=True)


def cores(workers: int) -> int:
    """The asked number of processes, or one a core for 0."""
    return workers or os.cpu_count() or 1


def pick_device(name: str) -> str:
    """`auto` becomes cuda where there is one.

    Raises:
        InputError: cuda was asked for and is absent, or the name is unknown.
    """
    import torch

    from tellbench.errors import InputError

    if name not in ("auto", "cpu", "cuda"):
        raise InputError(f"device {name!r}; allowed: auto, cpu, cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("device 'cuda': no CUDA device is visible; use --device cpu")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr; where stderr is a file, one line once all is done.

    Yields:
        A function that moves the bar on by a number of steps.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    began = time.monotonic()
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda steps: progress.advance(task, steps)
    if not stderr.is_terminal:
        stderr.print(f"{title}: {total} in {time.monotonic() - began:.0f} s", highlight=False)


def examples(*lines: str) -> str:
    """The epilog of a verb's help."""
    return "[bold]Examples[/bold]\n\n" + "\n\n".join(f"  $ {line}" for line in lines)


def existing(path: Path, what: str) -> Path:
    """The path, when it exists.

    Raises:
        InputError: it does not.
    """
    from tellbench.errors import InputError

    if not path.exists():
        raise InputError(f"{what} {path} does not exist; check the path")
    return path
