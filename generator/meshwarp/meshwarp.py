"""The `meshwarp` generator: one portrait and one recording to a talking face, by carrying the portrait's own pixels."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from tellbench.datasets.faces.landmarks import Landmarks
from tellbench.generator.base import Chunk, Generator, Request
from tellbench.generator.dials import DIALS, settle
from tellbench.generator.meshwarp.arrays import Floats
from tellbench.generator.meshwarp.fit import fit_head
from tellbench.generator.meshwarp.head import HeadModel
from tellbench.generator.meshwarp.motion import perform
from tellbench.generator.meshwarp.puppet import Puppet
from tellbench.generator.meshwarp.quality import (
    Picture,
    check_fit,
    portrait_finder,
    portrait_landmarker,
    trusted_landmarks,
)
from tellbench.generator.meshwarp.seam import snap_mouth
from tellbench.generator.meshwarp.voice import listen
from tellbench.generator.motion import Motion

CHUNK = 16
"""Frames a chunk: memory does not grow with the clip."""


class MeshWarp(Generator):
    """Landmarks, a fitted morphable head, and an explicit 3D warp of the portrait; nothing is trained on faces.

    Args:
        landmarker: `network` (own weights) or `mediapipe` (extra).
        landmarks: frames (T, H, W, 3) to landmarks, instead of finder and landmarker; trusted without a quality check.
        threads: frames drawn side by side.
    """

    name: ClassVar[str] = "meshwarp"
    version: ClassVar[str] = "1.1"
    honours: ClassVar[frozenset[str]] = frozenset({"gaze", "head_motion", "expressiveness"})
    dials: ClassVar[Mapping[str, str]] = {name: dial.line for name, dial in DIALS.items()}

    def __init__(
        self,
        landmarker: Literal["network", "mediapipe"] = "network",
        landmarks: Callable[[npt.NDArray[np.uint8]], Landmarks] | None = None,
        threads: int = 2,
    ) -> None:
        self.landmarker = landmarker
        self.landmarks = landmarks
        self.threads = threads

    @functools.cached_property
    def _model(self) -> HeadModel:
        return HeadModel.load()

    def animate(self, request: Request) -> Iterator[Chunk]:
        """Yield the clip in chunks of 16 frames; tracks hold pose, gaze, lids, brows, mouth and the voice.

        Raises:
            InputError: no trustworthy face in the portrait, odd sides, an unknown dial or a value out of its range.
        """
        self.check(request)
        self.check_sides(request.portrait)
        settle(request.controls.dials)  # refuse a bad value before the slower work
        voice = listen(request.speech, request.n_frames / request.fps)
        puppet = self.prepare(request.portrait)
        turned = puppet.fit.camera.euler[0]
        motion = perform(voice, request.n_frames, request.fps, request.seed, request.controls, turned)
        with ThreadPoolExecutor(self.threads) as pool:
            for first in range(0, request.n_frames, CHUNK):
                now = motion.rows(slice(first, first + CHUNK))
                frames = puppet.render(now.coefficients, now.pose, now.gaze, pool)
                yield Chunk(frames, _tracks(now, first, request.fps, puppet))

    def prepare(self, portrait: Picture) -> Puppet:
        """Find the face, check its landmarks, fit the head and cut the puppet.

        Raises:
            InputError: no face, or none that can be trusted.
        """
        found = self._find(portrait)
        fit = fit_head(self._model, found.points[0], (portrait.shape[0], portrait.shape[1]))
        check_fit(fit)
        return Puppet(self._model, fit, portrait, found.iris[0])

    def _find(self, portrait: Picture) -> Landmarks:
        """Landmarks of the portrait's one face, checked unless they were given."""
        if self.landmarks is not None:
            return self.landmarks(portrait[None])
        found = trusted_landmarks(portrait, portrait_finder(), portrait_landmarker(self.landmarker))
        points = snap_mouth(portrait.astype(np.float64), found.points[0]).astype(np.float32)
        return dataclasses.replace(found, points=points[None])


def _tracks(motion: Motion, first: int, fps: float, puppet: Puppet) -> pd.DataFrame:
    """What is known of each frame, one row a frame; columns as in the studio's tracks where both know them."""
    coefficients, pose, gaze = motion.coefficients, motion.pose, motion.gaze
    aperture, mouth = puppet.openings(coefficients)
    openings = {"aperture_right": aperture[:, 0], "aperture_left": aperture[:, 1], "mouth_gap": mouth}
    known = motion.labels(first, fps, puppet.fit.camera.euler_after(pose).astype(np.float32))
    return pd.DataFrame({**known, **openings, **_places(puppet, coefficients, pose, gaze)})


def _places(puppet: Puppet, coefficients: Floats, pose: Floats, gaze: Floats) -> dict[str, Floats]:
    """True pixels of irises and landmarks, under the names of the studio's tracks."""
    marks = puppet.landmarks(coefficients, pose)
    iris = np.array([[eye.iris(g, p) for eye in puppet.eyes] for g, p in zip(gaze, pose, strict=True)], np.float32)
    sides = enumerate(("right", "left"))
    return {
        **{f"iris_{axis}_{side}": iris[:, i, j] for i, side in sides for j, axis in enumerate("xy")},
        **{f"landmark_{axis}{k:02d}": marks[:, k, j] for k in range(68) for j, axis in enumerate("xy")},
    }
