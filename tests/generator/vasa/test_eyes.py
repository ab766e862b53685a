"""Coordinates of eyes, and lids found where a picture says they are."""

import pytest
import torch

from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.generator.vasa.axes import bow
from tellbench.generator.vasa.eyes import POINTS, Eye, eyes_at, on_edges
from tellbench.generator.vasa.warps import pixel_grid

BOTH = torch.tensor(
    [
        [[-0.40, -0.10], [-0.33, -0.16], [-0.23, -0.16], [-0.15, -0.10], [-0.23, -0.06], [-0.33, -0.06]],
        [[0.40, -0.10], [0.33, -0.16], [0.23, -0.16], [0.15, -0.10], [0.23, -0.06], [0.33, -0.06]],
    ]
).view(1, 12, 2)
"""Two eyes, mirrored, in the order of `POINTS`."""


def test_points_are_the_same_places_of_both_eyes(filmed):
    """Outer corners lie outside, upper lids above, in a person who looks at us."""
    still = filmed.landmarks[:1, list(POINTS)]
    right, left = still[0, :6], still[0, 6:]
    assert right[0, 0] < right[1, 0] < right[2, 0] < right[3, 0] < left[3, 0] < left[2, 0] < left[0, 0]
    for eye in (right, left):
        assert eye[[1, 2], 1].max() < eye[[4, 5], 1].min()


@pytest.mark.parametrize("turned", [0.0, 0.4, -0.4])
def test_coordinates_lead_there_and_back(turned):
    c, s = torch.cos(torch.tensor(turned)), torch.sin(torch.tensor(turned))
    points = BOTH @ torch.stack([torch.stack([c, s]), torch.stack([-s, c])])
    for half, eye in zip((points[:, :6], points[:, 6:]), eyes_at(points), strict=True):
        along, across = eye.coordinates(half)
        assert torch.allclose(eye.places(along, across), half, atol=1e-6)
        assert along[0, [0, 3]].tolist() == pytest.approx([0, 1], abs=1e-5)
        assert across[0, [0, 3]].tolist() == pytest.approx([0, 0], abs=1e-5)
        assert (across[0, [1, 2]] < 0).all() and (across[0, [4, 5]] > 0).all()
        assert torch.allclose(eye.upper(along[:, 1:3]), across[:, 1:3], atol=1e-5)
        assert torch.allclose(eye.lower(along[:, 4:]), across[:, 4:], atol=1e-5)


def test_lines_end_in_the_corners():
    eye = Eye(BOTH[:, :6])
    beyond = torch.tensor([[-0.5, 0.0, 1.0, 1.5]])
    assert eye.upper(beyond).abs().max() < 1e-6 and eye.lower(beyond).abs().max() < 1e-6
    assert bow(torch.tensor([-1.0, 0, 0.5, 1, 2])).tolist() == [0, 0, 1, 0, 0]
    assert smoothstep(0, 1.0, torch.tensor([-1.0, 0, 0.5, 1, 9])).tolist() == [0, 0, 0.5, 1, 1]


def test_a_patch_holds_the_eye_and_is_empty_outside_the_window():
    eye = Eye(BOTH[:, :6])
    (rows, columns), s, n = eye.about(100)
    assert rows.stop - rows.start < 25 and columns.stop - columns.start < 25 and s.shape == n.shape
    assert s.shape == (1, rows.stop - rows.start, columns.stop - columns.start)
    assert s.min() < 0 and s.max() > 1 and n.min() < eye.upper(torch.tensor([[0.5]])).min() and n.max() > 0.5
    (rows, columns), _, _ = Eye(BOTH[:, :6] + torch.tensor([3.0, 0])).about(100)
    assert rows.stop > rows.start and columns.stop == columns.start


def test_points_on_one_spot_are_a_feature_still():
    eye = Eye(torch.full((1, 6, 2), 0.2))
    (rows, _), s, n = eye.about(100)
    assert s.isfinite().all() and n.isfinite().all() and rows.stop - rows.start <= 2
    assert eye.upper(torch.tensor([[0.5]])) == eye.lower(torch.tensor([[0.5]])) == 0


def test_an_edge_is_found_where_the_picture_darkens():
    """Landmarks put a twentieth of the eye's width too low; other points stay."""
    grid = pixel_grid(256, BOTH).expand(1, -1, -1, -1)
    picture = torch.full((1, 3, 256, 256), 0.8)
    for eye in eyes_at(BOTH):
        s, n = eye.coordinates(grid)
        inside = (s > 0) & (s < 1) & (n > eye.upper(s)) & (n < eye.lower(s))
        picture = torch.where(inside[:, None], 0.2, picture)
    low = BOTH.clone()
    low[:, [1, 2, 7, 8], 1] += 0.05 * 0.25
    found = on_edges(picture, low)
    lids, others = [1, 2, 7, 8], [0, 3, 4, 5, 6, 9, 10, 11]
    assert torch.equal(found[:, others], low[:, others])
    assert (found - BOTH)[:, lids].norm(dim=-1).max() < 0.3 * (low - BOTH)[:, lids].norm(dim=-1).max()
