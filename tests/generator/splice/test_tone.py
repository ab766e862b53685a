import pytest
import torch

from tellbench.generator.splice.tone import match_colours, match_grain

SHARE = torch.zeros(1, 64, 64)
SHARE[:, 16:48, 16:48] = 1
INSIDE = (..., slice(16, 48), slice(16, 48))


def _noise(mean, spread, seed):
    return mean + spread * torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(seed))


def test_colours_become_those_of_the_region():
    face, frames = _noise(90, 12, 0), _noise(150, 15, 1)
    frames[..., :8, :] = 0  # what lies outside the region does not count
    made = match_colours(face, frames, SHARE, 1.0)
    assert made[INSIDE].mean() == pytest.approx(frames[INSIDE].mean().item(), abs=0.1)
    assert made[INSIDE].std() == pytest.approx(frames[INSIDE].std().item(), abs=0.2)
    assert torch.equal(match_colours(face, frames, SHARE, 0.0), face)
    half = match_colours(face, frames, SHARE, 0.5)
    assert half[INSIDE].mean() == pytest.approx((face[INSIDE].mean() + made[INSIDE].mean()).item() / 2, abs=0.1)


def test_contrast_is_not_torn_apart():
    made = match_colours(_noise(100, 5, 0), _noise(100, 60, 1), SHARE, 1.0)
    assert made[INSIDE].std() == pytest.approx(7.5, rel=0.1)


@pytest.mark.parametrize(("amount", "sigma"), [(1.0, 4.0), (0.5, 2.0), (0.0, 0.0)])
def test_smooth_face_gets_the_grain_of_the_frames(amount, sigma):
    slope = torch.linspace(60, 180, 64).expand(1, 3, 64, 64)
    made = match_grain(slope, _noise(120, 4, 1), SHARE, amount, torch.Generator().manual_seed(2))
    assert (made - slope)[INSIDE].std() == pytest.approx(sigma, rel=0.1, abs=1e-3)


def test_grain_that_is_there_already_is_not_doubled():
    face = _noise(120, 4, 0)
    made = match_grain(face, _noise(120, 4, 1), SHARE, 1.0, torch.Generator().manual_seed(2))
    assert made[INSIDE].std() == pytest.approx(4, rel=0.15)
