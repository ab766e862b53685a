"""How virtual people are drawn: the distribution of every slider of `Identity`.

Sources: interpupillary distance after Dodgson (2004, *Variation and extrema of human interpupillary distance*); eye,
nose, mouth and jaw means rounded from Farkas (1994, *Anthropometry of the Head and Face*); eyeball and iris after
Bekerman et al. (2014) and Rüfer et al. (2005). Spreads are an assumption: wider than life, so that people differ.
Everything without a source here (other colours, styles, age effects, odds) is an assumption too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from tellbench.datasets.studio.people.identity import (
    BEARD_STYLES,
    GARMENTS,
    HAIR_STYLES,
    PATTERNS,
    SEXES,
    SKIN_TONES,
    Color,
    Sex,
    SkinTone,
)

TONE_ALBEDO: Final[dict[SkinTone, Color]] = {
    "I": (0.547, 0.359, 0.285),
    "II": (0.516, 0.317, 0.232),
    "III": (0.450, 0.258, 0.175),
    "IV": (0.353, 0.184, 0.114),
    "V": (0.225, 0.110, 0.067),
    "VI": (0.128, 0.066, 0.046),
}
"""Linear sRGB of CIELAB (L*, a*, b*) = (69, 10, 13), (66, 11, 16), (61, 12, 18), (53.5, 13, 19.5), (43, 12.5, 17.5),
(33.5, 10, 12) under D65. Their individual typology angles, atan((L* - 50) / b*), of 56, 45, 31, 10, -22 and -54 degrees
lie in the six classes measured by spectrophotometer (Chardon et al. 1991; Del Bino and Bernerd 2013: above 55, 41, 28,
10, -30, below), one a Fitzpatrick type, though the two scales only correlate; a* is an assumption near the 10 to 14 of
faces (Xiao et al. 2017)."""
HAIR_PIGMENTS: Final[dict[str, tuple[float, float]]] = {
    "black": (11.0, 0.1),
    "dark": (6.0, 0.3),
    "brown": (3.2, 0.4),
    "chestnut": (1.9, 0.9),
    "auburn": (1.0, 1.8),
    "blond": (0.40, 0.10),
    "sandy": (0.85, 0.20),
}
"""Eumelanin and pheomelanin of each hair colour."""
IRIS_COLORS: Final[dict[str, Color]] = {
    "brown": (0.10, 0.045, 0.018),
    "dark": (0.045, 0.022, 0.012),
    "hazel": (0.17, 0.105, 0.035),
    "green": (0.12, 0.17, 0.075),
    "blue": (0.13, 0.23, 0.36),
    "grey": (0.22, 0.26, 0.29),
}
GLASSES_COLORS: Final[tuple[Color, ...]] = ((0.01, 0.01, 0.01), (0.09, 0.045, 0.02), (0.13, 0.13, 0.14))


def draw_person(seed: int) -> dict[str, Any]:
    """Sliders of a random person; sex, age and skin tone are drawn evenly."""
    draw = _Random(seed)
    sex = SEXES[draw.index(2)]
    return _assemble(draw, seed, sex, float(sex == "female"), draw.uniform(19, 72), SKIN_TONES[draw.index(6)])


def middle_person() -> dict[str, Any]:
    """The middle of every slider, half-way between the sexes."""
    return _assemble(_Middle(), 0, "female", 0.5, 42.0, "III")


class _Draw(Protocol):
    def normal(self, spread: float) -> float: ...
    def uniform(self, low: float, high: float) -> float: ...
    def chance(self, probability: float) -> bool: ...
    def index(self, n: int) -> int: ...
    def choose(self, options: Sequence[Any], weights: Sequence[float]) -> Any: ...


class _Random:
    """Draws from one seeded generator."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def normal(self, spread: float) -> float:
        return float(np.clip(self._rng.normal(), -2.2, 2.2) * spread)

    def uniform(self, low: float, high: float) -> float:
        return float(self._rng.uniform(low, high))

    def chance(self, probability: float) -> bool:
        return bool(self._rng.random() < probability)

    def index(self, n: int) -> int:
        return int(self._rng.integers(n))

    def choose(self, options: Sequence[Any], weights: Sequence[float]) -> Any:
        return options[int(self._rng.choice(len(options), p=np.divide(weights, sum(weights))))]


class _Middle:
    """Answers every draw with its middle or its commonest value."""

    def normal(self, spread: float) -> float:
        return 0.0 * spread

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2

    def chance(self, probability: float) -> bool:
        return probability > 0.5

    def index(self, n: int) -> int:
        return n // 2

    def choose(self, options: Sequence[Any], weights: Sequence[float]) -> Any:
        return options[int(np.argmax(weights))]


@dataclass(frozen=True)
class _Modes:
    """Ways in which proportions vary together, each standard normal: faces are not bundles of independent measures."""

    build: float
    """Heavy (+) or lean."""
    robust: float
    """Strong bones, whatever the sex."""
    long: float
    """Long and narrow (+) or short and broad."""
    broad: float
    """Broad nose, full lips, mouth forward (+) or the opposite; leans a little on the skin tone."""
    flat: float
    """Low nose bridge, wide flat cheeks, low lid crease (+) or a deep-set profile; independent of skin tone."""


def _modes(draw: _Draw, number: int) -> _Modes:
    build, robust, long, broad, flat = (draw.normal(1) for _ in range(5))
    return _Modes(build, robust, long, 0.85 * broad + 0.3 * (number - 3.5), flat)


def _assemble(draw: _Draw, seed: int, sex: Sex, fem: float, age: float, tone: SkinTone) -> dict[str, Any]:
    """Sliders of one person; `fem` is 1 for a woman, 0 for a man, between for the average."""
    old = max(0.0, (age - 35) / 40)
    sliders: dict[str, Any] = {"seed": int(seed), "sex": sex, "age": age, "skin_tone": tone}
    number = SKIN_TONES.index(tone) + 1
    modes = _modes(draw, number)
    sliders |= _skin(draw, fem, old, number)
    sliders |= _skull(draw, fem, old, modes)
    sliders |= _nose(draw, fem, old, modes)
    sliders |= _eyes(draw, fem, old, number, modes)
    sliders |= _mouth(draw, fem, old, modes)
    sliders |= _body(draw, fem, old, modes)
    sliders |= _hair(draw, fem, old, age, number)
    return sliders


def _mix(a: Color, b: Color, weight: float) -> Color:
    """`a` with a share `weight` of `b`."""
    r, g, b_ = (x + (y - x) * weight for x, y in zip(a, b, strict=True))
    return r, g, b_


def _scaled(color: Color, *factors: float) -> Color:
    """A colour times one factor, or one factor a channel, kept in [0.002, 0.95]."""
    r, g, b = (float(x) for x in np.clip(np.multiply(color, factors), 0.002, 0.95))
    return r, g, b


def _skin(draw: _Draw, fem: float, old: float, number: int) -> dict[str, Any]:
    own = TONE_ALBEDO[SKIN_TONES[number - 1]]
    neighbour = min(6, max(1, number + (1 if draw.chance(0.5) else -1)))
    # at most 45 % of the way to a neighbouring type, so that the group attribute stays true
    color = _mix(own, TONE_ALBEDO[SKIN_TONES[neighbour - 1]], draw.uniform(0, 0.45))
    woman = fem == 1.0
    return {
        "skin_color": _scaled(color, 1 + draw.normal(0.01), 1 + draw.normal(0.02), 1 + draw.normal(0.03)),
        "redness": draw.uniform(0.4, 1.2) * (1.0 if number < 4 else 0.6),
        "freckles": draw.uniform(0.4, 1.0) * (draw.chance(0.22) and number < 4),
        "moles": draw.index(6),
        "oiliness": draw.uniform(0.5, 1.25),
        "makeup": woman * draw.uniform(0, 1) ** 1.3,
        "eye_bags": draw.uniform(0.1, 0.6) + 0.5 * old,
    }


def _skull(draw: _Draw, fem: float, old: float, modes: _Modes) -> dict[str, Any]:
    n = draw.normal
    return {
        "head_width": 1.01 - 0.03 * fem + n(0.025),
        "head_height": 1.01 - 0.03 * fem + n(0.02),
        "head_length": 1.01 - 0.035 * fem + n(0.025),
        "face_width": 1.015 - 0.045 * fem + 0.012 * modes.build - 0.015 * modes.long + n(0.02),
        "face_length": 5.5 * fem - 2.5 - 2.6 * modes.long + n(1.8),
        "jaw_width": 1.03 - 0.17 * fem + 0.03 * modes.robust + 0.01 * modes.build + n(0.03),
        "jaw_height": 1.5 * fem - 1.5 * modes.robust * (1 - 0.5 * fem) + n(3.0),
        "chin_width": 1.05 - 0.25 * fem + 0.06 * modes.robust + n(0.09),
        "chin_projection": 0.7 - 1.4 * fem + 0.8 * modes.robust + n(1.5),
        "chin_length": 0.8 - 1.6 * fem + 0.7 * modes.robust + n(1.3),
        "cheekbone": 0.5 * fem + 0.8 * modes.flat + n(1.1),
        "cheek": 0.6 * fem + 0.7 * modes.build - 1.4 * old + n(1.0),
        "brow_ridge": 2.8 - 3.6 * fem + (1.1 - 0.4 * fem) * modes.robust - 0.5 * modes.flat + n(0.6),
        "forehead": 2.0 * fem - 0.6 * modes.robust + n(2.2),
        "fat": max(-1.5, 0.6 + 1.6 * modes.build + n(0.6)),
    }


def _nose(draw: _Draw, fem: float, old: float, modes: _Modes) -> dict[str, Any]:
    n = draw.normal
    return {
        "nose_length": -1.8 * fem + 1.3 * modes.long + 0.5 * modes.robust + 1.2 * old + n(1.9),
        "nose_width": 1.02 - 0.08 * fem + 0.09 * modes.broad + 0.02 * modes.build + n(0.05),
        "nose_projection": -1.5 * fem - 1.0 * modes.broad - 0.5 * modes.flat + 0.6 * modes.robust + n(1.7),
        "bridge_width": 1.02 - 0.09 * fem + 0.06 * modes.broad + n(0.08),
        "bridge_projection": -0.8 * modes.flat - 0.5 * modes.broad + n(1.0),
        "nose_hump": (n(1.1) + 0.3 * modes.robust - 0.4 * modes.flat) * (1 - 0.4 * fem),
        "nose_tip_size": 1 - 0.04 * fem + 0.05 * modes.broad + 0.05 * old + n(0.06),
        "nose_tip_lift": 1.2 * fem - 1.5 * old + n(1.6),
    }


def _eyes(draw: _Draw, fem: float, old: float, number: int, modes: _Modes) -> dict[str, Any]:
    n, u = draw.normal, draw.uniform
    weights = (0.34, 0.20, 0.14, 0.08, 0.16, 0.08) if number < 4 else (0.5, 0.5, 0, 0, 0, 0)
    return {
        "eye_distance": 63.6 - 1.8 * fem + 0.5 * modes.flat + n(2.0),
        "eye_width": 31.2 - 0.4 * fem + n(0.9),
        "eye_height": 10.6 + 1.1 * fem + n(0.7) - 0.9 * old,
        "eye_tilt": 1.6 + 0.7 * fem + 0.5 * modes.flat - 1.2 * old + n(0.9),
        "eye_depth": 0.5 * fem + 0.6 * modes.flat - 0.4 * modes.robust + n(0.7),
        "lid_crease": max(2.0, 4.2 + 0.4 * fem - 0.8 * modes.flat + n(0.9)),
        "lid_hood": u(0, 1) * (0.35 + 0.8 * old),
        "epicanthus": float(np.clip(0.55 * modes.flat - 0.35 + n(0.15), 0, 1)),
        "eye_radius": 12.1,
        "iris_color": _scaled(IRIS_COLORS[draw.choose(tuple(IRIS_COLORS), weights)], u(0.8, 1.2)),
        "pupil_radius": u(1.5, 2.4),
        "brow_height": 20.3 + 1.6 * fem - 1.2 * old + n(1.2),
        "brow_arch": 1.9 + 1.1 * fem + n(1.0),
        "brow_thickness": 1.06 - 0.30 * fem + n(0.16),
        "brow_density": u(0.6, 1.1),
        "brow_tilt": 0.8 + 0.4 * fem + n(0.8),
    }


def _mouth(draw: _Draw, fem: float, old: float, modes: _Modes) -> dict[str, Any]:
    n, u = draw.normal, draw.uniform
    full = 1.1 * fem + 0.75 * modes.broad
    return {
        "mouth_width": 53 - 3 * fem + 0.8 * modes.broad + n(2.2),
        "upper_lip": max(3.0, 7.0 + full + n(0.8) - 1.9 * old),
        "lower_lip": max(4.5, 8.8 + full + n(0.9) - 1.5 * old),
        "lip_projection": 0.9 * modes.broad + 0.3 * fem - 0.8 * old + n(0.6),
        "cupid_bow": max(0.3, 1.3 + 0.2 * fem - 0.4 * old + n(0.45)),
        "philtrum": 14.0 - 1.3 * fem + 0.5 * modes.long + 1.8 * old + n(1.2),
        "mouth_shift": n(0.8),
        "mouth_curve": 1.1 + n(0.6) - 0.7 * old,
        "lip_darkness": u(0, 0.35),
        "lipstick": u(0.4, 1) * (fem == 1.0 and draw.chance(0.35)),
    }


def _body(draw: _Draw, fem: float, old: float, modes: _Modes) -> dict[str, Any]:
    n = draw.normal
    return {
        "ear_size": 1.02 - 0.05 * fem + n(0.06) + 0.1 * old,
        "ear_angle": 22 + n(6),
        "neck_radius": 56.5 - 10.0 * fem + 1.6 * modes.build + 1.0 * modes.robust + n(1.2),
        **_clothes(draw, fem),
        "shoulder_width": 1.02 - 0.12 * fem + 0.02 * modes.robust + 0.02 * modes.build + n(0.03),
        "glasses": draw.chance(0.2),
        "glasses_color": GLASSES_COLORS[draw.index(3)],
    }


_GARMENT_ODDS: Final = (  # in the order of GARMENTS: women, men
    (0.16, 0.12, 0.17, 0.09, 0.08, 0.06, 0.12, 0.02, 0.03, 0.15),
    (0.20, 0.06, 0.00, 0.12, 0.05, 0.10, 0.18, 0.08, 0.16, 0.05),
)
_JACKETS: Final[tuple[Color, ...]] = (
    *((0.012, 0.014, 0.022), (0.03, 0.03, 0.034), (0.02, 0.028, 0.05)),
    *((0.09, 0.08, 0.07), (0.2, 0.17, 0.13)),
)


def _clothes(draw: _Draw, fem: float) -> dict[str, Any]:
    garment = draw.choose(GARMENTS, _GARMENT_ODDS[0 if fem >= 0.5 else 1])
    jacket = garment in ("suit", "blazer")
    patterns = (0.92, 0.0, 0.08) if jacket else (0.74, 0.13, 0.13)
    own = _JACKETS[draw.index(len(_JACKETS))] if jacket else _cloth_color(draw)
    accent = _cloth_color(draw)
    if abs(np.log(np.mean(own) / np.mean(accent))) < 0.5:  # too alike to tell apart
        accent = _scaled(accent, 0.4 if np.mean(own) > 0.2 else 3.0)
    return {
        "cloth_color": own,
        "cloth_accent": accent,
        "garment": garment,
        "pattern": draw.choose(PATTERNS, patterns),
        "tie": draw.chance(0.6),
    }


def _cloth_color(draw: _Draw) -> Color:
    """White to black, mostly muted."""
    hue = [draw.normal(0.35) * draw.uniform(0.2, 1) for _ in range(3)]
    return _scaled((1.0, 1.0, 1.0), *(0.65 * 0.04 ** draw.uniform(0, 1) * np.exp(hue)))


_WOMEN_STYLES: Final = (
    HAIR_STYLES[:13],
    (0.14, 0.14, 0.12, 0.11, 0.09, 0.05, 0.07, 0.07, 0.06, 0.02, 0.07, 0.03, 0.03),
)
_MEN_STYLES: Final = (
    HAIR_STYLES[9:],
    (0.17, 0.07, 0.03, 0.02, 0.17, 0.10, 0.14, 0.12, 0.10, 0.03, 0.05),
)
_COILED: Final = {"curly": 2.0, "afro": 6.0, "locs": 6.0}
"""How much likelier tightly curled styles are with the two darkest skin types."""


def pigmented(eumelanin: float, pheomelanin: float) -> Color:
    """Colour of hair by its melanins.

    Absorption after d'Eon et al. (2011); the root in the exponent stands for the many fibres that light passes
    (assumption, as is its factor).
    """
    absorbed = eumelanin * np.array([0.419, 0.697, 1.37]) + pheomelanin * np.array([0.187, 0.4, 1.05])
    color = _scaled((1.0, 1.0, 1.0), *np.exp(-1.9 * np.sqrt(absorbed)))
    mean = sum(color) / 3
    return _mix(color, (mean, mean, mean), 0.2)  # light that the surface scatters (assumption)


def _style(draw: _Draw, fem: float, old: float, number: int) -> Any:
    styles, weights = _WOMEN_STYLES if fem >= 0.5 else _MEN_STYLES
    odds = dict(zip(styles, weights, strict=True))
    for style in styles:
        odds[style] *= _COILED.get(style, 1.0) if number > 4 else 1.0
        odds[style] *= 4 * old if style == "horseshoe" else 1.0
    return draw.choose(styles, tuple(odds.values()))


def _hair(draw: _Draw, fem: float, old: float, age: float, number: int) -> dict[str, Any]:
    n, u = draw.normal, draw.uniform
    weights = (
        (0.14, 0.24, 0.22, 0.12, 0.07, 0.11, 0.10) if number < 4 else (0.8, 0.2 if number > 4 else 0.6, 0, 0, 0, 0, 0)
    )
    eumelanin, pheomelanin = HAIR_PIGMENTS[draw.choose(tuple(HAIR_PIGMENTS), weights)]
    base = pigmented(eumelanin * (1 + n(0.12)), pheomelanin * (1 + n(0.2)))
    # greying starts at 44 at the earliest; the share of grey is half at 65
    grey = float(np.clip((age - 54) / 22 + n(0.2), 0, 1)) if age > 44 else 0.0
    darker = pigmented(eumelanin * 1.5 + 0.7, pheomelanin)
    return {
        "hair_style": _style(draw, fem, old, number),
        "hair_color": base,
        "grey": grey,
        "brow_color": _mix(darker, (0.30, 0.30, 0.30), 0.25 * grey),
        "hairline": n(4.0) + 6.0 * old * (1 - fem),
        "recession": u(0, 1) * old * (1 - fem) * 16,
        "parting": u(12, 32) * (1 if draw.chance(0.5) else -1),
        "waviness": u(0, 1),
        "beard": 0.0 if fem > 0 else draw.choose((0.0, 0.25, 0.6, 1.0), (0.35, 0.30, 0.15, 0.20)),
        "beard_style": draw.choose(BEARD_STYLES, (0.62, 0.24, 0.14)),
    }
