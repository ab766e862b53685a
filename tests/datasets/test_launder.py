"""Laundering: recipes are data, both classes get the same, and a killed run ends as a whole one."""

from __future__ import annotations

import numpy as np
import pytest

from tellbench.datasets import launder as laundry
from tellbench.datasets import provenance
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.launder import launder, parse_recipe
from tellbench.datasets.video import VideoWriter, encoder_settings, iter_frames, probe
from tellbench.errors import InputError


@pytest.fixture
def corpus(tmp_path, frames, voice):
    """Two pairs of 20 frames of 64 x 48 at 20 fps; forged clips show what their twins show, and are signed."""
    clips = []
    for i in range(2):
        for label in (0, 1):
            path = tmp_path / "c" / "clips" / f"{i}-{label}.mp4"
            with VideoWriter(path, 64, 48, 20, voice) as out:
                out.write(np.roll(frames, 9 * i, 2))
            if label:
                provenance.sign(path, {"generator": "null"})
            clips.append(
                Clip(
                    clip_id=path.stem, path=path, label=label, generator="null" * label, identity_id=f"p{i}",
                    pair_id=f"pair{i}", split="test", crf=23,
                )
            )  # fmt: skip
    return Corpus(clips, tmp_path / "c")


def pictures(clip: Clip) -> np.ndarray:
    return np.concatenate(list(iter_frames(clip.path)))


@pytest.mark.parametrize(("recipe", "size", "fps", "n_frames", "crf"), [
    ("crf=35", (64, 48), 20, 20, 35),
    ("resize=0.5", (32, 24), 20, 20, 23),
    ("fps=10", (64, 48), 10, 10, 23),
    ("fps=25", (64, 48), 25, 25, 23),
    ("cut=0.5", (64, 48), 20, 10, 23),
    ("resize=0.5+crf=40+resize=2+noise=8+crf=30", (64, 48), 20, 20, 30),
])  # fmt: skip
def test_what_comes_out(corpus, tmp_path, recipe, size, fps, n_frames, crf):
    made = launder(corpus, parse_recipe(recipe), tmp_path / "out")
    for before, after in zip(corpus, made, strict=True):
        info = probe(after.path)
        assert ((info.width, info.height), info.fps, info.n_frames, info.has_audio) == (size, fps, n_frames, True)
        assert (after.width, after.height) == size
        assert (after.fps, after.n_frames, after.crf) == (fps, n_frames, crf)
        assert float(encoder_settings(after.path)["crf"]) == crf
        for name in ("clip_id", "label", "generator", "identity_id", "pair_id", "split"):
            assert getattr(after, name) == getattr(before, name)
    assert Corpus.open(tmp_path / "out").clips == made.clips


def test_both_classes_alike(corpus, tmp_path):
    """Twins that were the same stay the same, noise and all; different pairs get different noise."""
    made = launder(corpus, parse_recipe("noise=12+blur=0.5"), tmp_path / "out")
    assert np.array_equal(pictures(made["0-0"]), pictures(made["0-1"]))
    grain = [pictures(made[f"{i}-0"]).astype(int) - pictures(corpus[f"{i}-0"]) for i in range(2)]
    assert abs(np.corrcoef(grain[0].ravel(), grain[1].ravel())[0, 1]) < 0.5


def test_forged_clips_stay_signed_as_forged(corpus, tmp_path):
    made = launder(corpus, parse_recipe("crf=30"), tmp_path / "out")
    before, after = (provenance.examine(clips["0-1"].path) for clips in (corpus, made))
    assert after.facts == {**before.facts, "laundered": "crf=30"}
    assert (after.holds, after.source_type) == (True, provenance.FORGERY)
    assert provenance.examine(made["0-0"].path).state == provenance.ABSENT


def test_each_step_does_what_it_says(corpus, tmp_path):
    clean = pictures(corpus["0-0"]).astype(float)
    worse = {}
    for recipe in ("crf=23", "crf=45", "noise=20", "blur=3"):
        made = launder(corpus, parse_recipe(recipe), tmp_path / recipe)
        worse[recipe] = np.sqrt(np.mean((pictures(made["0-0"]) - clean) ** 2))
    assert worse["crf=23"] < 3 < worse["crf=45"]
    assert 10 < worse["noise=20"] < 22
    assert worse["blur=3"] > 3


def test_fps_shows_each_frame_at_its_time():
    chunks = iter(
        [np.arange(8, dtype=np.uint8).reshape(-1, 1, 1, 1), np.arange(8, 20, dtype=np.uint8).reshape(-1, 1, 1, 1)]
    )
    halved = np.concatenate(list(laundry._timed(chunks, "fps", 10, 20.0))).ravel()
    assert halved.tolist() == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]


def test_resumes_and_refuses(corpus, tmp_path, monkeypatch):
    def stop(clip_id):
        raise KeyboardInterrupt

    recipe, out = parse_recipe("crf=30"), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        launder(corpus, recipe, out, on_clip=stop)
    kept = (out / "clips" / "0-0.mp4").stat().st_mtime_ns
    assert not (out / "metadata.parquet").exists()
    assert len(launder(corpus, recipe, out)) == 4
    assert (out / "clips" / "0-0.mp4").stat().st_mtime_ns == kept
    with pytest.raises(InputError, match="another laundered corpus"):
        launder(corpus, parse_recipe("crf=31"), out)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    with pytest.raises(InputError, match="not empty"):
        launder(corpus, recipe, tmp_path / "full")


@pytest.mark.parametrize(("text", "said"), [
    ("", "unknown step ''"),
    ("jpeg=4", "unknown step 'jpeg'; steps: crf"),
    ("crf", "crf needs a number"),
    ("crf=99", "crf=99; allowed: 0 to 51"),
    ("noise=nan", "allowed: 0 to 100"),
])  # fmt: skip
def test_faults_are_named(text, said):
    with pytest.raises(InputError, match=said):
        parse_recipe(text)


def test_doses():
    assert parse_recipe("crf=35").dose == 35
    assert parse_recipe("crf=35+crf=35").dose is None
