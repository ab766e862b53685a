"""Forging once more what needs the pristine frames, which a corpus keeps only compressed."""

import dataclasses

import pytest
from PIL import Image

from tellbench.datasets.audio import read_audio, write_wav
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.scene import Scene
from tellbench.datasets.studio.film import Take, scene_of, write_clip
from tellbench.datasets.video import picture_digest
from tellbench.generator.again import forge_again
from tellbench.generator.build import build
from tellbench.generator.controls import Controls
from tellbench.generator.plan import Plan
from tellbench.registry import GENERATORS

SCENE = Scene(
    scene_id="0000-0", identity_seed=11, seed=5, language="de", size=128, fps=10.0, n_frames=6, emotion="sad",
    intensity=0.4,
)  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """One pristine clip with its portrait and speech."""
    root = tmp_path_factory.mktemp("corpus")
    for folder in ("portraits", "speech", "clips"):
        (root / folder).mkdir()
    take = Take(SCENE)
    Image.fromarray(take.portrait()).save(root / "portraits" / "0000-0.png")
    write_wav(root / "speech" / f"{SCENE.speech_id}.wav", take.speech)
    write_clip(SCENE, root / "clips" / "0000-0-pristine.mp4")
    shared = (
        "language",
        "role",
        "emotion",
        "intensity",
        "style",
        "fps",
        "n_frames",
        "identity_id",
        "speech_id",
        "seed",
    )
    clip = Clip(
        clip_id="0000-0-pristine", path=root / "clips" / "0000-0-pristine.mp4", label=0, pair_id="0000-0", crf=23,
        width=128, height=128, **{name: getattr(SCENE, name) for name in shared},
    )  # fmt: skip
    return Corpus([clip], root)


def test_a_clip_tells_its_scene(corpus):
    assert scene_of(corpus.clips[0]) == SCENE


def test_pristine_frames_are_filmed_anew_for_who_needs_them(corpus, tmp_path):
    clips = {
        opacity: forge_again(
            corpus, "splice", Controls(dials={"opacity": opacity}), tmp_path, tag=f"opacity={opacity}"
        )[0]
        for opacity in (0, 1)
    }
    pristine = picture_digest(corpus.clips[0].path)
    assert picture_digest(clips[0].path) == pristine, "nothing was spliced into the very same frames"
    assert picture_digest(clips[1].path) != pristine
    assert clips[1].controls != clips[0].controls
    assert clips[1].donor_id == clips[0].donor_id not in ("", SCENE.identity_id)
    assert {clip.label for clip in clips.values()} == {1}


def test_every_generator_forges_the_same_clip_again(tmp_path):
    """Dose-response compares clips forged again with those of the corpus: at the usual dials nothing may differ."""
    scenes = tuple(
        dataclasses.replace(SCENE, scene_id=f"000{i}-0", identity_seed=11 + i, seed=5 + i, n_frames=3) for i in range(3)
    )
    made = build(Plan(scenes=scenes, generators=tuple(GENERATORS)), tmp_path / "corpus")
    pair = made.where(lambda clip: clip.pair_id == "0000-0")
    assert {clip.generator for clip in pair} == {"", *GENERATORS}
    for before in pair:
        if before.generator:
            (after,) = forge_again(pair, before.generator, Controls(), tmp_path / "again", tag="same")
            assert picture_digest(after.path) == picture_digest(before.path), before.generator
            assert (read_audio(after.path).samples == read_audio(before.path).samples).all(), before.generator
