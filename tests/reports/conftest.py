"""A small run and its corpus, made up but complete: two generators beside null, five detectors, playable clips."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.faces import FaceTrack, Landmarks
from tellbench.datasets.scores import ScoreTable
from tellbench.datasets.video import VideoWriter
from tellbench.detectors import cues
from tellbench.detectors.base import Evidence, Picture, Plot
from tellbench.eval.evaluate import evaluate_run
from tellbench.eval.results import DetectorSpeedRow, QualityRow, Results, SpeedRow
from tellbench.reports import site as site_module
from tellbench.reports.site import build_site

NASTY = '<script>document.title="owned"</script>"\'><img src=x onerror=alert(1)>'
STRENGTH = {"blink": 1.1, "spectrum": 1.6, "cnn:resnet18": 2.6}
SPEED = SpeedRow(
    generator="meshwarp",
    device="Test CPU 3000",
    resolution="64x64",
    batch=16,
    precision="float32",
    fps_offline=31.25,
    fps_streaming=35.5,
    first_frame_ms=410.0,
    p50_ms=28.1,
    p95_ms=33.3,
    gflops_per_frame=None,
    peak_memory_mb=812.0,
    fps_end_to_end=27.0,
    fps_offline_low=30.0,
    fps_offline_high=32.0,
    threads=2,
    n_frames=100,
    repeats=3,
)


THROUGHPUT = DetectorSpeedRow(
    detector="blink", device="Test CPU 3000", threads=2, resolution="64x64", n_frames=25, fps=12.5
)
QUALITY = QualityRow(
    generator="pristine",
    n_clips=24,
    n_judged=23,
    sync_confidence=0.625,
    sync_distance=0.5,
    in_time=0.96,
    capp=0.231,
    delta_p=0.512,
    identity=0.87,
    fvd=3.314,
    fvd_low=1.66,
    fvd_high=6.56,
    fvd_extractor="face-windows-1/network/01234567",
    n_windows=336,
)
SPLICED = dataclasses.replace(
    QUALITY,
    generator="splice",
    capp=None,
    fvd=None,
    fvd_low=None,
    fvd_high=None,
    fvd_note="17 forged and 336 pristine windows; 20 of each are needed",
)


class Fake:
    """Scores drawn around the label; equal for null and pristine clips of a pair, as it should be."""

    def __init__(self, name: str, strength: float) -> None:
        self.name, self.strength = name, strength

    def score(self, clips: Corpus) -> ScoreTable:
        values = {}
        for clip in clips:
            forged = clip.label and clip.generator != "null"
            rng = np.random.default_rng([len(self.name), int(clip.pair_id[4:]), int(forged)])
            pull = self.strength * (0.6 if clip.generator == "splice" else 1) * (1 if forged else -1) / 2
            values[clip.clip_id] = float(1 / (1 + np.exp(-1.4 * (rng.normal() + pull))))
        if self.name == "blink":
            values[next(iter(values))] = float("nan")
        if self.name == "oracle":
            values = {clip.clip_id: float(clip.label) for clip in clips}
        if self.name == "constant":
            values = {clip.clip_id: 0.5 for clip in clips}
        return ScoreTable(values)


def write_clip(path: Path, seed: int, forged: bool) -> None:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :64]
    colour = rng.integers(80, 220, 3)
    with VideoWriter(path, 64, 64, 25, Audio(0.1 * np.sin(np.arange(RATE) / 20, dtype=np.float32))) as writer:
        for t in range(25):
            disc = (x - 32 - 6 * np.sin(t / 4 + forged)) ** 2 + (y - 32) ** 2 < 400
            frame = np.where(disc[..., None], colour, np.array([40, 44, 60])).astype(np.uint8)
            writer.write(frame[None])


def place_clip(path: Path, seed: int, forged: bool) -> None:
    """One of six films a class: encoding 120 clips would take most of the tests' time."""
    kept = path.parent / f"film-{seed % 6}-{forged:d}.film"
    if not kept.exists():
        write_clip(path, seed % 6, forged)
        path.rename(kept)
    path.hardlink_to(kept)


def make_corpus(root: Path, n_test: int = 24, generators: tuple[str, ...] = ("meshwarp", "splice", "null")) -> Corpus:
    clips = []
    for i in range(n_test + 6):
        split = "test" if i < n_test else ("val" if i % 2 else "train")
        for generator in ("", *generators):
            clip = Clip(
                clip_id=f"p{i:03d}-{generator or 'pristine'}",
                path=root / "clips" / f"p{i:03d}-{generator or 'pristine'}.mp4",
                label=int(bool(generator)),
                generator=generator,
                identity_id=f"person-{i // 2:02d}" if split == "test" else f"other-{i}",
                speech_id=f"speech-{i}",
                pair_id=f"pair{i}",
                sex=("female", "male")[i % 2],
                age_band=("20s", "40s", "60s")[i % 3],
                skin_tone=("I", "II", "III", "IV", "V", "VI")[i % 6],
                language=("en", "de")[i % 2],
                width=64,
                height=64,
                fps=25.0,
                n_frames=25,
                duration_s=1.0,
                codec="h264",
                crf=23,
                split=split,
            )
            place_clip(clip.path, i, bool(generator))
            clips.append(clip)
    corpus = Corpus(clips, root)
    corpus.write_manifest()
    return corpus


def make_run(corpus: Corpus, run: Path) -> Results:
    detectors = {name: Fake(name, s) for name, s in {**STRENGTH, "oracle": 0, "random": 0, "constant": 0}.items()}
    speed = [SPEED, dataclasses.replace(SPEED, generator="splice", fps_offline=140.2, fps_streaming=None)]
    results = evaluate_run(corpus, detectors, ["meshwarp"], run, n_boot=400, suite="made up", speed=speed)
    results = dataclasses.replace(
        results,
        detector_speed=(THROUGHPUT,),
        quality=(QUALITY, SPLICED),
    )
    results.write(run)
    return results


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make_corpus(tmp_path_factory.mktemp("made-up") / "corpus")


@pytest.fixture(scope="session")
def run(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made-up-run")
    make_run(corpus, folder)
    return folder


def follow(chunks: Iterator[np.ndarray]) -> Iterator[tuple[np.ndarray, FaceTrack]]:
    """A face in every frame, whose lids shut once, whose mouth opens and closes and whose brows rise."""
    start = 0
    for chunk in chunks:
        yield chunk, moved(np.arange(start, start + len(chunk)))
        start += len(chunk)


def moved(t: np.ndarray) -> FaceTrack:
    """That face at some frames."""
    n = len(t)
    points = np.tile([32.0, 34.0], (n, 68, 1))
    points[:, 36], points[:, 45] = (20, 28), (44, 28)
    points[:, 17:27, 1] = (20 - t / 10)[:, None]
    points[:, 66, 1] = 36 + 2 * np.sin(t / 3)
    lids = np.tile(np.where(abs(t - 12) < 3, 0.02 + 0.08 * abs(t - 12), 0.3)[:, None], (1, 2))
    iris, boxes = np.tile([[26.0, 28], [38, 28]], (n, 1, 1)), np.tile([10.0, 8, 54, 60], (n, 1))
    marks = Landmarks(*(part.astype(np.float32) for part in (points, iris, lids)))
    return FaceTrack(np.ones(n, bool), boxes.astype(np.float32), marks, np.ones(n, np.int64))


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Faces found by `follow` instead of the landmark network, and a cache of their own."""
    with following(tmp_path_factory.mktemp("cache")):
        yield


@contextmanager
def following(cache: Path) -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TELLBENCH_CACHE", str(cache))
        patch.setitem(cues.TRACKERS, "network", lambda device: follow)
        yield patch


class Witness:
    """A detector with evidence of every kind."""

    def evidence(self, clip: Clip) -> Evidence:
        times = np.arange(25) / 25
        plot = Plot("A curve", "time, s", "height", times, {"up": times, NASTY: 1 - times}, (0.5,))
        picture = Picture("where it looks", np.full((16, 16, 3), 90, np.uint8))
        return Evidence("witness", 0.7, {"share": 0.123456, "count": 3, NASTY: NASTY}, (plot,), (picture,))


@pytest.fixture(scope="session")
def site(run: Path, corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole site with two pairs a generator and a detector's evidence."""
    with following(tmp_path_factory.mktemp("cache")) as patch:
        patch.setattr(site_module, "PAIRS", 2)
        patch.setattr(site_module, "read_detectors", lambda folder: {"witness": Witness()})
        return build_site(run, corpus, tmp_path_factory.mktemp("site") / "site").parent


@pytest.fixture(scope="session")
def nasty() -> str:
    """What must come out as text wherever it went in."""
    return NASTY


@pytest.fixture(scope="session")
def nasty_site(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site without gallery from a run with nasty text wherever a user may choose it."""
    spoilt = shutil.copytree(run, tmp_path_factory.mktemp("nasty") / "run")
    spoil(spoilt)
    return build_site(spoilt, None, spoilt / "site").parent


def spoil(run: Path) -> None:
    results = Results.read(run)
    tables = {NASTY if name == "blink" else name: file for name, file in results.tables.items()}
    scores = [dataclasses.replace(r, detector=NASTY) if r.detector == "blink" else r for r in results.scores]
    scores = [dataclasses.replace(r, test_on=NASTY) if r.test_on == "splice" else r for r in scores]
    scores.append(dataclasses.replace(scores[0], protocol=NASTY, condition=f"{NASTY}={NASTY}"))
    speed = [dataclasses.replace(r, generator=NASTY, device=NASTY) for r in results.speed]
    corpus = {**results.corpus, "name": NASTY, "groups": {NASTY: {NASTY: 1}}}
    dataclasses.replace(
        results, suite=NASTY, scores=tuple(scores), speed=tuple(speed), tables=tables, corpus=corpus, git=NASTY,
        versions={NASTY: NASTY}, device={NASTY: NASTY},
    ).write(run)  # fmt: skip
    clips = pd.read_csv(run / "clips.csv", dtype=str, keep_default_na=False)
    clips["generator"] = clips["generator"].replace("splice", NASTY)
    clips.loc[0, "clip_id"] = NASTY
    clips.to_csv(run / "clips.csv", index=False)
    ScoreTable({NASTY: 0.3}).write_csv(run / "scores" / "blink.csv")
