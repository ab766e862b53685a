import doctest

import pytest
import torch

from tellbench.generator.vasa.motion import schedule
from tellbench.generator.vasa.motion.schedule import mixture, noise_in, signal


def test_noise_grows_from_nothing_to_everything():
    alpha, sigma = signal(torch.linspace(0, 1, 11))
    assert torch.allclose(alpha**2 + sigma**2, torch.ones(11))
    assert alpha[0] == 1
    assert alpha[-1] < 1e-6
    assert (alpha.diff() < 0).all()
    clean, noise = torch.ones(2, 3, 4), torch.full((2, 3, 4), 5.0)
    noised = noise_in(clean, torch.tensor([0.0, 1.0]), noise)
    assert torch.allclose(noised[0], clean[0])
    assert torch.allclose(noised[1], noise[1], atol=1e-4)


@pytest.mark.parametrize("time", [0.05, 0.1, 0.5, 0.9])
def test_the_network_has_as_much_to_say_at_all_times(time):
    """Of motion that varies as is assumed, what is not kept has the power of an output of unit variance."""
    random = torch.Generator().manual_seed(0)
    clean, noise = 0.5 * torch.randn(400, 10, 6, generator=random), torch.randn(400, 10, 6, generator=random)
    at = torch.full((400,), time)
    kept, added = (share[:, None, None] for share in mixture(at))
    said = (clean - kept * noise_in(clean, at, noise)) / added
    assert said.std() == pytest.approx(1, abs=0.03)


def test_clean_motion_is_kept_and_noise_is_not():
    kept, added = mixture(torch.tensor([0.0, 1.0]))
    assert kept.tolist() == pytest.approx([1, 0], abs=0.01) and added.tolist() == pytest.approx([0, 0.5], abs=0.03)


def test_shares_are_as_the_example_says():
    assert doctest.testmod(schedule).failed == 0
