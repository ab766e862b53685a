"""What shows between parted lips: teeth where the head has them, as white as the eyes, and the dark."""

import pytest
import torch

from tellbench.generator.vasa.eyes import POINTS as EYES
from tellbench.generator.vasa.eyes import eyes_at
from tellbench.generator.vasa.mouth import POINTS as MOUTH
from tellbench.generator.vasa.mouth import Mouth, Mouths
from tellbench.generator.vasa.teeth import Teeth, behind, teeth_of
from tellbench.generator.vasa.warps import pixel_grid

from .toys import mouth_points

SIDE = 800
WHITE = torch.tensor([[0.9, 0.85, 0.7]])


def _behind(paint=0.3, dark=0.1, open_=0.4, calm=0.0):
    mouths = Mouths(Mouth(mouth_points()), Mouth(mouth_points(open_)), Mouth(mouth_points(down=calm)), torch.ones(1))
    places = pixel_grid(SIDE, WHITE)[None]
    _, n = mouths.seen.coordinates(places)
    planes = torch.full((1, 3, SIDE, SIDE), paint)
    return behind(planes, Teeth(WHITE, torch.tensor([dark])), mouths, places, n, SIDE)


def _row(down):
    """The row of pixels that lies so many mouth widths below the line between the lips."""
    return round((0.4 + 0.4 * down + 1) * SIDE / 2)


def test_teeth_are_the_white_of_the_eyes_and_end_where_the_head_s_do():
    shown = _behind()
    column = shown[0, :, :, SIDE // 2]
    lit, below = column[:, _row(0.065)], column[:, _row(0.12)]
    tint = lit - 0.3 * (lit / WHITE[0]).min()  # paint that is left is grey
    assert (tint.diff() < 0).all() and lit[0] > 0.6
    assert below.max() < 0.3
    lower = _behind(calm=0.1)[0, :, :, SIDE // 2]  # the head has gone down, the lips are where they were
    assert lower[0, _row(0.3)] > 0.6 > lower[0, _row(0.37)]


def test_teeth_darken_under_the_lip_and_towards_the_corners():
    shown = _behind()[0, 0]
    middle = SIDE // 2
    assert shown[_row(0.01), middle] < 0.7 * shown[_row(0.065), middle]
    corner = round((-0.19 + 1) * SIDE / 2)
    assert shown[_row(0.065), corner] < 0.5 * shown[_row(0.065), middle]


@pytest.mark.parametrize(("paint", "seen"), [(0.5, 0.1), (0.1, 0.1), (0.05, 0.05)])
def test_paint_that_is_lighter_than_a_mouth_within_is_darkened_and_no_other(paint, seen):
    shown = _behind(paint, dark=0.1)
    assert torch.allclose(shown[0, :, _row(0.3)], torch.tensor(seen), atol=1e-4)


def test_a_portrait_s_eyes_and_lips_tell_their_colours(filmed):
    still = filmed.at(slice(0, 1))
    picture = still.image.clone()
    eyes, mouth = eyes_at(still.landmarks[:, list(EYES)]), Mouth(still.landmarks[:, list(MOUTH)])
    found = teeth_of(picture, eyes, mouth)
    assert found.white.shape == (1, 3) and (found.white > 0.3).all()
    assert 0.1 < float(found.dark) < float(found.white.mean())
    tinted = teeth_of(picture * torch.tensor([1.0, 0.5, 0.25])[:, None, None], eyes, mouth)
    assert torch.allclose(tinted.white, found.white * torch.tensor([1.0, 0.5, 0.25]), atol=0.05)
