"""tellbench run: every stage of a suite."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from tellbench.cli.common import Device, Workers, cores, examples, pick_device
from tellbench.suite import Suite, load_suite


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "run",
        epilog=examples(
            "tellbench run quickstart --out runs/quick", "tellbench run my-suite.yaml --out runs/mine --workers 0"
        ),
    )(run)


def run(
    suite: Annotated[str, typer.Argument(help="A suite's YAML file, or the name of one that ships.")],
    out: Annotated[Path, typer.Option(help="Folder for corpus, models, results and site.")] = Path("run"),
    workers: Workers = 0,
    device: Device = "auto",
) -> None:
    """Run a suite from corpus to leaderboard. An interrupted run goes on where it stopped."""
    run_suite(load_suite(suite), out, workers=workers, device=device)


def run_suite(
    suite: Suite,
    out: Path,
    *,
    workers: int,
    device: str,
    portraits: Path | None = None,
    speech: Path | None = None,
    rights: str = "",
) -> Path:
    """Corpus, detectors, scores, speed, site; returns the site's first page."""
    from tellbench.cli import stages
    from tellbench.datasets.scene import plan_scenes
    from tellbench.generator.outside import pair_up
    from tellbench.generator.plan import Plan

    chosen = pick_device(device)
    scenes = plan_scenes(
        suite.people,
        takes=suite.takes,
        seconds=suite.seconds,
        size=suite.size,
        fps=suite.fps,
        languages=suite.languages,
        roles=suite.roles,
        emotions=suite.emotions,
        styles=suite.styles,
        seed=suite.seed,
    )
    outside = pair_up(portraits, speech, rights) if portraits and speech else ()
    plan = Plan(scenes=scenes, generators=suite.generators, outside=outside, seed=suite.seed)
    corpus = stages.make_corpus(plan, out / "corpus", cores(workers), chosen)
    folders = {spec: out / "models" / spec.replace(":", "-").replace("/", "-") for spec in suite.detectors}
    detectors = stages.train_detectors(folders, corpus, suite.train_on, suite.seed, chosen, cores(workers))
    results = stages.evaluate(corpus, detectors, suite.train_on, out, suite.seed, suite.name)
    speed = stages.measure_speed(suite.generators, suite.size, chosen, 2.0, suite.seed)
    dataclasses.replace(results, speed=tuple(speed)).write(out)
    page = stages.write_report(out, out / "corpus", out / "site")
    stages.heed_audits(results)
    return page
