"""Cards say what is known of corpus, generators and detectors, and nothing where nothing is."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tellbench.eval.results import Results
from tellbench.reports.cards import corpus_card, detector_cards, generator_cards
from tellbench.reports.heatmap import heat_map, level
from tellbench.reports.tables import tradeoffs


@pytest.fixture
def results(run):
    return Results.read(run)


def test_corpus(results):
    facts = dict(corpus_card(results).facts)
    assert facts["size"].startswith("120 clips")
    assert "24 pristine" in facts["test"]
    assert corpus_card(dataclasses.replace(results, corpus={})) is None


def test_generators(results, corpus):
    cards = {card.name: card for card in generator_cards(results, corpus)}
    assert list(cards) == ["meshwarp", "splice", "null"]
    assert "3D face" in cards["meshwarp"].about
    assert "face swap" in cards["splice"].about
    strange = tuple(dataclasses.replace(row, test_on="strange") for row in results.scores)
    assert generator_cards(dataclasses.replace(results, scores=strange), None)[0].about == ""  # this version knows none
    facts = dict(cards["meshwarp"].facts)
    assert facts["speed"].startswith("31.2 fps at 64x64 on Test CPU 3000")
    assert facts["seen in training"] == "yes"
    assert dict(cards["splice"].facts)["seen in training"] == "no"
    assert "speed" not in dict(cards["null"].facts)
    assert "dials" not in dict(generator_cards(results, None)[0].facts)


def test_detectors_with_and_without_their_folders(results, tmp_path):
    about = {
        "version": 3, "tellbench": "0.1", "config": {"size": 112, "device": "cpu"},
        "fitted": {"facts": {"val_log_loss": 0.123456, "clips": {"train": 42}}},
    }  # fmt: skip
    (tmp_path / "cnn-resnet18").mkdir()
    (tmp_path / "cnn-resnet18" / "detector.json").write_text(json.dumps(about))
    (tmp_path / "blink").mkdir()
    (tmp_path / "blink" / "detector.json").write_text("broken")
    cards = {card.name: dict(card.facts) for card in detector_cards(results, tmp_path)}
    assert cards["cnn:resnet18"]["version"] == "3 (Tellbench 0.1)"
    assert cards["cnn:resnet18"]["val log loss"] == "0.1235"
    assert cards["cnn:resnet18"]["clips"] == "train 42"
    assert "device" not in cards["cnn:resnet18"]
    assert cards["blink"] == {"trained on": "meshwarp"}


def test_heat_map_runs_from_hard_to_easy_and_good_to_bad(results):
    heat = heat_map(results)
    assert heat.generators == ("splice", "meshwarp", "null")
    assert [line.detector for line in heat.lines][-3:] == ["oracle", "random", "constant"]
    means = [line.mean for line in heat.lines if not line.is_sanity]
    assert means == sorted(means, reverse=True)
    assert heat.sentences[0].startswith("By the best detector's AUC, splice is the hardest")
    missing = dataclasses.replace(results, scores=results.scores[1:])
    lines = {line.detector: line for line in heat_map(missing).lines}
    assert None in lines[results.scores[0].detector].cells
    assert [level(auc) for auc in (0.0, 0.4, 0.65, 0.9, 1.0)] == [0, 1, 2, 5, 6]


def test_empty_results(results):
    empty = dataclasses.replace(results, scores=(), speed=(), corpus={})
    assert heat_map(empty).lines == ()
    assert generator_cards(empty, None) == []
    assert tradeoffs(empty) == []


@pytest.mark.parametrize(("low", "high", "said"), [
    (0.95, 1.0, "easier to tell"),
    (0.3, 0.4, "harder to tell (best"),
    (0.6, 0.9, "overlap"),
    (None, None, "too few people"),
])  # fmt: skip
def test_tradeoffs_claim_only_what_intervals_show(results, low, high, said):
    rows = []
    for row in results.scores:
        ends = (0.7, 0.8) if row.test_on == "meshwarp" else (low, high)
        rows.append(dataclasses.replace(row, auc=0.75, auc_low=ends[0], auc_high=ends[1]))
    (sentence,) = tradeoffs(dataclasses.replace(results, scores=tuple(rows)))
    assert sentence.startswith("splice is 4.5 times as fast as meshwarp")
    assert said in sentence


def test_generators_of_one_speed_are_as_fast_as_each_other(results):
    speeds = tuple(dataclasses.replace(speed, fps_offline=40.0) for speed in results.speed)
    (sentence,) = tradeoffs(dataclasses.replace(results, speed=speeds))
    assert " is as fast as " in sentence
