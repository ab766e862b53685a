"""Whether a long clip stays what it was: who is seen, where, and in how much memory it is made.

`python -m tellbench.generator.vasa.lasting --portrait face.png --speech voice.wav --out lasted` renders ten seconds and
a minute of a voice that is repeated as needed, each in a process of its own, and looks at a frame a second.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import math
import sys
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tellbench.datasets.audio import RATE, Audio, read_audio
from tellbench.datasets.faces.finder import FaceFinder
from tellbench.datasets.faces.framing import only_face
from tellbench.datasets.faces.identity import Embedder
from tellbench.datasets.faces.landmarks import INNER, OUTER_CORNERS, load_landmarker
from tellbench.datasets.files import atomic_path
from tellbench.datasets.processes import process_pool
from tellbench.datasets.video import VideoWriter, read_frames
from tellbench.errors import run
from tellbench.generator.base import Request
from tellbench.generator.outside import framed
from tellbench.generator.vasa.vasa import Vasa

_FPS: Final = 25.0
_STATUS: Final = Path("/proc/self/status")
"""Tells the peak resident size as `VmHWM` (Linux, `man 5 proc`)."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Take:
    """A clip to render."""

    portrait: Path
    speech: Path
    side: int
    seconds: float
    path: Path

    def render(self) -> float:
        """Write the clip; the peak memory of this process in MB (10^6 bytes), NaN where the system does not tell."""
        voice = read_audio(self.speech).samples
        n_samples = round(self.seconds * RATE)
        speech = Audio(np.tile(voice, math.ceil(n_samples / len(voice)))[:n_samples])
        request = Request(
            portrait=framed(self.portrait, self.side), speech=speech, fps=_FPS, n_frames=round(self.seconds * _FPS)
        )
        with (
            atomic_path(self.path) as part,
            VideoWriter(part, self.side, self.side, _FPS, speech) as writer,
        ):
            for chunk in Vasa().animate(request):
                writer.write(chunk.frames)
        return peak_mb()


def peak_mb() -> float:
    """Largest resident size of this process so far, MB."""
    if not _STATUS.exists():
        return float("nan")
    lines = _STATUS.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


def lasted(vectors: npt.NDArray[np.float32], points: npt.NDArray[np.float32]) -> dict[str, float]:
    """What changed between the quarters of a clip.

    Args:
        vectors: identity embeddings of N faces in order, (N, D), of unit length.
        points: their landmarks (N, 68, 2) in pixels.

    Returns:
        Mean cosine of faces of the first and the last quarter, and of neighbouring quarters; how far the mean place of
        the face moved from the first to the last quarter, and on average from one to the next, in percent of the
        distance of the outer eye corners.
    """
    quarters = [part.mean(0) for part in np.array_split(vectors, 4)]
    cosines = [float(a @ b) for a, b in itertools.pairwise(quarters)]
    eyes = np.linalg.norm(points[:, OUTER_CORNERS[0]] - points[:, OUTER_CORNERS[1]], axis=1).mean()
    places = np.stack([part.mean(0) for part in np.array_split(points[:, INNER].mean(1), 4)])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    return {
        "identity_first_last": float(quarters[0] @ quarters[-1]),
        "identity_neighbours": float(np.mean(cosines)),
        "drift_percent": float(100 * np.linalg.norm(places[-1] - places[0]) / eyes),
        "drift_neighbours_percent": float(100 * steps.mean() / eyes),
    }


def seen(path: Path, seconds: float) -> dict[str, float]:
    """`lasted` of a frame a second of a clip.

    Raises:
        InputError: a frame without exactly one face.
    """
    frames = read_frames(path, [round((second + 0.5) * _FPS) for second in range(int(seconds))])
    boxes = np.stack([only_face(faces).box for faces in FaceFinder()(frames)])
    points = load_landmarker("network")(frames, boxes).points
    return lasted(Embedder.load()(frames, points), points)


def main() -> None:
    """Render, look, and print a row a length."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--portrait", type=Path, required=True)
    parser.add_argument("--speech", type=Path, required=True)
    parser.add_argument("--side", type=int, default=256, help="width and height in pixels")
    parser.add_argument("--seconds", type=int, nargs="+", default=[10, 60])
    parser.add_argument("--out", type=Path, required=True, help="folder for the clips and lasting.csv")
    given = parser.parse_args()
    rows = {}
    for seconds in given.seconds:
        path = given.out / f"lasting_{seconds}.mp4"
        take = Take(portrait=given.portrait, speech=given.speech, side=given.side, seconds=seconds, path=path)
        with process_pool(1) as pool:
            peak = pool.submit(take.render).result()
        rows[f"{seconds} s"] = {"peak_memory_mb": peak, **seen(path, seconds)}
    table = pd.DataFrame(rows).T
    sys.stdout.write(table.to_string(float_format=lambda value: f"{value:.3f}") + "\n")
    with atomic_path(given.out / "lasting.csv") as part:
        table.to_csv(part, float_format="%.4f")


if __name__ == "__main__":
    run(main)
