"""Protocols: nobody is trained and tested on, everybody is tested once, and what is scored stays scored."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.errors import InputError
from tellbench.eval.protocols import Trial, folds, generators_held_out, group_rows, labelled, pooled, run_trial, slug


def make(n=12, generators=("meshwarp", "vasa")):
    """Pairs of one person each; persons 2i and 2i + 1 share their speech."""
    return Corpus(
        [
            Clip(
                clip_id=f"{i}-{generator or 'pristine'}", path=Path(f"/nowhere/clips/{i}.mp4"),
                label=int(bool(generator)), generator=generator, identity_id=f"p{i}", speech_id=f"s{i // 2}",
                pair_id=f"pair{i}", split="test", sex=("female", "male")[i % 2], age_band=f"{i}",
            )
            for i in range(n)
            for generator in ("", *generators)
        ],
        Path("/nowhere"),
    )  # fmt: skip


class Told:
    sanity = False

    def __init__(self, score=lambda clip: 0.5 + 0.4 * clip.label) -> None:
        self.of, self.asked = score, 0

    def score(self, clips):
        self.asked += 1
        return ScoreTable({clip.clip_id: self.of(clip) for clip in clips})


@pytest.mark.parametrize("n", [3, 4, 0])
def test_everybody_is_tested_once_by_strangers(n):
    corpus = make()
    made = list(folds(corpus, n, seed=1))
    assert len(made) == (n or 6), "twelve people in six linked pairs"
    assert sorted(c.clip_id for fold in made for c in fold.split("test")) == sorted(c.clip_id for c in corpus)
    for fold in made:
        people = [{c.identity_id for c in fold.split(s)} for s in ("train", "val", "test")]
        assert all(people), "no split is empty"
        assert len(set.union(*people)) == sum(map(len, people)) == 12


def test_too_many_folds():
    with pytest.raises(InputError, match="7 folds of 6 unlinked identities"):
        list(folds(make(), 7))


def test_generators_held_out():
    assert generators_held_out(["a", "b", "c"]) == [("a", ("b", "c")), ("b", ("a", "c")), ("c", ("a", "b"))]
    with pytest.raises(InputError, match="there is a; add another"):
        generators_held_out(["a"])


def test_a_trial_names_its_rows_and_is_scored_once(tmp_path):
    corpus, detector = make(), Told()
    trial = Trial("laundered", ("vasa",), corpus, corpus.generators, "crf=35", 35.0)
    first = run_trial(trial, {"cnn:x": detector}, tmp_path, n_boot=20)
    again = run_trial(trial, {"cnn:x": detector}, tmp_path, n_boot=20)
    assert first == again
    assert detector.asked == 1
    assert (tmp_path / "scores" / "laundered" / "meshwarp-vasa-crf=35" / "cnn-x.csv").is_file()
    assert [(r.protocol, r.condition, r.dose, r.train_on, r.test_on, r.auc) for r in first] == [
        ("laundered", "crf=35", 35.0, ("vasa",), "meshwarp", 1.0),
        ("laundered", "crf=35", 35.0, ("vasa",), "vasa", 1.0),
    ]


def test_pooled_scores_cover_every_fold(tmp_path):
    detectors = {"d": Told()}
    corpus = make()
    parts = []
    for k, fold in enumerate(folds(corpus, 3)):
        parts.append(Trial("leave-one-identity-out", (), fold.split("test"), ("vasa",), f"fold {k}"))
        run_trial(parts[-1], detectors, tmp_path, n_boot=5)
    assert set(pooled(parts, "d", detectors, tmp_path).series.index) == {clip.clip_id for clip in corpus}


def test_groups_that_are_large_enough(tmp_path):
    """Sex has two groups of six; every age is one person's; language is not known."""
    corpus = make()
    table = ScoreTable({c.clip_id: 0.9 * c.label if c.sex == "female" else 0.5 for c in corpus})
    rows = group_rows({"d": table}, corpus, ("vasa",), n_boot=20)
    assert [(r.protocol, r.condition, r.test_on, r.n_pristine, r.auc) for r in rows] == [
        ("group-fairness", "sex=female", "meshwarp", 6, 1.0),
        ("group-fairness", "sex=male", "meshwarp", 6, 0.5),
        ("group-fairness", "sex=female", "vasa", 6, 1.0),
        ("group-fairness", "sex=male", "vasa", 6, 0.5),
    ]


def test_clips_without_a_twin_are_left_out():
    lone = dataclasses.replace(next(iter(make())), clip_id="mona", pair_id="", label=1, identity_id="mona")
    corpus = Corpus([*make(), lone], Path("/nowhere"))
    assert len(labelled(corpus)) == len(corpus) - 1


def test_conditions_as_folders():
    assert slug("resize=0.5+crf=35") == "resize=0.5+crf=35"
    assert slug("../a b") == "a-b"
    assert slug("") == "all"
