"""Each planted shortcut is caught by its name; the corpus without one passes every audit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scores import ScoreTable
from tellbench.datasets.video import VideoWriter
from tellbench.errors import InputError
from tellbench.eval.audits import audit, failed, leaks, met_before, missing_scores, training


def film(path: Path, lead: float, crf: int = 23, n_frames: int = 12) -> None:
    """A grey second with a hum that starts `lead` seconds late."""
    samples = 0.2 * np.sin(np.arange(RATE) / 8)
    samples[: round(lead * RATE)] = 0
    with VideoWriter(path, 32, 32, 12, Audio(samples.astype(np.float32)), crf) as writer:
        writer.write(np.full((n_frames, 32, 32, 3), 90, np.uint8))


def plant(root: Path, lead: float = 0, **forged) -> Corpus:
    """16 pairs whose speech starts at one of three times; forged clips differ as asked."""
    clips = []
    for label in (0, 1):
        for kind in range(3):
            late = 0.1 * kind + (lead if label else 0)
            film(root / "films" / f"{label}{kind}.mp4", late, **(forged if label else {}))
        for i in range(16):
            path = root / "clips" / f"{label}-{i}.mp4"
            path.parent.mkdir(exist_ok=True)
            path.hardlink_to(root / "films" / f"{label}{i % 3}.mp4")
            clips.append(
                Clip(
                    clip_id=path.stem, path=path, label=label, generator="g" * label, identity_id=f"p{i}",
                    speech_id=f"s{i}", pair_id=f"pair{i}", split=("train", "test")[i % 2],
                )
            )  # fmt: skip
    return Corpus(clips, root)


def names(rows) -> set[str]:
    return {row.probe for row in rows if row.verdict == "fail"}


def test_an_honest_corpus_passes_every_audit(tmp_path):
    rows = audit(plant(tmp_path), n_boot=100)
    assert failed(rows) == []
    assert {row.probe for row in rows} == {
        *(f"split overlap: {key}" for key in ("identity", "donor", "driver", "speech")),
        *("id collisions", "twins: picture format", "twins: encoder", "twins: silence and sound"),
        *("metadata", "silence"),
    }


def test_another_crf_is_caught(tmp_path):
    rows = audit(plant(tmp_path, crf=30), n_boot=100)
    assert names(rows) == {"twins: encoder", "metadata"}
    assert "twins: encoder on g: crf is 30.0 in forged clips and 23.0 in their twins (8 of 8 pairs)" in failed(rows)


def test_a_tenth_of_a_second_of_silence_is_caught(tmp_path):
    rows = audit(plant(tmp_path, lead=0.1), n_boot=100)
    assert "twins: silence and sound" in names(rows)
    (said,) = [line for line in failed(rows) if line.startswith("twins: silence and sound on g: leading silence")]
    assert "8 of 8 pairs" in said


def test_another_length_is_caught(tmp_path):
    assert "twins: picture format" in names(audit(plant(tmp_path, n_frames=13), n_boot=100))


def test_an_identity_in_two_splits_is_caught(tmp_path):
    """A corpus that does not declare it is refused when it is read; one that does is audited in red."""
    clips = [dataclasses.replace(c, identity_id="p1") if c.clip_id == "1-0" else c for c in plant(tmp_path)]
    with pytest.raises(InputError, match="person 'p1' is in splits test and train"):
        Corpus(clips, tmp_path)
    rows = audit(Corpus(clips, tmp_path, shared=("person",)), n_boot=100)
    assert failed(rows) == ["split overlap: identity: 'p1' is in test and train"]


@pytest.mark.parametrize("key", ["donor", "driver", "speech"])
def test_every_kind_of_overlap_has_its_name(key):
    def clip(i, split, **keys):
        return Clip(clip_id=str(i), path=Path(f"{i}.mp4"), label=0, split=split, **keys)

    apart = [clip(0, "train", **{f"{key}_id": "x"}), clip(1, "val", **{f"{key}_id": "y"})]
    assert failed(leaks(apart)) == []
    role = f"{key}_id" if key == "speech" else "identity_id"
    assert f"split overlap: {key}" in names(leaks([*apart, clip(2, "test", **{role: "x"})]))


def test_a_detector_that_met_the_test_people_is_caught(tmp_path):
    corpus = plant(tmp_path)
    seen = training(corpus)
    assert met_before("blink", seen, corpus.split("test")).verdict == "pass"
    row = met_before("blink", seen, corpus.split("train"))
    assert (row.probe, row.verdict) == ("training overlap: blink", "fail")
    assert row.found.startswith("'p0' of the test clips was in its training")


def test_collisions():
    def clip(name, digest=""):
        return Clip(clip_id=name, path=Path("x.mp4"), label=0, sha256=digest)

    assert names(leaks([clip("a"), clip("b")])) == set()
    assert failed(leaks([clip("Clip"), clip("clip")])) == ["id collisions: id 'clip' occurs 2 times"]
    assert failed(leaks([clip("a", "77"), clip("b", "77")])) == ["id collisions: a and b are the same file"]


def test_missing_scores():
    clips = [Clip(clip_id=f"{y}-{i}", path=Path("x.mp4"), label=y) for y in (0, 1) for i in range(50)]
    test = Corpus(clips, Path())

    def verdict(lacking):
        scores = {clip.clip_id: np.nan if clip.clip_id in lacking else 0.3 for clip in clips}
        return failed(missing_scores({"blink": ScoreTable(scores)}, test))

    assert verdict(set()) == verdict({"0-1", "1-2", "1-3"}) == []
    assert verdict({f"{y}-{i}" for y in (0, 1) for i in range(6)}) == [
        "missing scores: blink: 12 of 100 clips have no score"
    ]
    (uneven,) = verdict({f"1-{i}" for i in range(12)})
    assert "no score for 0 of 50 pristine and 12 of 50 forged clips" in uneven
