"""One face out of everything that moves it: speech first, feelings as far as speech lets them, then lids and brows."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from tellbench.datasets.expression import COEFFICIENTS, columns
from tellbench.datasets.speech.phonemes import CLOSE, ROUND, TUCK
from tellbench.datasets.studio.behaviour.brow import Brows
from tellbench.datasets.studio.behaviour.feeling import Feeling
from tellbench.datasets.studio.behaviour.gaze import lids_with_gaze
from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.mouth import articulate
from tellbench.datasets.studio.behaviour.scene import Scene
from tellbench.datasets.studio.behaviour.signals import FloatArray

LOOK_DEGREES: Final = 28.0
"""Turn of an eye at eyeLookIn or eyeLookOut = 1 in the studio."""

# How much of a feeling's mouth speech lets through; all assumptions but that M, B, P and F, V keep their closures.
_OPENERS = ("jawOpen", "mouthLowerDown", "mouthUpperUp", "mouthFunnel")
_PRESSERS = ("mouthPress", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper")
_CORNERS = ("mouthSmile", "mouthFrown", "mouthStretch", "mouthDimple")
_OPEN_WHILE_SPEAKING = 0.35
_PRESS_WHILE_SPEAKING = 0.1
_CORNERS_IN_SEAL = 0.8
_CORNERS_WHEN_ROUND = 0.45
_SIDES = np.array([name.endswith("Left") - float(name.endswith("Right")) for name in COEFFICIENTS])


def compose(
    scene: Scene,
    between: FloatArray,
    feeling: Feeling,
    brows: Brows,
    closure: FloatArray,
    gaze: FloatArray,
    inward: FloatArray,
    habits: Habits,
) -> FloatArray:
    """All coefficients at 100 Hz, shape (N, 52) in [0, 1].

    Args:
        scene: the voice.
        between: what the mouth does in pauses, shape (N, 52).
        feeling: emotion, smiles, micro-expressions.
        brows: raises and frowns.
        closure: of the lids by blinks, left and right, shape (N, 2).
        gaze: turn of the eyes in the head, degrees, shape (N, 2).
        inward: vergence, degrees, shape (N,).
        habits: the person's.
    """
    late = scene.times - habits.viseme_delay_ms / 1000
    visemes = np.stack([np.interp(late, scene.times, track) for track in scene.visemes.T], 1)
    sealed, tucked = np.clip(visemes[:, CLOSE] * habits.closure, 0, 1), visemes[:, TUCK]
    face = articulate(visemes, scene.envelope, habits.articulation, habits.closure)
    face = np.maximum(face, between * _room(scene, sealed, tucked, visemes[:, ROUND], speaking_press=1.0))
    felt = feeling.offset * (1 + habits.mouth_skew * _SIDES)
    felt[:, columns("mouthSmile")] += feeling.smile[:, None] * (1 + habits.mouth_skew * np.array([1, -1]))
    felt[:, columns("cheekSquint")] += 0.6 * feeling.smile[:, None]  # cheeks rise with felt smiles (Ekman's Duchenne)
    felt[:, columns("eyeSquint")] += 0.25 * feeling.smile[:, None]
    face += felt * _room(scene, sealed, tucked, visemes[:, ROUND])
    _add_upper_face(face, brows, closure, gaze, habits)
    face[:, columns("eyeLookIn")] += np.clip(inward, 0, None)[:, None] / LOOK_DEGREES
    face[:, columns("eyeLookOut")] += np.clip(-inward, 0, None)[:, None] / LOOK_DEGREES
    return np.clip(face, 0, 1)


def _add_upper_face(face: FloatArray, brows: Brows, closure: FloatArray, gaze: FloatArray, habits: Habits) -> None:
    """Brows, and lids by blinks and gaze, added in place."""
    down, up = lids_with_gaze(gaze[:, 1])
    lower = np.maximum(habits.brow_rest - 0.5 * brows.raised, 0) + brows.down + 0.06 * closure.mean(1)
    for name, value in {
        "browInnerUp": brows.inner[:, None],
        "browOuterUp": brows.outer,
        "browDown": lower[:, None],
        "eyeWide": 0.25 * brows.raised[:, None],
        "eyeSquint": 0.15 * brows.down[:, None],
        "eyeLookDown": down[:, None],
        "eyeLookUp": up[:, None],
        "eyeBlink": closure,
    }.items():
        face[:, columns(name)] += value
    for name in ("eyeWide", "eyeSquint"):  # a blink closes the eye, whatever holds it wide or narrow
        face[:, columns(name)] *= 1 - closure


def _room(
    scene: Scene,
    sealed: FloatArray,
    tucked: FloatArray,
    rounded: FloatArray,
    speaking_press: float = _PRESS_WHILE_SPEAKING,
) -> FloatArray:
    """What share of each coefficient articulation leaves to feelings, shape (N, 52)."""
    speaking = gaussian_filter1d(scene.speaking.astype(np.float64), 8)
    free = np.ones((scene.n_steps, len(COEFFICIENTS)))
    shares = {
        _OPENERS: (1 - sealed) * (1 - tucked) * (1 - (1 - _OPEN_WHILE_SPEAKING) * speaking),
        _PRESSERS: 1 - (1 - speaking_press) * speaking,
        _CORNERS: (1 - (1 - _CORNERS_IN_SEAL) * sealed) * (1 - (1 - _CORNERS_WHEN_ROUND) * rounded),
    }
    for names, share in shares.items():
        for name in names:
            free[:, columns(name)] = share[:, None]
    return free
