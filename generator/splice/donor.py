"""Whose face is put in: a person of the studio who is in no corpus, photographed once in the light of the clip."""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np
import numpy.typing as npt

from tellbench.datasets.expression import COEFFICIENTS
from tellbench.datasets.studio.film import PORTRAIT_FRAME
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.renderer import Person, Studio

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

DONORS: Final = 10_000_000
"""Identity seeds from here on are donors: corpora have people below `scene.PEOPLE`, trainings not far above."""
_END: Final = 2**31
_CANDIDATES: Final = 12
"""People among whom the one with the most similar skin is taken (assumption)."""
_STUBBLE: Final = 0.25
_GREY: Final = 0.3
"""More beard or more grey than this shows on chin and brows, and would not fit a stranger's hair (assumption)."""
_MIDDLE: Final = (0.42, 0.58)
"""Where a portrait shows skin, as shares of its sides: nose and cheeks of a talking head (assumption)."""


def donor_of(portrait: Picture, seed: int) -> Identity:
    """The donor for a clip: of some people drawn from the seed, the one whose skin has the portrait's colour.

    Colours are compared without their brightness, which is the light's and the camera's as well. Nobody is asked of
    whom half a pair of glasses, half a beard, grey brows or hair over the brows would come along.

    Args:
        portrait: RGB (H, W, 3).
        seed: of the clip; two clips have the same donor once in some hundred million.
    """
    rng = np.random.default_rng((seed, 41))
    people = (Identity.sample(int(rng.integers(DONORS, _END))) for _ in itertools.count())
    asked = itertools.islice(filter(_is_bare, people), _CANDIDATES)
    wanted = _hue(_skin(portrait))
    return min(asked, key=lambda each: float(np.abs(_hue(np.array(each.skin_color)) - wanted).sum()))


def photograph(donor: Identity, seed: int, size: int, device: str = "cpu") -> tuple[Picture, Floats]:
    """The donor looking into the camera, at rest and without grain, (size, size, 3), and 68 points (68, 2) in pixels.

    The studio's setting comes from the clip's seed, so light, lens and framing are the clip's own: a swapped face that
    is lit from the wrong side is told at a glance, and what makes swaps today lights it anew.
    """
    studio = Studio(Person(donor, device=device), seed, size, device, overrides={"iso": 0.0})
    face, pose, gaze = (np.zeros((1, width), np.float32) for width in (len(COEFFICIENTS), 6, 2))
    shot = studio.render(face, pose, gaze, first_frame=PORTRAIT_FRAME)
    return shot.frames[0], shot.landmarks[0]


def _is_bare(person: Identity) -> bool:
    covered = person.glasses or person.hair_style == "bangs" or person.beard > _STUBBLE
    return not covered and person.grey <= _GREY


def _skin(portrait: Picture) -> npt.NDArray[np.float64]:
    """Linear RGB (3,) of the middle of a portrait, by the median."""
    rows, columns = (slice(*(round(share * side) for share in _MIDDLE)) for side in portrait.shape[:2])
    middle = np.median(portrait[rows, columns].reshape(-1, 3), 0) / 255
    return np.asarray(middle**2.2)


def _hue(colour: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Linear RGB (3,) as log ratios of red and blue to green."""
    log = np.log(np.maximum(colour, 1e-3))
    return np.asarray(log[[0, 2]] - log[1])
