"""Each layout's tree goes in; counts, labels, splits, people come out. Each trap of a corpus is a test."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tellbench.datasets.importers.build import Wish, survey
from tellbench.datasets.importers.layout import load_layout, names, parse
from tellbench.datasets.rows import Stored
from tellbench.errors import InputError

from .trees import FF_LISTS, TREES, plant


def look(name, *roots, **wish):
    """Survey a tree: what was found, and its clips by path within the corpus."""
    only = {key: frozenset(values) for key, values in wish.pop("only", {}).items()}
    with survey(Wish(layout=load_layout(name), roots=roots, only=only, **wish)) as found:
        return found, {clip.path.as_posix(): clip for clip in Stored(found.staged, Path())}


def kinds(found):
    counts = Counter()
    for line in found.counts:
        counts[line.kind] += line.total
    return dict(counts)


def test_every_layout_has_a_tree():
    assert set(TREES) == set(names())


@pytest.mark.parametrize("name", TREES)
def test_layout(tmp_path, name):
    tree = TREES[name]
    found, clips = look(name, plant(tmp_path, tree.files))
    assert kinds(found) == tree.kinds
    for path, fields in tree.clips.items():
        clip = clips[f"media/{path}"]
        assert {field: getattr(clip, field) for field in fields} == fields, path
    assert dict(found.findings.counts) == dict(tree.findings)
    assert len({clip.clip_id for clip in clips.values()}) == len(clips)


@pytest.mark.parametrize("name", names())
def test_the_example_of_a_layout_fits_one_of_its_rules(name):
    layout = load_layout(name)
    known = [rule.match.fullmatch(layout.example) for rule in layout.rules]
    assert any(known) or any(layout.example.endswith(spec.files[0].rpartition("/")[2]) for spec in layout.lists)


def test_counts_stand_beside_the_published_ones(tmp_path):
    found, _ = look("faceforensics", plant(tmp_path, TREES["faceforensics"].files))
    assert "faceforensics c23 Deepfakes: 6 found, 1000 published (-994)" in found.differences
    assert "faceforensics c40 pristine test: 2 found, 140 published (-138)" in found.differences
    assert "dfd c0 DeepFakeDetection: 1 found, 3068 published (-3067)" in found.differences
    few, _ = look("faceforensics", tmp_path, only={"variant": ["c23"], "generator": ["FaceSwap"]})
    assert kinds(few) == {"pristine": 6, "FaceSwap": 6}
    assert not [line for line in few.differences if "Deepfakes" in line]


def test_a_missing_method_is_told(tmp_path):
    found, _ = look("celebdf-pp", plant(tmp_path, TREES["celebdf-pp"].files))
    assert "celebdf-pp methods: 3 found, 22 published (-19)" in found.differences
    assert "celebdf-pp EDTalk test: 0 found, 300 published (-300)" in found.differences


def test_both_ids_of_a_pair_decide_the_split(tmp_path):
    odd = "manipulated_sequences/Deepfakes/c23/videos/000_020.mp4"  # target of train, donor of test
    new = "manipulated_sequences/Deepfakes/c23/videos/000_999.mp4"  # donor in no list
    found, clips = look("faceforensics", plant(tmp_path, {**TREES["faceforensics"].files, odd: "", new: ""}))
    assert clips[f"media/{odd}"].split == clips[f"media/{new}"].split == ""
    assert found.findings.of("people of different splits") == (odd,)
    assert found.findings.of("not in list pairs") == (new,)
    assert found.findings.counts["clips in no split"] == 2
    assert found.shared == ()


def test_same_name_under_four_methods_makes_four_clips(tmp_path):
    _, clips = look("faceforensics", plant(tmp_path, TREES["faceforensics"].files))
    same = [clip.clip_id for path, clip in clips.items() if path.endswith("c23/videos/000_003.mp4")]
    assert len(set(same)) == 5


def test_lists_may_lie_elsewhere(tmp_path):
    files = {path: text for path, text in TREES["faceforensics"].files.items() if not path.startswith("splits/")}
    plant(tmp_path / "root", files)
    with pytest.raises(InputError, match=r"list splits/.* is missing.*--lists.*--splits disjoint"):
        look("faceforensics", tmp_path / "root")
    lists = plant(tmp_path / "lists", {path.removeprefix("splits/"): text for path, text in FF_LISTS.items()})
    assert look("faceforensics", tmp_path / "root", lists=lists)[0].wish.mode == "published"
    dealt, _ = look("faceforensics", tmp_path / "root", splits="disjoint")
    assert dealt.shared == ()
    assert set(dealt.split) == {0, 1, 2}


def test_one_of_three_lists_missing(tmp_path):
    plant(tmp_path, TREES["faceforensics"].files)
    (tmp_path / "splits" / "val.json").unlink()
    with pytest.raises(InputError, match="is missing"):
        look("faceforensics", tmp_path)


def test_celeb_list_that_contradicts_the_folder(tmp_path):
    plant(tmp_path, TREES["celebdf-v2"].files)
    (tmp_path / "List_of_testing_videos.txt").write_text("0 YouTube-real/00170.mp4\nnonsense\n")
    found, clips = look("celebdf-v2", tmp_path)
    assert clips["media/YouTube-real/00170.mp4"].label == 0
    assert found.findings.counts["list contradicts folder (the folder holds)"] == 1
    assert found.findings.counts["line not understood"] == 1


def test_backslashes_in_a_list(tmp_path):
    plant(tmp_path, TREES["celebdf-v2"].files)
    (tmp_path / "List_of_testing_videos.txt").write_text("1 YouTube-real\\00170.mp4\r\n")
    assert look("celebdf-v2", tmp_path)[1]["media/YouTube-real/00170.mp4"].split == "test"


@pytest.mark.parametrize("name", ["../secret.mp4", "/etc/passwd", "C:\\x.mp4", "Celeb-real/../../x.mp4"])
def test_path_traversal_in_a_list(tmp_path, name):
    plant(tmp_path, TREES["celebdf-v2"].files)
    (tmp_path / "List_of_testing_videos.txt").write_text(f"1 {name}\n")
    with pytest.raises(InputError, match=r"List_of_testing_videos\.txt: name .* leaves the corpus folder"):
        look("celebdf-v2", tmp_path)


def test_listed_clip_that_is_absent(tmp_path):
    plant(tmp_path, TREES["celebdf-v2"].files)
    (tmp_path / "YouTube-real" / "00170.mp4").unlink()
    found, _ = look("celebdf-v2", tmp_path)
    assert found.findings.of("listed, but no such file") == ("youtube-real/00170.mp4 (list test)",)


def test_pristine_class_of_deeperforensics_comes_from_a_second_root(tmp_path):
    files = TREES["deeperforensics"].files
    own = plant(tmp_path / "own", {k: v for k, v in files.items() if not k.startswith("original_sequences")})
    plant(tmp_path / "ff", {k: v for k, v in files.items() if k.startswith("original_sequences")})
    alone, _ = look("deeperforensics", own)
    assert "deeperforensics pristine: 0 found, 1000 published (-1000)" in alone.differences
    _, clips = look("deeperforensics", own, tmp_path / "ff")
    assert clips["media2/original_sequences/youtube/c23/videos/002.mp4"].label == 0


def test_fakeavceleb_is_split_by_source(tmp_path):
    found, clips = look("fakeavceleb", plant(tmp_path, TREES["fakeavceleb"].files))
    homes = {}
    for clip, split in zip(clips.values(), found.split, strict=True):
        homes.setdefault(clip.identity_id, set()).add(split)
    assert all(len(splits) == 1 for splits in homes.values())
    assert found.shared == ("person",)
    assert "faceswap' and 'fsgan'" in found.findings.of("listed twice, differently (the first holds)")[0]


def test_dealt_splits_that_cannot_be(tmp_path):
    plant(tmp_path, {"real/0000.mp4": "", "fake/0000_fake.mp4": ""})
    with pytest.raises(InputError, match="at least 3 are needed; ask for --splits test"):
        look("uadfv", tmp_path)
    assert set(look("uadfv", tmp_path, splits="test")[0].split) == {2}


def test_wrong_root_names_the_right_one(tmp_path):
    plant(tmp_path / "FaceForensics++", TREES["faceforensics"].files)
    lists = tmp_path / "FaceForensics++" / "splits"
    with pytest.raises(InputError, match=r"no clip of .* here, but there is in .*FaceForensics\+\+;"):
        look("faceforensics", tmp_path, lists=lists)
    with pytest.raises(InputError, match=r"no clip of .* here, but there is in .*FaceForensics\+\+; give that folder"):
        look("faceforensics", tmp_path)  # though the lists are missing there, too
    with pytest.raises(InputError, match=r"no clip of UADFV; a file such as fake/0000_fake\.mp4 is needed there"):
        look("uadfv", tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        look("uadfv", tmp_path / "absent")


def test_two_files_of_one_name_are_both_kept(tmp_path):
    found, clips = look("folders", plant(tmp_path, {"a/0_real/x.png": "", "a/0_real/x.jpg": "", "a/1_fake/y.png": ""}))
    assert {clip.clip_id for clip in clips.values()} == {"a-0_real-x", "a-0_real-x~2", "a-1_fake-y"}
    assert found.findings.counts["same name twice (both are kept)"] == 1


def test_no_metadata_at_all(tmp_path):
    with pytest.raises(InputError, match="no clip has a label; is the list"):
        look("avdeepfake1m", plant(tmp_path, {"train/id1/a/1/x.mp4": ""}))


def test_broken_lists(tmp_path):
    plant(tmp_path, {"train/id1/a/1/x.mp4": "", "train_metadata.json": json.dumps([{"file": "x"}])[:-1]})
    with pytest.raises(InputError, match=r"train_metadata\.json: JSON array is cut short"):
        look("avdeepfake1m", tmp_path)
    plant(tmp_path / "ff", {**TREES["faceforensics"].files, "splits/val.json": '["010"]'})
    with pytest.raises(InputError, match=r"val\.json: .* is no pair"):
        look("faceforensics", tmp_path / "ff")


def test_linked_folders_are_walked_once(tmp_path):
    plant(tmp_path / "a", {"real/0.mp4": "", "real/1.mp4": "", "real/2.mp4": ""})
    (tmp_path / "a" / "real" / "loop").symlink_to(tmp_path / "a")
    assert kinds(look("uadfv", tmp_path / "a")[0]) == {"pristine": 3}


def test_unknown_names():
    with pytest.raises(InputError, match="unknown layout 'celebdf'; did you mean celebdf-"):
        load_layout("celebdf")


@pytest.mark.parametrize(
    ("text", "message"),
    [("title: x", "'home'"), ("title: [", "while parsing"), ("{}", "'title'")],
)
def test_broken_layouts(text, message):
    with pytest.raises(InputError, match=re.escape(message)):
        parse("mine", text)


def test_a_layout_may_name_only_fields_of_a_clip():
    text = "{title: x, home: x, example: x, splits: test, rules: [{match: x, label: 0, person: x}]}"
    with pytest.raises(InputError, match="'person' is no field of a clip"):
        parse("mine", text)
