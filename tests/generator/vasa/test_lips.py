"""Lips that part: the portrait's own, as thick as they were, and nothing changed beyond them."""

import dataclasses

import pytest
import torch

from tellbench.generator.vasa.features import POINTS as FEATURES
from tellbench.generator.vasa.frames import RIG_NAMES
from tellbench.generator.vasa.lips import parted, parting
from tellbench.generator.vasa.model import SHIPPED, FaceModel
from tellbench.generator.vasa.mouth import POINTS, Mouth, Mouths
from tellbench.generator.vasa.teeth import Teeth
from tellbench.generator.vasa.warps import pixel_grid

from .toys import mouth_points

SIDE = 160
SKIN, UPPER, LOWER, PAINT = 0.8, 0.5, 0.3, 0.05


def _portrait():
    """Skin with a light upper and a dark lower lip."""
    mouth = Mouth(mouth_points())
    s, n = mouth.coordinates(pixel_grid(SIDE, torch.zeros(1)).expand(1, -1, -1, -1))
    (outer_up, outer_low), (upper, lower) = mouth.outer(s), mouth.inner(s)
    picture = torch.full_like(s, SKIN)
    picture[(n > outer_up) & (n <= upper)] = UPPER
    picture[(n > lower) & (n < outer_low)] = LOWER
    return picture.expand(3, -1, -1, -1).movedim(1, 0).contiguous()


TOOTHLESS = Teeth(torch.full((1, 3), PAINT), torch.ones(1))


def _mouths(seen, scale=1.0):
    rest = Mouth(mouth_points())
    return Mouths(rest, Mouth(seen), rest, torch.tensor([scale]))


def _parted(open_, share=1.0):
    portrait, mouths = _portrait(), _mouths(mouth_points(open_))
    paint = torch.full((1, 3, 32, 32), PAINT)
    return parted(portrait, paint, portrait, TOOTHLESS, mouths, torch.tensor([share])), portrait, mouths.seen


def test_points_lie_in_the_order_that_is_said(filmed):
    still = filmed.landmarks[:1, list(POINTS)]
    mouth = Mouth(still)
    s, n = mouth.coordinates(still)
    assert (s[0, :7].diff() > 0).all() and (s[0, 7:12].diff() < 0).all()
    assert (s[0, 12:15].diff() > 0).all() and (s[0, 15:].diff() > 0).all()
    assert n[0, 1:6].max() < n[0, 12:15].min() and n[0, 7:12].min() > n[0, 15:].max()
    upper, lower = mouth.outer(torch.full((1,), 0.5))
    assert upper < 0 < lower and mouth.height() == pytest.approx(float(lower - upper))


def test_between_the_lips_there_is_paint_and_each_lip_stays_as_thick():
    shown, portrait, _ = _parted(0.4)
    column = shown[0, 0, :, SIDE // 2]
    before = portrait[0, 0, :, SIDE // 2]
    for tone in (UPPER, LOWER):
        assert int((column - tone).abs().lt(0.03).sum()) == pytest.approx(
            int((before - tone).abs().lt(0.03).sum()), abs=2
        )
    opening = 0.4 * 0.4 * SIDE / 2
    assert int((column < PAINT + 0.02).sum()) == pytest.approx(opening, abs=2)
    lip = column.sub(LOWER).abs().lt(0.03).nonzero()
    assert lip.min() > column.sub(UPPER).abs().lt(0.03).nonzero().max() + opening - 2


def test_where_lips_meet_nothing_is_seen_between_them():
    """A line a pixel wide went on beyond both corners, of what is behind the lips."""
    skin, paint = torch.full((1, 3, SIDE, SIDE), SKIN), torch.full((1, 3, 32, 32), PAINT)
    rest, seen = (Mouth(mouth_points(gap, down=1 / SIDE)) for gap in (0.0, 0.4))  # corners in the middle of a row
    mouths = Mouths(rest, seen, rest, torch.ones(1))
    shown = parted(skin, paint, skin, TOOTHLESS, mouths, torch.ones(1))
    s, _ = seen.coordinates(pixel_grid(SIDE, skin).expand(1, -1, -1, -1))
    assert shown[0, 0][((s < -0.02) | (s > 1.02))[0]].min() > SKIN - 1e-4
    assert shown.min() < PAINT + 1e-3


def test_nothing_changes_beyond_the_mouth_or_where_nothing_parts():
    shown, portrait, seen = _parted(0.4)
    s, n = seen.coordinates(pixel_grid(SIDE, portrait).expand(1, -1, -1, -1))
    apart = (s < -0.16) | (s > 1.16) | (n < -0.3) | (n > 0.8)
    assert apart.float().mean() > 0.5 and torch.equal(shown[:, :, apart[0]], portrait[:, :, apart[0]])
    assert torch.equal(_parted(0.4, share=0.0)[0], portrait)


@pytest.mark.parametrize(
    ("open_", "scale", "width", "share"),
    [
        (0.0, 1.0, 0.4, 0),
        (0.01, 1.0, 0.4, 0),
        (0.045, 1.0, 0.4, 0.5),
        (0.3, 1.0, 0.4, 1),
        (-0.1, 1.0, 0.4, 0),  # pressed together
        (0.0, 1.2, 0.48, 0),  # a head that comes nearer opens no mouth
        (0.0, 1.0, 0.36, 0),  # nor one that narrows it, lips as thick as they were
    ],
)
def test_mouths_part_as_far_as_outer_edges_do(open_, scale, width, share):
    points = mouth_points(open_, width)
    if width < 0.4:
        points[:, :, 1] = mouth_points(open_)[:, :, 1]
    found = parting(_mouths(points, scale), torch.zeros(1))
    assert float(found) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(("degrees", "share"), [(30, 1), (-35, 0.5), (39, 0)])
def test_a_mouth_turned_away_is_left_to_the_model(degrees, share):
    yaw = torch.deg2rad(torch.tensor([float(degrees)]))
    found = parting(_mouths(mouth_points(0.3)), yaw)
    assert float(found) == pytest.approx(share, abs=1e-3)


def test_curves_stay_near_points_beside_the_corners():
    """A head that is turned far has its lips before and beyond the corners of its mouth."""
    points = mouth_points()
    points[0, 1:6, 0] = torch.tensor([-0.02, -0.01, 0.08, 0.19, 0.52]) * 0.4 - 0.2  # as of a painting at 39 degrees
    upper, _ = Mouth(points).outer(torch.linspace(0, 1, 50)[None])
    assert upper.abs().max() < 2 * 0.15


@pytest.fixture(scope="module")
def portrait(filmed):
    model, still = FaceModel.load(SHIPPED), filmed.at(slice(0, 1))
    with torch.no_grad():
        return model, model.encode_portrait(still.image, still.pose, still.landmarks)


def _driven(model, source, jaws):
    code = source.dynamics.repeat(len(jaws), 1)
    code[:, RIG_NAMES.index("jawOpen")] += torch.tensor(jaws)
    many = source.at(torch.zeros(len(jaws), dtype=torch.long))
    return model.drive(many, many.pose, code).image


@torch.no_grad()
def test_a_portrait_s_lips_are_its_own_when_its_jaw_drops(portrait):
    """About the mouth alone, and not before it opens."""
    model, source = portrait
    bare = dataclasses.replace(source, features=None)
    own, painted = (_driven(model, one, [0.0, 0.5]) for one in (source, bare))
    assert torch.equal(own[0], painted[0])
    changed = (own[1] - painted[1]).abs().amax(0)
    mouth = source.features.points[0, len(FEATURES) - len(POINTS) :]
    middle, reach = mouth.mean(0), 1.3 * (mouth[0] - mouth[6]).norm()
    near = (pixel_grid(changed.shape[-1], changed) - middle).norm(dim=-1) < reach
    assert changed[~near].max() == 0 and changed.max() > 0.1
