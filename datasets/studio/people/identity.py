"""The sliders of one virtual person: sex, age, skin, face proportions, hair, clothes.

Lengths are millimetres on the adult mean head, ratios multiply it, colours are linear-light RGB albedos in [0, 1].
How they are drawn, and from which sources: `population`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Color = tuple[float, float, float]
"""Linear-light RGB albedo, each channel in [0, 1]."""

Sex = Literal["female", "male"]
AgeBand = Literal["18-29", "30-44", "45-59", "60+"]
SkinTone = Literal["I", "II", "III", "IV", "V", "VI"]

SEXES: Final[tuple[Sex, ...]] = ("female", "male")
SKIN_TONES: Final[tuple[SkinTone, ...]] = ("I", "II", "III", "IV", "V", "VI")
"""Fitzpatrick types, lightest first."""
AGE_BANDS: Final[tuple[tuple[AgeBand, float], ...]] = (
    ("18-29", 30),
    ("30-44", 45),
    ("45-59", 60),
    ("60+", float("inf")),
)
"""Age bands with the age in years at which each ends."""

HAIR_STYLES: Final[tuple[str, ...]] = (
    *("long", "wavy", "shoulder", "bob", "bangs", "tied", "ponytail", "topknot", "pixie"),
    *("short", "curly", "afro", "locs"),
    *("side", "swept", "crop", "fade", "buzz", "horseshoe", "bald"),
)
"""Hair styles: the first thirteen are drawn for women; short, curly, afro, locs and the last seven for men."""

GARMENTS: Final[tuple[str, ...]] = (
    *("tee", "vneck", "scoop", "sweater", "turtleneck"),
    *("hoodie", "shirt", "polo", "suit", "blazer"),
)
PATTERNS: Final[tuple[str, ...]] = ("plain", "stripes", "checks")


BEARD_STYLES: Final[tuple[str, ...]] = ("full", "goatee", "moustache")
"""What is left standing of a beard; stubble is always full."""


@dataclass(frozen=True)
class Identity:
    """Every slider of one virtual person. Change single ones with `dataclasses.replace`."""

    seed: int
    """Seed of the person's own noise: asymmetry, pores, strands, cloth."""
    sex: Sex
    age: float
    """Years, 19 to 72."""
    skin_tone: SkinTone
    """Fitzpatrick type, "I" to "VI"."""

    # skin
    skin_color: Color
    redness: float
    """Strength of the blood pattern, 0.2 to 1.2."""
    freckles: float
    """0 none, 1 many."""
    moles: int
    oiliness: float
    """Factor on the skin's specular light, about 1."""
    makeup: float
    """0 none, 1 strong."""
    eye_bags: float
    """Depth of the tear trough in mm, 0.1 to 1.1."""

    # skull and face
    head_width: float
    """Ratio, like head_height and head_length."""
    head_height: float
    head_length: float
    face_width: float
    """Ratio."""
    face_length: float
    """mm added to the lower face; negative is longer (y points up), like chin heights below."""
    jaw_width: float
    """Ratio."""
    jaw_height: float
    """mm that the jaw angles (gonia) sit higher."""
    chin_width: float
    """Ratio."""
    chin_projection: float
    """mm forward."""
    chin_length: float
    """mm downward."""
    cheekbone: float
    """mm forward."""
    cheek: float
    """mm of soft cheek forward; hollow when negative."""
    brow_ridge: float
    """mm forward."""
    forehead: float
    """mm forward."""
    fat: float
    """mm of soft tissue on jaw and neck."""

    # nose
    nose_length: float
    """mm longer than the mean."""
    nose_width: float
    """Ratio."""
    nose_projection: float
    """mm forward."""
    bridge_width: float
    """Ratio."""
    bridge_projection: float
    """mm forward."""
    nose_hump: float
    """mm forward half-way down the bridge."""
    nose_tip_size: float
    """Ratio."""
    nose_tip_lift: float
    """mm upward."""

    # eyes
    eye_distance: float
    """mm between the eyeball centres."""
    eye_width: float
    """mm from corner to corner (palpebral fissure)."""
    eye_height: float
    """mm between the open lids."""
    eye_tilt: float
    """mm that the outer corner sits higher than the inner one."""
    eye_depth: float
    """mm that the sockets are shallower."""
    lid_crease: float
    """mm from upper lid edge to crease."""
    lid_hood: float
    """0 clear lid, 1 and more hooded."""
    epicanthus: float
    """0 none to 1: the fold of the upper lid over the inner corner."""
    eye_radius: float
    """mm; the same for everybody."""
    iris_color: Color
    pupil_radius: float
    """mm."""

    # brows
    brow_height: float
    """mm above the eyeball centres."""
    brow_arch: float
    """mm of the arch."""
    brow_thickness: float
    """Ratio."""
    brow_density: float
    """Ratio of hairs."""
    brow_tilt: float
    """mm that the outer end sits higher."""

    # mouth
    mouth_width: float
    """mm from corner to corner at rest."""
    upper_lip: float
    """mm of vermilion height."""
    lower_lip: float
    """mm of vermilion height."""
    lip_projection: float
    """mm forward."""
    cupid_bow: float
    """mm of the dip in the upper border."""
    philtrum: float
    """mm from nose base to upper lip border."""
    mouth_shift: float
    """mm upward."""
    mouth_curve: float
    """mm that the corners sit higher."""
    lip_darkness: float
    """0 to 1."""
    lipstick: float
    """0 none, 1 full cover."""

    # ears, neck, body
    ear_size: float
    """Ratio."""
    ear_angle: float
    """Degrees from the skull."""
    neck_radius: float
    """mm."""
    shoulder_width: float
    """Ratio."""
    cloth_color: Color
    cloth_accent: Color
    """Second colour: stripes, checks, or what a blazer is worn over."""
    garment: str
    """One of GARMENTS."""
    pattern: str
    """One of PATTERNS."""
    tie: bool
    """With a suit."""

    # hair
    hair_style: str
    """One of HAIR_STYLES."""
    hair_color: Color
    """Of the hairs that have kept their pigment."""
    grey: float
    """Share of hairs without pigment, 0 to 1."""
    brow_color: Color
    hairline: float
    """mm higher at the forehead."""
    recession: float
    """mm of receding temples."""
    parting: float
    """mm to the subject's left of the midline."""
    waviness: float
    """Of hanging hair: 0 straight, 1 wavy."""
    beard: float
    """0 shaved, 0.25 stubble, 1 long."""
    beard_style: str
    """One of BEARD_STYLES."""
    glasses: bool
    glasses_color: Color

    @property
    def age_band(self) -> AgeBand:
        """Group attribute: "18-29", "30-44", "45-59" or "60+"."""
        return next(band for band, end in AGE_BANDS if self.age < end)

    @property
    def hair_tone(self) -> Color:
        """Colour of all hairs together, linear."""
        r, g, b = (c + (w - c) * self.grey for c, w in zip(self.hair_color, (0.45, 0.44, 0.42), strict=True))
        return r, g, b

    @property
    def female(self) -> float:
        """1.0 or 0.0, for formulas."""
        return float(self.sex == "female")

    @property
    def wrinkles(self) -> float:
        """Strength of the marks of age: 0 until 35 years, then 1 more every 40 years."""
        return max(0.0, (self.age - 35) / 40)

    @property
    def tone_number(self) -> int:
        """Fitzpatrick type as a number, 1 to 6."""
        return SKIN_TONES.index(self.skin_tone) + 1

    @classmethod
    def sample(cls, seed: int) -> Identity:
        """A random person: the same seed gives the same person. Group attributes are drawn evenly."""
        from tellbench.datasets.studio.people.population import draw_person

        return cls(**draw_person(seed))

    @classmethod
    def average(cls) -> Identity:
        """The middle of every slider, half-way between the sexes, for a mean face.

        `sex` has to name one and says "female"; the proportions are neither's.
        """
        from tellbench.datasets.studio.people.population import middle_person

        return cls(**middle_person())
