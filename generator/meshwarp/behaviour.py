"""What the puppet does besides speaking: it blinks, raises its brows, moves its head and its eyes.

This is the generator's own behaviour, simpler than the studio's on purpose: its differences are the tells that
detectors may find. Values are assumptions unless a source is named.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tellbench.generator.blinks import closure_after, mean_interval, random_interval
from tellbench.generator.meshwarp.arrays import Array
from tellbench.generator.meshwarp.signals import RATE, drift, smooth
from tellbench.generator.meshwarp.voice import Voice

MOST_DEGREES = 12.0
"""No yaw, pitch or roll beyond this: past it the warp stretches hair and background visibly."""

_MOST_TURNED = 36.0
"""A portrait already turned does not turn on beyond this yaw: its far cheek was never painted."""


def blinks(voice: Voice, random: np.random.Generator, dials: Mapping[str, float]) -> Array:
    """Lid closure (N,) in [0, 1], the same for both eyes."""
    steps = len(voice.gate)
    closure = np.zeros(steps)
    for time in _blink_times(voice, random, dials["blink_rate"], dials["blink_regularity"]):
        depth = np.clip(dials["blink_completeness"] + random.normal(0, 0.03), 0, 1)
        closure = np.maximum(closure, depth * closure_after((np.arange(steps) / RATE - time) * dials["blink_speed"]))
    return closure


def _blink_times(voice: Voice, random: np.random.Generator, rate: float, regularity: float) -> list[float]:
    """Times in seconds; intervals are a refractory time and a gamma variate, pulled to a pause that is near."""
    seconds = len(voice.gate) / RATE
    if rate <= 0:
        return []
    mean = mean_interval(rate)
    quiet = smooth((voice.gate < 0.3).astype(float), 8)
    times, time = [], mean * random.uniform(0.05, 0.95)
    while time < seconds:
        times.append(_nearest_pause(quiet, time, 0.6 * (1 - regularity)))
        time = max(time, times[-1]) + random_interval(random, rate, regularity)
    return times


def _nearest_pause(quiet: Array, time: float, within: float) -> float:
    """The quietest moment of the next `within` seconds when there is a pause in them, else `time`."""
    first = round(time * RATE)
    ahead = quiet[first : first + round(within * RATE)]
    return (first + int(ahead.argmax())) / RATE if len(ahead) and ahead.max() > 0.5 else time


def _coupled(accent: Array, share: float, random: np.random.Generator) -> Array:
    """Accents (N,) of which a share comes on time and the rest at another time of the clip."""
    shift = int(random.uniform(0.25, 0.75) * len(accent))
    return share * accent + (1 - share) * np.roll(accent, shift)


def brows(voice: Voice, random: np.random.Generator, dials: Mapping[str, float]) -> dict[str, Array]:
    """Brow and cheek coefficients (N,) by name; brows rise on pitch accents."""
    accent = _coupled(voice.accent, dials["brow_coupling"], random)
    idle = drift(random, len(accent), 0.6, 3)
    gain = dials["brow_gain"]
    return {
        "browInnerUp": gain * np.clip(0.30 * accent + 0.05 * idle[:, 0], 0, 0.7),
        "browOuterUp": gain * np.clip(0.30 * accent + 0.06 * idle[:, 0], 0, 0.7),
        "browDown": gain * np.clip(0.08 * idle[:, 1] - 0.15 * accent, 0, 0.4),
        "cheekSquint": np.clip(0.05 * idle[:, 2], 0, 0.3),
    }


def head(voice: Voice, random: np.random.Generator, dials: Mapping[str, float], gain: float, turned: float) -> Array:
    """Pose (N, 6): slow sway in all directions and nods on pitch accents; starts near the portrait's own.

    `gain` scales the motion; `turned` is the portrait's own yaw in degrees.
    """
    sway = drift(random, len(voice.accent), 0.8, 5) * np.array([4.0, 1.8, 1.6, 3.0, 1.5])
    nod = 3.0 * smooth(_coupled(voice.accent, dials["head_coupling"], random), 6)
    pose = np.zeros((len(nod), 6))
    pose[:, :5] = sway
    pose[:, 1] += nod
    # near the portrait at first, though never exactly on it: a frozen or perfect first frame would give the clip away
    early = np.exp(-np.arange(len(pose)) / RATE / 1.2)[:, None]
    pose -= 0.9 * pose[:1] * early
    pose *= gain * dials["head_gain"]
    room = np.full((len(pose), 3), MOST_DEGREES)
    room[pose[:, 0] * turned > 0, 0] = np.clip(_MOST_TURNED - abs(turned), 3, MOST_DEGREES)
    pose[:, :3] = room * np.tanh(pose[:, :3] / room)
    return pose


def gaze(pose: Array, random: np.random.Generator, dials: Mapping[str, float], direction: tuple[float, float]) -> Array:
    """Gaze (N, 2) relative to the portrait's: glances away, returns, and a hold on the viewer while the head turns."""
    steps = len(pose)
    glance, step = np.zeros((steps, 2)), int(random.uniform(0.6, 1.2) * RATE)
    while step < steps:
        stay = int(random.uniform(0.5, 1.8) * RATE)
        glance[step : step + stay] = random.normal(size=2) * [5.0, 2.0] * (random.random() < 0.7)
        step += stay
    still = smooth(glance * dials["gaze_gain"], 1.6)
    held = 0.75 * np.stack([-pose[:, 0], pose[:, 1]], -1)
    return np.asarray(still + held + np.asarray(direction))
