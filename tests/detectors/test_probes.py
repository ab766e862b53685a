import numpy as np
import pytest

from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.video import VideoWriter
from tellbench.detectors.probes import background_facts, change, first_frame_facts, look
from tellbench.registry import DETECTORS


def film(path, frames, audio=None) -> Clip:
    with VideoWriter(path, frames.shape[2], frames.shape[1], 25.0, audio, crf=8) as video:
        video.write(frames.astype(np.uint8))
    return Clip(clip_id=path.stem, path=path, label=PRISTINE)


def test_the_first_frame_alone_is_seen(tmp_path):
    frames = np.full((12, 64, 64, 3), 90.0)
    plain = film(tmp_path / "plain.mp4", frames)
    frames[4:] = 200
    later = film(tmp_path / "later.mp4", frames)
    np.testing.assert_allclose(first_frame_facts(plain), first_frame_facts(later), atol=2)
    frames[:1] = 30
    assert first_frame_facts(film(tmp_path / "first.mp4", frames))[0] == pytest.approx(30, abs=3)


def test_the_background_is_what_lies_in_the_upper_corners(tmp_path):
    frames = np.full((12, 64, 64, 3), 90.0)
    frames[:, 16:, 16:48] = np.arange(12)[:, None, None, None] * 20
    facts = background_facts(film(tmp_path / "face.mp4", frames))
    np.testing.assert_allclose(facts[:3], 90, atol=4)
    assert facts[-1] < 1
    frames[:, :10] += np.arange(12)[:, None, None, None] * 5
    assert background_facts(film(tmp_path / "sky.mp4", frames))[-1] > 4


def test_look_and_change_of_known_pictures():
    board = (np.indices((8, 8)).sum(0) % 2 * 100)[None, ..., None].repeat(3, -1).astype(np.uint8)
    assert look(board) == pytest.approx([50, 50, 50, 50, 100, 100])
    assert change(np.concatenate([board, 100 - board])) == pytest.approx(100)
    assert change(board) == 0


@pytest.mark.parametrize("name", ["metadata-only", "silence-only"])
def test_a_planted_shortcut_is_found(tmp_path, name):
    rng = np.random.default_rng(0)

    def clip(split: str, label: int, i: int) -> Clip:
        length = 12 + label  # a frame more, and it starts in silence
        sound = rng.normal(0, 0.1, round(length / 25 * RATE)).astype(np.float32)
        sound[: RATE // 5 * label] = 0
        one = film(tmp_path / f"{split}{label}{i}.mp4", np.full((length, 32, 32, 3), 90), Audio(sound))
        return Clip(clip_id=one.clip_id, path=one.path, label=label, split=split, identity_id=split)

    clips = [clip(split, label, i) for split in ("train", "val", "test") for label in (0, 1) for i in range(3)]
    corpus = Corpus(clips, tmp_path)
    scores = DETECTORS.create(name).fit(corpus.split("train"), corpus.split("val")).score(corpus.split("test")).series
    forged = [scores[c.clip_id] for c in corpus.split("test") if c.label == FORGED]
    assert min(forged) > max(scores[c.clip_id] for c in corpus.split("test") if c.label == PRISTINE)
