"""Traps that published corpora set, one test each where the tree of a layout (`trees`) does not spring it already.

What the trees hold: 1 = real in Celeb-DF's list, folders with and without `videos/`, `Youtube-real`; a header that ends
in a comma and files listed twice (FakeAVCeleb); both spellings of `both_modified`, a JSON beside each clip
(AV-Deepfake1M); masks, `raw` = c0, DFD all test (FaceForensics++); pristine = targets, at c23 alone (DeeperForensics);
method names unlike folders (DF40); names with and without `.mp4` (HDTF); neutral at level 1 alone (MEAD, RAVDESS);
stray blanks in a header (VoxCeleb2).
"""

import json

import pytest

from tellbench.datasets.importers.layout import load_layout, names
from tellbench.errors import InputError

from .test_layouts import kinds, look
from .trees import FF_LISTS, TREES, plant

NEEDED = {name: [spec for spec in load_layout(name).lists if spec.needed != "never"] for name in names()}


@pytest.mark.parametrize("name", [name for name, lists in NEEDED.items() if lists])
def test_every_list_that_is_needed_is_named_where_it_is_missing(tmp_path, name):
    (spec,) = NEEDED[name]
    endings = [file.rpartition("/")[2].rpartition("}")[2] for file in spec.files]
    files = {path: text for path, text in TREES[name].files.items() if not text or not path.endswith(tuple(endings))}
    assert len(files) < len(TREES[name].files)
    before = sorted(plant(tmp_path, files).rglob("*"))
    with pytest.raises(InputError, match=r"list .* is missing; it comes from http.* put it there, or name its folder"):
        look(name, tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


LISTED = {
    "celebdf-v2": ("List_of_testing_videos.txt", "1 {}\n"),
    "dfdc-preview": ("dataset.json", '{{"{}": {{"label": "real", "set": "train"}}}}'),
    "avdeepfake1m": ("train_metadata.json", '[{{"file": "{}", "modify_type": "real"}}]'),
    "fakeavceleb": ("meta_data.csv", "source,\nid1,-,-,real,A,x,y,men,{},FakeAVCeleb/x\n"),
    "faceforensics": ("splits/train.json", '[["{}", "003"]]'),
    "deeperforensics": ("lists/splits/train.txt", "{}_W101.mp4\n"),
}
"""A list of each format, and where in it a name stands."""


@pytest.mark.parametrize("name", [name for name in LISTED if name != "deeperforensics"])
def test_names_in_a_list_of_any_format_stay_inside(tmp_path, name):
    path, text = LISTED[name]
    plant(tmp_path, {**TREES[name].files, path: text.format("../../secret.mp4")})
    with pytest.raises(InputError, match=r"name '.*\.\./\.\./secret\.mp4' leaves the corpus folder"):
        look(name, tmp_path)


def test_a_line_that_is_no_name_of_a_forged_clip_is_told(tmp_path):
    path, text = LISTED["deeperforensics"]
    plant(tmp_path, {**TREES["deeperforensics"].files, path: text.format("../000") + text.format("../../x")})
    found, clips = look("deeperforensics", tmp_path)
    assert found.findings.counts["line not understood"] == 1
    assert clips["media/manipulated_videos/end_to_end/000_W101.mp4"].split == "train"  # the folder is not looked at


@pytest.mark.parametrize(
    ("name", "listed", "there"),
    [
        ("dfdc-preview", r"original_videos\\12\\c.mp4", "original_videos/12/c.mp4"),
        ("avdeepfake1m", r"id00012\\abc\\00001\\real.mp4", "train/id00012/abc/00001/real.mp4"),
    ],
)
def test_backslashes_in_json(tmp_path, name, listed, there):
    path, text = LISTED[name]
    plant(tmp_path, {**TREES[name].files, path: text.format(listed)})
    found, clips = look(name, tmp_path)
    assert (clips[f"media/{there}"].label, clips[f"media/{there}"].split) == (0, "train")
    assert not found.findings.of("listed, but no such file")


def test_lists_of_faceforensics_may_lie_at_the_root(tmp_path):
    files = TREES["faceforensics"].files
    moved = {path.removeprefix("splits/") if path in FF_LISTS else path: text for path, text in files.items()}
    found, clips = look("faceforensics", plant(tmp_path, moved))
    assert found.findings.counts == {}
    assert clips["media/manipulated_sequences/NeuralTextures/c40/videos/021_020.mp4"].split == "test"


def test_an_original_in_two_splits_is_told(tmp_path):
    found, _ = look(
        "faceforensics", plant(tmp_path, {**TREES["faceforensics"].files, "splits/val.json": '[["000", "011"]]'})
    )
    assert found.findings.of("listed twice, differently (the first holds)") == ("000: split 'train' and 'val'",)


def test_donors_do_not_cross_the_published_pairs(tmp_path):
    found, clips = look("faceforensics", plant(tmp_path, TREES["faceforensics"].files))
    people = {}
    for clip in clips.values():
        for person in (clip.identity_id, clip.donor_id, clip.driver_id):
            people.setdefault(person, set()).add(clip.split)
    assert all(len(splits) == 1 for person, splits in people.items() if person)
    assert found.shared == ()


def test_a_clip_listed_twice_alike_is_one_clip(tmp_path):
    plant(tmp_path, TREES["celebdf-v2"].files)
    line = "0 Celeb-synthesis/id1_id0_0007.mp4\n"
    (tmp_path / "List_of_testing_videos.txt").write_text(line + line)
    found, clips = look("celebdf-v2", tmp_path)
    assert [clip.split for clip in clips.values() if clip.label].count("test") == 1
    assert found.findings.counts == {"person in several splits": 1}


def test_what_celeb_df_s_list_lacks_is_train_and_nothing_is_val(tmp_path):
    _, clips = look("celebdf-v1", plant(tmp_path, TREES["celebdf-v1"].files))
    assert {path: clip.split for path, clip in clips.items() if clip.split != "test"} == {
        "media/Celeb-real/id0_0000.mp4": "train"
    }


def test_parts_of_dfdc_go_by_their_own_list(tmp_path):
    """The same file name in two parts, real in one and fake in the other; and a clip that its list lacks."""
    part = {"x.mp4": {"label": "REAL", "split": "train"}}
    more = {"dfdc_train_part_1/metadata.json": json.dumps(part)}
    more |= {"dfdc_train_part_1/x.mp4": "", "dfdc_train_part_1/unlisted.mp4": ""}
    found, clips = look("dfdc", plant(tmp_path, {**TREES["dfdc"].files, **more}))
    assert (clips["media/dfdc_train_part_0/x.mp4"].label, clips["media/dfdc_train_part_1/x.mp4"].label) == (1, 0)
    assert clips["media/dfdc_train_part_1/unlisted.mp4"].label == -1
    assert found.findings.counts["not in list metadata"] == 1


def test_deeperforensics_names_of_every_kind(tmp_path):
    more = {
        "source_videos/M004/BlendShape/M004_BlendShape_camera_down.mp4": "",
        "manipulated_videos/end_to_end_mix_3_distortions/000_W101.mp4": "",
        "manipulated_videos/reenact_postprocess/000_W101.mp4": "",
        "lists/manipulated_videos_distortions_meta/end_to_end_random_level_meta.txt": "000_W101.mp4 JPEG:3",
    }
    found, clips = look("deeperforensics", plant(tmp_path, {**TREES["deeperforensics"].files, **more}))
    assert kinds(found)["end_to_end_mix_3_distortions"] == kinds(found)["reenact_postprocess"] == 1
    blend = clips["media/source_videos/M004/BlendShape/M004_BlendShape_camera_down.mp4"]
    assert (blend.label, blend.identity_id, blend.sex) == (-1, "M004", "male")
    assert not found.findings.of("file that fits no rule")


def test_reals_of_df40_count_once_and_methods_that_are_missing_are_told(tmp_path):
    listed = {"dataset": {"DF40": {"FF-real": {"test": {"000": {"frames": [r"FaceForensics++\000\0.png"]}}}}}}
    more = {f"DF40/{method}_ff.json": json.dumps(listed) for method in ("simswap", "danet")}
    found, _ = look("df40", plant(tmp_path, {**TREES["df40"].files, **more}))
    assert kinds(found)["pristine"] == 3
    assert found.differences == ["df40 methods: 6 found, 40 published (-34)"]


def test_every_spelling_of_av_deepfake1m(tmp_path):
    words = ("visual-modified", "visual_modified", "audio-modified", "audio_modified", "both-modified", "both_modified")
    rows = [{"file": f"id1/a/1/{word}.mp4", "modify_type": word, "fake_segments": [[1, 2]]} for word in words]
    rows.append({"file": "id1/a/1/new.mp4", "modify_type": "retouched", "fake_segments": []})
    files = {"train_metadata.json": json.dumps(rows), **{f"train/{row['file']}": "" for row in rows}}
    found, _ = look("avdeepfake1m", plant(tmp_path, files))
    assert kinds(found) == {"visual_modified": 2, "audio_modified": 2, "both_modified": 2, "unlabelled": 1}
