"""What an observer measures on a person's tracks at 100 Hz: one number a clip and quantity, or one a movement.

Events are found in the curves, as in a laboratory; where 100 Hz is too coarse or no observer could know (microsaccades,
the gaze that was meant), the plan itself is read, and the docstring says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.signal import coherence, find_peaks, welch

from tellbench.datasets.expression import INDEX, columns
from tellbench.datasets.speech.phonemes import CLOSE, is_sealed
from tellbench.datasets.speech.utterance import Phoneme
from tellbench.datasets.studio.behaviour.act import Act
from tellbench.datasets.studio.behaviour.blink import LID_DEGREES
from tellbench.datasets.studio.behaviour.signals import RATE, FloatArray, band_pass

Measures = Mapping[str, float | FloatArray]
"""Numbers of one clip by name; arrays hold one number a movement. NaN where a clip has nothing to measure."""

_MOVING = 0.004  # closure a step above which a lid moves: 17 degrees a second
_COMPLETE = 0.95
_SACCADE_SPEED = 30.0  # degrees a second, the usual threshold
_LIDS_OPEN = 0.02
_BROW_SLOPE, _BROW_HEIGHT = 0.006, 0.12  # a step; coefficient
_LED = 0.12  # s either way of the usual lead within which a raise counts as led by the voice
_LEAD: Final = 0.1
_SEGMENT = 512  # steps of a spectrum: 5 s, 0.2 Hz apart
_AT_ENDS = 0.3
_LISTENERS_WINDOW = (0.25, 0.5)
_SEALED_JAW = 0.03
_ONSET_PAUSE = 0.25  # s; espeak-ng's sentence pauses are about 0.32
_PHRASE = 150  # steps: pitch is explained phrase by phrase, from 1.5 s on


def runs(flags: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]:
    """First step of each run of true flags, and the step after it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return edges[::2], edges[1::2]


def blinks(played: Act) -> Measures:
    """Rate, shape and timing of the lids' movements."""
    closure = played.closure.mean(1)
    peaks, _ = find_peaks(closure, height=0.1, prominence=0.08, plateau_size=(1, 60))
    speed = np.diff(closure, prepend=0.0)
    closing, opening = _moving_steps(speed > _MOVING, peaks), _moving_steps(speed < -_MOVING, peaks, after=True)
    depth = closure[peaks]
    down = np.array([speed[max(0, p - 15) : p + 1].max() for p in peaks])
    up = np.array([-speed[p : p + 35].min() for p in peaks])
    intervals = np.diff(peaks) / RATE
    half = [_crossings(side, peaks, depth / 2) for side in played.closure.T]
    return {
        "rate": len(peaks) / played.scene.n_steps * RATE * 60,
        "closing_ms": closing * 10.0,
        "opening_ms": opening * 10.0,
        "partial": (played.closure[peaks].max(1) < _COMPLETE).astype(float) if len(peaks) else np.zeros(0),
        "intervals_s": intervals,
        "amplitude_deg": depth * LID_DEGREES,
        "speed_deg_s": down * RATE * LID_DEGREES,
        "speed_ratio": down / np.maximum(up, 1e-6),
        "lag_ms": np.abs(half[0] - half[1]) * 10,
        "total_ms": (closing + opening) * 10.0,
        **_blinks_and_voice(played, peaks),
        "with_shift": _with_large_shifts(played, peaks),
    }


def gaze(played: Act) -> Measures:
    """States, saccades and microsaccades; states, magnitudes and microsaccades are read from the plan."""
    glances, scene = played.glances, played.scene
    mutual = glances.mutual_at(scene.times)
    line = np.stack([played.pose[:, 0] + played.gaze[:, 0], played.gaze[:, 1] - played.pose[:, 1]], 1)
    degrees, peak, steps = _saccades(line, played.closure.max(1) < _LIDS_OPEN)
    shifts = glances.shifts[1:]
    large = shifts[shifts > 1.5]
    leaving = ~glances.mutual[1:] & (shifts > 3)
    direction = np.diff(glances.spot, axis=0)[leaving]
    angle = np.degrees(np.arctan2(direction[:, 1] / 0.7, direction[:, 0])) % 90
    return {
        "mutual_s": _inner_dwells(mutual),
        "away_s": _inner_dwells(~mutual),
        "mutual_share": float(mutual.mean()),
        "saccade_deg": degrees,
        "saccade_speed": peak,
        "saccade_ms": steps * 10.0,
        "below_15": (large < 15).astype(float),
        "beyond_3": shifts[shifts > 3] - 3,
        "cardinal": ((angle < 22.5) | (angle > 67.5)).astype(float),
        "micro_rate": float(((shifts > 0.05) & (shifts <= 1)).sum() / scene.n_steps * RATE),
    }


def brows(played: Act) -> Measures:
    """Raises: how many, when, and whether the voice rises with them."""
    scene, raised = played.scene, played.brows.raised
    starts, ends = runs(np.diff(raised, prepend=raised[0]) > _BROW_SLOPE)
    risen = np.array([raised[b : e + 5].max() - raised[b] for b, e in zip(starts, ends, strict=True)])
    onset = starts[risen > _BROW_HEIGHT] if len(starts) else starts
    onset = onset[np.diff(onset, prepend=-RATE) > 25]
    spoken = onset[scene.speaking[onset]]
    led = _led(spoken / RATE, scene.rises)
    chance = _led(scene.times[scene.speaking][::25], scene.rises).mean() if len(scene.rises) else np.nan
    return {
        "raises": len(onset) / scene.n_steps * RATE * 60,
        "silent": (~scene.speaking[onset]).astype(float),
        "led": led.astype(float),
        "led_by_chance": float(chance),
        "lead_ms": _leads(spoken / RATE, scene.rises) * 1000,
    }


def mouth(played: Act, phonemes: tuple[Phoneme, ...]) -> Measures:
    """Opening by its spectrum, against the voice, and its closures."""
    scene, face = played.scene, played.face
    opening = face[:, INDEX["jawOpen"]] + 0.35 * face[:, columns("mouthLowerDown")].mean(1)
    frequency, power = welch(opening, RATE, nperseg=_SEGMENT)
    audible = (frequency > 0.5) & (frequency < 15)
    syllabic = (frequency >= 2) & (frequency <= 7)
    sealed = [p for p in phonemes if is_sealed(p.name) and p.start > 0.1 and p.end < scene.n_steps / RATE - 0.1]
    spans = [slice(int(p.start * RATE) - 2, int(p.end * RATE) + 3) for p in sealed]
    closed = (scene.visemes[:, CLOSE] > 0.98) & (face[:, INDEX["jawOpen"]] < _SEALED_JAW)
    return {
        "mouth_2_7": float(power[syllabic].sum() / power[audible].sum()),
        "mouth_voice_hz": _coherence_peak(opening, scene.envelope),
        "mouth_voice_r": float(np.corrcoef(opening, scene.envelope)[0, 1]),
        "sealed": np.array([float(closed[span].any()) for span in spans]),
        "onset_lead_ms": _onset_leads(opening, played) * 10.0,
    }


def head(played: Act) -> Measures:
    """Bands, ties to the voice, and nods."""
    scene, pose = played.scene, played.pose
    powers = [
        sum(band_pass(axis, *band).var() for axis in pose[:, :3].T) for band in ((0.2, 1.8), (1.8, 3.7), (3.7, 7))
    ]
    slow_voice, nodding = band_pass(scene.envelope, 1, 2), band_pass(pose[:, 1], 1, 2)
    melody = band_pass(scene.accent, 1, 2)
    return {
        "head_low": float(powers[0] / sum(powers)),
        "head_medium": float(powers[1] / sum(powers)),
        "head_high": float(powers[2] / sum(powers)),
        "head_voice_hz": _coherence_peak(pose[:, 1], scene.envelope),
        "head_voice_r": float(np.corrcoef(slow_voice, nodding)[0, 1]),
        "head_f0_r": max(abs(float(np.corrcoef(melody, band_pass(axis, 1, 2))[0, 1])) for axis in pose[:, :3].T),
        "head_f0_explained": _pitch_explained(played),
        "nod_ms": _nod_peak(played) * 10.0,
    }


def breathing(played: Act) -> Measures:
    """Breaths a minute, from the chest's rise."""
    peaks, _ = find_peaks(played.breath, prominence=0.3, plateau_size=(1, None))
    return {"breaths": len(peaks) / played.scene.n_steps * RATE * 60}


def _moving_steps(moving: npt.NDArray[np.bool_], peaks: npt.NDArray[np.int_], *, after: bool = False) -> FloatArray:
    """Length in steps of the run of movement that ends (or begins) within 60 ms of each peak."""
    starts, ends = runs(moving)
    if not len(starts):
        return np.zeros(len(peaks))
    k = np.searchsorted(starts, peaks, side="right") - (0 if after else 1)
    return np.asarray((ends - starts)[np.clip(k, 0, len(starts) - 1)], np.float64)


def _crossings(track: FloatArray, peaks: npt.NDArray[np.int_], level: FloatArray) -> FloatArray:
    """Step, with its fraction, at which the track last rises through a level before each peak."""
    found = []
    for peak, height in zip(peaks, level, strict=True):
        before = track[max(0, peak - 20) : peak + 1]
        below = np.flatnonzero(before[:-1] < height)
        k = below[-1] if len(below) else 0
        found.append(max(0, peak - 20) + k + (height - before[k]) / max(before[k + 1] - before[k], 1e-9))
    return np.array(found)


def _blinks_and_voice(played: Act, peaks: npt.NDArray[np.int_]) -> dict[str, float]:
    """How much likelier blinks are where the voice favours them than elsewhere."""
    scene = played.scene
    own, others = scene.talking & ~scene.speaking, np.zeros(scene.n_steps, bool)
    for end in (scene.phrase_ends * RATE).astype(int):
        own[end : end + int(_AT_ENDS * RATE)] = True
    for end in scene.heard_ends:
        others[int((end + _LISTENERS_WINDOW[0]) * RATE) : int((end + _LISTENERS_WINDOW[1]) * RATE)] = True
    onset = np.clip(peaks - 8, 0, None)
    return {
        "blinks_in_pauses": float(own[onset].sum()),
        "time_in_pauses": float(own.mean()),
        "blinks_after_heard": float(others[onset].sum()),
        "time_after_heard": float(others.mean()),
        "n_blinks": float(len(peaks)),
    }


def _with_large_shifts(played: Act, peaks: npt.NDArray[np.int_]) -> FloatArray:
    """For each planned gaze shift beyond 33 degrees, whether a blink runs with it."""
    glances = played.glances
    moments = glances.start[(glances.shifts > 33) & (glances.start > 0.2)]
    near = [np.abs(peaks / RATE - moment - 0.08).min(initial=np.inf) < 0.25 for moment in moments]
    return np.array(near, np.float64)


def _inner_dwells(state: npt.NDArray[np.bool_]) -> FloatArray:
    """Lengths in seconds of the runs that neither begin nor end with the clip."""
    starts, ends = runs(state)
    inner = (starts > 0) & (ends < len(state))
    return np.asarray((ends - starts)[inner] / RATE, np.float64)


def _saccades(line: FloatArray, seen: npt.NDArray[np.bool_]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Size in degrees, peak speed and length in steps of the fast movements of the line of sight."""
    speed = np.linalg.norm(np.diff(line, axis=0), axis=1) * RATE
    starts, ends = runs(speed > _SACCADE_SPEED)
    kept = [(b, e) for b, e in zip(starts, ends, strict=True) if e - b >= 2 and seen[max(0, b - 3) : e + 3].all()]
    size = np.array([np.linalg.norm(line[e] - line[b]) for b, e in kept])
    peak = np.array([speed[b:e].max() for b, e in kept])
    return size, peak, np.array([float(e - b) for b, e in kept])


def _led(moments: FloatArray, rises: FloatArray) -> npt.NDArray[np.bool_]:
    return np.array([(np.abs(rises - moment - _LEAD) < _LED).any() for moment in moments], bool)


def _leads(moments: FloatArray, rises: FloatArray) -> FloatArray:
    """Time from each raise to the nearest start of a rise, where that is within 0.3 s."""
    after = np.array([rises[np.abs(rises - moment).argmin()] - moment for moment in moments if len(rises)])
    return after[np.abs(after) < 0.3] if len(after) else after


def _coherence_peak(movement: FloatArray, voice: FloatArray) -> float:
    """Frequency in Hz between 0.5 and 8 at which a movement goes most with the voice, smoothed over 0.6 Hz."""
    frequency, tied = coherence(movement, voice, RATE, nperseg=_SEGMENT)
    tied = uniform_filter1d(tied, 3)
    band = (frequency >= 0.5) & (frequency <= 8)
    return float(frequency[band][tied[band].argmax()])


def _onset_leads(opening: FloatArray, played: Act) -> FloatArray:
    """Steps by which the mouth, last at its most closed in a pause, starts opening before the voice."""
    scene = played.scene
    long = scene.pauses > _ONSET_PAUSE
    spans = zip(scene.phrase_starts[long] * RATE, scene.pauses[long] * RATE, strict=True)
    return np.array([_since_closed(opening[max(0, int(start - pause)) : int(start) + 1]) for start, pause in spans])


def _since_closed(opening: FloatArray) -> float:
    """Steps from the last time an opening was near its least to its end."""
    return float(len(opening) - 1 - np.flatnonzero(opening <= opening.min() + 0.005)[-1])


def _nod_peak(played: Act) -> float:
    """Steps from a stress to the lowest chin, in the mean over all stresses."""
    steps = (played.scene.stresses * RATE).astype(int)
    steps = steps[steps + 60 < played.scene.n_steps]
    after = [played.pose[step : step + 60, 1] - played.pose[step, 1] for step in steps]
    return float(np.mean(after, axis=0).argmax()) if after else float("nan")


def _pitch_explained(played: Act) -> float:
    """Median share of a phrase's F0 variance that a linear map of the six head movements explains."""
    scene = played.scene
    explained = []
    for begin, end in zip(*runs(scene.speaking), strict=True):
        voiced = np.flatnonzero(np.isfinite(scene.f0_hz[begin:end])) + begin
        if end - begin >= _PHRASE and len(voiced) > 60:
            moves = np.column_stack([played.pose[voiced], np.ones(len(voiced))])
            f0 = scene.f0_hz[voiced]
            rest = f0 - moves @ np.linalg.lstsq(moves, f0, rcond=None)[0]
            explained.append(1 - rest.var() / f0.var())
    return float(np.median(explained)) if explained else float("nan")
