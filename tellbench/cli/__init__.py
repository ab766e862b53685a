"""The command line: few verbs, one file each. Heavy imports wait inside the verbs."""

from __future__ import annotations

import typer

from tellbench import errors
from tellbench.cli import (
    animate,
    card,
    demo,
    doctor,
    edit,
    evaluate,
    export,
    fit_generator,
    generate,
    import_,
    inspect,
    launder,
    ls,
    report,
    run,
    speed,
    studio,
    train,
    verify,
)
from tellbench.cli.common import EXIT_INTERRUPTED, fail

app = typer.Typer(
    name="tellbench",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="A deepfake forgery detection benchmark suite for talking faces.",
    epilog="Start with [bold]tellbench demo[/bold]. Every verb has examples: [bold]tellbench VERB --help[/bold].",
)
for verb in (
    demo,
    run,
    generate,
    import_,
    launder,
    train,
    fit_generator,
    evaluate,
    report,
    animate,
    edit,
    inspect,
    studio,
    speed,
    export,
    verify,
    card,
    ls,
    doctor,
):
    verb.add_to(app)


def main() -> None:
    """Run the command line; bad input gives one clear line and exit code 2."""
    try:
        errors.run(app, fail)
    except SystemExit as stop:
        if stop.code == EXIT_INTERRUPTED:  # typer has caught the interrupt, and says nothing
            fail("interrupted; run the same command again to go on where it stopped")
        raise
