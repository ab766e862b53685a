"""Portraits and recordings of every odd kind, as `tellbench animate` meets them: they work, or one line says why."""

import sys

import numpy as np
import pandas as pd
import pytest
import soxr
import torch
from PIL import Image
from scipy.io import wavfile

from tellbench.cli import main
from tellbench.datasets.audio import RATE, Audio
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.person import Person
from tellbench.datasets.studio.renderer import Studio
from tellbench.datasets.video import probe
from tellbench.generator.base import Request
from tellbench.generator.controls import Controls
from tellbench.generator.vasa.lasting import peak_mb
from tellbench.generator.vasa.motion.measure import blinks, pose_variation
from tellbench.generator.vasa.motion.model import SHIPPED, MotionModel
from tellbench.generator.vasa.motion.script import Script
from tellbench.generator.vasa.motion.space import COLUMNS
from tellbench.generator.vasa.motion.stream import Performer, perform
from tellbench.generator.vasa.vasa import Vasa

T = np.arange(RATE * 2 // 5) / RATE
HUM = (0.3 * np.sin(2 * np.pi * 140 * T) * (1 + np.sin(2 * np.pi * 4 * T)) / 2).astype(np.float32)


def _person(yaw):
    pose = np.zeros((1, 6), np.float32)
    pose[0, 0] = yaw
    studio = Studio(Person(Identity.sample(12)), seed=12, size=192)
    return Image.fromarray(studio.render(np.zeros((1, 52), np.float32), pose, np.zeros((1, 2), np.float32)).frames[0])


@pytest.fixture(scope="module")
def face():
    return _person(0)


@pytest.fixture
def animate(tmp_path, monkeypatch, capfd):
    """Run the command in this process; the exit code, the lines on stderr, and the clip."""

    def call(picture, sound, *words):
        out = tmp_path / "out" / "talk.mp4"
        given = {"--portrait": picture, "--speech": sound, "--out": out, "--rights": "mine", "--size": 96}
        options = [str(word) for pair in given.items() for word in pair]
        monkeypatch.setattr(sys, "argv", ["tellbench", "animate", "--generator", "vasa", *options, *words])
        with pytest.raises(SystemExit) as stop:
            main()
        return stop.value.code or 0, [x for x in capfd.readouterr().err.splitlines() if x.strip()], out

    return call


def _voice(path, rate=RATE, samples=HUM):
    pcm = np.round(np.clip(samples if rate == RATE else soxr.resample(samples, RATE, rate), -1, 1) * 32767)
    wavfile.write(path, rate, pcm.astype(np.int16))
    return path


def _saved(picture, path, **options):
    picture.save(path, **options)
    return path


SOUNDS = {
    "8 kHz": lambda path: _voice(path, 8000),
    "48 kHz": lambda path: _voice(path, 48_000),
    "clipped": lambda path: _voice(path, samples=30 * HUM),
    "a fifth of a second": lambda path: _voice(path, samples=HUM[: RATE // 5]),
    "silence": lambda path: _voice(path, samples=0 * HUM),
}


@pytest.mark.parametrize("kind", SOUNDS)
def test_odd_recordings_work(animate, face, tmp_path, kind):
    sound = SOUNDS[kind](tmp_path / "voice.wav")
    code, lines, out = animate(_saved(face, tmp_path / "face.png"), sound, "--labels", str(tmp_path / "labels.parquet"))
    assert code == 0, lines
    n_frames = 5 if kind == "a fifth of a second" else 10
    assert probe(out).n_frames == n_frames
    labels = pd.read_parquet(tmp_path / "labels.parquet")
    assert len(labels) == n_frames and np.isfinite(labels.select_dtypes("number").to_numpy()).all()


def _turned(face, path):
    exif = Image.Exif()
    exif[0x0112] = 6
    return _saved(face.transpose(Image.Transpose.ROTATE_90), path.with_suffix(".jpg"), exif=exif)


def _see_through(face, path):
    layered = face.convert("RGBA")
    layered.putalpha(Image.new("L", face.size, 255))
    layered.paste((0, 0, 0, 0), (0, 0, 192, 20))
    return _saved(layered, path)


PORTRAITS = {
    "64 pixels": lambda face, path: _saved(face.resize((64, 64)), path),
    "grey": lambda face, path: _saved(face.convert("L"), path),
    "CMYK": lambda face, path: _saved(face.convert("CMYK"), path.with_suffix(".jpg")),
    "alpha": _see_through,
    "EXIF": _turned,
    "8000 pixels": lambda face, path: _saved(face.resize((8000, 8000)), path.with_suffix(".jpg")),
}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.slow) if "8000" in kind else kind for kind in PORTRAITS]
)
def test_odd_portraits_work(animate, face, tmp_path, kind):
    code, lines, out = animate(
        PORTRAITS[kind](face, tmp_path / "face.png"), _voice(tmp_path / "voice.wav", samples=HUM[: RATE // 5])
    )
    assert code == 0, lines
    assert (probe(out).width, probe(out).n_frames) == (96, 5)


def _beside(face, path):
    both = Image.new("RGB", (384, 192))
    both.paste(face, (0, 0))
    both.paste(face, (192, 0))
    return _saved(both, path)


REFUSED = {
    "no face": (lambda face, path: _saved(Image.new("RGB", (200, 200), "teal"), path), "no face found"),
    "two faces": (_beside, "2 faces found"),
    "profile": (lambda face, path: _saved(_person(80), path), "cannot be animated well"),
    "too small": (lambda face, path: _saved(face.resize((60, 60)), path), "60x60 pixels; give one of at least 64x64"),
    "empty": (lambda face, path: path.write_bytes(b"") or path, "not a readable picture"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_portrait_is_refused_in_one_line(animate, face, tmp_path, kind):
    make, part = REFUSED[kind]
    code, lines, out = animate(make(face, tmp_path / "face.png"), _voice(tmp_path / "voice.wav"))
    assert code == 2 and len(lines) == 1 and part in lines[0], lines
    assert not out.exists()


@pytest.mark.parametrize(("content", "part"), [(b"", "not a readable audio"), (None, "0 s of sound")])
def test_recordings_without_a_sample_are_refused_in_one_line(animate, face, tmp_path, content, part):
    sound = tmp_path / "empty.wav"
    if content is None:
        wavfile.write(sound, RATE, np.zeros(0, np.int16))
    else:
        sound.write_bytes(content)
    code, lines, out = animate(_saved(face, tmp_path / "face.png"), sound)
    assert code == 2 and len(lines) == 1 and part in lines[0], lines
    assert not out.exists()


def test_who_hears_nothing_still_breathes_and_blinks_with_a_still_mouth():
    performer = Performer(MotionModel.load(SHIPPED), Script.of(), seed=0)
    parts = perform(performer, iter(np.array_split(np.zeros(20 * RATE, np.float32), 7)))
    motion = torch.cat([part.motion for part in parts])
    assert len(motion) == 500
    assert 1 <= blinks(motion) <= 12
    assert pose_variation(motion) > 0.05
    assert motion[:, COLUMNS.index("jawOpen")].max() < 0.15


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_minutes_take_the_memory_of_one(face):
    portrait = np.array(face.resize((64, 64)))
    speech = Audio(np.tile(HUM, 1500))
    assert speech.duration == 600
    quick = Controls(dials={"sampler_steps": 1})
    request = Request(portrait=portrait, speech=speech, fps=5, n_frames=3000, controls=quick)
    peaks, frames = [], 0
    for chunk in Vasa().animate(request):
        frames += len(chunk.frames)
        peaks.append(peak_mb())
    assert frames == 3000
    assert peaks[-1] < 1.1 * peaks[len(peaks) // 10]
