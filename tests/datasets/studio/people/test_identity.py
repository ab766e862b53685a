"""Identities: reproducible, different, with true group attributes."""

import dataclasses
from collections import Counter

import numpy as np
import pytest

from tellbench.datasets.studio.people.identity import HAIR_STYLES, SKIN_TONES, Identity
from tellbench.datasets.studio.people.population import TONE_ALBEDO

PEOPLE = [Identity.sample(seed) for seed in range(300)]


def test_same_seed_same_person_other_seed_other_person():
    assert Identity.sample(7) == Identity.sample(7)
    faces = {(p.eye_distance, p.jaw_width, p.nose_length) for p in PEOPLE}
    assert len(faces) == len(PEOPLE)


def test_identity_is_frozen_and_replaceable():
    person = Identity.sample(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        person.age = 3.0
    assert dataclasses.replace(person, hair_style="bald").hair_style == "bald"


def test_groups_are_drawn_evenly():
    for attribute, groups in (("sex", 2), ("skin_tone", 6), ("age_band", 4)):
        counts = Counter(getattr(p, attribute) for p in PEOPLE)
        assert len(counts) == groups
        assert min(counts.values()) > 0.5 * len(PEOPLE) / groups


@pytest.mark.parametrize(("age", "band"), [(19, "18-29"), (29.9, "18-29"), (30, "30-44"), (59.9, "45-59"), (72, "60+")])
def test_age_bands(age, band):
    assert dataclasses.replace(Identity.average(), age=age).age_band == band


def test_skin_tone_names_the_nearest_reference_colour():
    references = np.log([TONE_ALBEDO[tone] for tone in SKIN_TONES])
    named = [SKIN_TONES.index(p.skin_tone) for p in PEOPLE]
    nearest = [int(np.linalg.norm(references - np.log(p.skin_color), axis=1).argmin()) for p in PEOPLE]
    assert np.mean(np.equal(named, nearest)) > 0.85
    assert np.abs(np.subtract(named, nearest)).max() <= 1


def test_sliders_stay_plausible():
    for person in PEOPLE:
        assert 55 < person.eye_distance < 70
        assert person.upper_lip > 2
        assert person.lower_lip > 3
        assert person.eye_height > 6.5
        assert person.hair_style in HAIR_STYLES
        assert person.beard == 0 or person.sex == "male"
        for color in (person.skin_color, person.hair_color, person.iris_color, person.cloth_color):
            assert all(0 < channel < 1 for channel in color)


def test_average_lies_in_the_middle():
    average = Identity.average()
    for name in ("eye_distance", "jaw_width", "nose_length", "mouth_width", "face_length"):
        values = np.array([getattr(p, name) for p in PEOPLE])
        assert abs(getattr(average, name) - values.mean()) < 0.25 * values.std()


def test_the_sexes_differ_as_measured():
    """Women's faces are narrower below, their necks thinner, brows higher; Farkas (1994) gives the signs."""
    for name in ("face_width", "jaw_width", "chin_width", "neck_radius", "brow_ridge", "shoulder_width"):
        women, men = ([getattr(p, name) for p in PEOPLE if p.sex == sex] for sex in ("female", "male"))
        assert np.mean(women) < np.mean(men) - 0.5 * np.std(men), name
    brows = [np.mean([p.brow_height for p in PEOPLE if p.sex == sex]) for sex in ("female", "male")]
    assert brows[0] > brows[1] + 1


def test_proportions_vary_together_but_eyelids_not_with_skin_tone():
    def correlation(a, b):
        return np.corrcoef([getattr(p, a) for p in PEOPLE], [getattr(p, b) for p in PEOPLE])[0, 1]

    assert correlation("nose_width", "upper_lip") > 0.2
    assert correlation("fat", "neck_radius") > 0.2
    assert abs(correlation("epicanthus", "tone_number")) < 0.15
    assert 0.1 < np.mean([p.epicanthus > 0.2 for p in PEOPLE]) < 0.5
