"""Eyeballs, ears, body and the inside of the mouth: in place and whole."""

import pytest
import torch

from tellbench.datasets.studio.people import oral, parts
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.skin import Skin


@pytest.fixture(scope="module")
def skin():
    return Skin(Identity.sample(3))


def all_parts(skin):
    return {
        "eyeball": parts.eyeball(skin.identity).part,
        "upper": oral.teeth(skin, upper=True),
        "lower": oral.teeth(skin, upper=False),
        "tongue": oral.tongue(skin),
        "bag": oral.mouth_bag(skin),
        "right ear": parts.ears(skin)[0],
        "left ear": parts.ears(skin)[1],
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


def test_ears_mirror_each_other_at_the_sides(skin):
    right, left = parts.ears(skin)
    assert torch.equal(right.points * torch.tensor([-1.0, 1.0, 1.0]), left.points)
    assert left.points[..., 0].min() > 45
    assert left.points[..., 2].mean() < -70
