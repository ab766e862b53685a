import dataclasses

import yaml

from tellbench.datasets.card import data_card
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus


def corpus(tmp_path, **more):
    rows = [("a", 0, "", "train"), ("b", 1, "meshwarp", "train"), ("c", 0, "", "test")]
    clips = [
        Clip(
            clip_id=i,
            path=tmp_path / f"{i}.mp4",
            label=y,
            generator=g,
            identity_id=s,
            split=s,
            width=64,
            height=64,
            fps=25,
        )
        for i, y, g, s in rows
    ]
    return Corpus([dataclasses.replace(clip, **more) for clip in clips], tmp_path)


def test_the_card_counts_and_says_what_it_is_for(tmp_path):
    text = data_card(corpus(tmp_path))
    assert "| train | 1 | 1 |" in text and "| test | 1 | 0 |" in text
    for heading in ("## Intended use", "## Limits", "## How to cite"):
        assert heading in text
    assert "studio" in text and "made by meshwarp;" in text and "share no identity" in text
    front = yaml.safe_load(text.split("---")[1])
    assert front["pretty_name"] == "Tellbench corpus" and "synthetic" in front["tags"]


def test_the_card_of_an_imported_corpus_claims_nothing_of_the_studio(tmp_path):
    text = data_card(corpus(tmp_path, dataset="celebdf-v2"))
    assert "studio:" not in text and "Tellbench studio" not in text and "C2PA" not in text
    assert "Imported from Celeb-DF-v2 (https://github.com/yuezunli/celeb-deepfakeforensics)" in text
    assert "licence" in text and "And celebdf-v2, as its authors ask." in text
    assert "- There is no published train or val split" in text  # the layout's own note
    assert "portrait from outside" not in text
    assert "synthetic" not in yaml.safe_load(text.split("---")[1])["tags"]


def test_what_was_not_looked_at_is_not_given_as_a_size(tmp_path):
    unopened = corpus(tmp_path, dataset="mine", width=0, height=0, fps=0.0, status="corrupt: no video")
    assert "- 3 clips cannot be read; they keep their rows" in data_card(unopened)
    assert "3 clips, sizes and lengths not looked at, codec not known." in data_card(unopened)
    assert "Imported from mine:" in data_card(unopened)


def test_unlabelled_clips_have_a_column(tmp_path):
    clips = [dataclasses.replace(clip, label=-1 if clip.clip_id == "c" else clip.label) for clip in corpus(tmp_path)]
    text = data_card(Corpus(clips, tmp_path))
    assert "| split | pristine | meshwarp | unlabelled |" in text and "| test | 0 | 0 | 1 |" in text
