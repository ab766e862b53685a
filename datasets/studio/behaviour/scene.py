"""What the behaviours react to: the voice of a clip, and whose it is, as time series at 100 Hz."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from tellbench.datasets.speech.features import prosody
from tellbench.datasets.speech.phonemes import VISEMES
from tellbench.datasets.speech.utterance import SILENCE, Utterance
from tellbench.datasets.speech.visemes import viseme_tracks
from tellbench.datasets.studio.behaviour.signals import RATE, FloatArray
from tellbench.errors import InputError

ROLES: Final = ("talking", "listening")
"""Whose voice is heard: the person's own, or the one they listen to."""

Turns = str | Sequence[tuple[float, str]]
"""One of `ROLES` for a whole clip, or its turns as (start in seconds, role), the first at 0."""

_SILENCE_DB = -100.0  # the floor of `Prosody.loudness_db`


@dataclasses.dataclass(frozen=True)
class Scene:
    """The voice of one clip, padded with silence or cut to the clip; arrays of shape (N,) at 100 Hz unless said."""

    times: FloatArray
    """Seconds."""
    visemes: FloatArray
    """Shape (N, 8), columns `VISEMES`."""
    loudness_db: FloatArray
    f0_hz: FloatArray
    """NaN where unvoiced."""
    envelope: FloatArray
    """Loudness from 0 to about 1."""
    accent: FloatArray
    """Local height of pitch above its phrase, 0 or more, in standard deviations."""
    talking: npt.NDArray[np.bool_]
    """Whether it is the person's turn; the voice is another's where it is not."""
    speaking: npt.NDArray[np.bool_]
    """The person's own voice sounds; false in pauses and while listening."""
    heard: npt.NDArray[np.bool_]
    """The other's voice sounds."""
    stresses: FloatArray
    """Onset times of the person's stressed syllables, seconds, shape (S,)."""
    rises: FloatArray
    """Onset times of the person's pitch rises, seconds, shape (R,)."""

    @property
    def n_steps(self) -> int:
        """Length at 100 Hz."""
        return len(self.times)

    @property
    def phrase_starts(self) -> FloatArray:
        """Times at which the person's voice begins, seconds."""
        return np.asarray(self.times[1:][~self.speaking[:-1] & self.speaking[1:]])

    @property
    def phrase_ends(self) -> FloatArray:
        """Times at which the person's voice stops, seconds."""
        return np.asarray(self.times[1:][self.speaking[:-1] & ~self.speaking[1:]])

    @property
    def heard_ends(self) -> FloatArray:
        """Times at which the other's voice stops, seconds."""
        return np.asarray(self.times[1:][self.heard[:-1] & ~self.heard[1:]])

    @property
    def pauses(self) -> FloatArray:
        """Silence before each of `phrase_starts`, seconds; counted from the clip's start where nothing was said yet."""
        starts, ends = self.phrase_starts, np.concatenate([[0.0], self.phrase_ends])
        return np.asarray(starts - ends[np.searchsorted(ends, starts) - 1])


def roles_at(turns: Turns, times: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Where the person has the turn, shape (N,).

    Raises:
        InputError: an unknown role, or turns that do not begin at 0 in order.
    """
    spans = [(0.0, turns)] if isinstance(turns, str) else list(turns)
    for _, role in spans:
        if role not in ROLES:
            raise InputError(f"role {role!r}; allowed: {', '.join(ROLES)}, or turns such as [(0.0, 'talking')]")
    starts = np.array([start for start, _ in spans])
    if not len(starts) or starts[0] != 0 or (np.diff(starts) <= 0).any():
        raise InputError(f"turns that start at {starts.tolist()} s; give rising times from 0 on")
    mine = np.array([role == ROLES[0] for _, role in spans])
    return np.asarray(mine[np.searchsorted(starts, times, side="right") - 1])


def listen(utterance: Utterance, duration: float, turns: Turns = "talking") -> Scene:
    """Make the scene of a clip of `duration` seconds; a recording without phonemes is heard by the `SpeechDriver`.

    Args:
        utterance: all that is heard, whoever says it.
        duration: seconds.
        turns: whose voice it is.

    Raises:
        InputError: see `roles_at`.
    """
    n_steps = max(1, round(duration * RATE))
    times = (np.arange(n_steps) + 0.5) / RATE
    talking = roles_at(turns, times)
    heard = prosody(utterance.audio.cut(0, duration))
    loudness, f0 = _fit(heard.loudness_db, n_steps, _SILENCE_DB), _fit(heard.f0_hz, n_steps, np.nan)
    voice = _fit(heard.speaking, n_steps, 0.0) > 0
    speaking = voice & talking
    pitch = _pitch_contour(f0)
    accent = np.clip(pitch, 0, 2.5) * speaking
    return Scene(
        times=times,
        visemes=_visemes(utterance, n_steps) * gaussian_filter1d(talking.astype(np.float64), 4)[:, None]
        if talking.any()
        else np.zeros((n_steps, len(VISEMES))),
        loudness_db=loudness,
        f0_hz=f0,
        envelope=gaussian_filter1d(np.where(speaking, _fit(heard.envelope, n_steps, 0.0), 0.0), 3),
        accent=accent,
        talking=talking,
        speaking=speaking,
        heard=voice & ~talking,
        stresses=_stresses(utterance, accent, duration),
        rises=_rises(pitch, speaking),
    )


def _visemes(utterance: Utterance, n_steps: int) -> FloatArray:
    if utterance.phonemes:
        return viseme_tracks(utterance.phonemes, n_steps).astype(np.float64)
    from tellbench.datasets.speech.driver import SpeechDriver

    tracks = SpeechDriver.load()(utterance.audio).visemes[:n_steps]
    return np.pad(tracks.astype(np.float64), ((0, n_steps - len(tracks)), (0, 0)))


def _fit(track: npt.NDArray[np.floating | np.bool_], n_steps: int, after: float) -> FloatArray:
    """Cut, or continued with the value `after`, to n_steps."""
    return np.pad(track[:n_steps].astype(np.float64), (0, max(0, n_steps - len(track))), constant_values=after)


def _pitch_contour(f0_hz: FloatArray) -> FloatArray:
    """Log pitch relative to its phrase (1.2 s), in standard deviations; interpolated over unvoiced stretches."""
    voiced = np.isfinite(f0_hz)
    if voiced.sum() < 20:
        return np.zeros_like(f0_hz)
    log_f0 = np.interp(np.arange(len(f0_hz)), np.flatnonzero(voiced), np.log(f0_hz[voiced]))
    log_f0 = gaussian_filter1d(log_f0, 4)
    return np.asarray((log_f0 - gaussian_filter1d(log_f0, 60)) / (log_f0[voiced].std() + 1e-3))


def _stresses(utterance: Utterance, accent: FloatArray, duration: float) -> FloatArray:
    """Stressed phonemes with a pitch accent; for recordings, the accents alone."""
    if utterance.phonemes:
        marks = np.array(
            [p.start for p in utterance.phonemes if p.stressed and p.name != SILENCE and p.start < duration]
        )
        steps = np.minimum((marks * RATE).astype(int), len(accent) - 1)
        return marks[accent[steps] > 0.3] if len(marks) else marks
    peaks = np.flatnonzero((accent[1:-1] > 0.6) & (accent[1:-1] >= accent[:-2]) & (accent[1:-1] > accent[2:])) + 1
    return np.asarray(peaks / RATE - 0.08)


def _rises(pitch: FloatArray, speaking: npt.NDArray[np.bool_]) -> FloatArray:
    """Where pitch starts a rise of at least 0.8 standard deviations: its local minimum before each such peak."""
    slope = np.diff(pitch, append=pitch[-1:])
    lows = np.flatnonzero((slope[1:] > 0) & (slope[:-1] <= 0)) + 1
    highs = np.flatnonzero((slope[1:] <= 0) & (slope[:-1] > 0)) + 1
    if not len(lows) or not len(highs):
        return np.zeros(0)
    top = np.searchsorted(highs, lows)
    lows, top = lows[top < len(highs)], top[top < len(highs)]
    risen = (pitch[highs[top]] - pitch[lows] > 0.8) & speaking[highs[top]]
    return np.asarray(lows[risen] / RATE)
