import math

import pytest
import torch

from tellbench.generator.vasa.metrics import (
    fine_detail,
    landmark_error,
    psnr,
    reach,
    slope_and_r,
    slopes_to_one,
    spread,
    ssim,
    turn_between,
)


def test_pictures():
    random = torch.Generator().manual_seed(0)
    truth = torch.rand(2, 3, 32, 32, generator=random)
    off = (truth + torch.tensor([0.0, 0.1])[:, None, None, None]).clamp(0, 1)
    assert psnr(off, truth)[0] == 60 and 20 <= psnr(off, truth)[1] < 22
    assert ssim(off, truth)[0] == pytest.approx(1) and ssim(off, truth)[1] < 1
    assert ssim(1 - truth, truth).max() < 0


def test_blur_takes_fine_detail_and_only_the_person_counts():
    truth = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    person = torch.zeros(2, 1, 16, 16)
    person[:, :, :8] = 1
    blurred = torch.nn.functional.avg_pool2d(truth, 3, 1, 1)
    half = torch.cat([truth[:, :, :16], torch.zeros_like(truth[:, :, 16:])], 2)
    assert (fine_detail(blurred, person) < 0.5 * fine_detail(truth, person)).all()
    assert fine_detail(half + 0.2, person) == pytest.approx(fine_detail(truth, person), rel=0.1)
    assert fine_detail(half, 1 - person).max() < 0.1 * fine_detail(truth, person).min()
    assert fine_detail(truth, 0 * person).tolist() == [0, 0]


def test_landmark_error_is_in_percent_of_the_eyes_distance():
    truth = torch.zeros(1, 70, 2)
    truth[0, 45, 0] = 2.0
    moved = truth + torch.tensor([0.03, 0.04])
    assert landmark_error(moved, truth)[0] == pytest.approx(2.5)
    moved[0, :17] += 9  # the jaw does not count
    assert landmark_error(moved, truth)[0] == pytest.approx(2.5)


def test_turns_are_measured_about_any_axis():
    still = torch.zeros(3, 7)
    turned = still.clone()
    turned[0, 0], turned[1, 2] = math.radians(20), math.radians(-5)
    turned[2, 3:] = 1.0
    assert turn_between(turned, still).tolist() == pytest.approx([20, 5, 0], abs=0.1)


def test_slope_and_correlation():
    driven = torch.linspace(0, 1, 11)
    assert slope_and_r(0.4 * driven + 0.3, driven) == pytest.approx((0.4, 1.0))
    noisy = 0.5 * driven + 0.2 * torch.tensor([1.0, -1] * 5 + [1])
    slope, r = slope_and_r(noisy, driven)
    assert slope == pytest.approx(0.5, abs=0.1) and 0.4 < r < 0.8
    assert math.isnan(slope_and_r(driven, torch.ones(11))[1])


def test_spread_tells_along_which_axis_a_grid_varies():
    grid = torch.zeros(3, 4, 2)
    grid[..., 0] = torch.tensor([-1.0, 0, 1])[:, None]
    assert spread(grid, 0).tolist() == pytest.approx([math.sqrt(2 / 3), 0]) and spread(grid, 1).abs().max() == 0


def test_reach_ignores_the_extremes():
    values = torch.cat([torch.linspace(0, 1, 99), torch.tensor([100.0])])[:, None]
    assert reach(values)[0] == pytest.approx(0.92, abs=0.05)


def test_slopes_become_one_where_something_is_read():
    random = torch.Generator().manual_seed(0)
    shown = torch.rand(500, 3, generator=random)
    shown[:, 2] = 0.5  # never shown
    noise = 0.05 * torch.randn(500, 3, generator=random)
    read = torch.stack([0.6 * shown[:, 0] + 0.2, 0 * shown[:, 1], shown[:, 2]], 1) + noise
    gain, offset = slopes_to_one(read, shown)
    right = gain * read + offset
    assert slope_and_r(right[:, 0], shown[:, 0])[0] == pytest.approx(1, abs=1e-4)
    assert right[:, 0].mean() == pytest.approx(float(shown[:, 0].mean()), abs=1e-4)
    assert gain[1:].tolist() == [1, 1] and offset[1:].tolist() == [0, 0]
