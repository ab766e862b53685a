"""Grid layout, triangles and normals."""

from itertools import pairwise

import pytest
import torch

from tellbench.datasets.studio.people.grid import GridLayout, cylinder_rays, grid_normals, grid_triangles
from tellbench.datasets.studio.people.solid import Ellipsoid, Solid, union


@pytest.mark.parametrize("density", ["half", "full"])
def test_segments_tile_the_rows(density):
    layout = GridLayout(density)
    starts = list(layout.starts.items())
    for (name, start), (_, following) in pairwise(starts):
        assert start + layout.count(name) == following
    assert layout.last("neck") == layout.rows - 1
    assert layout.size == layout.rows * layout.columns


def test_half_density_columns_are_every_second_full_column():
    half, full = GridLayout("half"), GridLayout("full")
    assert torch.equal(half.offset, full.offset[::2])
    assert torch.equal(half.t_eye, full.t_eye[::2])
    assert (half.t_eye == 0).sum() == 2  # both inner corners fall on columns
    assert (half.tau == 1).sum() == 2


@pytest.mark.parametrize("density", ["half", "full"])
def test_the_skin_is_one_sheet_with_three_holes(density):
    layout = GridLayout(density)
    faces = layout.triangles.long()
    edges = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    _, counts = edges.sort(1).values.unique(dim=0, return_counts=True)
    assert counts.max() == 2
    used = torch.zeros(layout.size, dtype=torch.bool)
    used[faces.flatten()] = True
    used = used.view(layout.rows, layout.columns)
    roll = layout.last("upper_lid_roll")
    assert used[roll, layout.column_at(57)]  # an open eye has a rolled margin
    assert not used[roll, layout.columns // 2]  # the midline has none
    crosses = ((faces // layout.columns).amin(1) == roll) & ((faces // layout.columns).amax(1) == roll + 1)
    assert not crosses.any()


def test_normals_of_a_sphere_point_outward():
    azimuth = torch.linspace(-0.8, 0.8, 40)
    height = torch.linspace(40, -40, 30)[:, None].expand(30, 40)
    origin, direction = cylinder_rays(azimuth.expand(30, 40), height)
    ball = union(Solid(), Ellipsoid((0, 0, -60), (90, 90, 90)), 1)
    points, _ = ball.cast(origin, direction, 260.0)
    radial = (points - torch.tensor([0.0, 0.0, -60.0])) / 90
    assert ((points - torch.tensor([0.0, 0.0, -60.0])).norm(dim=-1) - 90).abs().max() < 1e-3
    assert (grid_normals(points) * radial).sum(-1).min() > 0.999


def test_triangles_face_the_way_of_the_normals():
    v, u = torch.meshgrid(torch.linspace(1, 0, 5), torch.linspace(0, 1, 6), indexing="ij")
    points = torch.stack([u, v, torch.zeros_like(u)], -1)  # rows downward, columns to the subject's left, facing +z
    a, b, c = points.reshape(-1, 3)[grid_triangles(5, 6).long()].unbind(1)
    assert (torch.linalg.cross(b - a, c - a)[:, 2] > 0).all()
    assert (grid_normals(points)[..., 2] > 0.99).all()


def test_wrapped_triangles_close_the_ring():
    assert len(grid_triangles(3, 8, wrap=True)) == 2 * 2 * 8
    assert len(grid_triangles(3, 8)) == 2 * 2 * 7
