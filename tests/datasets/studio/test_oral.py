"""Teeth and tongue: in place, and they move."""

import pytest
import torch

from tellbench.datasets.studio import oral
from tellbench.datasets.studio.identity import Identity
from tellbench.datasets.studio.skin import Skin


@pytest.fixture(scope="module")
def skin():
    return Skin(Identity.sample(3))


def test_teeth_stay_behind_the_lips_and_above_each_other(skin):
    upper, lower = oral.teeth(skin, upper=True).points, oral.teeth(skin, upper=False).points
    lips = skin.P0[skin.layout.first("upper_lip") : skin.ul_edge, skin.layout.columns // 2, 2]
    assert upper[..., 2].max() < lips.min()
    assert (upper[..., 1].amin(0).mean() - lower[..., 1].amax(0).mean()).abs() < 4
    assert lower[..., 2].max() < upper[..., 2].max()


def test_tongue_comes_out(skin):
    rest = oral.tongue(skin).points.reshape(-1, 3)
    out = oral.tongue_move(rest[None], rest, torch.tensor([1.0]))[0]
    assert out[:, 2].max() > rest[:, 2].max() + 20
    root = rest[:, 2].argmin()
    assert torch.allclose(out[root], rest[root])
