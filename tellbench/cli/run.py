"""tellbench run: every stage of a suite."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tellbench._version import __version__
from tellbench.cli.common import Device, Workers, cores, examples, pick_device, stderr
from tellbench.datasets.files import read_json, write_json
from tellbench.errors import InputError
from tellbench.suite import Suite, load_suite

if TYPE_CHECKING:
    from tellbench.cli.protocols import Step
    from tellbench.eval.results import ScoreRow
    from tellbench.generator.outside import Outside
    from tellbench.generator.plan import Plan


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command(
        "run",
        epilog=examples(
            "tellbench run standard --out runs/standard", "tellbench run my-suite.yaml --out runs/mine --workers 0"
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
    """Corpus, detectors, scores, protocols, speed, site; returns the site's first page.

    Every part skips what is done, so that a killed run goes on where it stopped and ends as a whole one.

    Raises:
        InputError: `out` holds the run of another suite, or a part cannot be done.
        typer.Exit: an audit failed.
    """
    from tellbench.cli import protocols, stages
    from tellbench.eval.record import run_record
    from tellbench.generator.outside import pair_up

    chosen = pick_device(device)
    _claim(suite, out)
    outside = pair_up(portraits, speech, rights) if portraits and speech else ()
    plan = _plan(suite, outside)
    corpus = stages.make_corpus(plan, out / "corpus", cores(workers), chosen)
    folders = protocols.model_folders(suite, out / "models")
    detectors = stages.train_detectors(folders, corpus, suite.train_on, suite.seed, chosen, cores(workers))
    results = stages.evaluate(corpus, detectors, suite.train_on, out, suite.seed, suite.name, reuse=True)
    bench = protocols.Bench(suite, out, corpus, detectors, chosen, cores(workers))
    quality = stages.measure_quality(out / "quality.json", corpus, chosen)
    rows = _follow(protocols.steps(bench))
    speed = stages.measure_speed_once(
        out / "speed.json", suite.generators, suite.size, chosen, 2.0, suite.seed, protocols.own_settings(suite)
    )
    throughput = stages.measure_detectors_once(out / "detector-speed.json", detectors, corpus, chosen)
    record = run_record(dataclasses.asdict(suite), {"corpus": corpus}, out / "models")
    dataclasses.replace(
        results,
        scores=(*results.scores, *rows),
        quality=tuple(quality),
        speed=tuple(speed),
        detector_speed=tuple(throughput),
        record=record,
    ).write(out)
    page = stages.write_report(out, out / "corpus", out / "site")
    stages.heed_audits(results)
    return page


def _claim(suite: Suite, out: Path) -> None:
    """Take the folder for this suite, or refuse it."""
    mine = {"tellbench": __version__, **json.loads(json.dumps(dataclasses.asdict(suite)))}
    path = out / "suite.json"
    if path.is_file() and read_json(path) != mine:
        raise InputError(f"{out} holds a run of another suite or version; choose another --out or delete the folder")
    write_json(path, mine)


def _plan(suite: Suite, outside: tuple[Outside, ...]) -> Plan:
    """What the suite's own corpus is made from."""
    from tellbench.datasets.scene import plan_scenes
    from tellbench.generator.plan import Plan

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
    return Plan(scenes=scenes, generators=suite.generators, outside=outside, seed=suite.seed)


def _follow(steps: list[Step]) -> list[ScoreRow]:
    """Do one step after the other, and say how far the run is and how long the rest will take at this pace."""
    rows: list[ScoreRow] = []
    began = time.monotonic()
    for number, step in enumerate(steps):
        spent = time.monotonic() - began
        left = f", about {_span(spent / number * (len(steps) - number))} left" if number else ""
        stderr.print(f"protocols {number + 1} of {len(steps)}{left}: {step.title}", markup=False, highlight=False)
        rows += step.run()
    return rows


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
