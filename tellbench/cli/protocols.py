"""The protocols of a suite as steps of a run: each makes what it needs, skips what is there, and ends in rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tellbench.cli import stages
from tellbench.cli.common import bar
from tellbench.eval import names
from tellbench.suite import Suite

if TYPE_CHECKING:
    from tellbench.datasets.corpus import Corpus
    from tellbench.datasets.scores import ScoreTable
    from tellbench.detectors.base import Detector
    from tellbench.eval.protocols import Trial
    from tellbench.eval.results import ScoreRow


@dataclasses.dataclass(frozen=True)
class Bench:
    """What every protocol starts from."""

    suite: Suite
    out: Path
    corpus: Corpus
    detectors: Mapping[str, Detector]
    device: str
    workers: int

    @property
    def paired(self) -> Corpus:
        """Every clip that has a twin, whatever its split."""
        return self.corpus.where(lambda clip: bool(clip.pair_id))

    def folders(self, kind: str = "") -> dict[str, Path]:
        """Where the detectors of one training lie."""
        return model_folders(self.suite, self.out / "models" / kind)


@dataclasses.dataclass(frozen=True)
class Step:
    """One piece of work that can be killed and done again."""

    title: str
    run: Callable[[], list[ScoreRow]]


def model_folders(suite: Suite, root: Path) -> dict[str, Path]:
    """Detector to the folder that it is stored in."""
    return {spec: root / spec.replace(":", "-").replace("/", "-") for spec in suite.detectors}


def steps(bench: Bench) -> list[Step]:
    """The work of every protocol that the suite asks for, in order."""
    makers: dict[str, Callable[[Bench], Iterator[Step]]] = {
        names.UNSEEN_GENERATOR: _unseen_generators,
        names.UNSEEN_PERSON: _unseen_people,
        names.LAUNDERED: _laundered,
        names.LENGTH: _lengths,
        names.DOSE: _doses,
        names.GROUP: _groups,
    }
    return [step for name in names.PROTOCOLS if name in bench.suite.protocols for step in makers[name](bench)]


def own_settings(suite: Suite) -> list[tuple[str, str, float]]:
    """Generator, dial and value of every dose of how a generator works, such as steps of a sampler: they cost time."""
    from tellbench.generator.dials import DIALS
    from tellbench.registry import GENERATORS

    return [
        (generator, dial, value)
        for generator in suite.train_on
        for dial, values in suite.dials.items()
        for value in (values if names.DOSE in suite.protocols and dial not in DIALS else ())
        if dial in GENERATORS.load(generator).dials
    ]


def _unseen_generators(bench: Bench) -> Iterator[Step]:
    from tellbench.eval.protocols import Trial, generators_held_out, labelled

    for held_out, rest in generators_held_out(bench.suite.train_on):

        def run(held_out: str = held_out, rest: tuple[str, ...] = rest) -> list[ScoreRow]:
            detectors = _trained(bench, f"without-{held_out}", bench.corpus, rest)
            clips = labelled(bench.corpus).against(held_out)
            return _scored(bench, Trial(names.UNSEEN_GENERATOR, rest, clips, (held_out,)), detectors)

        yield Step(f"training without {held_out}", run)


def _unseen_people(bench: Bench) -> Iterator[Step]:
    from tellbench.eval.protocols import Trial, rows_of, score_once

    suite = bench.suite
    paired = bench.paired
    numbered = list(enumerate(_folds(bench)))
    parts = _parts(bench)

    def fit(k: int, fold: Corpus) -> list[ScoreRow]:
        score_once(parts[k], _trained(bench, f"fold-{k}", fold, suite.train_on), bench.out)
        return []

    def pool() -> list[ScoreRow]:
        whole = Trial(names.UNSEEN_PERSON, suite.train_on, paired, paired.generators)
        return [row for name, table in _pooled(bench).items() for row in rows_of(whole, name, table, seed=suite.seed)]

    for k, fold in numbered:
        yield Step(f"fold {k + 1} of {len(parts)} of people", lambda k=k, fold=fold: fit(k, fold))  # type: ignore[misc]
    yield Step("all folds together", pool)


def _folds(bench: Bench) -> Iterator[Corpus]:
    from tellbench.eval.protocols import folds

    return folds(bench.paired, bench.suite.folds, bench.suite.seed)


def _parts(bench: Bench) -> list[Trial]:
    """The test clips of each fold, which are scored by detectors that never met their people."""
    from tellbench.eval.protocols import Trial

    asked = (names.UNSEEN_PERSON, bench.suite.train_on)
    return [Trial(*asked, fold.split("test"), (), f"fold {k}") for k, fold in enumerate(_folds(bench))]


def _pooled(bench: Bench) -> dict[str, ScoreTable]:
    """Each detector's scores of everybody, once all folds are scored."""
    from tellbench.eval.protocols import pooled

    parts = _parts(bench)
    return {name: pooled(parts, name, bench.detectors, bench.out) for name in bench.detectors}


def _laundered(bench: Bench) -> Iterator[Step]:
    for recipe in bench.suite.recipes:
        yield Step(f"laundering, {recipe}", lambda recipe=recipe: _transformed(bench, names.LAUNDERED, recipe))  # type: ignore[misc]


def _lengths(bench: Bench) -> Iterator[Step]:
    for seconds in bench.suite.lengths:
        recipe = f"cut={seconds:g}"
        yield Step(f"cutting to {seconds:g} s", lambda recipe=recipe: _transformed(bench, names.LENGTH, recipe))  # type: ignore[misc]


def _transformed(bench: Bench, protocol: str, text: str) -> list[ScoreRow]:
    """The test split through a recipe, scored by the detectors as they are."""
    from tellbench.datasets.launder import launder, parse_recipe
    from tellbench.eval.protocols import Trial, labelled, slug

    recipe, test = parse_recipe(text), labelled(bench.corpus)
    with bar(text, len(test)) as advance:
        clips = launder(
            test, recipe, bench.out / protocol / slug(text), workers=bench.workers, on_clip=lambda _clip_id: advance(1)
        )
    trial = Trial(protocol, bench.suite.train_on, clips, clips.generators, text, recipe.dose)
    return _scored(bench, trial, bench.detectors)


def _doses(bench: Bench) -> Iterator[Step]:
    from tellbench.registry import GENERATORS

    for generator in bench.suite.train_on:
        for dial, values in bench.suite.dials.items():
            for value in values if dial in GENERATORS.load(generator).dials else ():
                yield Step(
                    f"{generator} with {dial}={value:g}",
                    lambda of=(generator, dial, value): _dosed(bench, *of),  # type: ignore[misc]
                )


def _dosed(bench: Bench, generator: str, dial: str, value: float) -> list[ScoreRow]:
    """The test split's forged clips made again with a dial set, scored by the detectors as they are."""
    from tellbench.datasets.corpus import Corpus
    from tellbench.eval.protocols import Trial, labelled
    from tellbench.generator.again import forge_again
    from tellbench.generator.controls import Controls

    tag = f"{dial}={value:g}"
    pristine = [clip for clip in labelled(bench.corpus) if not clip.label]
    with bar(f"{generator}, {tag}", len(pristine)) as advance:
        forged = forge_again(
            bench.corpus.split("test"),
            generator,
            Controls(dials={dial: value}),
            bench.out / names.DOSE / generator,
            tag=tag,
            workers=bench.workers,
            device=bench.device,
            on_clip=lambda _clip_id: advance(1),
        )
    clips = Corpus([*pristine, *forged], bench.corpus.root, bench.corpus.shared)
    trial = Trial(names.DOSE, bench.suite.train_on, clips, (generator,), tag, value)
    return _scored(bench, trial, bench.detectors)


def _groups(bench: Bench) -> Iterator[Step]:
    def run() -> list[ScoreRow]:
        from tellbench.datasets.scores import ScoreTable
        from tellbench.eval.evaluate import table_names
        from tellbench.eval.protocols import group_rows, labelled

        if names.UNSEEN_PERSON in bench.suite.protocols:  # everybody was tested there, not a third of them
            tables, clips = _pooled(bench), bench.paired
        else:
            files = table_names(bench.detectors)
            tables = {name: ScoreTable.read_csv(bench.out / file) for name, file in files.items()}
            clips = labelled(bench.corpus)
        return group_rows(tables, clips, bench.suite.train_on, seed=bench.suite.seed)

    yield Step("groups of people", run)


def _trained(bench: Bench, kind: str, corpus: Corpus, train_on: tuple[str, ...]) -> dict[str, Detector]:
    seed = bench.suite.seed
    return stages.train_detectors(bench.folders(kind), corpus, train_on, seed, bench.device, bench.workers)


def _scored(bench: Bench, trial: Trial, detectors: Mapping[str, Detector]) -> list[ScoreRow]:
    """Measure the faces of a trial's clips side by side, then score them."""
    from tellbench.detectors.cues import extract_all
    from tellbench.eval.protocols import is_scored, run_trial

    if not all(detector.sanity for detector in detectors.values()) and not is_scored(trial, detectors, bench.out):
        extract_all(trial.clips, progress=True, workers=bench.workers)
    return run_trial(trial, detectors, bench.out, seed=bench.suite.seed)
