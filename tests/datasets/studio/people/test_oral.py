"""Teeth and tongue: in place, and they move."""

import pytest
import torch

from tellbench.datasets.studio.people import oral
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.skin import Skin


@pytest.fixture(scope="module")
def skin():
    return Skin(Identity.sample(3))


def test_teeth_stay_behind_the_lips_and_above_each_other(skin):
    upper, lower = oral.teeth(skin, upper=True).points, oral.teeth(skin, upper=False).points
    lips = skin.P0[skin.layout.first("upper_lip") : skin.ul_edge, skin.layout.columns // 2, 2]
    assert upper[..., 2].max() < lips.min()
    assert (upper[..., 1].amin(0).mean() - lower[..., 1].amax(0).mean()).abs() < 4
    assert lower[..., 2].max() < upper[..., 2].max()


def lips(gap):
    return torch.tensor([[[0.0, -66.0, 15.0], [0.0, -66.0 - gap, 15.0]]])


def test_tongue_comes_out_over_the_lower_lip(skin):
    rest = oral.tongue(skin).points
    out = oral.tongue_move(rest[None], rest, torch.tensor([1.0]), lips(12.0))[0]
    assert out[..., 2].max() > rest[..., 2].max() + 20
    root = rest[..., 2].flatten().argmin()
    assert torch.allclose(out.view(-1, 3)[root], rest.view(-1, 3)[root])
    on_lip = (out[:29, :, 2] - 15).abs() < 2
    assert on_lip.any()
    assert out[:29][on_lip][:, 1].min() > -78


def test_tongue_stays_behind_closed_lips(skin):
    rest = oral.tongue(skin).points
    assert torch.equal(oral.tongue_move(rest[None], rest, torch.tensor([1.0]), lips(0.0))[0], rest)


def test_lining_hangs_on_the_lips(skin):
    points = skin.P0[None].clone()
    points[:, skin.ll_edge :] -= torch.tensor([0.0, 12.0, 0.0])
    lining, layout = oral.line_mouth(skin, points)[0], skin.layout
    middle, column = lining.shape[1] // 2, layout.columns // 2
    assert torch.allclose(lining[0, middle], points[0, layout.last("upper_lip_roll"), column])
    assert torch.allclose(lining[-1, middle], points[0, layout.first("lower_lip_roll"), column])
    assert lining[8, middle, 2] < lining[0, middle, 2] - 30
    assert (lining[:, 0] - lining[0, 0]).norm(dim=-1).max() < 13  # closed at the corners


def test_teeth_are_a_persons_own(skin):
    other = Skin(Identity.sample(4))
    mine, same, theirs = (oral.teeth(s, upper=True) for s in (skin, Skin(Identity.sample(3)), other))
    assert torch.equal(mine.points, same.points)
    assert not torch.allclose(mine.points[..., 2], theirs.points[..., 2], atol=0.05)
    front = mine.albedo[12, mine.albedo.shape[1] // 2 - 40 : mine.albedo.shape[1] // 2 + 41].mean(-1)
    assert front.min() < 0.6 * front.max()  # gaps between teeth
    assert mine.albedo[0, :, 0].max() < 0.5  # gums above
