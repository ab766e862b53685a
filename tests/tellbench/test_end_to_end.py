"""The whole line on a small suite: portrait and voice in, leaderboard out; then the verbs on what it left."""

import json
import sys

import pandas as pd
import pytest

from tellbench.cli import main
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.video import probe

pytestmark = pytest.mark.timeout(600)  # the fixture films, trains and scores a whole suite

SUITE = """
name: tiny
people: 8
seconds: 2
size: 192
languages: [en, de]
generators: [meshwarp, "null"]
detectors: [blink, spectrum, cnn, constant, random, oracle]
train_on: [meshwarp]
seed: 5
"""


def tellbench(*words):
    """Run the command line in this process; its exit code."""
    before, sys.argv = sys.argv, ["tellbench", *map(str, words)]
    try:
        main()
    except SystemExit as stop:
        return stop.code or 0
    finally:
        sys.argv = before
    return 0


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("line")
    (folder / "tiny.yaml").write_text(SUITE)
    assert tellbench("run", folder / "tiny.yaml", "--out", folder / "run") == 0
    return folder / "run"


@pytest.fixture(scope="module")
def results(run):
    return json.loads((run / "results.json").read_text())


def _rows(results, **wanted):
    return [row for row in results["scores"] if all(row[key] == value for key, value in wanted.items())]


def test_every_detector_meets_every_generator(results):
    pairs = {(row["detector"], row["test_on"]) for row in results["scores"]}
    detectors = ("blink", "spectrum", "cnn", "constant", "random", "oracle")
    assert pairs == {(detector, generator) for detector in detectors for generator in ("meshwarp", "null")}


def test_intervals_hold_the_estimate(results):
    for row in results["scores"]:
        assert 0 <= row["auc_low"] <= row["auc"] <= row["auc_high"] <= 1


def test_null_clips_cannot_be_told(results):
    for detector in ("blink", "spectrum", "cnn", "constant"):
        (row,) = _rows(results, detector=detector, test_on="null")
        assert row["auc"] == 0.5, "the forged path changed the clips"


def test_sanity_rows(results):
    assert all(row["auc"] == 1.0 for row in _rows(results, detector="oracle"))
    assert all(row["auc"] == 0.5 for row in _rows(results, detector="constant"))


def test_probes_of_shortcuts_are_at_chance(results):
    assert results["audits"]
    assert {row["verdict"] for row in results["audits"]} == {"pass"}


def test_every_generator_has_its_speed_and_the_device_is_named(results):
    assert {row["generator"] for row in results["speed"]} == {"meshwarp", "null"}
    assert all(row["fps_offline"] > 0 and row["device"] for row in results["speed"])


def test_forged_clips_share_the_pristine_format(run):
    corpus = Corpus.open(run / "corpus")
    refused = run / "corpus" / "refused.json"
    left_out = len(json.loads(refused.read_text())) if refused.exists() else 0
    assert left_out <= 2
    assert len(corpus) == 3 * (8 - left_out)
    for pristine in corpus.where(lambda clip: clip.label == 0):
        twin = corpus[pristine.clip_id.replace("pristine", "meshwarp")]
        assert probe(twin.path) == probe(pristine.path)


def test_tracks_tell_what_the_generator_did(run):
    clip = next(clip for clip in Corpus.open(run / "corpus") if clip.generator == "meshwarp")
    tracks = pd.read_parquet(clip.track_path)
    assert len(tracks) == clip.n_frames
    assert any("blink" in name or "lid" in name for name in tracks.columns)


def test_site_is_whole_and_loads_nothing_from_outside(run):
    page = (run / "site" / "index.html").read_text()
    assert "meshwarp" in page
    assert "http-equiv" in page
    assert 'src="http' not in page
    assert list((run / "site").rglob("*.mp4"))
    assert (run / "site" / "leaderboard.csv").is_file()
    assert (run / "site" / "leaderboard.md").is_file()


def test_a_second_run_resumes_and_agrees(run, results):
    before = (run / "corpus" / "corpus.json").stat().st_mtime_ns
    (run / "results.json").unlink()
    assert tellbench("run", run.parent / "tiny.yaml", "--out", run) == 0
    assert (run / "corpus" / "corpus.json").stat().st_mtime_ns == before
    assert json.loads((run / "results.json").read_text())["scores"] == results["scores"]


def test_train_evaluate_report_and_inspect(run, tmp_path, capfd):
    corpus = run / "corpus"
    assert tellbench("train", "blink", "--corpus", corpus, "--out", tmp_path / "blink", "--seed", 5) == 0
    assert tellbench("train", "blink", "--corpus", corpus, "--out", tmp_path / "blink") == 2
    assert tellbench("evaluate", "--model", tmp_path / "blink", "--corpus", corpus, "--out", tmp_path / "run") == 0
    assert tellbench("report", tmp_path / "run", "--corpus", corpus, "--out", tmp_path / "site") == 0
    clip = next(iter(Corpus.open(corpus).split("test")))
    capfd.readouterr()
    picture = tmp_path / "why.png"
    assert tellbench("inspect", clip.path, "--models", run / "models", "--out", picture) == 0
    shown = capfd.readouterr().out
    assert "blink: score" in shown
    assert "spectrum: score" in shown
    assert picture.stat().st_size > 20_000
