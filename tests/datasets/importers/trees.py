"""Every layout as a small tree: what lies on disk, and what an importer must make of it. One entry a layout."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FF_LISTS = {
    "splits/train.json": '[["000", "003"]]',
    "splits/val.json": '[["010", "011"]]',
    "splits/test.json": '[["020", "021"]]',
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tree:
    """A corpus in little."""

    files: Mapping[str, str]
    """Path to text; clips are empty."""
    kinds: Mapping[str, int]
    """Method, `pristine` or `unlabelled`, to the number of clips expected."""
    clips: Mapping[str, Mapping[str, Any]]
    """Path of a clip (or of a folder of frames) to fields that it must have."""
    splits: str = ""
    findings: Mapping[str, int] = dataclasses.field(default_factory=dict)


def _ff() -> dict[str, str]:
    files = dict(FF_LISTS)
    for a, b in (("000", "003"), ("010", "011"), ("020", "021")):
        for quality in ("c23", "c40"):
            files |= {f"original_sequences/youtube/{quality}/videos/{n}.mp4": "" for n in (a, b)}
            for method in ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "FaceShifter"):
                files[f"manipulated_sequences/{method}/{quality}/videos/{a}_{b}.mp4"] = ""
                files[f"manipulated_sequences/{method}/{quality}/videos/{b}_{a}.mp4"] = ""
        files[f"manipulated_sequences/Deepfakes/masks/videos/{a}_{b}.mp4"] = ""
    files["original_sequences/actors/raw/videos/01__walking.mp4"] = ""
    files["manipulated_sequences/DeepFakeDetection/raw/videos/01_02__walking__YVGY8LOK.mp4"] = ""
    return files


def _celeb(names: dict[str, int], synthesis: str = "Celeb-synthesis/") -> dict[str, str]:
    """Clips, with a list of those that are marked: 1 real, 0 fake."""
    lines = [f"{int(not path.startswith(synthesis))} {path}" for path, listed in names.items() if listed]
    return {**dict.fromkeys(names, ""), "List_of_testing_videos.txt": "\n".join(lines) + "\n"}


_AV = [
    {"file": "id00012/abc/00001/real.mp4", "modify_type": "real", "split": "train", "fake_segments": []},
    {"file": "id00012/abc/00001/fake_a.mp4", "modify_type": "both-modified", "fake_segments": [[0.5, 1.25]]},
    {"file": "id00012/abc/00001/fake_b.mp4", "modify_type": "both_modified", "fake_segments": [[0, 1]]},
]
_FAKEAV = "source,target1,target2,method,category,type,race,gender,path,\n" + "\n".join(
    (
        "id00076,-,-,real,A,RealVideo-RealAudio,African,men,00109.mp4,FakeAVCeleb/RealVideo-RealAudio/African/men/id00076",
        "id00076,-,-,rtvc,B,RealVideo-FakeAudio,African,men,f.mp4,FakeAVCeleb/RealVideo-FakeAudio/African/men/id00076",
        "id00076,id00166,-,faceswap,C,FakeVideo-RealAudio,African,men,g.mp4,FakeAVCeleb/FakeVideo-RealAudio/African/men/id00076",
        "id00076,id00166,-,fsgan,C,FakeVideo-RealAudio,African,men,g.mp4,FakeAVCeleb/FakeVideo-RealAudio/African/men/id00076",
        "id00166,id00076,-,fsgan-wav2lip,D,FakeVideo-FakeAudio,African,women,h.mp4,"
        "FakeAVCeleb/FakeVideo-FakeAudio/African/women/id00166",
        "id00233,-,-,real,A,RealVideo-RealAudio,African,men,1.mp4,FakeAVCeleb/RealVideo-RealAudio/African/men/id00233",
    )
)

TREES: dict[str, Tree] = {
    "faceforensics": Tree(
        files=_ff(),
        kinds={
            **dict.fromkeys(("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "FaceShifter"), 12),
            "pristine": 13,
            "DeepFakeDetection": 1,
        },
        clips={
            "original_sequences/youtube/c23/videos/000.mp4": {
                "label": 0,
                "split": "train",
                "identity_id": "000",
                "crf": 23,
                "variant": "c23",
                "generator": "",
            },
            "manipulated_sequences/Deepfakes/c40/videos/003_000.mp4": {
                "label": 1,
                "split": "train",
                "identity_id": "003",
                "donor_id": "000",
                "pair_id": "003",
                "crf": 40,
            },
            "manipulated_sequences/Face2Face/c23/videos/010_011.mp4": {
                "split": "val",
                "identity_id": "010",
                "donor_id": "",
                "driver_id": "011",
            },
            "manipulated_sequences/DeepFakeDetection/raw/videos/01_02__walking__YVGY8LOK.mp4": {
                "dataset": "dfd",
                "identity_id": "actor01",
                "donor_id": "actor02",
                "variant": "c0",
                "crf": 0,
                "pair_id": "actor01__walking",
                "split": "test",
            },
            "original_sequences/actors/raw/videos/01__walking.mp4": {"label": 0, "pair_id": "actor01__walking"},
        },
    ),
    "celebdf-v1": Tree(
        files=_celeb(
            {"Celeb-real/id0_0000.mp4": 0, "YouTube-real/00000.mp4": 1, "Celeb-synthesis/id0_id1_0000.mp4": 1}
        ),
        kinds={"pristine": 2, "Celeb-synthesis": 1},
        clips={"Celeb-synthesis/id0_id1_0000.mp4": {"label": 1, "split": "test"}},
        findings={"person in several splits": 1},
    ),
    "celebdf-v2": Tree(
        files={
            **_celeb(
                {"YouTube-real/00170.mp4": 1, "Celeb-synthesis/id1_id0_0007.mp4": 1, "Celeb-real/id1_0007.mp4": 0}
            ),
            "Youtube-real/videos/00171.mp4": "",
        },
        kinds={"pristine": 3, "Celeb-synthesis": 1},
        clips={
            "YouTube-real/00170.mp4": {"label": 0, "split": "test", "identity_id": "youtube00170"},
            "Youtube-real/videos/00171.mp4": {"label": 0, "split": "train"},
            "Celeb-synthesis/id1_id0_0007.mp4": {
                "label": 1,
                "split": "test",
                "identity_id": "id1",
                "donor_id": "id0",
                "pair_id": "id1_0007",
            },
            "Celeb-real/id1_0007.mp4": {"label": 0, "split": "train", "pair_id": "id1_0007"},
        },
        findings={"person in several splits": 1},
    ),
    "celebdf-pp": Tree(
        files=_celeb(
            {
                "Celeb-real/id1_0007.mp4": 1,
                "Celeb-synthesis/FaceSwap/Celeb-DF/id1_id0_0007.mp4": 1,
                "Celeb-synthesis/FaceReenact/LIA/id1_id0_0007.mp4": 1,
                "Celeb-synthesis/TalkingFace/SadTalker/id1_0007_voice.mp4": 1,
            }
        ),
        kinds={"pristine": 1, "Celeb-synthesis": 1, "LIA": 1, "SadTalker": 1},
        clips={
            "Celeb-synthesis/FaceSwap/Celeb-DF/id1_id0_0007.mp4": {"donor_id": "id0", "split": "test"},
            "Celeb-synthesis/FaceReenact/LIA/id1_id0_0007.mp4": {"driver_id": "id0", "donor_id": ""},
            "Celeb-synthesis/TalkingFace/SadTalker/id1_0007_voice.mp4": {"identity_id": "id1", "label": 1},
        },
    ),
    "dfdc": Tree(
        files={
            "dfdc_train_part_0/metadata.json": json.dumps(
                {"x.mp4": {"label": "FAKE", "split": "train", "original": "y.mp4"}, "y.mp4": {"label": "REAL"}}
            ),
            "dfdc_train_part_0/x.mp4": "",
            "dfdc_train_part_0/y.mp4": "",
            "test/labels.csv": "filename,label\na.mp4,1\nb.mp4,0\n",
            "test/a.mp4": "",
            "test/b.mp4": "",
            "test/c.mp4": "",
        },
        kinds={"pristine": 2, "dfdc": 2, "unlabelled": 1},
        clips={
            "dfdc_train_part_0/x.mp4": {"label": 1, "identity_id": "y.mp4", "pair_id": "y.mp4", "split": "train"},
            "dfdc_train_part_0/y.mp4": {"label": 0, "identity_id": "y.mp4", "generator": ""},
            "test/a.mp4": {"label": 1, "split": "test"},
            "test/b.mp4": {"label": 0, "split": "test"},
        },
        findings={"not in list test": 1},
    ),
    "dfdc-preview": Tree(
        files={
            "dataset.json": json.dumps(
                {
                    "method_A/12/12_A/a.mp4": {"label": "fake", "set": "train"},
                    "method_B/34/34_B/b.mp4": {"label": "fake", "set": "test"},
                    "original_videos/12/c.mp4": {"label": "real", "set": "train"},
                }
            ),
            "method_A/12/12_A/a.mp4": "",
            "method_B/34/34_B/b.mp4": "",
            "original_videos/12/c.mp4": "",
        },
        kinds={"method_A": 1, "method_B": 1, "pristine": 1},
        clips={"method_B/34/34_B/b.mp4": {"label": 1, "split": "test", "identity_id": "34"}},
    ),
    "deeperforensics": Tree(
        files={
            "lists/splits/train.txt": "000_W101.mp4\n",
            "lists/splits/val.txt": "001_M004.mp4\n",
            "lists/splits/test.txt": "002_M005.mp4\n",
            **{f"manipulated_videos/end_to_end/{n}.mp4": "" for n in ("000_W101", "001_M004", "002_M005")},
            "manipulated_videos/end_to_end_level_5/002_M005.mp4": "",
            "original_sequences/youtube/c23/videos/002.mp4": "",
            "original_sequences/youtube/c40/videos/002.mp4": "",
            "source_videos/W101/light_down/happy/W101_light_down_happy_camera_front.mp4": "",
        },
        kinds={"end_to_end": 3, "end_to_end_level_5": 1, "pristine": 1, "unlabelled": 1},
        clips={
            "manipulated_videos/end_to_end_level_5/002_M005.mp4": {
                "label": 1,
                "split": "test",
                "identity_id": "002",
                "donor_id": "M005",
                "sex": "male",
            },
            "original_sequences/youtube/c23/videos/002.mp4": {"label": 0, "split": "test"},
            "source_videos/W101/light_down/happy/W101_light_down_happy_camera_front.mp4": {
                "label": -1,
                "identity_id": "W101",
                "split": "",
            },
        },
        findings={"clips in no split": 1},
    ),
    "fakeavceleb": Tree(
        files={
            "meta_data.csv": _FAKEAV,
            "RealVideo-RealAudio/African/men/id00076/00109.mp4": "",
            "RealVideo-FakeAudio/African/men/id00076/f.mp4": "",
            "FakeVideo-RealAudio/African/men/id00076/g.mp4": "",
            "FakeVideo-FakeAudio/African/women/id00166/h.mp4": "",
            "RealVideo-RealAudio/African/men/id00233/1.mp4": "",
        },
        kinds={"pristine": 2, "rtvc": 1, "faceswap": 1, "fsgan-wav2lip": 1},
        clips={
            "FakeVideo-RealAudio/African/men/id00076/g.mp4": {
                "label": 1,
                "identity_id": "id00076",
                "donor_id": "id00166",
                "sex": "male",
                "pair_id": "id00076",
            },
            "RealVideo-FakeAudio/African/men/id00076/f.mp4": {"label": 1, "donor_id": ""},
            "RealVideo-RealAudio/African/men/id00076/00109.mp4": {"label": 0},
        },
        findings={"listed twice, differently (the first holds)": 1, "person in several splits": 2},
    ),
    "df40": Tree(
        files={
            **{f"DF40/simswap/ff/frames/000_003/{i:03}.png": "" for i in range(3)},
            "DF40/ddim/cdf/id0_id1_0000/000.png": "",
            "DF40_train/danet/ff/071_054/000.png": "",
            "DF40/StyleGAN2/ff/seed1/000.png": "",
            "DF40/heygen/fake/v1/000.png": "",
            "DF40/heygen/real/v1/000.png": "",
            "DF40/stargan/fake/1.jpg": "",
            "FaceForensics++/original_sequences/youtube/c23/frames/000/0.png": "",
            "FaceForensics++/test.json": '[["000", "003"]]',
            "FaceForensics++/train.json": '[["071", "054"]]',
            "FaceForensics++/val.json": "[]",
            "Celeb-DF-v2/Celeb-real/frames/id0_0000/0.png": "",
        },
        kinds={"simswap": 1, "DDPM": 1, "DaGAN": 1, "StyleGAN2": 1, "heygen": 1, "stargan": 1, "pristine": 3},
        clips={
            "DF40/simswap/ff/frames/000_003": {"label": 1, "variant": "ff", "donor_id": "003", "split": "test"},
            "DF40_train/danet/ff/071_054": {"generator": "DaGAN", "split": "train"},
            "DF40/ddim/cdf/id0_id1_0000": {"generator": "DDPM", "identity_id": "id0", "variant": "cdf"},
            "DF40/heygen/real/v1": {"label": 0, "generator": ""},
            "DF40/stargan/fake/1.jpg": {"label": 1},
            "FaceForensics++/original_sequences/youtube/c23/frames/000": {"label": 0, "split": "test"},
        },
        findings={"listed, but no such file": 3},
    ),
    "avdeepfake1m": Tree(
        files={
            "train_metadata.json": json.dumps(_AV),
            **{f"train/{row['file']}": "" for row in _AV},
            "val/id00013/abc/00001/fake.mp4": "",
            "val/id00013/abc/00001/fake.json": json.dumps({"modify_type": "audio_modified", "fake_segments": [[2, 3]]}),
            "val_metadata/id00014/abc/1/real.json": json.dumps({"modify_type": "real"}),
            "val/id00014/abc/1/real.mp4": "",
            "testA/000001.mp4": "",
            "test_files.txt": "000001.mp4\n",
        },
        kinds={"pristine": 2, "both_modified": 2, "audio_modified": 1, "unlabelled": 1},
        clips={
            "train/id00012/abc/00001/fake_a.mp4": {
                "label": 1,
                "generator": "both_modified",
                "segments": "[[0.5, 1.25]]",
                "identity_id": "id00012",
            },
            "train/id00012/abc/00001/real.mp4": {"label": 0, "segments": "", "split": "train"},
            "val/id00013/abc/00001/fake.mp4": {"label": 1, "segments": "[[2, 3]]", "split": "val"},
            "testA/000001.mp4": {"label": -1, "split": "test"},
        },
        findings={"not in list metadata": 2},
    ),
    "talkingheadbench": Tree(
        files={
            "fake/Hallo2/train/00001--clipA--Hallo2.mp4": "",
            "fake/additional_dataset/Veo/x--clipB--Veo.mp4": "",
            "real/test/clipB.mp4": "",
        },
        kinds={"Hallo2": 1, "Veo": 1, "pristine": 1},
        clips={
            "fake/Hallo2/train/00001--clipA--Hallo2.mp4": {
                "label": 1,
                "identity_id": "00001",
                "driver_id": "clipA",
                "split": "train",
            },
            "fake/additional_dataset/Veo/x--clipB--Veo.mp4": {"split": "test", "driver_id": "clipB"},
        },
    ),
    "uadfv": Tree(
        files={f"{side}/{n:04}{end}.mp4": "" for side, end in (("real", ""), ("fake", "_fake")) for n in range(4)},
        kinds={"pristine": 4, "FakeApp": 4},
        clips={"fake/0002_fake.mp4": {"label": 1, "identity_id": "0002", "pair_id": "0002"}},
    ),
    "folders": Tree(
        files={
            "progan/airplane/0_real/1.png": "",
            "progan/airplane/1_fake/1.png": "",
            "train/sd/1_fake/clip.mp4": "",
            "sora/1_fake/v/0.png": "",
            "sora/1_fake/v/1.png": "",
        },
        kinds={"pristine": 1, "progan": 1, "sd": 1, "sora": 1},
        clips={
            "progan/airplane/0_real/1.png": {"label": 0, "split": "test", "generator": ""},
            "train/sd/1_fake/clip.mp4": {"label": 1, "split": "train", "generator": "sd"},
            "sora/1_fake/v": {"label": 1},
        },
    ),
    "voxceleb2": Tree(
        files={
            "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4": "",
            "dev/aac/id00012/21Uxsk56VDQ/00001.m4a": "",
            "test/mp4/id00017/01dfn2spqyE/00001.mp4": "",
            "vox2_meta.csv": "VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \nid00012 ,n1 ,f ,dev \nid00017 ,n2 ,m ,test\n",
        },
        kinds={"pristine": 2},
        clips={"dev/mp4/id00012/21Uxsk56VDQ/00001.mp4": {"split": "train", "identity_id": "id00012", "sex": "female"}},
    ),
    "hdtf": Tree(
        files={
            "Radio11_0.mp4": "",
            "Radio11_1.mp4": "",
            "WDA_BarackObama_000_0.mp4": "",
            "WRA_JohnDoe2_001_0.mp4": "",
            "HDTF_dataset/RD_crop_wh.txt": "Radio11_0.mp4 412 599 0 599\nRadio11_1 412 599 0 599\nRadio9_0 1 2 3 4\n",
            "HDTF_dataset/WDA_crop_wh.txt": "WDA_BarackObama_000_0.mp4 1 2 3 4\n",
        },
        kinds={"pristine": 4},
        clips={
            "Radio11_1.mp4": {"identity_id": "Radio11"},
            "WDA_BarackObama_000_0.mp4": {"identity_id": "BarackObama", "label": 0},
            "WRA_JohnDoe2_001_0.mp4": {"identity_id": "JohnDoe"},
        },
        findings={"listed, but no such file": 1, "not in list crops": 1},
    ),
    "celebvhq": Tree(
        files={
            "celebvhq_info.json": json.dumps(
                {"meta_info": {}, "clips": {f"v{i}_0": {"ytb_id": f"v{i}", "bbox": {"top": 0.1}} for i in range(4)}}
            ),
            **{f"clips/v{i}_0.mp4": "" for i in range(3)},
        },
        kinds={"pristine": 3},
        clips={"clips/v1_0.mp4": {"identity_id": "v1", "label": 0}},
        findings={"listed, but no such file": 1},
    ),
    "mead": Tree(
        files={
            "M003/video/front/angry/level_2/001.mp4": "",
            "M005/video/left_30/neutral/level_1/001.mp4": "",
            "W009/video/front/fear/level_3/001.mp4": "",
            "W009/video/front/neutral/level_2/001.mp4": "",
            "W009/audio/fear/level_3/001.m4a": "",
        },
        kinds={"pristine": 3},
        clips={
            "M003/video/front/angry/level_2/001.mp4": {"emotion": "angry", "intensity": 0.667, "sex": "male"},
            "M005/video/left_30/neutral/level_1/001.mp4": {"intensity": 0.0, "variant": "left_30"},
            "W009/video/front/fear/level_3/001.mp4": {"emotion": "afraid", "intensity": 1.0, "identity_id": "W009"},
        },
        findings={"file that fits no rule": 1},
    ),
    "ravdess": Tree(
        files={
            "Actor_01/01-01-03-02-01-01-01.mp4": "",
            "Actor_02/02-02-06-01-02-02-02.mp4": "",
            "Actor_03/01-01-01-01-01-01-03.mp4": "",
            "Actor_03/01-01-01-02-01-01-03.mp4": "",
            "Actor_03/03-01-01-01-01-01-03.wav": "",
        },
        kinds={"pristine": 3},
        clips={
            "Actor_01/01-01-03-02-01-01-01.mp4": {
                "emotion": "happy",
                "intensity": 1.0,
                "sex": "male",
                "role": "talking",
                "identity_id": "actor01",
            },
            "Actor_02/02-02-06-01-02-02-02.mp4": {"role": "singing", "sex": "female", "variant": "video-only"},
        },
        findings={"file that fits no rule": 1},
    ),
}


def plant(root: Path, files: Mapping[str, str]) -> Path:
    """Make the files, with all their folders."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
