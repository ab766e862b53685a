"""Each verb as a person meets it: help with examples, one clear line for bad input."""

import subprocess
import sys

import pytest

VERBS = ("demo", "run", "generate", "train", "evaluate", "report", "animate", "inspect", "speed", "ls", "doctor")


def tellbench(*words, cwd=None):
    return subprocess.run(
        [sys.executable, "-c", "from tellbench.cli import main; main()", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


def assert_refused(done, *parts):
    """Exit code 2, one line on stderr that holds every part, and no traceback."""
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    for part in parts:
        assert part in lines[0]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb):
    done = tellbench(verb, "--help")
    assert done.returncode == 0
    assert f"$ tellbench {verb}" in done.stdout


def test_ls_names_everything():
    shown = tellbench("ls").stdout
    for name in ("meshwarp", "null", "blink", "spectrum", "cnn", "constant", "random", "oracle", "quickstart"):
        assert name in shown


def test_unknown_generator(tmp_path):
    done = tellbench("generate", "--generator", "meshwrap", "--out", tmp_path / "c")
    assert_refused(done, "unknown generator 'meshwrap'", "meshwarp")
    assert not (tmp_path / "c").exists()


def test_unknown_detector(tmp_path):
    done = tellbench("train", "blnik", "--corpus", tmp_path, "--out", tmp_path / "m")
    assert_refused(done, "unknown detector 'blnik'", "blink")


def test_unknown_dial(tmp_path):
    done = tellbench("generate", "--dial", "blnk=1", "--out", tmp_path / "c")
    assert_refused(done, "no dial 'blnk'", "blink_rate")


def test_portrait_without_rights(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "a.wav").touch()
    done = tellbench(
        "animate", "--portrait", tmp_path / "a.png", "--speech", tmp_path / "a.wav", "--out", tmp_path / "o.mp4"
    )
    assert_refused(done, "--rights")


def test_folder_that_is_no_corpus(tmp_path):
    assert_refused(tellbench("train", "blink", "--corpus", tmp_path, "--out", tmp_path / "m"), "no corpus")


def test_folder_that_holds_something_else(tmp_path):
    (tmp_path / "thesis.txt").write_text("do not lose me")
    done = tellbench("generate", "--clips", 3, "--out", tmp_path)
    assert_refused(done, "not empty")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_text_named_mp4(tmp_path):
    (tmp_path / "a.mp4").write_text("hello")
    assert_refused(tellbench("inspect", tmp_path / "a.mp4", cwd=tmp_path), "a.mp4", "not a readable video")
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
