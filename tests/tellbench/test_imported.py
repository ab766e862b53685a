"""An imported corpus is evaluated like a generated one, with trained detectors and with scores from outside."""

import dataclasses
import json
import shutil
import sys

import numpy as np
import pytest

from tellbench.cli import main
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.video import VideoWriter
from tellbench.detectors.probes import FirstFrameOnly
from tellbench.detectors.sanity import Constant, Oracle


def tellbench(*words):
    before, sys.argv = sys.argv, ["tellbench", *map(str, words)]
    try:
        main()
    except SystemExit as stop:
        return stop.code or 0
    finally:
        sys.argv = before
    return 0


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """UADFV with ten people in clips of noise, one of them corrupt; two sanity detectors; scores from elsewhere."""
    folder = tmp_path_factory.mktemp("imported")
    rng = np.random.default_rng(0)
    for number in range(10):
        for name in (f"real/{number:04}.mp4", f"fake/{number:04}_fake.mp4"):
            with VideoWriter(folder / "uadfv" / name, 32, 32, 25) as out:
                out.write(rng.integers(0, 255, (5, 32, 32, 3), np.uint8))
    assert tellbench("import", "uadfv", folder / "uadfv", "--out", folder / "whole") == 0
    broken = next(clip for clip in Corpus.open(folder / "whole").split("test") if clip.label)
    (folder / "uadfv" / "fake" / broken.path.name).write_bytes(b"no video")
    assert tellbench("import", "uadfv", folder / "uadfv", "--out", folder / "corpus") == 0
    for detector in (Constant(), Oracle()):
        detector.save(folder / detector.name)
    lines = [f"fake/{n:04}_fake.mp4;0.8\nreal/{n:04}.mp4;0.1\n" for n in range(1, 10)]
    (folder / "theirs.txt").write_text("".join(lines) + "someone.mp4;0.5\n")
    return folder


def evaluate(imported, out, *words):
    code = tellbench("evaluate", "--corpus", imported / "corpus", "--out", out, *words)
    return code, json.loads((out / "results.json").read_text())


def test_evaluation_of_an_imported_corpus(imported, tmp_path, capfd):
    models = ("--model", imported / "constant", "--model", imported / "oracle")
    code, results = evaluate(imported, tmp_path, *models, "--scores", f"theirs={imported / 'theirs.txt'}")
    assert code == 0, capfd.readouterr().err
    aucs = {row["detector"]: row["auc"] for row in results["scores"]}
    assert set(aucs) == {"constant", "oracle", "theirs"}
    assert (aucs["constant"], aucs["oracle"]) == (0.5, 1.0)
    assert {row["test_on"] for row in results["scores"]} == {"FakeApp"}
    assert results["audits"]
    test = Corpus.open(imported / "corpus").split("test")
    assert [clip.status == "ok" for clip in test].count(False) == 1
    assert "1 names are no clip of the corpus, such as someone.mp4" in (told := capfd.readouterr().err)
    assert "are not labelled test clips and are not used" in told
    assert tellbench("report", tmp_path, "--corpus", imported / "corpus", "--out", tmp_path / "site") == 0
    assert "theirs" in (tmp_path / "site" / "index.html").read_text()


def test_it_is_evaluated_exactly_as_if_it_had_been_made_here(imported, tmp_path, capfd):
    clips = Corpus.open(imported / "corpus").where(lambda clip: clip.status == "ok")
    model = FirstFrameOnly().fit(clips.split("train"), clips.split("val"))
    model.save(tmp_path / "model")
    made, linked = tmp_path / "made", tmp_path / "imported"
    for clip in clips:
        (made / "clips").mkdir(parents=True, exist_ok=True)
        shutil.copy(clip.path, made / "clips" / f"{clip.clip_id}.mp4")
    native = [dataclasses.replace(c, dataset="", path=made / "clips" / f"{c.clip_id}.mp4") for c in clips]
    Corpus(native, made).write_manifest()
    linked.mkdir()
    (linked / "media").symlink_to(imported / "uadfv")
    Corpus(
        [dataclasses.replace(c, path=linked / c.path.relative_to(clips.root)) for c in clips], linked
    ).write_manifest()
    told = {}
    for root in (made, linked):
        words = ("evaluate", "--corpus", root, "--model", tmp_path / "model", "--out", tmp_path / f"run-{root.name}")
        assert tellbench(*words) in (0, 3), capfd.readouterr().err
        told[root] = json.loads((tmp_path / f"run-{root.name}" / "results.json").read_text())
        told[root]["csv"] = (tmp_path / f"run-{root.name}" / "scores" / "model.csv").read_bytes()
    for part in ("scores", "audits", "csv"):
        assert told[made][part] == told[linked][part], part
    assert 0.0 <= told[made]["scores"][0]["auc"] <= 1.0 and len(told[made]["audits"]) > 5


def test_scores_that_stand_on_their_head(imported, tmp_path, capfd):
    text = (imported / "theirs.txt").read_text().replace("0.8", "0.05")
    (tmp_path / "upside.txt").write_text(text)
    assert evaluate(imported, tmp_path / "run", "--scores", tmp_path / "upside.txt")[1]["scores"][0]["auc"] < 0.4
    assert "upside on FakeApp: AUC 0" in capfd.readouterr().err


def test_a_corpus_that_is_all_test(imported, tmp_path, capfd):
    words = ("import", "uadfv", imported / "uadfv", "--splits", "test", "--out", tmp_path / "c")
    assert tellbench(*words) == 0
    words = ("evaluate", "--corpus", tmp_path / "c", "--model", imported / "oracle", "--out", tmp_path / "run")
    assert tellbench(*words) == 0
    assert "no shortcut probe is asked" in capfd.readouterr().err


def test_evaluate_needs_something(imported, tmp_path, capfd):
    words = ("evaluate", "--corpus", imported / "corpus", "--out", tmp_path / "run")
    assert tellbench(*words) == 2
    assert tellbench(*words, "--scores", imported / "absent.csv") == 2
    same = f"oracle={imported / 'theirs.txt'}"
    assert tellbench(*words, "--model", imported / "oracle", "--scores", same) == 2
    assert "two detectors are called 'oracle'" in capfd.readouterr().err
