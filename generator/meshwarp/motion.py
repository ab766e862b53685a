"""A voice and a request to expression, pose and gaze of every frame."""

from __future__ import annotations

import numpy as np

from tellbench.datasets.expression import columns
from tellbench.generator.controls import Controls
from tellbench.generator.dials import settle
from tellbench.generator.meshwarp import behaviour
from tellbench.generator.meshwarp.lips import mouth_coefficients
from tellbench.generator.meshwarp.signals import RATE, at_frames
from tellbench.generator.meshwarp.voice import Voice
from tellbench.generator.motion import Motion


def perform(voice: Voice, n_frames: int, fps: float, seed: int, controls: Controls, turned: float = 0.0) -> Motion:
    """Everything the puppet does in one clip; the same arguments give the same motion.

    Args:
        voice: the speech.
        n_frames: frames T to make.
        fps: frames a second.
        seed: of all randomness.
        controls: what was asked for.
        turned: yaw of the portrait, degrees.

    Raises:
        InputError: a dial is outside its range.
    """
    dials = settle(controls.dials)
    random = [np.random.default_rng([seed, part]) for part in range(4)]  # apart, so that one dial moves one thing only
    pose = behaviour.head(voice, random[0], dials, controls.head_motion, turned)
    gaze = behaviour.gaze(pose, random[1], dials, controls.gaze)
    face = np.zeros((len(pose), 52))
    for name, track in behaviour.brows(voice, random[2], dials).items():
        face[:, columns(name)] += controls.expressiveness * track[:, None]
    face[:, columns("eyeBlink")] = behaviour.blinks(voice, random[3], dials)[:, None]
    face[:, columns("eyeLookDown")] = np.clip(-gaze[:, 1:] / 25, 0, 0.5)  # lids follow the gaze
    face[:, columns("eyeLookUp")] = np.clip(gaze[:, 1:] / 25, 0, 0.5)
    mouth = mouth_coefficients(voice, controls.expressiveness, dials["lip_closure"])
    coefficients = at_frames(face, n_frames, fps) + at_frames(mouth, n_frames, fps, dials["lip_delay_ms"] / 1000)
    middle = np.clip(np.round((np.arange(n_frames) + 0.5) / fps * RATE - 0.5).astype(int), 0, len(voice.f0_hz) - 1)
    return Motion(
        np.clip(coefficients, 0, 1).astype(np.float32),
        at_frames(pose, n_frames, fps).astype(np.float32),
        at_frames(gaze, n_frames, fps).astype(np.float32),
        at_frames(voice.loudness_db, n_frames, fps).astype(np.float32),
        voice.f0_hz[middle].astype(np.float32),
    )
