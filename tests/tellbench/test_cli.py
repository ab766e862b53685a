"""Each verb as a person meets it: help with examples, one clear line for bad input, nothing half-written."""

import dataclasses
import shutil
import sys
import wave

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

from tellbench.cli import main
from tellbench.datasets import provenance
from tellbench.datasets.audio import write_wav
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.video import VideoWriter

VERBS = ("demo", "run", "generate", "import", "train", "evaluate", "report")
VERBS += ("launder", "animate", "inspect", "studio", "speed", "export", "verify", "card", "ls", "doctor")


@dataclasses.dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def tellbench(monkeypatch, capfd):
    """Run the command line in this process."""

    def call(*words) -> Done:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["tellbench", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        return Done(stop.value.code or 0, *capfd.readouterr())

    return call


def assert_refused(done: Done, *parts: str) -> None:
    """Exit code 2, one line on stderr that holds every part, and no traceback."""
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    for part in parts:
        assert part in lines[0]


@pytest.fixture
def files(tmp_path, voice, frames):
    """A folder of things that people give by mistake, and some that are fine."""
    noise = np.random.default_rng(0).integers(0, 255, (160, 160, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noface.png")
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "text.mp4").write_text("hello")
    write_wav(tmp_path / "voice.wav", voice)
    wavfile.write(tmp_path / "silent.wav", 16000, np.zeros(16000, np.int16))
    wavfile.write(tmp_path / "nan.wav", 16000, np.full(16000, np.nan, np.float32))
    with wave.open(str(tmp_path / "zero.wav"), "wb") as out:
        out.setparams((1, 2, 16000, 0, "NONE", ""))
    with VideoWriter(tmp_path / "whole.mp4", 64, 48, 25, voice) as out:
        out.write(np.tile(frames, (4, 1, 1, 1)))
    whole = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    return tmp_path


def _animate(files, portrait, speech):
    return (
        *("animate", "--portrait", files / portrait, "--speech", files / speech),
        *("--rights", "mine", "--out", files / "out" / "o.mp4"),
    )


@pytest.mark.parametrize("verb", (*VERBS, "edit", "transfer"))
def test_every_verb_has_help_with_an_example(tellbench, verb):
    done = tellbench(verb, "--help")
    assert done.returncode == 0
    assert f"$ tellbench {verb}" in done.stdout


def test_ls_names_everything(tellbench):
    shown = tellbench("ls").stdout
    for name in (
        "studio",
        "meshwarp",
        "null",
        "blink",
        "spectrum",
        "cnn",
        "constant",
        "random",
        "oracle",
        "demo",
    ):
        assert name in shown


def test_doctor_finds_every_part_at_work(tellbench):
    done = tellbench("doctor")
    assert done.returncode == 0, done.stdout
    assert "BROKEN" not in done.stdout
    assert "espeak-ng says" in done.stdout


def test_unknown_generator(tellbench, tmp_path):
    done = tellbench("generate", "--generator", "meshwrap", "--out", tmp_path / "c")
    assert_refused(done, "unknown generator 'meshwrap'", "meshwarp")
    assert not (tmp_path / "c").exists()


def test_unknown_sheet(tellbench, tmp_path):
    assert_refused(tellbench("studio", "sheet", "--kind", "peple", "--out", tmp_path / "a.png"), "'peple'", "people")
    assert_refused(tellbench("studio", "sheet", "--people", 1, "--size", 64, "--out", tmp_path / "a.gif"), ".png")


def test_census_of_nobody(tellbench, tmp_path):
    assert_refused(
        tellbench("studio", "behaviour", "--people", 1, "--out", tmp_path / "a.md"), "1 people", "at least 2"
    )
    assert not list(tmp_path.iterdir())


def test_unknown_detector(tellbench, tmp_path):
    done = tellbench("train", "blnik", "--corpus", tmp_path, "--out", tmp_path / "m")
    assert_refused(done, "unknown detector 'blnik'", "blink")


def test_unknown_dial(tellbench, tmp_path):
    done = tellbench("generate", "--dial", "blnk=1", "--out", tmp_path / "c")
    assert_refused(done, "no dial 'blnk'", "blink_rate")
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--dial", "blink_rate=1"), ("studio has no dials",)),
        (("--style", "cubist"), ("style 'cubist'", "painted")),
        (("--emotion", "hungry"), ("emotion 'hungry'", "happy")),
        (("--role", "listening", "--generator", "meshwarp"), ("listens", "studio alone")),
    ],
)
def test_what_the_studio_cannot_film(tellbench, tmp_path, words, parts):
    assert_refused(tellbench("generate", "--generator", "studio", *words, "--out", tmp_path / "c"), *parts)
    assert not (tmp_path / "c").exists()


def test_dial_without_a_number(tellbench, tmp_path):
    assert_refused(tellbench("generate", "--dial", "blink_rate", "--out", tmp_path / "c"), "NAME=NUMBER")


def test_portrait_without_rights(tellbench, files):
    done = tellbench(
        *("animate", "--portrait", files / "noface.png", "--speech", files / "voice.wav", "--out", files / "o.mp4")
    )
    assert_refused(done, "--rights")


@pytest.mark.parametrize(
    ("portrait", "speech", "parts"),
    [
        ("noface.png", "voice.wav", ("noface.png", "no face")),
        ("text.png", "voice.wav", ("text.png", "not a readable picture")),
        ("gone.png", "voice.wav", ("gone.png", "does not exist")),
        ("noface.png", "zero.wav", ("zero.wav", "0 s")),
        ("noface.png", "silent.wav", ("noface.png", "no face")),
        ("noface.png", "nan.wav", ("nan.wav", "NaN")),
        ("noface.png", "text.mp4", ("text.mp4", "not a readable")),
    ],
)
def test_portraits_and_voices_that_cannot_be_used(tellbench, files, portrait, speech, parts):
    assert_refused(tellbench(*_animate(files, portrait, speech)), *parts)
    assert not (files / "out").exists()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--gaze", "nan", "0"), ("gaze_x = nan",)),
        (("--distance", "3"), ("distance = 3", "0.5 to 2")),
        (("--emotion", "hungry=1"), ("emotion 'hungry'", "happy")),
        (("--emotion", "happy"), ("emotion 'happy'", "NAME=NUMBER")),
        (("--pose", "60", "0", "0"), ("yaw = 60",)),
        (("--controls", "gone.csv"), ("gone.csv", "do not exist")),
        (("--generator", "meshwarp", "--distance", "0.9"), ("'meshwarp' cannot honour distance",)),
        (("--motion-model", "gone.safetensors"), ("weights gone.safetensors does not exist",)),
        (("--generator", "meshwarp", "--face-model", "."), ("'meshwarp' has no trained weights", "vasa")),
    ],
)
def test_what_cannot_be_asked_of_a_clip(tellbench, files, words, parts):
    done = tellbench(*_animate(files, "noface.png", "voice.wav"), *words)  # of vasa, unless another is named
    assert_refused(done, *parts)
    assert not (files / "out").exists()


def test_clips_to_edit_need_rights_and_a_face(tellbench, files):
    out = ("--out", files / "o.mp4")
    assert_refused(tellbench("edit", files / "whole.mp4", *out), "whole.mp4", "--rights")
    assert_refused(tellbench("edit", files / "text.mp4", "--rights", "mine", *out), "not a readable video")
    assert_refused(tellbench("edit", files / "whole.mp4", "--rights", "mine", *out), "a face in 0 of 80 frames")
    moved = ("transfer", "--motion", files / "whole.mp4", "--rights", "mine")
    assert_refused(tellbench(*moved, "--portrait", files / "noface.png", *out), "a face in 0 of 80 frames")
    assert_refused(tellbench(*moved, "--portrait", files / "noface.png", "--out", files / "o.avi"), ".mp4")
    assert not (files / "o.mp4").exists()


def test_two_faces(tellbench, files, shared_assets):
    with Image.open(shared_assets / "portraits" / "monalisa_256.png") as face:
        two = Image.new("RGB", (512, 256))
        two.paste(face, (0, 0))
        two.paste(face, (256, 0))
        two.save(files / "two.png")
    assert_refused(tellbench(*_animate(files, "two.png", "voice.wav")), "two.png", "2 faces")


def test_folder_that_is_no_corpus(tellbench, tmp_path):
    assert_refused(tellbench("train", "blink", "--corpus", tmp_path, "--out", tmp_path / "m"), "no corpus")


def test_laundering_with_an_unknown_step(tellbench, tmp_path):
    done = tellbench("launder", "--corpus", tmp_path, "--recipe", "jpeg=4", "--out", tmp_path / "l")
    assert_refused(done, "unknown step 'jpeg'", "crf, resize, fps")
    assert not (tmp_path / "l").exists()


def test_folder_that_holds_something_else(tellbench, tmp_path):
    (tmp_path / "thesis.txt").write_text("do not lose me")
    assert_refused(tellbench("generate", "--clips", 3, "--out", tmp_path), "not empty")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(("name", "part"), [("text.mp4", "not a readable video"), ("cut.mp4", "cut short")])
def test_broken_videos(tellbench, files, monkeypatch, name, part):
    (files / "here").mkdir()
    monkeypatch.chdir(files / "here")
    assert_refused(tellbench("inspect", files / name), name, part)
    assert not list((files / "here").iterdir())


def test_run_without_results(tellbench, tmp_path):
    assert_refused(tellbench("report", tmp_path, "--out", tmp_path / "site"), "results.json")
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("words", [["--portraits", "x"], ["--speech", "x"]])
def test_portraits_and_speech_go_together(tellbench, tmp_path, words):
    assert_refused(tellbench("demo", "--out", tmp_path / "d", *words), "go together")


def test_absent_cuda_is_named(tellbench, tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("a CUDA device is here")
    done = tellbench("generate", "--clips", 3, "--device", "cuda", "--out", tmp_path / "c")
    assert_refused(done, "no CUDA device")


def test_interrupt_says_how_to_go_on(tellbench, monkeypatch):
    def interrupt(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("tellbench.cli.run.load_suite", interrupt)
    done = tellbench("run", "demo")
    assert done.returncode == 130
    assert "run the same command again" in done.stderr
    assert "Traceback" not in done.stderr


def test_verify_shows_who_signed_what_and_fails_on_a_flipped_bit(tellbench, files):
    clip = files / "whole.mp4"
    assert tellbench("verify", clip).returncode == 1, "no manifest"
    provenance.sign(clip, {"generator": "meshwarp", "sources": {"face.png": "ab"}})
    done = tellbench("verify", clip)
    assert done.returncode == 0, done.stderr
    for part in ("Tellbench local", "not who made it", "made by a trained algorithm", "meshwarp", "face.png"):
        assert part in done.stdout
    data = bytearray(clip.read_bytes())
    data[-9] ^= 1
    clip.write_bytes(data)
    done = tellbench("verify", clip)
    assert done.returncode == 1
    assert "the signature does not hold" in done.stderr


def test_verify_refuses_what_is_no_clip(tellbench, files):
    assert_refused(tellbench("verify", files / "no.mp4"), "does not exist")
    assert_refused(tellbench("verify", files), "is no corpus")
    assert_refused(tellbench("verify", files / "whole.mp4", "--trust", files / "text.png"), "PEM")


@pytest.fixture
def uadfv(tmp_path):
    """A published corpus in little; its clips are empty files."""
    for name in ("real/0.mp4", "real/1.mp4", "real/2.mp4", "fake/0_fake.mp4", "notes.doc"):
        path = tmp_path / "uadfv" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "uadfv"


def test_import_tells_counts_and_differences_before_it_writes(tellbench, uadfv, tmp_path):
    done = tellbench("import", "uadfv", uadfv, "--out", tmp_path / "c", "--dry-run")
    assert done.returncode == 0
    assert "difference: uadfv FakeApp: 1 found, 49 published (-48)" in done.stderr
    assert "file that fits no rule: 1 (notes.doc)" in done.stderr
    assert not (tmp_path / "c").exists()
    done = tellbench("import", "uadfv", uadfv, "--out", tmp_path / "c")
    assert done.returncode == 0
    assert "corrupt (kept, counts as not scored): 4 (media/fake/0_fake.mp4" in done.stderr
    assert (tmp_path / "c" / "metadata.parquet").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["uadvf"], "unknown layout 'uadvf'; did you mean uadfv"),
        (["uadfv"], "no ROOT"),
        (["uadfv", "absent", "--dry-run"], "absent is no folder"),
        (["uadfv", "."], "no --out"),
        (["uadfv", ".", "--dry-run"], "no clip of UADFV"),
        (["uadfv", ".", "--dry-run", "--splits", "mine"], "splits 'mine'; allowed: published, disjoint, test"),
        (["uadfv", ".", "--dry-run", "--only", "c23"], "FIELD=VALUE"),
        (["uadfv", ".", "--dry-run", "--only", "quality=c23"], "'quality'; it is no field"),
    ],
)
def test_import_of_what_cannot_be(tellbench, monkeypatch, tmp_path, words, message):
    monkeypatch.chdir(tmp_path)
    assert_refused(tellbench("import", *words), message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (None, "list List_of_testing_videos.txt is missing"),
        ("1 ../../secret.mp4\n", "leaves the corpus folder"),
        ("1 C:\\videos\\secret.mp4\n", "leaves the corpus folder"),
    ],
)
def test_import_with_a_list_that_cannot_be_used(tellbench, tmp_path, listed, message):
    clip = tmp_path / "celeb" / "Celeb-real" / "id0_0000.mp4"
    clip.parent.mkdir(parents=True)
    clip.touch()
    if listed:
        (tmp_path / "celeb" / "List_of_testing_videos.txt").write_text(listed)
    for more in ((), ("--dry-run",), ("--copy",)):
        assert_refused(tellbench("import", "celebdf-v2", tmp_path / "celeb", "--out", tmp_path / "c", *more), message)
    assert not (tmp_path / "c").exists() and clip.is_file()


def test_import_lists_its_layouts(tellbench):
    assert "faceforensics" in tellbench("import", "list").stdout


@pytest.fixture
def corpus(tmp_path, files):
    """One pristine and one forged clip that were imported."""
    clips = []
    for label in (0, 1):
        path = tmp_path / "corpus" / "clips" / f"{label}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(files / "whole.mp4", path)
        clips.append(Clip(clip_id=str(label), path=path, label=label, identity_id="p", split="test", dataset="x"))
    Corpus(clips, tmp_path / "corpus").write_manifest()
    return tmp_path / "corpus"


def test_export_writes_and_says_where(tellbench, corpus, tmp_path):
    done = tellbench("export", "webdataset", corpus, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "2 clips" in done.stdout and (tmp_path / "out" / "test-000000.tar").is_file()
    assert tellbench("verify", corpus).returncode == 0


def test_export_refuses_in_one_line(tellbench, corpus, files, tmp_path):
    out = ("--out", tmp_path / "out")
    assert_refused(tellbench("export", "webdatset", corpus, *out), "'webdatset'", "webdataset")
    assert_refused(tellbench("export", "webdataset", corpus, "--frames", 3, *out), "--frames", "--shard-mb")
    assert_refused(tellbench("export", "webdataset", corpus, "--shard-mb", 0, *out), "at least 1")
    assert_refused(tellbench("export", "av-deepfake1m", corpus, *out), "--scores")
    assert_refused(tellbench("export", "av-deepfake1m", corpus, "--scores", files / "text.png", *out), "column")
    assert_refused(tellbench("export", "deepfakebench", corpus, "--set-name", "FF-DF", *out), "FF-DF")
    assert_refused(tellbench("export", "webdataset", files, *out), "is no corpus")
    assert_refused(tellbench("export", "webdataset", corpus, "--out", files), "not empty")


def test_card_prints_or_writes(tellbench, corpus, tmp_path):
    assert "## Limits" in tellbench("card", corpus).stdout
    assert tellbench("card", corpus, "--out", tmp_path / "card.md").returncode == 0
    assert (tmp_path / "card.md").read_text().startswith("---")
    assert_refused(tellbench("card", tmp_path / "no"), "does not exist")
    assert_refused(tellbench("card", corpus, "--results", tmp_path), "--results")
