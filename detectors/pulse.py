"""The heartbeat in the skin (remote photoplethysmography): how strong it is, and whether all of the face agrees on it.

Blood colours skin by a fraction of a grey level with every beat. Forged faces may lack that, or carry the driver's
pulse where it should not be, so that it is its distribution over the face that tells (Seibold et al. 2025,
10.3389/fimag.2025.1504551). Pulse signals are by POS (Wang et al. 2017, 10.1109/TBME.2016.2609282) of each patch.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import uniform_filter1d

from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Plot
from tellbench.detectors.behaviour import about, checked, correlation, entropy
from tellbench.detectors.cues import extract
from tellbench.detectors.fitting import Floats
from tellbench.detectors.kinematics import band, mean, spread
from tellbench.detectors.skin import PATCHES, regions, skin_of
from tellbench.detectors.statistics import Measured, StatisticsDetector
from tellbench.errors import InputError

STATISTICS: Final[dict[str, str]] = {
    "rate": "strongest rhythm of the face, beats a minute",
    "snr": "signal over noise of the face, dB",
    "share": "share of the face's power that lies in the heart band",
    "entropy": "spectral entropy of the face in the heart band (0 = one tone, 1 = white)",
    "size": "size of the pulse signal in the heart band, per mille of the skin's colour",
    "patch_snr": "mean signal over noise of single patches, dB",
    "patch_snr_sd": "spread of that over patches, dB",
    "agreement": "mean correlation of patches in the heart band",
    "near": "the same within a region less that across regions",
    "same_rate": "share of patches whose strongest rhythm is the face's",
    "phase": "agreement of the patches' phases at that rhythm (0 = none, 1 = all)",
    "forehead_cheeks": "correlation of forehead and cheeks in the heart band",
    "cheeks": "correlation of the cheeks in the heart band",
    "drift": "size of slow changes of green, below the heart band, per mille",
    "grain": "size of fast changes of green, above the heart band, per mille",
    "grain_agreement": "mean correlation of patches above the heart band",
}
"""What the classifier sees, with readable names."""
HEART: Final = (0.7, 3.0)
"""Hz in which hearts of people at rest beat, 42 to 180 a minute (assumption; 0.7 to 4 Hz is as common)."""
WINDOW_S: Final = 1.6
"""Seconds over which POS normalises colour: one beat at 40 a minute (Wang et al. 2017: 32 frames of 20 a second)."""
HALF_WIDTH_HZ: Final = 0.15
"""Half the width of a spectral peak that counts as the signal, about its frequency and its double (de Haan & Jeanne
2013, 10.1109/TBME.2013.2266196, use a template of such bins; width: assumption)."""
LEAST_S: Final = 3.0
"""Shortest clip: two beats of the slowest heart (assumption)."""


_TOWARDS: Final = np.array([[0, 1, -1], [-2, 1, 1]])
"""POS: the plane of colour changes that no light makes, spanned by two mixtures of red, green and blue."""


def pos(colours: npt.NDArray[np.floating], fps: float) -> Floats:
    """Pulse signals (T, P), relative to the skin's colour, of colours (T, P, 3) without gaps.

    A window of POS adds to each of its frames a mixture of the colours, whose weights depend on the window's means and
    covariances alone; so all windows together, one at each frame, are box filters, in memory of a few times the input.

    Args:
        colours: red, green and blue of P patches over T frames, above 0.
        fps: frames a second.
    """
    size = min(len(colours), round(WINDOW_S * fps)) | 1
    rgb = np.moveaxis(colours / np.maximum(colours.mean(0), 1e-6) - 1, -1, 0).astype(np.float64)  # (3, T, P), about 0

    def over(values: Floats) -> Floats:
        return np.asarray(uniform_filter1d(values, size, axis=-2, mode="nearest"))

    means = over(rgb)
    covariance = over(rgb[:, None] * rgb[None]) - means[:, None] * means[None]  # (3, 3, T, P)
    first, second = _TOWARDS[:, :, None, None] / (1 + means)  # (3, T, P) each
    spread = [np.einsum("itp,jtp,ijtp->tp", mix, mix, covariance).clip(0) for mix in (first, second)]
    weights = first + np.sqrt(spread[0] / np.maximum(spread[1], 1e-18)) * second
    return np.asarray(((1 + rgb) * over(weights)).sum(0))


def pulse_statistics(colours: npt.NDArray[np.floating], fps: float) -> dict[str, float]:
    """One number for each of `STATISTICS`; NaN where there is no signal to take it from.

    Args:
        colours: of the patches of `skin.PATCHES`, (T, P, 3), without gaps.
        fps: frames a second.
    """
    signals = pos(colours, fps)
    beats = _between(signals, fps, *HEART)
    green = colours[..., 1] / np.maximum(colours[..., 1].mean(0), 1e-6)
    grain = _between(green, fps, HEART[1], fps / 2)
    return {
        **_rhythm(signals.mean(1), fps),
        "size": 1000 * float(beats.mean(1).std()),
        **_over_the_face(signals, beats, fps),
        "drift": 1000 * float(_between(green, fps, 0.1, HEART[0]).mean(1).std()),
        "grain": 1000 * float(grain.std(0).mean()),
        "grain_agreement": mean(_correlations(grain)),
    }


def _rhythm(face: Floats, fps: float) -> dict[str, float]:
    """What the face's mean signal (T,) says."""
    hertz, power = _power(face[:, None], fps)
    heart, heard = (hertz >= HEART[0]) & (hertz <= HEART[1]), hertz >= HEART[0] / 2
    whole = float(power[heard].sum()) or np.nan
    return {
        "rate": 60 * float(_peaks(hertz, power)[0]),
        "snr": float(_snr(hertz, power)[0]),
        "share": float(power[heart].sum()) / whole,
        "entropy": entropy(power[heart, 0]) / float(np.log(max(2, heart.sum()))),
    }


def _over_the_face(signals: Floats, beats: Floats, fps: float) -> dict[str, float]:
    """How far patches (T, P) agree, with their band-passed signals (T, P)."""
    hertz, power = _power(signals, fps)
    rate = _peaks(hertz, power.mean(1, keepdims=True))[0]
    near = np.abs(_peaks(hertz, power) - rate) <= HALF_WIDTH_HZ
    turn = np.exp(-2j * np.pi * rate / fps * np.arange(len(beats))) @ beats  # (P,)
    where, r = regions(), _correlations(beats)
    same = where[:, None] == where[None]
    region = {name: beats[:, where == name].mean(1) for name in PATCHES}
    cheeks = region["right cheek"], region["left cheek"]
    return {
        "patch_snr": mean(_snr(hertz, power)),
        "patch_snr_sd": spread(_snr(hertz, power)),
        "agreement": mean(r),
        "near": mean(r[same]) - mean(r[~same]),
        "same_rate": float(near.mean()),
        "phase": float(np.abs(np.mean(turn / np.maximum(np.abs(turn), 1e-12)))),
        "forehead_cheeks": correlation(region["forehead"], np.mean(cheeks, 0)),
        "cheeks": correlation(*cheeks),
    }


def _between(tracks: Floats, fps: float, low: float, high: float) -> Floats:
    """Tracks (T, P) between two frequencies in Hz."""
    return np.stack([band(track, low, high, fps) for track in tracks.T], 1)


def _power(signals: Floats, fps: float) -> tuple[Floats, Floats]:
    """Frequencies in Hz, (F,), and power of signals (T, P), (F, P)."""
    window = np.hanning(len(signals))[:, None]
    power = np.abs(np.fft.rfft((signals - signals.mean(0)) * window, axis=0)) ** 2
    return np.asarray(np.fft.rfftfreq(len(signals), 1 / fps)), np.asarray(power)


def _peaks(hertz: Floats, power: Floats) -> Floats:
    """Frequency of most power in the heart band, (P,)."""
    heart = np.flatnonzero((hertz >= HEART[0]) & (hertz <= HEART[1]))
    return np.asarray(hertz[heart[power[heart].argmax(0)]])


def _snr(hertz: Floats, power: Floats) -> Floats:
    """Power about the strongest rhythm and its double over all other from the heart band to its double, dB, (P,)."""
    peaks = _peaks(hertz, power)
    signal = sum((np.abs(hertz[:, None] - n * peaks) <= HALF_WIDTH_HZ).astype(float) for n in (1, 2)) > 0
    heard = ((hertz >= HEART[0]) & (hertz <= 2 * HEART[1]))[:, None]
    inside, outside = ((power * (heard & kept)).sum(0) for kept in (signal, ~signal))
    return np.asarray(10 * np.log10(np.maximum(inside, 1e-18) / np.maximum(outside, 1e-18)))


def _correlations(tracks: Floats) -> Floats:
    """Pearson's r of every two of P tracks (T, P), (P, P); NaN of a track with itself and of one that stands still."""
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.array(np.corrcoef(tracks.T))
    np.fill_diagonal(r, np.nan)
    return r


class Pulse(StatisticsDetector):
    """Statistics of the heartbeat over the face. Short clips hold few beats; clip length and frame rate are stated."""

    name = "pulse"
    statistics = STATISTICS

    def measure(self, clip: Clip) -> Measured:
        """Pulse of the regions of the face, its spectrum, and every statistic.

        Raises:
            InputError: unreadable, a face in too few frames, or too short.
        """
        cues = checked(extract(clip, self.backend, self.device), clip)
        if cues.duration_s < LEAST_S:
            raise InputError(f"{clip.path}: {cues.duration_s:.2f} s long; a pulse needs {LEAST_S:g} s")
        seen = skin_of(clip, cues.points)
        flat = pd.DataFrame(seen.reshape(len(seen), -1)).interpolate(limit_direction="both")
        colours = flat.to_numpy(float).reshape(seen.shape)
        return Measured(pulse_statistics(colours, cues.fps), about(cues), _plots(colours, cues.fps))


def _plots(colours: Floats, fps: float) -> tuple[Plot, ...]:
    signals, where = pos(colours, fps), regions()
    beats = 1000 * _between(signals, fps, *HEART)
    times = np.arange(len(beats)) / fps
    series = {name: beats[:, where == name].mean(1) for name in PATCHES}
    hertz, power = _power(signals.mean(1, keepdims=True), fps)
    shown = (hertz >= HEART[0] / 2) & (hertz <= 2 * HEART[1])
    spectrum = {"face": power[shown, 0] / max(float(power[shown].max()), 1e-18)}
    return (
        Plot("Pulse by region", "time, s", "per mille of the skin's colour", times, series),
        Plot("Spectrum of the pulse", "beats a minute", "power, largest = 1", 60 * hertz[shown], spectrum),
    )
