"""A whole corpus verifies; whatever is done to it is named."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from tellbench.datasets import provenance
from tellbench.datasets.card import write_card
from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import read_json, sha256, write_json
from tellbench.datasets.launder import launder, parse_recipe
from tellbench.datasets.verification import verify_corpus
from tellbench.datasets.video import VideoWriter
from tellbench.errors import InputError

CONTROLS = '{"gaze": [0.0, 0.0]}'


def make_corpus(root, frames, plan):
    """Two pairs, signed as `tellbench generate` signs them, and a portrait that both forged clips name."""
    clips = []
    (root / "portraits").mkdir(parents=True)
    (root / "portraits" / "p.png").write_bytes(b"a portrait")
    for i, label in enumerate((PRISTINE, FORGED, PRISTINE, FORGED)):
        clip = Clip(
            clip_id=f"{i // 2}-{'forged' if label else 'pristine'}",
            path=root / "clips" / f"{i}.mp4",
            label=label,
            generator="meshwarp" * label,
            generator_version="3" * label,
            controls=CONTROLS if label else "{}",
            seed=7 + i // 2,
            identity_id=f"p{i // 2}",
            split=("train", "test")[i // 2],
            width=64,
            height=48,
            fps=25,
            n_frames=len(frames),
            duration_s=len(frames) / 25,
        )
        with VideoWriter(clip.path, 64, 48, 25) as out:
            out.write(np.roll(frames, i, 1))
        facts = {name: getattr(clip, name) for name in ("generator", "generator_version", "controls", "seed")}
        if label:
            facts["sources"] = {"portraits/p.png": sha256(root / "portraits" / "p.png")}
        provenance.sign(clip.path, facts, source_type=(provenance.RENDER, provenance.FORGERY)[label])
        clips.append(dataclasses.replace(clip, sha256=sha256(clip.path)))
    corpus = Corpus(clips, root)
    corpus.write_manifest()
    write_card(corpus, plan)
    return root


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    picture = np.random.default_rng(0).integers(0, 255, (12, 48, 64, 3), dtype=np.uint8)
    return make_corpus(tmp_path_factory.mktemp("verify") / "c", picture, {"scenes": []})


@pytest.fixture
def root(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "c")


def problems(root):
    return verify_corpus(root).problems


def strip(path):
    """Turn the manifest's box into free space: the frames stay where they are."""
    data = bytearray(path.read_bytes())
    at = data.index(b"uuid")
    data[at : at + 4] = b"free"
    path.write_bytes(data)


def relist(root):
    """Make the hashes in the manifest and in corpus.json those of the files, as a careful forger would."""
    corpus = Corpus.open(root)
    Corpus((dataclasses.replace(c, sha256=sha256(c.path)) for c in corpus), root).write_manifest()
    record = read_json(root / "corpus.json")
    record["sha256"] = {name: sha256(root / name) for name in record["sha256"]}
    write_json(root / "corpus.json", record)


def test_a_whole_corpus_verifies(root):
    seen = []
    verdict = verify_corpus(root, on_clip=lambda: seen.append(1))
    assert verdict.problems == () and len(seen) == verdict.n_clips == 4 and verdict.n_unsigned == 0
    assert verdict.kinds == {provenance.RENDER: 2, provenance.FORGERY: 2}
    assert list(verdict.signers.values()) == [4]


def test_a_flipped_bit_in_any_file_is_named(root):
    for name in ("clips/1.mp4", "portraits/p.png", "README.md"):
        whole = (root / name).read_bytes()
        (root / name).write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
        found = problems(root)
        assert found and all(problem.startswith(f"{name}: ") for problem in found)
        (root / name).write_bytes(whole)
    assert problems(root) == ()


def test_a_missing_manifest_is_named_even_with_fitting_hashes(root):
    strip(root / "clips" / "2.mp4")
    relist(root)
    assert problems(root) == ("clips/2.mp4: carries no C2PA manifest",)


def test_a_corpus_from_before_clips_were_signed_is_one_line(root):
    for clip in Corpus.open(root):
        strip(clip.path)
    relist(root)
    (found,) = problems(root)
    assert found.startswith("4 clips carry no C2PA manifest, such as clips/0.mp4: the corpus was made before")


def test_a_corpus_of_another_form_is_refused_in_one_line(root):
    record = read_json(root / "corpus.json")
    write_json(root / "corpus.json", {**record, "schema": 0, "plan": {"tellbench": "0.0.1"}})
    with pytest.raises(InputError, match=r"has form 0, made by Tellbench 0\.0\.1; .* checks form 1: verify it with"):
        verify_corpus(root)


def test_swapped_clips_are_named_even_with_fitting_hashes(root):
    a, b = root / "clips" / "0.mp4", root / "clips" / "1.mp4"
    a.rename(root / "x")
    b.rename(a)
    (root / "x").rename(b)
    assert all("hash" in problem for problem in problems(root)[:1])
    relist(root)
    found = " ".join(problems(root))
    assert "clips/0.mp4: the manifest has label 0, its signature says made by a trained algorithm" in found
    assert "clips/1.mp4: the manifest has label 1, its signature says made by an algorithm without sampled" in found


def test_another_seed_generator_or_source_than_signed_is_named(root):
    clips = [dataclasses.replace(c, seed=9, generator="vasa" * c.label) for c in Corpus.open(root)]
    Corpus(clips, root).write_manifest()
    (root / "portraits" / "p.png").write_bytes(b"another portrait")
    relist(root)
    found = problems(root)
    assert "clips/1.mp4: generator is 'vasa' in the manifest and 'meshwarp' as signed" in found
    assert "clips/0.mp4: seed is 9 in the manifest and 7 as signed" in found
    assert "clips/3.mp4: signed as made from another portraits/p.png" in found


def test_an_imported_corpus_may_be_unsigned_but_not_broken(root):
    clips = [dataclasses.replace(clip, dataset="celebdf-v2") for clip in Corpus.open(root)]
    Corpus(clips, root).write_manifest()
    strip(root / "clips" / "0.mp4")
    relist(root)
    verdict = verify_corpus(root)
    assert verdict.problems == () and verdict.n_unsigned == 1
    data = bytearray((root / "clips" / "1.mp4").read_bytes())
    data[-9] ^= 1
    (root / "clips" / "1.mp4").write_bytes(data)
    relist(root)
    assert "does not hold" in problems(root)[0]


def test_a_laundered_corpus_verifies(root, tmp_path):
    launder(Corpus.open(root), parse_recipe("crf=35"), tmp_path / "laundered")
    verdict = verify_corpus(tmp_path / "laundered")
    assert verdict.problems == () and verdict.kinds == {provenance.RENDER: 2, provenance.FORGERY: 2}


def test_a_missing_file_is_named(root):
    (root / "portraits" / "p.png").unlink()
    assert problems(root) == ("portraits/p.png: listed in corpus.json, but missing",)


def test_names_in_the_record_stay_inside(root):
    record = json.loads((root / "corpus.json").read_text())
    record["sha256"]["../outside"] = "0"
    write_json(root / "corpus.json", record)
    with pytest.raises(InputError, match="leaves its folder"):
        verify_corpus(root)
