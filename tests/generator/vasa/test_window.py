import pytest
import torch

from tellbench.generator.vasa.pose import project
from tellbench.generator.vasa.window import (
    STEADY,
    STEADY_PLACES,
    clip_square,
    cut,
    face_squares,
    on_pixels,
    paste,
    pose_of,
    to_pixels,
    to_window,
)


@pytest.fixture
def poses() -> torch.Tensor:
    random = torch.Generator().manual_seed(1)
    spread = torch.tensor([0.4, 0.2, 0.2, 0.2, 0.2, 0.2, 0.0])
    return torch.randn(12, 7, generator=random) * spread + torch.tensor([0, 0, 0, 0, 0, 0, 0.11])


def points_of(poses: torch.Tensor) -> torch.Tensor:
    """68 points of the mean head; those that are not steady are left at 0."""
    points = torch.zeros(len(poses), 68, 2)
    points[:, list(STEADY)] = project(torch.tensor(STEADY_PLACES).expand(len(poses), -1, -1), poses)[..., :2]
    return points


def test_pose_is_read_from_landmarks(poses):
    assert torch.allclose(pose_of(points_of(poses)), poses, atol=2e-3)


def test_window_is_where_the_head_has_no_shift_and_no_scale(poses):
    pixels = points_of(poses) * 90 + torch.tensor([200.0, 170.0])
    squares = face_squares(pixels)
    pose = pose_of(to_window(pixels, squares))
    assert pose[:, 3:6].abs().max() < 0.02
    assert torch.allclose(to_pixels(to_window(pixels, squares), squares), pixels, atol=1e-3)


def test_a_clip_has_one_window(poses):
    still = poses[:1].repeat(9, 1)
    still[-1, 3:6] += 0.5  # one frame that the tracker got wrong
    assert torch.allclose(clip_square(points_of(still)), face_squares(points_of(poses[:1])), atol=1e-3)


def test_windows_show_what_lies_at_their_coordinates():
    y, x = torch.meshgrid(torch.arange(60.0), torch.arange(80.0), indexing="ij")
    picture = torch.stack([x, y])[None] + 0.5  # each pixel holds its own place
    square = torch.tensor([[[16.0, 0, 40], [0, 16.0, 30]]])
    for side in (32, 8):
        window = cut(picture, square, side)
        axis = (torch.arange(side) + 0.5) * (2 / side) - 1
        assert torch.allclose(window[0, 0], (40 + 16 * axis).expand(side, side), atol=1e-3)
        assert torch.allclose(window[0, 1], (30 + 16 * axis)[:, None].expand(side, side), atol=1e-3)


def test_pasting_back_what_was_cut_changes_nothing_and_paint_stays_inside():
    random = torch.Generator().manual_seed(0)
    picture = torch.rand(1, 3, 64, 96, generator=random)
    square = torch.tensor([[[16.0, 0, 50], [0, 16.0, 30]]])
    assert torch.allclose(paste(cut(picture, square, 32), square, picture), picture, atol=1e-5)
    painted = paste(torch.ones(2, 3, 40, 40), square, picture)
    assert painted.shape == (2, 3, 64, 96) and float(painted[:, :, 30, 50].min()) == 1
    assert torch.equal(painted[:, :, :13], picture[:, :, :13].expand(2, -1, -1, -1))


@pytest.mark.parametrize(("half", "side"), [(80.3, 161), (99.75, 200)])
def test_on_pixels_what_is_cut_out_and_pasted_back_is_the_same(half, side):
    picture = torch.randint(0, 256, (1, 3, 240, 250), generator=torch.Generator().manual_seed(0)) / 255
    square = torch.tensor([[[half, 0, 124.2], [0, half, 118.9]]])
    aligned, found = on_pixels(square, 128, 1024)
    assert found == side and (aligned - square).abs().max() <= 1
    back = paste(cut(picture, aligned, side), aligned, picture)
    assert torch.equal((back * 255).round(), (picture * 255).round())
    resampled = paste(cut(picture, square, side), square, picture)
    assert (resampled - picture).abs().mean() > 0.02


@pytest.mark.parametrize(("half", "side"), [(40.3, 128), (700.3, 1024)])
def test_windows_of_too_few_or_too_many_pixels_stay_where_they_are(half, side):
    square = torch.tensor([[[half, 0, 124.2], [0, half, 118.9]]])
    assert torch.equal(on_pixels(square, 128, 1024)[0], square) and on_pixels(square, 128, 1024)[1] == side
