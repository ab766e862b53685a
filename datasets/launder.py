"""What happens to a video on its way to a viewer, done to both classes alike: recipes of steps, as data.

A recipe is steps joined by `+`, each `name=number`, such as `crf=35` or `resize=0.5+crf=30+resize=2+crf=28` (shrunk,
uploaded, enlarged, uploaded again). Every `crf` step encodes and decodes; a recipe that does not end in one is encoded
at the corpus's own quality. `crf=23`, one more pass at the usual quality, is the control to read the others against.
"""

from __future__ import annotations

import dataclasses
import functools
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter

from tellbench.datasets import provenance
from tellbench.datasets.audio import Audio, read_audio
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import atomic_path, read_json, sha256, write_json
from tellbench.datasets.processes import process_pool
from tellbench.datasets.video import CODEC, CRF, VideoWriter, iter_frames, probe
from tellbench.errors import InputError

Frames = npt.NDArray[np.uint8]

RECORD: Final = "laundered.json"
"""Recipe and source of a laundered corpus."""


@dataclasses.dataclass(frozen=True)
class Step:
    """One kind of step: what its number means and which are allowed."""

    about: str
    low: float
    high: float


STEPS: Final = {
    "crf": Step("H.264 at this constant rate factor, with one quantiser, as everywhere in Tellbench", 0, 51),
    "resize": Step("both sides times this, Lanczos, to even pixels", 0.1, 4),
    "fps": Step("this many frames a second, each the one shown at its middle", 1, 120),
    "noise": Step("Gaussian noise of this standard deviation, in levels of 255", 0, 100),
    "blur": Step("Gaussian blur of this standard deviation, in pixels", 0, 20),
    "cut": Step("the first seconds only, with their sound", 0.2, 600),
}
"""Every step by name."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Steps in order, with the text that names them."""

    text: str
    steps: tuple[tuple[str, float], ...]

    @property
    def dose(self) -> float | None:
        """The number of a recipe of one step, for a curve."""
        return self.steps[0][1] if len(self.steps) == 1 else None


def parse_recipe(text: str) -> Recipe:
    """Read `name=number` steps joined by `+`.

    Raises:
        InputError: an unknown step, no number, or one out of range.

    >>> parse_recipe("resize=0.5+crf=35").steps
    (('resize', 0.5), ('crf', 35.0))
    """
    steps = []
    for word in text.split("+"):
        name, _, number = word.strip().partition("=")
        if name not in STEPS:
            raise InputError(
                f"recipe {text!r}: unknown step {name!r}; steps: {', '.join(STEPS)}, as in resize=0.5+crf=35"
            )
        try:
            value = float(number)
        except ValueError as error:
            raise InputError(f"recipe {text!r}: {name} needs a number, such as {name}={STEPS[name].high:g}") from error
        if not STEPS[name].low <= value <= STEPS[name].high:
            allowed = f"{STEPS[name].low:g} to {STEPS[name].high:g}"
            raise InputError(f"recipe {text!r}: {name}={value:g}; allowed: {allowed} ({STEPS[name].about})")
        steps.append((name, value))
    return Recipe(text, tuple(steps))


def launder(
    corpus: Corpus, recipe: Recipe, out: Path, *, workers: int = 1, on_clip: Callable[[str], None] | None = None
) -> Corpus:
    """Every clip of a corpus through a recipe; resumable clip by clip.

    Ids, labels, splits, people and pairs stay; ground-truth tracks do not follow, for frames may be others. Noise is
    drawn once a pair, so that classes differ in nothing new. Clips that Tellbench signed are signed again as what they
    are, with the recipe.

    Args:
        corpus: clips to launder, such as a corpus's test split.
        recipe: what to do to each.
        out: folder of the new corpus.
        workers: processes side by side.
        on_clip: called with the id of every clip that is done.

    Raises:
        InputError: `out` holds something else, a clip cannot be read, or the disk refuses.
    """
    record = {"recipe": recipe.text, "source": corpus.root.name, "clips": [clip.clip_id for clip in corpus]}
    _claim(out, record)
    work = functools.partial(_launder_one, recipe=recipe, root=out)
    made: list[Clip] = []
    for clip in _mapped(work, corpus, workers):
        made.append(clip)
        if on_clip:
            on_clip(clip.clip_id)
    laundered = Corpus(made, out, corpus.shared)
    laundered.write_manifest()
    return laundered


def _claim(out: Path, record: Mapping[str, object]) -> None:
    """Take the folder for this recipe and these clips, or refuse it."""
    path = out / RECORD
    if path.is_file():
        if read_json(path) != record:
            raise InputError(f"{out} holds another laundered corpus; choose another --out or delete the folder")
        for part in out.rglob(".*.part*"):  # left by a killed run
            part.unlink()
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is not empty and holds no corpus of this recipe; choose another --out")
    else:
        write_json(path, record)


def _mapped(work: Callable[[Clip], Clip], clips: Corpus, workers: int) -> Iterator[Clip]:
    if workers <= 1:
        yield from map(work, clips)
        return
    with process_pool(workers) as pool:
        yield from pool.map(work, clips.clips)


def _launder_one(clip: Clip, recipe: Recipe, root: Path) -> Clip:
    """The laundered clip; a file that is already there is whole."""
    path = root / "clips" / f"{clip.clip_id}.mp4"
    if not path.is_file():
        before = provenance.examine(clip.path)
        with atomic_path(path) as part:
            _write(clip, recipe, part)
            if before.holds and before.facts:
                facts = {**before.facts, "laundered": recipe.text}
                provenance.sign(part, facts, source_type=before.source_type, title=path.name)
    info = probe(path)
    return dataclasses.replace(
        clip,
        path=path,
        width=info.width,
        height=info.height,
        fps=info.fps,
        n_frames=info.n_frames,
        duration_s=info.n_frames / info.fps,
        codec=CODEC,
        crf=_last_crf(clip, recipe),
        sha256=sha256(path),
    )


def _last_crf(clip: Clip, recipe: Recipe) -> int:
    asked = [round(value) for name, value in recipe.steps if name == "crf"]
    return asked[-1] if asked and recipe.steps[-1][0] == "crf" else clip.crf or CRF


def _write(clip: Clip, recipe: Recipe, out: Path) -> None:
    """One pass through a file for every encoder in the recipe."""
    steps = list(recipe.steps)
    if steps[-1][0] != "crf":
        steps.append(("crf", clip.crf or CRF))
    source, pending = clip.path, []
    audio = read_audio(clip.path) if probe(clip.path).has_audio else None
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, value) in enumerate(steps):
            if name != "crf":
                pending.append((name, value))
                continue
            target = out if number == len(steps) - 1 else Path(folder) / f"{number}.mp4"
            _encode(
                source, pending, round(value), audio, target, seed=zlib.crc32((clip.pair_id or clip.clip_id).encode())
            )
            source, pending = target, []


def _encode(
    source: Path, steps: list[tuple[str, float]], crf: int, audio: Audio | None, target: Path, seed: int
) -> None:
    """Decode a file, do what the steps say to its frames, and encode them."""
    rate = probe(source).fps
    chunks: Iterator[Frames] = iter_frames(source)
    random = np.random.default_rng(seed)
    for name, value in steps:
        if name in ("fps", "cut"):
            chunks = _timed(chunks, name, value, rate)
            rate = value if name == "fps" else rate
        else:
            chunks = map(functools.partial(_PICTURE[name], value=value, random=random), chunks)
    first = next(chunks)
    height, width = first.shape[1:3]
    with VideoWriter(target, width, height, rate, audio, crf) as writer:
        writer.write(first)
        for frames in chunks:
            writer.write(frames)


def _timed(chunks: Iterator[Frames], name: str, value: float, rate: float) -> Iterator[Frames]:
    """Another frame rate, or the beginning alone."""
    if name == "cut":
        left = max(1, round(value * rate))
        for frames in chunks:
            if left > 0:
                yield frames[:left]
            left -= len(frames)
        return
    seen, shown = 0, 0
    for frames in chunks:
        seen += len(frames)
        due = np.arange(shown, max(shown, int(np.ceil(seen / rate * value - 0.5))))
        picked = np.floor((due + 0.5) / value * rate).astype(int) - (seen - len(frames))
        shown += len(due)
        if len(due):
            yield frames[np.clip(picked, 0, len(frames) - 1)]


def _resize(frames: Frames, value: float, random: np.random.Generator) -> Frames:
    height, width = (max(2, 2 * round(side * value / 2)) for side in frames.shape[1:3])
    size = (width, height)
    return np.stack([np.asarray(Image.fromarray(f).resize(size, Image.Resampling.LANCZOS)) for f in frames])


def _noise(frames: Frames, value: float, random: np.random.Generator) -> Frames:
    noisy = frames + random.normal(0, value, frames.shape).astype(np.float32)
    return np.asarray(np.rint(noisy).clip(0, 255), np.uint8)


def _blur(frames: Frames, value: float, random: np.random.Generator) -> Frames:
    return np.asarray(gaussian_filter(frames.astype(np.float32), (0, value, value, 0)).round(), np.uint8)


_PICTURE: Final = {"resize": _resize, "noise": _noise, "blur": _blur}
