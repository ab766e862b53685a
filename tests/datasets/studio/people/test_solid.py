"""Solids: distances, and rays that stop on them; the kernels agree with torch."""

import pytest
import torch

from tellbench.datasets.studio.people import sculpture
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.solid import Cone, Ellipsoid, Solid, carve, union

BALL = union(Solid(), Ellipsoid((0, 0, 0), (10, 10, 10)), 1)


def places(n=5000):
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([60.0, 90.0, 60.0])


@pytest.mark.parametrize("part", [sculpture.head, sculpture.figure, sculpture.torso])
def test_kernels_and_torch_agree(part):
    solid = part(Identity.sample(1))
    torch.testing.assert_close(solid.distance(places()), solid.distance_on_any_device(places()), rtol=1e-5, atol=1e-4)


def test_distance_to_a_ball_and_to_a_cone():
    points = torch.tensor([[0.0, 0.0, 15.0], [0.0, 4.0, 0.0], [-3.0, 0.0, 4.0]])
    torch.testing.assert_close(BALL.distance(points), torch.tensor([5.0, -6.0, -5.0]))
    cone = union(Solid(), Cone((0, 0, 0), (0, 20, 0), 3, 5), 1)
    points = torch.tensor([[10.0, 10.0, 0.0], [0.0, 30.0, 0.0], [0.0, -4.0, 0.0]])
    torch.testing.assert_close(cone.distance(points), torch.tensor([6.0, 5.0, 1.0]))


def test_shapes_stand_on_both_sides():
    points = places()
    solid = sculpture.head(Identity.sample(2))
    assert torch.equal(solid.distance(points), solid.distance(points * torch.tensor([-1.0, 1.0, 1.0])))


def test_union_fills_and_carving_empties_the_seam():
    beside = union(BALL, Ellipsoid((0, 18, 0), (10, 10, 10)), 6)
    without = carve(BALL, Ellipsoid((0, 18, 0), (10, 10, 10)), 6)
    seam = torch.tensor([[4.5, 9.0, 0.0]])
    assert beside.distance(seam) < BALL.distance(seam) < without.distance(seam)


def test_rays_stop_on_the_outermost_surface():
    direction = torch.nn.functional.normalize(places(), dim=-1)
    points, t = union(BALL, Ellipsoid((0, 0, 0), (4, 4, 4)), 1).cast(torch.zeros(3), direction, 50.0)
    torch.testing.assert_close(t, torch.full_like(t, 10.0), atol=1e-4, rtol=0)
    torch.testing.assert_close(points.norm(dim=-1), t)


def test_cloth_makes_a_body_larger():
    person, points = Identity.sample(3), places()
    bare, dressed = sculpture.torso(person).distance(points), sculpture.torso(person, 3.0).distance(points)
    torch.testing.assert_close(bare - dressed, torch.full_like(bare, 3.0), atol=1e-4, rtol=0)
