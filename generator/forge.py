"""One forged clip: frames from a generator, through the shared encoder, signed as synthetic."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tellbench.datasets import provenance, signing
from tellbench.datasets.files import atomic_path, sha256
from tellbench.datasets.video import CRF, VideoWriter
from tellbench.generator.base import Frames, Generator, Request
from tellbench.generator.controls import Controls


def forge(
    generator: Generator,
    request: Request,
    path: Path,
    *,
    rights: str,
    sources: Mapping[str, Path] | None = None,
    crf: int = CRF,
    refilm: Callable[[Frames, int], Frames] | None = None,
    on_frames: Callable[[int], None] | None = None,
) -> pd.DataFrame:
    """Write one forged clip with its provenance; the file appears only when it is whole and signed.

    Args:
        generator: makes the frames.
        request: portrait, speech, controls and seed.
        path: the MP4 to write.
        rights: whose portrait it is and by what leave it is used; written into the provenance.
        sources: files that the clip was made from, by the name that the provenance gives them beside their hash.
        crf: x264 quality.
        refilm: films frames, of which it is told the first one's number, as the camera of the pristine twin would have.
        on_frames: called with the number of frames just written (for progress).

    Returns:
        The generator's labels, one row a frame.

    Raises:
        InputError: the portrait, the speech, the folder or the user's signing certificate cannot be used.
        RuntimeError: the generator broke its promise on the number of frames.
    """
    generator.check(request)
    signing.signer()  # a certificate that cannot be used is refused before the work
    height, width = request.portrait.shape[:2]
    tracks = []
    with atomic_path(path) as part:
        with VideoWriter(part, width, height, request.fps, request.speech, crf) as out:
            for chunk in generator.animate(request):
                out.write(refilm(chunk.frames, out.n_frames) if refilm else chunk.frames)
                tracks.append(chunk.tracks)
                if on_frames:
                    on_frames(len(chunk.frames))
        if out.n_frames != request.n_frames:
            raise RuntimeError(
                f"generator {generator.name!r} made {out.n_frames} frames, {request.n_frames} were asked for"
            )
        provenance.sign(part, provenance_facts(generator, request, rights, sources or {}), title=path.name)
    return pd.concat(tracks, ignore_index=True)


def provenance_facts(
    generator: Generator, request: Request, rights: str, sources: Mapping[str, Path]
) -> dict[str, Any]:
    """What the signed manifest of a forged clip states; its fields are those of the corpus manifest, where it has them.

    Controls are JSON text, since C2PA readers show lists of numbers as bytes.
    """
    return {
        "generator": generator.name,
        "generator_version": generator.version,
        "controls": controls_text(request.controls),
        "seed": request.seed,
        "portrait_rights": rights,
        "sources": {name: sha256(path) for name, path in sources.items()},
    }


def controls_text(controls: Controls) -> str:
    """Controls as the corpus manifest and the provenance hold them: JSON with sorted keys."""
    return json.dumps(controls.facts(), sort_keys=True)
