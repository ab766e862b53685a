import numpy as np
import pytest

from tellbench.datasets.scene import PEOPLE
from tellbench.datasets.studio.people.identity import Identity
from tellbench.generator.splice.donor import DONORS, donor_of


def _portrait(colour):
    return np.broadcast_to(np.uint8(255 * np.array(colour) ** (1 / 2.2)), (64, 64, 3))


def test_donors_are_in_no_corpus_and_clips_do_not_share_them():
    donors = [donor_of(_portrait((0.5, 0.4, 0.3)), seed) for seed in range(20)]
    assert min(donor.seed for donor in donors) >= DONORS > PEOPLE
    assert len({donor.seed for donor in donors}) == len(donors)
    assert not any(donor.glasses or donor.hair_style == "bangs" for donor in donors)
    assert donor_of(_portrait((0.5, 0.4, 0.3)), 3) == donors[3]


@pytest.mark.parametrize("light", [0.6, 1.0])
def test_skin_is_like_the_portrait_s_in_any_light(light):
    pale, dark = (next(p for s in range(40) if (p := Identity.sample(s)).skin_tone == tone) for tone in ("I", "VI"))
    tones = [
        np.mean([donor_of(_portrait(light * np.array(of.skin_color)), seed).tone_number for seed in range(8)])
        for of in (pale, dark)
    ]
    assert tones[0] + 1.5 < tones[1]


def test_photograph_has_the_clip_s_size_and_a_face_in_its_middle(photo):
    picture, points = photo
    assert picture.shape == (128, 128, 3) and points.shape == (68, 2)
    assert (np.abs(points.mean(0) - 64) < 32).all()
