"""tellbench ls: what is there to use."""

from __future__ import annotations

import typer

from tellbench.cli.common import examples, say
from tellbench.registry import DETECTORS, EXPORTERS, GENERATORS, SOURCES, Registry


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("ls", epilog=examples("tellbench ls"))(ls)


def ls() -> None:
    """List sources of pristine clips, generators, detectors, export formats and suites."""
    from tellbench.suite import shipped_suites

    for registry in (SOURCES, GENERATORS, DETECTORS, EXPORTERS):
        _list(registry)
    say("suites:")
    for name in shipped_suites():
        say(f"  {name}")


def _list(registry: Registry) -> None:
    say(f"{registry.kind}s:")
    for name in registry:
        say(f"  {name:<13} {registry.about(name)}")
