"""Protocols over a corpus: who is compared with whom, what a missing score counts, what is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.errors import InputError
from tellbench.eval.evaluate import corpus_facts, evaluate_run, read_scores, table_names
from tellbench.eval.results import Results
from tellbench.eval.rows import evaluate, protocol

PREFIX = {"test": "c", "train": "t", "val": "v"}


def make(n=12, generators=("meshwarp", "null"), split="test"):
    return [
        Clip(
            clip_id=f"{PREFIX[split]}{i}-{generator or 'pristine'}", path=Path(f"/nowhere/clips/{i}.mp4"),
            label=int(bool(generator)), generator=generator, identity_id=f"{split}-{i}",
            pair_id=f"pair{split}{i}", split=split, fps=25.0, n_frames=50, duration_s=2.0, width=64, height=64,
            sex="female" if i % 3 else "male",
        )
        for i in range(n)
        for generator in ("", *generators)
    ]  # fmt: skip


class Told:
    """Scores from a function of the clip."""

    def __init__(self, score) -> None:
        self.of, self.seen = score, []

    def score(self, clips):
        self.seen += [clip.clip_id for clip in clips]
        return ScoreTable({clip.clip_id: self.of(clip) for clip in clips})


@pytest.fixture
def corpus():
    return Corpus([*make(), *make(4, split="train"), *make(3, split="val")], Path("/nowhere"))


def fair(clip):
    return 0.9 if clip.generator == "meshwarp" else 0.2


def test_rows_files_and_protocols(corpus, tmp_path):
    told = []
    results = evaluate_run(
        corpus, {"good": Told(fair), "cnn:x/y": Told(lambda c: 0.5)}, ["meshwarp"], tmp_path, seed=3, n_boot=50,
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    assert [(r.detector, r.protocol, r.test_on, r.auc) for r in results.scores] == [
        ("good", "within-generator", "meshwarp", 1.0),
        ("good", "null", "null", 0.5),
        ("cnn:x/y", "within-generator", "meshwarp", 0.5),
        ("cnn:x/y", "null", "null", 0.5),
    ]
    assert (results.scores[0].n_pristine, results.scores[0].n_forged, results.scores[0].n_missing) == (12, 12, 0)
    assert told == [("good", 0, 2), ("cnn:x/y", 1, 2)]
    assert Results.read(tmp_path) == results
    assert sorted(p.name for p in (tmp_path / "scores").iterdir()) == ["cnn-x-y.csv", "good.csv"]
    scores = read_scores(tmp_path, results)
    assert len(scores) == 36
    assert scores.loc["c0-meshwarp", "good"] == pytest.approx(0.9)


def test_only_the_test_split_is_scored(corpus, tmp_path):
    spy = Told(fair)
    evaluate_run(corpus, {"spy": spy}, ["meshwarp"], tmp_path, n_boot=10)
    assert len(spy.seen) == 36
    assert all(corpus[clip_id].split == "test" for clip_id in spy.seen)


def test_missing_scores_count_as_half_and_are_counted(corpus):
    test = corpus.split("test")
    full = {clip.clip_id: fair(clip) for clip in test}
    gone = {**full, "c0-meshwarp": np.nan}
    absent = {clip_id: score for clip_id, score in full.items() if clip_id != "c0-meshwarp"}
    half = {**full, "c0-meshwarp": 0.5}
    rows = [
        evaluate(ScoreTable(t), test, detector="d", train_on=[], test_on="meshwarp", n_boot=20)
        for t in (gone, absent, half)
    ]
    assert [row.n_missing for row in rows] == [1, 1, 0]
    assert rows[0].auc == rows[1].auc == rows[2].auc == 1.0
    assert rows[0].brier == rows[1].brier == rows[2].brier > (0.1**2 + 0.2**2) / 2


def test_a_refusing_detector_gains_nothing(corpus):
    table = ScoreTable({clip.clip_id: np.nan for clip in corpus})
    row = evaluate(table, corpus.split("test"), detector="d", train_on=[], test_on="meshwarp", n_boot=20)
    assert (row.auc, row.n_missing) == (0.5, 24)


def test_a_table_of_another_corpus_is_refused(corpus):
    with pytest.raises(InputError, match="none of the 24"):
        evaluate(ScoreTable({"other": 0.1}), corpus.split("test"), detector="d", train_on=[], test_on="meshwarp")


def test_no_forged_test_clips(tmp_path):
    with pytest.raises(InputError, match="no forged clip in the test split"):
        evaluate_run(Corpus(make(generators=()), Path("/nowhere")), {"a": Told(fair)}, [], tmp_path)
    assert not list(tmp_path.iterdir())


def test_no_pristine_test_clips(tmp_path):
    forged = [clip for clip in make() if clip.label]
    with pytest.raises(InputError, match="no pristine clip"):
        evaluate_run(Corpus(forged, Path("/nowhere")), {"a": Told(fair)}, [], tmp_path)


def test_protocol_names():
    assert protocol(["a"], "a") == "within-generator"
    assert protocol(["a"], "b") == "unseen-generator"
    assert protocol(["a", "null"], "null") == "null"


def test_table_names_are_safe_and_apart():
    names = table_names(dict.fromkeys(["cnn:a/b", "cnn-a-b", "CNN:A B", "../../etc", "<script>", ""]))
    assert len({name.lower() for name in names.values()}) == len(names)
    for name in names.values():
        assert ".." not in name
        assert Path(name).parent == Path("scores")


def test_a_score_table_outside_the_run_is_refused(corpus, tmp_path):
    results = evaluate_run(corpus, {"good": Told(fair)}, ["meshwarp"], tmp_path / "run", n_boot=10)
    (tmp_path / "secret.csv").write_text("clip_id,score\n")
    sly = Results(**{**vars(results), "tables": {"good": "../secret.csv"}})
    with pytest.raises(InputError, match="leaves its folder"):
        read_scores(tmp_path / "run", sly)


@pytest.mark.parametrize("text", ["", "clip_id,label\nx,0\n", "label\n0\n", "clip_id,label,generator\nx,one,g\n"])
def test_a_broken_clip_table_is_refused(corpus, tmp_path, text):
    results = evaluate_run(corpus, {"good": Told(fair)}, ["meshwarp"], tmp_path, n_boot=10)
    (tmp_path / "clips.csv").write_text(text)
    with pytest.raises(InputError, match=r"clips\.csv"):
        read_scores(tmp_path, results)


def test_corpus_facts(corpus):
    facts = corpus_facts(corpus)
    assert facts["n_clips"] == 57
    assert facts["n_people"] == 19
    assert facts["splits"]["test"] == {"pristine": 12, "meshwarp": 12, "null": 12, "people": 12}
    assert facts["groups"]["sex"] == {"female": 12, "male": 7}
    assert facts["minutes"] == 1.9


def test_forged_clips_without_a_twin_get_their_own_row(tmp_path):
    lone = Clip(
        clip_id="mona",
        path=Path("/nowhere/clips/mona.mp4"),
        label=1,
        generator="meshwarp",
        identity_id="mona",
        split="test",
    )
    corpus = Corpus([*make(generators=("meshwarp",)), lone], Path("/nowhere"))
    told = Told(lambda clip: 0.1 if clip.clip_id == "mona" else fair(clip))
    paired, outside = evaluate_run(corpus, {"good": told}, ["meshwarp"], tmp_path, n_boot=10).scores
    assert (paired.test_on, paired.protocol, paired.n_forged, paired.auc) == ("meshwarp", "within-generator", 12, 1.0)
    assert (outside.test_on, outside.protocol) == ("meshwarp, outside portraits", "outside-portraits")
    assert (outside.n_forged, outside.auc) == (1, 0.0)


def test_a_corpus_without_pairs_is_taken_as_it_is(tmp_path):
    import dataclasses

    corpus = Corpus([dataclasses.replace(clip, pair_id="") for clip in make()], Path("/nowhere"))
    rows = evaluate_run(corpus, {"good": Told(fair)}, ["meshwarp"], tmp_path, n_boot=10).scores
    assert {row.test_on for row in rows} == {"meshwarp", "null"}


def test_frames_are_judged_beside_clips():
    """A detector that scores only some clips' frames: every frame counts, with the label of its clip."""
    clips = Corpus(make(3, ("meshwarp",)), Path("/nowhere"))
    ids = ["c0-pristine", "c0-pristine", "c1-pristine", "c0-meshwarp", "c1-meshwarp", "stranger"]
    frames = pd.DataFrame({"clip_id": ids, "frame": [0, 9, 0, 0, 0, 0], "score": [0.1, 0.6, 0.2, 0.4, 0.8, 0.0]})
    table = ScoreTable({clip.clip_id: 0.5 for clip in clips}, frames=frames)
    row = evaluate(table, clips, detector="x", train_on=["meshwarp"], test_on="meshwarp", n_boot=50)
    assert (row.frame_auc, row.n_frames) == (pytest.approx(5 / 6), 5)
    assert row.frame_auc_low <= row.frame_auc <= row.frame_auc_high
    assert row.auc == 0.5
    whole = evaluate(ScoreTable(table.series), clips, detector="x", train_on=[], test_on="meshwarp", n_boot=50)
    assert (whole.frame_auc, whole.frame_auc_low, whole.n_frames) == (None, None, 0)
