"""Pairs are pairs, spread from easy to hard, copied under plain names."""

from __future__ import annotations

import pytest

from tellbench.datasets.video import probe
from tellbench.eval.evaluate import read_scores
from tellbench.eval.results import Results
from tellbench.reports.gallery import choose, exhibit


def test_pairs_share_person_and_speech_and_run_from_easy_to_hard(corpus, run):
    clips = read_scores(run, Results.read(run))
    pairs = choose(corpus, clips, "spectrum", "splice", 5)
    assert len(pairs) == 5
    for pristine, forged in pairs:
        assert (pristine.label, forged.label, forged.generator) == (0, 1, "splice")
        assert (pristine.identity_id, pristine.speech_id) == (forged.identity_id, forged.speech_id)
        assert pristine.split == forged.split == "test"
    scores = [clips.loc[forged.clip_id, "spectrum"] for _, forged in pairs]
    assert scores == sorted(scores, reverse=True)
    everything = clips[clips["generator"] == "splice"]["spectrum"]
    assert (scores[0], scores[-1]) == (everything.max(), everything.min())


def test_fewer_pairs_than_asked_and_none(corpus, run):
    clips = read_scores(run, Results.read(run))
    assert len(choose(corpus, clips, "spectrum", "splice", 1000)) == 24
    assert choose(corpus, clips, "spectrum", "unheard-of", 5) == []


def test_without_scores_the_manifest_order_decides(corpus):
    import pandas as pd

    pairs = choose(corpus, pd.DataFrame(), None, "meshwarp", 2)
    assert [forged.clip_id for _, forged in pairs] == ["p000-meshwarp", "p023-meshwarp"]


def test_copies_play_and_have_posters(corpus, run, followed, tmp_path):
    clips = read_scores(run, Results.read(run))
    chosen = choose(corpus, clips, "blink", "meshwarp", 2)
    pairs = exhibit([*chosen, chosen[0]], clips, ["blink", "gone"], [], tmp_path)
    for pair in pairs:
        for item in (pair.pristine, pair.forged):
            assert probe(tmp_path / item.video).n_frames == 25
            assert (tmp_path / item.video).read_bytes() == item.clip.path.read_bytes()
            assert (tmp_path / item.poster).stat().st_size > 300
            assert item.scores["gone"] is None
            assert item.tracks.blinks.tolist() == [pytest.approx(0.48, abs=0.05)]
    names = sorted(p.name for p in (tmp_path / "media").glob("*.mp4"))
    assert names == [f"clip-0{i}-{kind}.mp4" for i, kind in enumerate(("pristine", "forged") * 2, 1)]
    assert [chart.title.split(" ")[0] for chart in pairs[0].strips] == ["Lid", "Mouth", "Brow"]
    assert [curve.kind for curve in pairs[0].strips[0].curves] == ["pristine", "forged"]
