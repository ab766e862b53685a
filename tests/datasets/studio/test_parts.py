"""Eyeballs, teeth, tongue, ears and body: in place and whole."""

import pytest
import torch

from tellbench.datasets.studio import parts
from tellbench.datasets.studio.identity import Identity
from tellbench.datasets.studio.skin import Skin


@pytest.fixture(scope="module")
def skin():
    return Skin(Identity.sample(3))


def all_parts(skin):
    return {
        "eyeball": parts.eyeball(skin.identity).part,
        "upper": parts.teeth(skin, upper=True),
        "lower": parts.teeth(skin, upper=False),
        "tongue": parts.tongue(skin),
        "bag": parts.mouth_bag(skin),
        "right ear": parts.ears(skin)[0],
        "left ear": parts.ears(skin)[1],
        "body": parts.body(skin.identity),
    }


def test_parts_are_finite_and_their_triangles_valid(skin):
    for name, part in all_parts(skin).items():
        assert torch.isfinite(part.points).all(), name
        assert part.points.dtype == part.albedo.dtype == part.shade.dtype == torch.float32, name
        assert part.albedo.shape == part.points.shape, name
        assert part.shade.shape == part.points.shape[:2], name
        assert int(part.triangles.max()) == part.points[..., 0].numel() - 1, name
        assert 0 <= part.albedo.min() <= part.albedo.max() <= 1, name


def test_eyeball_is_round_and_looks_forward(skin):
    eye = parts.eyeball(skin.identity)
    assert (eye.part.points.norm(dim=-1) - skin.identity.eye_radius).abs().max() < 1e-3
    assert (eye.normals.norm(dim=-1) - 1).abs().max() < 1e-4
    assert eye.normals[0, :, 2].min() > 0.99


def test_teeth_stay_behind_the_lips_and_above_each_other(skin):
    upper, lower = parts.teeth(skin, upper=True).points, parts.teeth(skin, upper=False).points
    lips = skin.P0[skin.layout.first("upper_lip") : skin.ul_edge, skin.layout.columns // 2, 2]
    assert upper[..., 2].max() < lips.min()
    assert (upper[..., 1].amin(0).mean() - lower[..., 1].amax(0).mean()).abs() < 4
    assert lower[..., 2].max() < upper[..., 2].max()


def test_ears_mirror_each_other_at_the_sides(skin):
    right, left = parts.ears(skin)
    assert torch.equal(right.points * torch.tensor([-1.0, 1.0, 1.0]), left.points)
    assert left.points[..., 0].min() > 45
    assert left.points[..., 2].mean() < -70


def test_tongue_comes_out(skin):
    rest = parts.tongue(skin).points.reshape(-1, 3)
    out = parts.tongue_move(rest[None], rest, torch.tensor([1.0]))[0]
    assert out[:, 2].max() > rest[:, 2].max() + 20
    root = rest[:, 2].argmin()
    assert torch.allclose(out[root], rest[root])


def test_body_covers_the_shoulders(skin):
    points = parts.body(skin.identity).points
    assert points[..., 0].max() > 150
    assert points[..., 0].min() < -150
    assert points[..., 1].max() < -130
