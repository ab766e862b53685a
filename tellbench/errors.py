"""The one error a user is meant to read, and how a command tells it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

EXIT_BAD_INPUT: Final = 2
"""Exit code of every command that was given something it cannot use."""


class InputError(Exception):
    """Something the user gave cannot be used.

    The message is one line: the value, what was allowed, and the next step. The command line prints it
    without a traceback and exits with code 2.
    """


def _say(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)  # noqa: T201  (modules below the command line have no console)


def run(main: Callable[[], object], tell: Callable[[str], None] = _say) -> None:
    """Run a command, of `tellbench` or behind `python -m`: bad input gives one line, by `tell`, and exit code 2."""
    try:
        main()
    except InputError as error:
        tell(str(error))
        sys.exit(EXIT_BAD_INPUT)
