"""Speech to mouth coefficients: open vowels open with loudness, closures stay sharp and win."""

from __future__ import annotations

import numpy as np

from tellbench.datasets.expression import COEFFICIENTS, columns
from tellbench.generator.meshwarp.arrays import Array
from tellbench.generator.meshwarp.signals import smooth
from tellbench.generator.meshwarp.voice import Voice


def mouth_coefficients(voice: Voice, gain: float, closure: float) -> Array:
    """Mouth part of the expression, at 100 Hz.

    Smoothing widths, gains and blends are assumptions, set by looking.

    Args:
        voice: the speech, N steps.
        gain: scale of jaw and lip opening; 1 is natural.
        closure: how far the lips come together on M, B and P; 1 is sealed.

    Returns:
        Coefficients (N, 52); only mouth columns are set.
    """
    jaw, rounding, wide, close, tuck, part, tongue, _ = voice.visemes.T
    close = closure * np.clip(1.25 * smooth(np.clip(1.7 * close - 0.14, 0, 1) * voice.gate, 1.5), 0, 1)
    tuck = np.clip(1.1 * smooth(np.clip(1.2 * tuck - 0.15, 0, 1) * voice.gate, 1.8), 0, 1)
    rounding, wide, part, tongue = (smooth(np.clip(v, 0, 1) * voice.gate, 2.6) for v in (rounding, wide, part, tongue))
    jaw = (0.62 * jaw + 0.38 * voice.level**2 * (jaw > 0.1)) * (0.35 + 0.65 * voice.level) * voice.gate
    jaw = smooth(jaw, 2.2) * (1 - 0.92 * close) * (1 - 0.35 * tuck)
    part = part * (1 - close)
    moves = {
        "jawOpen": 0.62 * gain * jaw,
        "mouthFunnel": 0.42 * rounding * (1 - 0.5 * close),
        "mouthPucker": 0.45 * rounding,
        "mouthStretch": 0.30 * wide,
        "mouthSmile": 0.10 * wide,
        "mouthLowerDown": 0.24 * gain * part,
        "mouthUpperUp": 0.15 * gain * part + 0.20 * tuck,
        "mouthPress": 0.38 * close,
        "mouthRollLower": 0.16 * close + 0.45 * tuck,
        "mouthRollUpper": 0.12 * close,
        "tongueOut": 0.6 * tongue,
    }
    out = np.zeros((len(jaw), len(COEFFICIENTS)))
    for name, track in moves.items():
        out[:, columns(name)] = track[:, None]
    return out
