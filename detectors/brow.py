"""Eyebrow dynamics: how often, how far and how fast brows rise, how evenly, and how they go with the voice.

In people a quick rise of the brows goes with a rise of pitch in 71 % of cases (Cavé et al. 1996), brows start before
the stressed word (Kim, Cvejic & Davis 2014), and 38 % of their movements fall in silence (Guaïtella & Cavé 2002).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import binary_dilation, gaussian_filter1d, percentile_filter
from scipy.signal import find_peaks, peak_prominences, peak_widths

from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Plot
from tellbench.detectors.behaviour import about, checked, correlation, entropy, mean, sd
from tellbench.detectors.cues import Cues, extract
from tellbench.detectors.fitting import Floats
from tellbench.detectors.kinematics import coupling
from tellbench.detectors.statistics import Measured, StatisticsDetector
from tellbench.detectors.voice import Voice, listen

STATISTICS: Final[dict[str, str]] = {
    "rate": "raises a minute",
    "height": "mean height of raises, outer eye distances (0 of none)",
    "height_sd": "spread of the heights of raises",
    "duration": "mean duration of raises, s",
    "rise_speed": "mean speed of raises, outer eye distances a second (0 of none)",
    "rise_ratio": "rising time over falling time",
    "interval_cv": "spread of intervals between raises, relative",
    "range": "range of brow height (5 to 95 %), outer eye distances",
    "speed": "root mean square speed of the brows, outer eye distances a second",
    "jerkiness": "acceleration over speed, 1/s",
    "entropy": "spectral entropy of brow height, 0.2 to 6 Hz (0 = one tone, 1 = white)",
    "height_entropy": "entropy of brow height in steps of 0.004 outer eye distances, bits",
    "asymmetry": "movement of left against right, over that of both",
    "sides_r": "correlation of the left with the right brow",
    "f0_r": "largest correlation with pitch in speech, within half a second",
    "f0_lag": "how far the brows are ahead of pitch there, s",
    "loudness_r": "largest correlation with loudness, within half a second",
    "loudness_lag": "how far the brows are ahead of loudness there, s",
    "led_share": "share of spoken raises that a rise of pitch follows, less chance",
    "silent_share": "share of raises in silence",
    "silent_speed": "speed of the brows in silence over that in speech",
}
"""What the classifier sees, with readable names."""
SMOOTH_S: Final = 0.06
"""Standard deviation of the smoothing of brow tracks: shorter than the fastest rise of 0.12 s (assumption)."""
LEVEL_S, LEVEL_PERCENTILE = 5.0, 30
"""Window and percentile of the height of brows at rest: raises take less than half of the time (assumption)."""
MIN_RAISE: Final = 0.008
"""Least raise, outer eye distances (0.7 mm), about a tenth of a full one (assumption)."""
NOISE_FACTOR: Final = 6.0
"""Least raise in standard deviations of the smoothed track's noise (assumption)."""
LIDS_CLOSE: Final = 0.15
"""Closure from which, with a frame to either side, brows are bridged (assumption)."""
EDGE: Final = 0.15
"""Fraction of the peak at which a raise starts and ends (assumption)."""
REACH_S: Final = 0.5
"""Seconds by which the voice may come before or after the brows (assumption)."""
FOLLOWS_S: Final = (-0.02, 0.22)
"""A rise of pitch that begins so long after a raise follows it: 0.1 +- 0.12 s, as `docs/behaviour.md` counts."""
HEIGHT_STEP: Final = 0.004
LEAST_VOICE_S: Final = 1.0
"""Speech, or silence, that comparing brows in it takes (assumption)."""
COLUMNS: Final = ("onset_s", "peak_s", "offset_s", "height", "rise_speed")
"""Of a table of raises: seconds, outer eye distances, and these a second."""


def lids_move(cues: Cues) -> npt.NDArray[np.bool_]:
    """Frames in which lids close, and one to either side, (T,)."""
    return np.asarray(binary_dilation(cues.shut > LIDS_CLOSE))


def steady_brows(cues: Cues) -> Floats:
    """Height of each brow, (T, 2), bridged where the lids close; NaN where no face was found.

    Skin about the eyes moves with the lids: without the bridge every blink would look like a small raise.
    """
    seen = pd.DataFrame(np.where(lids_move(cues)[:, None], np.nan, cues.brow))
    bridged = seen.interpolate(limit_direction="both").to_numpy(float)
    return np.where(cues.found[:, None], bridged, np.nan)


def find_raises(height: npt.ArrayLike, fps: float) -> pd.DataFrame:
    """Table of raises with `COLUMNS`, in order of time.

    Args:
        height: brow height in outer eye distances, (T,), NaN where unknown.
        fps: frames a second.
    """
    smooth = smoothed(height, fps)
    window = min(len(smooth), round(LEVEL_S * fps)) | 1
    if len(smooth) < 5:
        return pd.DataFrame(columns=list(COLUMNS), dtype=float)
    above = smooth - percentile_filter(smooth, LEVEL_PERCENTILE, size=window, mode="nearest")
    least = max(MIN_RAISE, NOISE_FACTOR * _noise(np.asarray(height, float), fps))
    peaks, _ = find_peaks(above, height=least, prominence=least)
    prominence = peak_prominences(above, peaks)
    _, _, onset, offset = peak_widths(above, peaks, 1 - EDGE, prominence)
    rise = (1 - EDGE) * prominence[0] * fps / np.maximum(peaks - onset, 1)
    columns = (onset / fps, peaks / fps, offset / fps, prominence[0], rise)
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)), dtype=float)


def smoothed(track: npt.ArrayLike, fps: float) -> Floats:
    """A track (T,) with unknown stretches bridged, smoothed over `SMOOTH_S`; zeros where nothing is known."""
    bridged = pd.Series(np.asarray(track, float)).interpolate(limit_direction="both").fillna(0.0).to_numpy()
    return np.asarray(gaussian_filter1d(bridged, SMOOTH_S * fps)) if len(bridged) else bridged


def brow_statistics(
    heights: npt.ArrayLike,
    fps: float,
    raises: pd.DataFrame,
    voice: Voice | None = None,
    bridged: npt.NDArray[np.bool_] | None = None,
) -> dict[str, float]:
    """One number for each of `STATISTICS`; NaN where it takes more raises than there are, or a voice.

    Args:
        heights: of the right and the left brow in outer eye distances, (T, 2), NaN where unknown.
        fps: frames a second.
        raises: table from `find_raises`.
        voice: the clip's sound, where it has any.
        bridged: frames (T,) in which heights are guessed; no speed is taken there, or who blinks more would seem to
            move the brows less.
    """
    sides = np.stack([smoothed(side, fps) for side in np.asarray(heights, float).T], 1)  # (T, 2)
    times = np.arange(len(sides)) / fps
    both = sides.mean(1)
    speed = np.gradient(both, 1 / fps)
    acceleration = np.gradient(speed, 1 / fps)
    if bridged is not None:
        speed, acceleration = (np.where(bridged, np.nan, track) for track in (speed, acceleration))
    return {
        **_raises(raises, len(sides) / fps),
        "range": float(np.diff(np.percentile(both, [5, 95]))[0]),
        "speed": _rms(speed),
        "jerkiness": _rms(acceleration) / max(_rms(speed), 1e-9),
        "entropy": spectral_entropy(both, fps),
        "height_entropy": entropy(np.bincount(((both - both.min()) / HEIGHT_STEP).astype(int))) / np.log(2),
        "asymmetry": _rms(np.diff(sides[:, 1] - sides[:, 0])) / max(_rms(np.diff(both)), 1e-9),
        "sides_r": correlation(sides[:, 0], sides[:, 1]),
        **_with_voice(both, speed, times, raises, voice),
    }


def _raises(raises: pd.DataFrame, duration_s: float) -> dict[str, float]:
    """Brows that never rise rise by nothing: were that unknown, a classifier would take frozen brows for usual ones."""
    onset, peak, offset = (raises[f"{name}_s"].to_numpy() for name in ("onset", "peak", "offset"))
    height, speed, gaps = raises["height"].to_numpy(), raises["rise_speed"].to_numpy(), np.diff(peak)
    return {
        "rate": len(raises) / duration_s * 60,
        "height": mean(height) if len(raises) else 0.0,
        "height_sd": sd(height),
        "duration": mean(offset - onset),
        "rise_speed": mean(speed) if len(raises) else 0.0,
        "rise_ratio": mean(peak - onset) / mean(offset - peak),
        "interval_cv": sd(gaps) / mean(gaps),
    }


def _with_voice(
    height: Floats, speed: Floats, times: Floats, raises: pd.DataFrame, voice: Voice | None
) -> dict[str, float]:
    unknown = dict.fromkeys(list(STATISTICS)[-7:], float("nan"))
    if voice is None:
        return unknown
    spoken = voice.at(times, voice.speaking) > 0.5
    at_onset = voice.at(raises["onset_s"].to_numpy(), voice.speaking) > 0.5
    enough = min(spoken.sum(), (~spoken).sum()) >= LEAST_VOICE_S / times[1]
    known = {"silent_share": mean((~at_onset).astype(float))}
    if enough:
        known["silent_speed"] = _rms(speed[~spoken]) / max(_rms(speed[spoken]), 1e-9)
    if voice.has_pitch:
        in_speech, reach = np.where(spoken, height, np.nan), round(REACH_S / times[1])
        for name, sound in (("f0", voice.pitch), ("loudness", voice.loudness_db)):
            r, ahead = coupling(voice.at(times, sound), in_speech, reach, by_size=False)
            known |= {f"{name}_r": r, f"{name}_lag": ahead * float(times[1])}
        known["led_share"] = led_share(raises["onset_s"].to_numpy()[at_onset], voice)
    return unknown | known


def led_share(onsets: Floats, voice: Voice) -> float:
    """Share of raises that begin just before a rise of pitch, less that of all moments of speech; NaN of none."""
    if not len(onsets):
        return float("nan")
    chance = _followed(voice.times[voice.speaking], voice.rises)
    return _followed(onsets, voice.rises) - chance


def _followed(moments: Floats, rises: Floats) -> float:
    wait = rises[None] - moments[:, None]
    return float(((wait > FOLLOWS_S[0]) & (wait < FOLLOWS_S[1])).any(1).mean())


def spectral_entropy(track: Floats, fps: float) -> float:
    """Entropy of the power from 0.2 to 6 Hz over the largest that there could be; NaN of a track too short or still."""
    power = np.abs(np.fft.rfft((track - track.mean()) * np.hanning(len(track)))) ** 2
    frequency = np.fft.rfftfreq(len(track), 1 / fps)
    band = power[(frequency >= 0.2) & (frequency <= 6)]
    if len(band) < 2 or band.sum() <= 0:
        return float("nan")
    return entropy(band) / float(np.log(len(band)))


def _rms(values: Floats) -> float:
    """Root mean square of what is known; NaN of nothing."""
    return float(np.sqrt(mean(np.square(values[~np.isnan(values)]))))


def _noise(track: Floats, fps: float) -> float:
    """Standard deviation of what noise from frame to frame leaves in a smoothed track."""
    steps = np.diff(track)
    raw = 1.4826 * np.nanmedian(np.abs(steps)) / np.sqrt(2) if np.isfinite(steps).any() else 0.0
    return float(raw / np.sqrt(max(1.0, 2 * np.sqrt(np.pi) * SMOOTH_S * fps)))


class Brow(StatisticsDetector):
    """Statistics of brow tracks and of their ties to the voice; clip length and frame rate are stated."""

    name = "brow"
    version = 3
    statistics = STATISTICS

    def measure(self, clip: Clip) -> Measured:
        """Brow height over pitch, both brows by themselves, and every statistic.

        Raises:
            InputError: unreadable, or a face in too few frames.
        """
        cues = checked(extract(clip, self.backend, self.device), clip)
        brows = steady_brows(cues)
        raises, voice = find_raises(brows.mean(1), cues.fps), listen(clip, cues.duration_s)
        numbers = brow_statistics(brows, cues.fps, raises, voice, lids_move(cues))
        return Measured(numbers, {**about(cues), "raises": len(raises)}, _plots(cues, brows, raises, voice))


def _plots(cues: Cues, sides: Floats, raises: pd.DataFrame, voice: Voice | None) -> tuple[Plot, ...]:
    marks = tuple(raises["peak_s"].tolist())
    series = {"brows": _standard(sides.mean(1))}
    if voice is not None and voice.has_pitch:
        voiced = voice.at(cues.times, np.isfinite(voice.f0_hz)) > 0.5
        series["pitch"] = np.where(voiced, voice.at(cues.times, voice.pitch), np.nan)
    heights = {"right brow": sides[:, 0], "left brow": sides[:, 1]}
    return (
        Plot("Brow height over pitch", "time, s", "standard deviations", cues.times, series, marks),
        Plot("Brow height", "time, s", "outer eye distances", cues.times, heights, marks),
    )


def _standard(track: Floats) -> Floats:
    return np.asarray((track - np.nanmean(track)) / max(float(np.nanstd(track)), 1e-9))
