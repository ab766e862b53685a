"""Corpus building on a stand-in studio: pairing, resuming, refusing, and equal treatment of both classes."""

import dataclasses
import errno
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tellbench.datasets import provenance
from tellbench.datasets.audio import RATE, Audio, read_audio
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import read_json, sha256, write_json
from tellbench.datasets.layers import DEPTH_STEP, read_layer
from tellbench.datasets.scene import plan_scenes
from tellbench.datasets.verification import verify_corpus
from tellbench.datasets.video import iter_frames, picture_digest, probe
from tellbench.detectors.probes import background_facts, container_facts
from tellbench.errors import InputError
from tellbench.eval.audits import audit
from tellbench.generator import build as building
from tellbench.generator.again import sources
from tellbench.generator.base import RefusalError, Request
from tellbench.generator.build import build
from tellbench.generator.controls import Controls
from tellbench.generator.outside import Outside, pair_up, require_rights
from tellbench.generator.plan import Plan, fingerprint


class StandInTake:
    """Coloured squares that move, and a hum."""

    made = 0

    def __init__(self, scene, device="cpu"):
        type(self).made += 1
        self.scene = scene
        self.identity = SimpleNamespace(sex="female", age_band="18-29", skin_tone="II")
        self._rng = np.random.default_rng(scene.seed)
        self._base = self._rng.integers(40, 200, (scene.size, scene.size, 3), dtype=np.uint8)

    @property
    def speech(self):
        t = np.arange(round(self.scene.duration * RATE)) / RATE
        return Audio((0.2 * np.sin(2 * np.pi * 150 * t)).astype(np.float32))

    def portrait(self):
        return self._base

    def shots(self):
        for start in range(0, self.scene.n_frames, 8):
            stop = min(start + 8, self.scene.n_frames)
            frames = np.stack([np.roll(self._base, k, 1) for k in range(start, stop)])
            shot = SimpleNamespace(frames=frames, mask=frames[..., 0] % 9, depth=frames[..., 1] * np.float32(5.1))
            yield shot, pd.DataFrame({"k": range(start, stop)})


@pytest.fixture
def studio(monkeypatch):
    StandInTake.made = 0
    monkeypatch.setattr(building, "Take", StandInTake)
    return StandInTake


@pytest.fixture
def plan():
    return Plan(scenes=plan_scenes(4, seconds=1.0, size=64, seed=3), generators=("null",), seed=3)


def test_pairs_share_everything_but_the_class(studio, plan, tmp_path):
    corpus = build(plan, tmp_path / "c")
    assert len(corpus) == 8
    for pristine in corpus.where(lambda c: c.label == 0):
        forged = corpus[pristine.clip_id.replace("pristine", "null")]
        for field in (
            "pair_id",
            "identity_id",
            "speech_id",
            "width",
            "height",
            "fps",
            "n_frames",
            "codec",
            "crf",
            "split",
        ):
            assert getattr(pristine, field) == getattr(forged, field), field
        assert probe(pristine.path) == probe(forged.path)


def test_clips_are_made_from_the_speech_that_is_kept(studio, plan, tmp_path, monkeypatch):
    """To the last bit: clips forged again read the file, and a detector must not hear which is which."""
    heard = []
    make = building.Request
    monkeypatch.setattr(building, "Request", lambda **asked: heard.append(asked["speech"]) or make(**asked))
    corpus = build(plan, tmp_path / "c")
    for clip, speech in zip((clip for clip in corpus if clip.label == 1), heard, strict=True):
        kept = read_audio(sources(clip, corpus.root)[1])
        np.testing.assert_array_equal(speech.samples, kept.samples)


def test_null_clips_decode_to_the_pristine_frames(studio, plan, tmp_path):
    corpus = build(plan, tmp_path / "c")
    for pristine in corpus.where(lambda c: c.label == 0):
        forged = corpus[pristine.clip_id.replace("pristine", "null")]
        for a, b in zip(iter_frames(pristine.path), iter_frames(forged.path), strict=True):
            assert np.array_equal(a, b)


def test_every_clip_is_signed_as_what_it_is(studio, plan, tmp_path):
    corpus = build(plan, tmp_path / "c")
    for clip in corpus:
        found = provenance.examine(clip.path)
        assert found.source_type == (provenance.FORGERY if clip.label else provenance.RENDER)
        assert found.title == clip.path.name
        assert found.facts["seed"] == clip.seed and "virtual human" in found.facts["portrait_rights"]
        assert found.facts.get("generator", "") == clip.generator
        assert found.facts.get("controls", "{}") == clip.controls
        for name, digest in found.facts["sources"].items():
            assert sha256(corpus.root / name) == digest
    assert verify_corpus(corpus.root).problems == ()


def test_signing_leaves_coded_pictures_and_sound_as_they_are(studio, plan, tmp_path, monkeypatch):
    signed = build(plan, tmp_path / "signed")
    monkeypatch.setattr(provenance, "sign", lambda *_facts, **_more: None)
    for clip in build(plan, tmp_path / "unsigned"):
        ours = signed[clip.clip_id].path
        assert picture_digest(ours) == picture_digest(clip.path)
        assert np.array_equal(read_audio(ours).samples, read_audio(clip.path).samples)
        assert container_facts(signed[clip.clip_id]) == container_facts(clip)
    asked = [row.auc for row in audit(signed, n_boot=200) if row.auc is not None]
    assert asked and set(asked) == {0.5}


def test_an_unusable_certificate_is_refused_before_anything_is_made(studio, plan, tmp_path, monkeypatch):
    monkeypatch.setenv("TELLBENCH_SIGN_CERT", str(tmp_path / "no.pem"))
    monkeypatch.setenv("TELLBENCH_SIGN_KEY", str(tmp_path / "no.pem"))
    with pytest.raises(InputError, match="cannot be read"):
        build(plan, tmp_path / "c")
    assert not (tmp_path / "c").exists() and studio.made == 0


def test_finished_corpus_is_complete_and_checked(studio, plan, tmp_path):
    root = build(plan, tmp_path / "c").root
    record = read_json(root / "corpus.json")
    for name, digest in record["sha256"].items():
        assert sha256(root / name) == digest
    assert {p.name for p in root.iterdir()} == {
        *(
            "clips",
            "tracks",
            "portraits",
            "speech",
            "metadata.parquet",
            "splits.json",
            "README.md",
            "corpus.json",
            "plan.json",
        )
    }
    assert Corpus.open(root).generators == ("null",)


def test_interrupted_build_resumes_with_the_same_labels(studio, plan, tmp_path):
    whole = build(plan, tmp_path / "whole")

    def stop_after_three(clip_id, done=[]):  # noqa: B006  (the count of this one run)
        done.append(clip_id)
        if len(done) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(plan, tmp_path / "cut", on_clip=stop_after_three)
    assert not (tmp_path / "cut" / "corpus.json").exists()
    assert not list((tmp_path / "cut").rglob("*.part*"))
    studio.made = 0
    again = build(plan, tmp_path / "cut")
    assert studio.made < len(plan.scenes)
    key = [(c.clip_id, c.label, c.split, c.seed) for c in whole]
    assert [(c.clip_id, c.label, c.split, c.seed) for c in again] == key


def test_complete_corpus_is_not_made_again(studio, plan, tmp_path):
    build(plan, tmp_path / "c")
    studio.made = 0
    seen = []
    build(plan, tmp_path / "c", on_clip=seen.append)
    assert studio.made == 0
    assert seen == plan.clip_ids


def test_another_corpus_in_the_folder_is_refused_and_kept(studio, plan, tmp_path):
    build(plan, tmp_path / "c")
    before = sha256(tmp_path / "c" / "corpus.json")
    with pytest.raises(InputError, match=r"holds another corpus \(its plan.json differs in seed: other options"):
        build(dataclasses.replace(plan, seed=4), tmp_path / "c")
    assert sha256(tmp_path / "c" / "corpus.json") == before


def test_a_corpus_begun_by_another_version_does_not_go_on_and_says_why(studio, plan, tmp_path):
    begun = {**fingerprint(plan), "tellbench": "0.0.1"}
    write_json(tmp_path / "c" / "plan.json", begun)
    with pytest.raises(InputError, match=r"begun with Tellbench 0\.0\.1, this is .*; only what began it goes on"):
        build(plan, tmp_path / "c")
    write_json(tmp_path / "c" / "plan.json", {key: value for key, value in fingerprint(plan).items() if key != "crf"})
    with pytest.raises(InputError, match=r"differs in crf: other options, or a version that plans otherwise"):
        build(plan, tmp_path / "c")


def test_portraits_without_rights_are_refused(tmp_path):
    with pytest.raises(InputError, match="--rights"):
        Outside(tmp_path / "a.png", tmp_path / "a.wav", "  ")
    require_rights(tmp_path / "a.png", "public domain")


def test_every_portrait_gets_a_recording_in_turn(tmp_path):
    for name in ("a.png", "b.jpg", "c.png", "notes.txt", "x.wav", "y.flac"):
        (tmp_path / name).touch()
    pairs = pair_up(tmp_path, tmp_path, "mine")
    assert [(p.portrait.name, p.speech.name) for p in pairs] == [
        ("a.png", "x.wav"),
        ("b.jpg", "y.flac"),
        ("c.png", "x.wav"),
    ]


def test_folder_without_images_is_named(tmp_path):
    with pytest.raises(InputError, match="holds no image"):
        pair_up(tmp_path, tmp_path, "mine")


def test_refused_portrait_is_written_down_and_the_rest_goes_on(studio, plan, tmp_path, monkeypatch):
    def request_or_refuse(outside, size, fps, _max_frames, controls, seed):
        if outside.portrait.stem == "bad":
            raise RefusalError(f"{outside.portrait}: no face found")
        take = StandInTake(plan.scenes[0])
        return Request(portrait=take.portrait(), speech=take.speech, fps=fps, n_frames=25, controls=controls, seed=seed)

    monkeypatch.setattr(building, "outside_request", request_or_refuse)
    monkeypatch.setattr(Plan, "forging_outside", property(lambda _self: ("test-card",)))
    monkeypatch.setattr(building.GENERATORS, "create_with", lambda _name, device: _TestCard())
    for name in ("bad.png", "good.png", "v.wav"):
        (tmp_path / name).write_bytes(name.encode())
    outside = tuple(Outside(tmp_path / f"{n}.png", tmp_path / "v.wav", "mine") for n in ("bad", "good"))
    corpus = build(dataclasses.replace(plan, generators=(), outside=outside), tmp_path / "c")
    assert [c.clip_id for c in corpus if not c.pair_id] == ["good--v-test-card"]
    assert corpus["good--v-test-card"].split == "test"
    assert read_json(tmp_path / "c" / "refused.json") == {"bad--v": "bad.png: no face found"}
    facts = provenance.read(corpus["good--v-test-card"].path)
    assert facts["portrait_rights"] == "mine"
    assert facts["sources"]["good.png"] == sha256(tmp_path / "good.png")
    assert set(facts["sources"]) == {"good.png", "v.wav", "portraits/good--v.png", "speech/good--v.wav"}


class _TestCard:
    """A generator that repeats the portrait."""

    name, version, needs_pristine, honours = "test-card", "1", False, frozenset()

    def check(self, request):
        pass

    def donor_id(self, request):
        return ""

    def animate(self, request):
        from tellbench.generator.base import Chunk

        frames = np.repeat(request.portrait[None], request.n_frames, 0)
        yield Chunk(frames, pd.DataFrame({"frame": range(request.n_frames)}))


def test_a_picture_of_the_portrait_is_filmed_by_the_camera_of_the_pristine_twin(tmp_path, monkeypatch):
    monkeypatch.setattr(building.GENERATORS, "load", lambda _name: _TestCard)
    monkeypatch.setattr(building.GENERATORS, "create_with", lambda _name, device: _TestCard())
    scenes = plan_scenes(3, seconds=1.0, size=96, seed=3)
    # All but lossless: grain of half a grey level lies within the steps of coarser quantisers, which drop it by chance.
    corpus = build(Plan(scenes=scenes, generators=("test-card",), crf=1), tmp_path / "c")
    for pristine in corpus.where(lambda clip: clip.label == 0):
        forged = corpus[f"{pristine.pair_id}-test-card"]
        seen, made = (background_facts(clip)[-1] for clip in (pristine, forged))
        assert made == pytest.approx(seen, rel=0.25), "the corner of a still picture changes as the room's does"
        assert seen > 0.1


def test_generator_that_makes_too_few_frames_is_caught(tmp_path, voice):
    from tellbench.generator.forge import forge

    request = Request(portrait=np.zeros((64, 64, 3), np.uint8), speech=voice, n_frames=5)
    short = dataclasses.replace(request, n_frames=4)
    card = _TestCard()
    card.animate = lambda _request: _TestCard.animate(card, short)
    with pytest.raises(RuntimeError, match="made 4 frames, 5 were asked for"):
        forge(card, request, tmp_path / "a.mp4", rights="x")
    assert list(tmp_path.iterdir()) == []


def test_scene_that_a_generator_refuses_is_dropped_with_both_its_clips(studio, plan, tmp_path, monkeypatch):
    class Picky(_TestCard):
        def animate(self, request):
            if request.seed == plan.scenes[1].seed:
                raise RefusalError("cannot trust this face")
            yield from super().animate(request)

    monkeypatch.setattr(building.GENERATORS, "load", lambda _name: Picky)
    monkeypatch.setattr(building.GENERATORS, "create_with", lambda _name, device: Picky())
    seen = []
    corpus = build(dataclasses.replace(plan, generators=("picky",)), tmp_path / "c", on_clip=seen.append)
    assert {clip.pair_id for clip in corpus} == {scene.scene_id for i, scene in enumerate(plan.scenes) if i != 1}
    assert len(corpus) == len(list((tmp_path / "c" / "clips").iterdir())) == 6
    assert len(seen) == 8
    assert not list((tmp_path / "c").glob(".build*"))
    assert "cannot trust this face" in read_json(tmp_path / "c" / "refused.json")[plan.scenes[1].scene_id]


def test_refused_scene_is_not_shot_again_on_resume(studio, plan, tmp_path, monkeypatch):
    class Picky(_TestCard):
        def animate(self, request):
            raise RefusalError("cannot trust this face")

    monkeypatch.setattr(building.GENERATORS, "load", lambda _name: Picky)
    monkeypatch.setattr(building.GENERATORS, "create_with", lambda _name, device: Picky())
    plan = dataclasses.replace(plan, generators=("picky",))
    list(building._job(plan, 0, tmp_path, "cpu"))
    assert list(building._job(plan, 0, tmp_path, "cpu")) == plan.ids_of(plan.scenes[0])
    assert studio.made == 1


def test_full_disk_is_no_refusal(studio, plan, tmp_path, monkeypatch):
    def full(*_args, **_more):
        raise InputError("cannot write clips: No space left on device")

    monkeypatch.setattr(building, "forge", full)
    with pytest.raises(InputError, match="No space left"):
        build(plan, tmp_path / "c")
    assert not (tmp_path / "c" / "corpus.json").exists()


def test_the_studio_alone_makes_pristine_clips_with_masks_and_no_spool(studio, plan, tmp_path):
    corpus = build(dataclasses.replace(plan, generators=(), masks=True), tmp_path / "c")
    assert len(corpus) == 4 and {clip.label for clip in corpus} == {0} and corpus.generators == ()
    assert {clip.split for clip in corpus} == {"train", "val", "test"}
    clip = corpus.clips[0]
    take = StandInTake(plan.scenes[0])
    shots = [shot for shot, _ in take.shots()]
    mask = np.concatenate([shot.mask for shot in shots])
    depth = np.concatenate([shot.depth for shot in shots])
    assert np.array_equal(read_layer(clip.mask_path, [0, 7, 24]), mask[[0, 7, 24]])
    np.testing.assert_allclose(read_layer(clip.depth_path, [13])[0] * DEPTH_STEP, depth[13], atol=DEPTH_STEP)


def test_attributes_of_the_scene_reach_both_clips_of_a_pair(studio, tmp_path):
    scenes = plan_scenes(3, seconds=1.0, size=64, emotions=("happy",), styles=("drawn",), fps=30)
    corpus = build(Plan(scenes=scenes, generators=("null",)), tmp_path / "c")
    assert {(c.emotion, c.style, c.role, c.fps) for c in corpus} == {("happy", "drawn", "talking", 30.0)}
    assert all(0.3 <= clip.intensity <= 0.9 for clip in Corpus.open(tmp_path / "c"))


def test_a_listener_is_not_forged():
    with pytest.raises(InputError, match="listens"):
        Plan(scenes=plan_scenes(3, roles=("listening",)), generators=("meshwarp",))


_BUILD = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_build import StandInTake, killed_plan
from tellbench.generator import build as building
building.Take = StandInTake
building.build(killed_plan(), Path({out!r}), on_clip=lambda clip_id: print(clip_id, flush=True))
"""


def killed_plan():
    return Plan(scenes=plan_scenes(5, seconds=1.0, size=64, seed=3), masks=True, seed=3)


def test_a_killed_build_loses_nothing(studio, tmp_path):
    whole = build(killed_plan(), tmp_path / "whole")
    code = _BUILD.format(tests=str(Path(__file__).parent), out=str(tmp_path / "cut"))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as run:
        first = run.stdout.readline().strip()
        run.send_signal(signal.SIGKILL)
    assert first == "0000-0-pristine" and not (tmp_path / "cut" / "corpus.json").exists()
    (tmp_path / "cut" / "clips" / ".0001-0-pristine.part.mp4").write_bytes(b"half")
    studio.made = 0
    build(killed_plan(), tmp_path / "cut")
    assert studio.made < 5, "what was done is kept"
    ours, theirs = (read_json(root / "corpus.json")["sha256"] for root in (tmp_path / "cut", whole.root))
    signed = {name for name in theirs if name.startswith("clips/")} | {"metadata.parquet"}  # which holds their hashes
    assert {**ours, **dict.fromkeys(signed)} == {**theirs, **dict.fromkeys(signed)}, "every other file, to the byte"
    again = Corpus.open(tmp_path / "cut")
    for clip in whole:
        assert dataclasses.replace(again[clip.clip_id], path=clip.path, sha256=clip.sha256) == clip
        assert picture_digest(again[clip.clip_id].path) == picture_digest(clip.path)


def test_a_refused_scene_leaves_no_file(studio, plan, tmp_path, monkeypatch):
    class Picky(_TestCard):
        def animate(self, request):
            if request.seed == plan.scenes[1].seed:
                raise RefusalError("cannot trust this face")
            yield from super().animate(request)

    monkeypatch.setattr(building.GENERATORS, "load", lambda _name: Picky)
    monkeypatch.setattr(building.GENERATORS, "create_with", lambda _name, device: Picky())
    root = build(dataclasses.replace(plan, generators=("picky",)), tmp_path / "c").root
    names = [path.name for path in root.rglob("*")]
    assert not any(name.startswith((plan.scenes[1].scene_id, plan.scenes[1].speech_id)) for name in names)


def test_a_disk_that_fills_up_gives_one_line(studio, plan, tmp_path, monkeypatch):
    def full(self):
        raise OSError(errno.ENOSPC, "No space left on device")
        yield

    monkeypatch.setattr(StandInTake, "shots", full)
    with pytest.raises(InputError, match="No space left"):
        build(dataclasses.replace(plan, generators=()), tmp_path / "c")
    assert not list((tmp_path / "c").rglob("*.mp4"))


@pytest.mark.parametrize(("generator", "emotion"), [("vasa", {"sad": 0.7}), ("meshwarp", {}), ("null", {})])
def test_a_twin_is_asked_for_the_emotion_of_its_scene_where_it_can_show_one(generator, emotion):
    assert building.asked_of(generator, Controls(), "sad", 0.7).emotion == emotion
    assert building.asked_of(generator, Controls(), "neutral", 0.7).emotion == {}
