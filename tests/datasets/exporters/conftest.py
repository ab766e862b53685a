"""A corpus small enough to export in a moment: three pairs, one in each split."""

import dataclasses

import numpy as np
import pytest

from tellbench.datasets.clip import FORGED, PRISTINE, SPLITS, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import sha256
from tellbench.datasets.video import VideoWriter

N_FRAMES = 10


def write_corpus(root, names=("a-1", "a-2", "a-3")) -> Corpus:
    """Pairs with these ids and `.f` for the forged twin; the frames of each clip are its own."""
    clips = []
    for name, split in zip(names, SPLITS, strict=True):
        for label in (PRISTINE, FORGED):
            rng = np.random.default_rng(len(clips))
            path = root / "clips" / f"{len(clips)}.mp4"
            with VideoWriter(path, 64, 48, 25, crf=10) as out:
                picture = np.kron(rng.integers(0, 255, (6, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
                out.write(np.repeat(picture[None], N_FRAMES, 0))
            clip = Clip(
                clip_id=name + ".f" * label,
                path=path,
                label=label,
                generator="meshwarp" * label,
                identity_id=name,
                split=split,
                width=64,
                height=48,
                fps=25,
                n_frames=N_FRAMES,
                duration_s=N_FRAMES / 25,
                codec="h264",
                crf=10,
            )
            clips.append(dataclasses.replace(clip, sha256=sha256(path)))
    corpus = Corpus(clips, root)
    corpus.write_manifest()
    return Corpus.open(root)


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory) -> Corpus:
    return write_corpus(tmp_path_factory.mktemp("export") / "small")


@pytest.fixture
def corpus_of():
    return write_corpus
