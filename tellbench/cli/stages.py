"""The stages that several verbs run, each with its progress bar: corpus, training, evaluation, speed, report."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tellbench.cli.common import EXIT_AUDIT, bar, fail, say, stderr, stdout, warn
from tellbench.datasets.files import read_json, write_json
from tellbench.registry import DETECTORS, GENERATORS

MET: Final = "met.json"
"""Beside a trained detector: the people and speech of its training, to be asked when it meets another corpus."""

if TYPE_CHECKING:
    from tellbench.datasets.corpus import Corpus
    from tellbench.detectors.base import Detector
    from tellbench.eval.evaluate import Scorer
    from tellbench.eval.results import AuditRow, DetectorSpeedRow, QualityRow, Results, SpeedRow
    from tellbench.generator.base import Generator, Request
    from tellbench.generator.plan import Plan


def make_corpus(plan: Plan, out: Path, workers: int, device: str) -> Corpus:
    """Build or resume a corpus and say what was refused."""
    from tellbench.generator.build import REFUSED, build

    with bar("making clips", len(plan.clip_ids)) as advance:
        corpus = build(plan, out, workers=workers, device=device, on_clip=lambda _clip_id: advance(1))
    if (out / REFUSED).is_file():
        for reason in read_json(out / REFUSED).values():
            stderr.print(f"left out: {reason}", markup=False, highlight=False, soft_wrap=True)
    return corpus


def train_detectors(
    folders: Mapping[str, Path], corpus: Corpus, train_on: Sequence[str], seed: int, device: str, workers: int
) -> dict[str, Detector]:
    """Train each detector on the corpus's train split into its folder, or load it where it is already trained."""
    from tellbench.detectors.cues import extract_all
    from tellbench.detectors.storage import load_detector
    from tellbench.eval.audits import training
    from tellbench.reports.model_card import write_model_card

    seen = corpus.against(*train_on)
    train, val = seen.split("train"), seen.split("val")
    if not all(DETECTORS.load(spec).sanity for spec in folders):
        extract_all(corpus, progress=True, workers=workers)
    trained: dict[str, Detector] = {}
    with bar("training detectors", len(folders)) as advance:
        for spec, folder in folders.items():
            if (folder / "detector.json").is_file():
                trained[spec] = load_detector(folder)
            else:
                trained[spec] = DETECTORS.create_with(spec, seed=seed, device=device).fit(train, val)
                trained[spec].save(folder)
                write_json(folder / MET, training(seen))
                write_model_card(folder, corpus, train_on, seed)
            advance(1)
    return trained


def trained_on(corpus: Corpus, asked: Sequence[str] | None) -> tuple[str, ...]:
    """The generators asked for, or every one of the corpus that really forges."""
    from tellbench.eval.rows import NULL

    return tuple(asked or (name for name in corpus.generators if name != NULL))


def evaluate(
    corpus: Corpus,
    detectors: Mapping[str, Scorer],
    train_on: Sequence[str],
    out: Path,
    seed: int,
    suite: str,
    reuse: bool = False,
    audits: Sequence[AuditRow] = (),
) -> Results:
    """Score the test split and write `results.json`; `reuse` keeps score tables that are there.

    `audits` are stored beside those that are made here.
    """
    from tellbench.eval.audits import audit
    from tellbench.eval.evaluate import evaluate_run
    from tellbench.eval.probes import can_learn

    if not can_learn(corpus):
        warn("no shortcut probe is asked: train and val do not hold both classes")
    with bar("scoring", len(detectors)) as advance:
        results = evaluate_run(
            corpus,
            detectors,
            list(train_on),
            out,
            seed=seed,
            suite=suite,
            progress=lambda _name, done, _all: advance(int(done > 0)),
            audits=(*audits, *audit(corpus, seed=seed)),
            reuse=reuse,
        )
        advance(1)
    return results


def met_before(models: Mapping[str, Path], corpus: Corpus) -> list[AuditRow]:
    """Whether detectors have met the test clips' people in training; those that keep no record are not asked."""
    from tellbench.eval import audits

    kept = {name: folder / MET for name, folder in models.items() if (folder / MET).is_file()}
    return [audits.met_before(name, read_json(path), corpus.split("test")) for name, path in kept.items()]


def heed_audits(results: Results) -> None:
    """Name every failed audit and end with `EXIT_AUDIT`; return where none failed."""
    import typer

    from tellbench.eval.audits import failed

    for name in failed(results.audits):
        fail(f"failed audit, {name}")
    if failed(results.audits):
        raise typer.Exit(EXIT_AUDIT)


def measure_quality(file: Path, corpus: Corpus, device: str) -> list[QualityRow]:
    """How well the test clips of each generator talk, kept in a file, so that a run that goes on skips it."""
    import dataclasses

    from tellbench.eval.protocols import labelled
    from tellbench.eval.quality import quality_rows
    from tellbench.eval.results import QualityRow

    if not file.is_file():
        clips = labelled(corpus)
        with bar("judging quality", len(clips)) as advance:
            rows = quality_rows(clips, device, on_clip=lambda: advance(1))
        write_json(file, [dataclasses.asdict(row) for row in rows])
    return [QualityRow(**row) for row in read_json(file)]


def measure_speed(
    generators: Sequence[str],
    size: int,
    device: str,
    seconds: float,
    seed: int,
    live: bool = False,
    settings: Sequence[tuple[str, str, float]] = (),
) -> list[SpeedRow]:
    """Frames per second of every generator on a studio portrait and voice, and of live streams where that is wanted.

    `settings` are measured as well: a generator, one of its dials and a value.
    """
    import dataclasses

    from tellbench.datasets.scene import plan_scenes
    from tellbench.eval.speed import studio_request
    from tellbench.generator.controls import Controls

    filmed = functools.cache(studio_request)  # one take serves every generator
    scenes = plan_scenes(3, seconds=seconds, size=size, seed=seed)
    rows = []
    with bar("measuring speed", len(generators) + len(settings)) as advance:
        for name in generators:
            rows.append(_speed_of(GENERATORS.create_with(name, device=device), map(filmed, scenes), live))
            advance(1)
        for name, dial, value in settings:
            controls = Controls(dials={dial: value})
            requests = (dataclasses.replace(filmed(scene), controls=controls) for scene in scenes)
            row = _speed_of(GENERATORS.create_with(name, device=device), requests, live)
            rows.append(dataclasses.replace(row, setting=f"{dial}={value:g}"))
            advance(1)
    return rows


def measure_speed_once(
    file: Path,
    generators: Sequence[str],
    size: int,
    device: str,
    seconds: float,
    seed: int,
    settings: Sequence[tuple[str, str, float]] = (),
) -> list[SpeedRow]:
    """`measure_speed`, kept in a file, so that a run that goes on does not measure again."""
    import dataclasses

    from tellbench.eval.results import SpeedRow

    if not file.is_file():
        rows = measure_speed(generators, size, device, seconds, seed, settings=settings)
        write_json(file, [dataclasses.asdict(row) for row in rows])
    return [SpeedRow(**row) for row in read_json(file)]


def measure_detectors_once(
    file: Path, detectors: Mapping[str, Detector], corpus: Corpus, device: str
) -> list[DetectorSpeedRow]:
    """Frames a second of every detector on the first pristine test clip, kept in a file like the generators' speed."""
    import dataclasses

    from tellbench.eval.results import DetectorSpeedRow
    from tellbench.eval.throughput import measure_detectors

    if not file.is_file():
        clip = next(clip for clip in corpus.split("test") if clip.label == 0)
        with bar("timing detectors", len(detectors)) as advance:
            rows = measure_detectors(detectors, clip, device, on_detector=lambda: advance(1))
        write_json(file, [dataclasses.asdict(row) for row in rows])
    return [DetectorSpeedRow(**row) for row in read_json(file)]


def _speed_of(generator: Generator, requests: Iterable[Request], live: bool) -> SpeedRow:
    """Speed on the first of the requests that the generator accepts; its last refusal where there is none."""
    from tellbench.eval.speed import measure_generator
    from tellbench.generator.base import RefusalError

    refusals: list[RefusalError] = []
    for request in requests:
        try:
            return measure_generator(generator, request, device=generator.device, repeats=2, live=live)
        except RefusalError as refusal:
            refusals.append(refusal)
    raise refusals[-1]


def write_report(run: Path, corpus: Path | None, site: Path, models: Path | None = None) -> Path:
    """Build the site and print the leaderboard."""
    from tellbench.datasets.corpus import Corpus
    from tellbench.eval.results import Results
    from tellbench.reports.site import build_site
    from tellbench.reports.terminal import leaderboard_table

    page = build_site(run, Corpus.open(corpus) if corpus else None, site, models)
    stdout.print(leaderboard_table(Results.read(run)))
    say(f"leaderboard: {page}")
    return page
