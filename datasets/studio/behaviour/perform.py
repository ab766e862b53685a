"""One performance: voice and habits in; expression, head pose, gaze and their true tracks out."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tellbench.datasets.expression import COEFFICIENTS
from tellbench.datasets.speech.phonemes import VISEMES
from tellbench.datasets.speech.utterance import Utterance
from tellbench.datasets.speech.visemes import phoneme_names
from tellbench.datasets.studio.behaviour.act import Act, act
from tellbench.datasets.studio.behaviour.blink import PHASES, blink_phase
from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.scene import ROLES, Turns, listen
from tellbench.datasets.studio.behaviour.signals import RATE, FloatArray
from tellbench.errors import InputError

TRACKS: Final = {
    "time_s": "middle of the frame, seconds",
    "role": '"talking" or "listening": whose turn it is',
    "emotion": "name of the emotion, one for the whole clip",
    "emotion_intensity": "how strongly it shows, 0 to 1",
    "phoneme": 'IPA as espeak-ng writes it of the voice heard, "_" in silence, "" where phonemes are unknown',
    "speaking": "the person's own voice sounds; false in pauses and while listening",
    "voiced": "vocal folds vibrate in the voice heard",
    "loudness_db": "RMS level, dB re full scale",
    "f0_hz": "pitch, NaN where unvoiced",
    "viseme_*": "the eight mouth tracks of tellbench.datasets.speech.VISEMES, 0 to 1; viseme_close = 1: lips sealed",
    "blink_left": "lid closure by blinking, 0 open to 1 closed, subject's left",
    "blink_right": "the same, subject's right",
    "blink_phase": '"open", "closing", "closed" (the turning point, however deep) or "opening"',
    "brow_raise": "mean brow raise, 0 to 1",
    "brow_inner": "height of the inner brows above rest: browInnerUp less browDown, -1 to 1",
    "brow_outer_left": "height of the outer left brow above rest: browOuterUp less browDown, -1 to 1, subject's left",
    "brow_outer_right": "the same, subject's right",
    "brow_down": "brow lowering: browDown, 0 to 1",
    "smile": "smile apart from speech and emotion, 0 to 1",
    "breath": "air in the lungs above rest, 0 to 1",
    "mutual_gaze": "whether the person looks at the viewer",
    "gaze_target_x": "where the person looks, degrees right of the camera as the camera sees it",
    "gaze_target_y": "the same, degrees up",
    "gaze_x": "eye turn in the head, degrees right as the camera sees it",
    "gaze_y": "the same, degrees up",
    "yaw": "head, degrees, + to the subject's left",
    "pitch": "head, degrees, + down",
    "roll": "head, degrees, + to the subject's left",
    "x": "head shift, mm",
    "y": "head shift, mm",
    "z": "head shift, mm",
    "coef_*": "the 52 expression coefficients of tellbench.datasets.expression, 0 to 1",
}
"""Every column of `Performance.tracks` and its meaning; one row a frame."""

_POSE = ("yaw", "pitch", "roll", "x", "y", "z")


@dataclasses.dataclass(frozen=True)
class Performance:
    """What a person does in a clip of T frames."""

    coefficients: npt.NDArray[np.float32]
    """Shape (T, 52) in [0, 1]."""
    pose: npt.NDArray[np.float32]
    """Shape (T, 6): yaw, pitch, roll in degrees, x, y, z in mm."""
    gaze: npt.NDArray[np.float32]
    """Shape (T, 2): eye turn in the head, degrees right and up."""
    tracks: pd.DataFrame
    """T rows, columns `TRACKS`."""
    blinks: pd.DataFrame
    """One row a blink: onset_s, peak_s, end_s, depth_left, depth_right, complete (see `Blinks.table`)."""


def perform(
    utterance: Utterance,
    n_frames: int,
    fps: float = 25.0,
    seed: int = 0,
    habits: Habits | None = None,
    role: Turns = "talking",
    emotion: str = "neutral",
    intensity: float = 0.0,
    partner: npt.ArrayLike = (0.0, 0.0),
) -> Performance:
    """Act out an utterance: same arguments, same bytes.

    The utterance starts with the clip; a longer clip goes on in silence, a shorter one cuts it off.
    Frame i shows the time (i + 0.5) / fps.

    Args:
        utterance: speech with phoneme times, or a recording without (heard by the `SpeechDriver`).
        n_frames: length of the clip.
        fps: frames a second.
        seed: chance of this clip; every behaviour draws from a stream of its own.
        habits: the person's; an average person where None.
        role: "talking": the voice is the person's; "listening": they listen to it; or turns such as
            [(0.0, "listening"), (4.2, "talking")].
        emotion: one of `tellbench.datasets.emotion.EMOTIONS`.
        intensity: how strong it gets at its apexes, 0 to 1.
        partner: where the face is that the person talks to, degrees right and up of the camera; (2,), or (N, 2) at
            100 Hz. `mutual_gaze` is looking there.

    Raises:
        InputError: fewer than one frame, a frame rate that is not positive, an unknown role or emotion, or an
            intensity outside [0, 1].
    """
    if n_frames < 1 or not fps > 0:
        raise InputError(f"{n_frames} frames at {fps} fps make no clip; give at least 1 frame and a positive rate")
    scene = listen(utterance, n_frames / fps, role)
    played = act(scene, habits or Habits(), seed, emotion, intensity, partner)
    moments = np.asarray((np.arange(n_frames) + 0.5) / fps, np.float64)
    coefficients = _at(moments, played.face)
    return Performance(
        coefficients,
        _at(moments, played.pose),
        _at(moments, played.gaze),
        _tracks(utterance, played, moments, coefficients),
        played.blinks.table(),
    )


def _at(moments: FloatArray, signal: FloatArray) -> npt.NDArray[np.float32]:
    """A 100 Hz signal of shape (N,) or (N, C) at the frames' times, linearly interpolated."""
    place = np.clip(moments * RATE - 0.5, 0, len(signal) - 1)
    low = place.astype(int)
    high = np.minimum(low + 1, len(signal) - 1)
    part = (place - low).reshape(-1, *[1] * (signal.ndim - 1))
    return np.asarray(signal[low] * (1 - part) + signal[high] * part, np.float32)


def _tracks(
    utterance: Utterance, played: Act, moments: FloatArray, coefficients: npt.NDArray[np.float32]
) -> pd.DataFrame:
    """The table documented in `TRACKS`."""
    scene = played.scene
    nearest = np.clip(np.round(moments * RATE - 0.5).astype(int), 0, scene.n_steps - 1)
    coefs = {f"coef_{name}": column for name, column in zip(COEFFICIENTS, coefficients.T, strict=True)}
    brow_down = (coefs["coef_browDownLeft"] + coefs["coef_browDownRight"]) / 2
    table: dict[str, Any] = {
        "time_s": moments,
        "role": np.array(ROLES)[np.where(scene.talking, 0, 1)[nearest]],
        "emotion": played.feeling.name,
        "emotion_intensity": _at(moments, played.feeling.level),
        "phoneme": phoneme_names(utterance.phonemes, moments) if utterance.phonemes else "",
        "speaking": scene.speaking[nearest],
        "voiced": np.isfinite(scene.f0_hz[nearest]),
        "loudness_db": _at(moments, scene.loudness_db),
        "f0_hz": scene.f0_hz[nearest].astype(np.float32),
        "blink_phase": np.array(PHASES)[blink_phase(played.blinks, moments)],
        "brow_raise": _at(moments, played.brows.raised),
        "brow_inner": coefs["coef_browInnerUp"] - brow_down,
        "brow_outer_left": coefs["coef_browOuterUpLeft"] - coefs["coef_browDownLeft"],
        "brow_outer_right": coefs["coef_browOuterUpRight"] - coefs["coef_browDownRight"],
        "brow_down": brow_down,
        "smile": _at(moments, played.feeling.smile),
        "breath": _at(moments, played.breath),
        "mutual_gaze": played.glances.mutual_at(moments),
    }
    for names, signal in (
        ([f"viseme_{name}" for name in VISEMES], scene.visemes),
        (("blink_left", "blink_right"), played.closure),
        (("gaze_target_x", "gaze_target_y"), played.target),
        (("gaze_x", "gaze_y"), played.gaze),
        (_POSE, played.pose),
    ):
        table |= dict(zip(names, _at(moments, signal).T, strict=True))
    return pd.DataFrame(table | coefs)
