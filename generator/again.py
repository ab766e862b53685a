"""Forged clips once more, from the portraits and speech that a corpus keeps, with other dials: for dose-response."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tellbench.datasets.audio import read_audio
from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import sha256
from tellbench.datasets.processes import process_pool
from tellbench.datasets.studio.film import Take, refilm_of, scene_of
from tellbench.datasets.video import CRF
from tellbench.errors import InputError
from tellbench.generator.base import Frames, Generator, Request
from tellbench.generator.build import STUDIO_RIGHTS, asked_of, read_spool
from tellbench.generator.controls import Controls
from tellbench.generator.forge import controls_text, forge
from tellbench.registry import GENERATORS


def forge_again(
    corpus: Corpus,
    name: str,
    controls: Controls,
    out: Path,
    *,
    tag: str,
    workers: int = 1,
    device: str = "cpu",
    on_clip: Callable[[str], None] | None = None,
) -> list[Clip]:
    """A forged twin of every pristine clip of a corpus; clips that are already in `out` are kept.

    Args:
        corpus: clips of a corpus that Tellbench built: its folder holds `portraits/` and `speech/`.
        name: the generator.
        controls: what to ask of it.
        out: folder for `clips/`.
        tag: ends the ids of the clips, such as `blink_rate=0`.
        workers: processes side by side.
        device: where generators run that can choose.
        on_clip: called with the id of every clip that is done.

    Raises:
        InputError: the generator does not heed a control, or the corpus does not keep what its clips were made from.
    """
    GENERATORS.load(name).check_controls(controls)
    pristine = [clip for clip in corpus if clip.label == PRISTINE and clip.pair_id]
    absent = next((path for clip in pristine for path in sources(clip, corpus.root) if not path.is_file()), None)
    if absent is not None or not pristine:
        raise InputError(
            f"{corpus.root} does not keep what its clips were made from ({absent or 'no pairs'}); rebuild it"
        )
    work = functools.partial(_again, root=corpus.root, name=name, controls=controls, out=out, tag=tag, device=device)
    made = []
    for clip in _mapped(work, pristine, workers):
        made.append(clip)
        if on_clip:
            on_clip(clip.clip_id)
    return made


def sources(clip: Clip, root: Path) -> tuple[Path, Path]:
    """Portrait and speech that the clips of a pair were made from."""
    return root / "portraits" / f"{clip.pair_id}.png", root / "speech" / f"{clip.speech_id}.wav"


def _mapped(work: Callable[[Clip], Clip], clips: list[Clip], workers: int) -> Iterator[Clip]:
    if workers <= 1:
        yield from map(work, clips)
        return
    with process_pool(workers) as pool:
        yield from pool.map(work, clips)


def _again(clip: Clip, root: Path, name: str, controls: Controls, out: Path, tag: str, device: str) -> Clip:
    portrait, speech = sources(clip, root)
    clip_id = f"{clip.pair_id}-{name}-{tag}"
    path = out / "clips" / f"{clip_id}.mp4"
    generator = GENERATORS.create_with(name, device=device)
    controls = asked_of(name, controls, clip.emotion, clip.intensity)
    request = Request(
        portrait=np.asarray(Image.open(portrait).convert("RGB")),
        speech=read_audio(speech),
        fps=clip.fps,
        n_frames=clip.n_frames,
        controls=controls,
        seed=clip.seed,
    )
    if not path.is_file():
        kept = {source.relative_to(root).as_posix(): source for source in (portrait, speech)}
        refilm = None if generator.needs_pristine else refilm_of(clip)
        crf = clip.crf or CRF
        with _pristine(clip, generator, device) as pristine:
            whole = dataclasses.replace(request, pristine=pristine)
            forge(generator, whole, path, rights=STUDIO_RIGHTS, sources=kept, crf=crf, refilm=refilm)
    return dataclasses.replace(
        clip,
        clip_id=clip_id,
        path=path,
        label=FORGED,
        generator=name,
        generator_version=generator.version,
        controls=controls_text(controls),
        donor_id=generator.donor_id(request) or clip.identity_id,
        sha256=sha256(path),
    )


@contextlib.contextmanager
def _pristine(clip: Clip, generator: Generator, device: str) -> Iterator[Callable[[], Iterator[Frames]] | None]:
    """Frames of a clip as they were before compression, where a generator needs them: the scene is filmed anew."""
    if not generator.needs_pristine:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        spool = Path(folder) / "frames.rgb"
        with spool.open("wb") as raw:
            for frames, _ in Take(scene_of(clip), device).frames():
                raw.write(frames.tobytes())
        yield lambda: read_spool(spool, clip.width)
