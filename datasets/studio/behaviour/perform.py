"""One performance: voice and habits in; expression, head pose, gaze and their true tracks out."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tellbench.datasets.expression import columns
from tellbench.datasets.speech.phonemes import VISEMES
from tellbench.datasets.speech.utterance import Utterance
from tellbench.datasets.speech.visemes import phoneme_names
from tellbench.datasets.studio.behaviour.blink import lid_closure, plan_blinks
from tellbench.datasets.studio.behaviour.brow import brow_raise
from tellbench.datasets.studio.behaviour.gaze import eye_in_head, gaze_target, lids_with_gaze
from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.head import head_pose
from tellbench.datasets.studio.behaviour.mouth import articulate
from tellbench.datasets.studio.behaviour.scene import Scene, listen
from tellbench.datasets.studio.behaviour.signals import RATE, FloatArray, band_noise
from tellbench.errors import InputError

TRACKS: Final = {
    "time_s": "middle of the frame, seconds",
    "phoneme": 'espeak-ng mnemonic, "_" in silence, "" where phonemes are unknown',
    "speaking": "false in pauses and while listening",
    "voiced": "vocal folds vibrate",
    "loudness_db": "RMS level, dB re full scale",
    "f0_hz": "pitch, NaN where unvoiced",
    "viseme_*": "the eight mouth tracks of tellbench.datasets.speech.VISEMES, 0 to 1; viseme_close = 1: lips sealed",
    "blink_left": "lid closure by blinking, 0 open to 1 closed, subject's left",
    "blink_right": "the same, subject's right",
    "brow_raise": "brow raise, 0 to 1",
    "smile": "smile apart from speech, 0 to 1",
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
}
"""Every column of `Performance.tracks` and its meaning; one row a frame."""

_SMILE_BAND = (0.03, 0.2)  # Hz, mood (assumption)
_SMILE_DRIFT = 0.05
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


def perform(
    utterance: Utterance,
    n_frames: int,
    fps: float = 25.0,
    seed: int = 0,
    habits: Habits | None = None,
) -> Performance:
    """Act out an utterance: same arguments, same bytes.

    The utterance starts with the clip; a longer clip goes on listening in silence, a shorter one cuts it off.
    Frame i shows the time (i + 0.5) / fps.

    Args:
        utterance: speech with phoneme times, or a recording without (heard by the `SpeechDriver`).
        n_frames: length of the clip.
        fps: frames a second.
        seed: chance of this clip; every behaviour draws from a stream of its own.
        habits: the person's; an average person where None.

    Raises:
        InputError: fewer than one frame, or a frame rate that is not positive.
    """
    if n_frames < 1 or not fps > 0:
        raise InputError(f"{n_frames} frames at {fps} fps make no clip; give at least 1 frame and a positive rate")
    habits = habits or Habits()
    act = _act(listen(utterance, n_frames / fps), habits, seed)
    moments = np.asarray((np.arange(n_frames) + 0.5) / fps, np.float64)
    return Performance(
        _at(moments, _face(act, habits)),
        _at(moments, act.pose),
        _at(moments, act.gaze),
        _tracks(utterance, act, moments),
    )


@dataclasses.dataclass(frozen=True)
class _Act:
    """All behaviours of a clip at 100 Hz."""

    scene: Scene
    closure: FloatArray  # (N, 2) left, right
    brows: FloatArray  # (N,)
    smile: FloatArray  # (N,)
    target: FloatArray  # (N, 2)
    pose: FloatArray  # (N, 6)
    gaze: FloatArray  # (N, 2)


def _act(scene: Scene, habits: Habits, seed: int) -> _Act:
    eyes, lids, brows, head, mood = (np.random.default_rng([seed, stream]) for stream in range(5))
    closure = lid_closure(plan_blinks(scene, habits, lids), scene.times)
    target = gaze_target(scene, habits, eyes)
    pose = head_pose(scene, target, habits, head)
    return _Act(
        scene=scene,
        closure=closure,
        brows=brow_raise(scene, habits, brows),
        smile=_smile(scene, habits, mood),
        target=target,
        pose=pose,
        gaze=eye_in_head(target, pose, closure),
    )


def _face(act: _Act, habits: Habits) -> FloatArray:
    """All coefficients at 100 Hz, shape (N, 52)."""
    times = act.scene.times
    late = times - habits.viseme_delay_ms / 1000
    visemes = np.stack([np.interp(late, times, track) for track in act.scene.visemes.T], 1)
    face = articulate(visemes, act.scene.envelope, habits.articulation, habits.closure)
    down, up = lids_with_gaze(act.gaze[:, 1])
    skew = np.array([1 + habits.mouth_skew, 1 - habits.mouth_skew])  # left, right

    def add(name: str, value: FloatArray) -> None:
        face[:, columns(name)] += value if value.ndim == 2 else value[:, None]

    add("eyeBlink", act.closure)
    add("eyeLookDown", down)
    add("eyeLookUp", up)
    add("eyeWide", 0.25 * act.brows * (1 - act.closure.max(1)))
    add("browInnerUp", act.brows)
    add("browOuterUp", 0.9 * act.brows[:, None] * skew)
    add("browDown", np.maximum(habits.brow_rest - 0.5 * act.brows, 0) + 0.06 * act.closure.mean(1))
    add("mouthSmile", act.smile[:, None] * skew)
    add("cheekSquint", 0.5 * act.smile)  # cheeks rise with felt smiles (Ekman's Duchenne marker)
    add("eyeSquint", 0.25 * act.smile)
    return np.clip(face, 0, 1)


def _smile(scene: Scene, habits: Habits, random: np.random.Generator) -> FloatArray:
    mood = band_noise(random, len(scene.times), *_SMILE_BAND)[:, 0]
    return np.clip(habits.smile + _SMILE_DRIFT * mood, 0, 0.5)


def _at(moments: FloatArray, signal: FloatArray) -> npt.NDArray[np.float32]:
    """A 100 Hz signal of shape (N,) or (N, C) at the frames' times, linearly interpolated."""
    place = np.clip(moments * RATE - 0.5, 0, len(signal) - 1)
    low = place.astype(int)
    high = np.minimum(low + 1, len(signal) - 1)
    part = (place - low).reshape(-1, *[1] * (signal.ndim - 1))
    return np.asarray(signal[low] * (1 - part) + signal[high] * part, np.float32)


def _tracks(utterance: Utterance, act: _Act, moments: FloatArray) -> pd.DataFrame:
    """The table documented in `TRACKS`."""
    scene = act.scene
    nearest = np.clip(np.round(moments * RATE - 0.5).astype(int), 0, len(scene.times) - 1)
    table: dict[str, Any] = {
        "time_s": moments,
        "phoneme": phoneme_names(utterance.phonemes, moments) if utterance.phonemes else "",
        "speaking": scene.speaking[nearest],
        "voiced": np.isfinite(scene.f0_hz[nearest]),
        "loudness_db": _at(moments, scene.loudness_db),
        "f0_hz": scene.f0_hz[nearest].astype(np.float32),
        "brow_raise": _at(moments, act.brows),
        "smile": _at(moments, act.smile),
    }
    for names, signal in (
        ([f"viseme_{name}" for name in VISEMES], scene.visemes),
        (("blink_left", "blink_right"), act.closure),
        (("gaze_target_x", "gaze_target_y"), act.target),
        (("gaze_x", "gaze_y"), act.gaze),
        (_POSE, act.pose),
    ):
        table |= dict(zip(names, _at(moments, signal).T, strict=True))
    return pd.DataFrame(table)
