import dataclasses

import pytest
import torch

from tellbench.generator.vasa.motion.data.bank import TalkBank
from tellbench.generator.vasa.motion.network import CONDITIONS, Denoiser
from tellbench.generator.vasa.motion.sizes import SIZES

from .toys import TOY, toy_talk


@pytest.fixture
def batch():
    windows = TalkBank([toy_talk(0)]).draw(3, 20, torch.Generator().manual_seed(1))
    return dataclasses.replace(windows.known, follows=torch.tensor([True, False, True])), windows.motion


@pytest.fixture
def denoiser():
    torch.manual_seed(0)
    return Denoiser(TOY)


def test_every_weight_learns(denoiser, batch):
    known, noised = batch
    known.asked[:] = torch.randn(known.asked.shape)
    known.minded[0, 0] = known.minded[1, 1] = known.minded[2, 2] = known.heard[0, 3] = False
    denoiser(noised, torch.tensor([0.1, 0.5, 0.9]), known).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in denoiser.parameters())


@pytest.mark.parametrize("name", CONDITIONS)
def test_what_is_left_out_does_not_matter(denoiser, batch, name):
    known, noised = batch
    time = torch.full((3,), 0.5)
    other = dataclasses.replace(known)
    if name == "audio":
        other = dataclasses.replace(known, audio=known.audio + 1)
    else:
        place = {"gaze": slice(0, 2), "distance": slice(2, 3), "emotion": slice(3, 10)}[name]
        asked = known.asked.clone()
        asked[..., place] += 1
        other = dataclasses.replace(known, asked=asked)
    assert not torch.allclose(denoiser(noised, time, known), denoiser(noised, time, other))
    assert torch.equal(denoiser(noised, time, known.without(name)), denoiser(noised, time, other.without(name)))


def test_a_first_window_follows_nothing(denoiser, batch):
    known, noised = batch
    sound = known.audio.clone()
    sound[:, :10] += 1
    other = dataclasses.replace(known, before=known.before + 1, audio=sound)
    one, two = (denoiser(noised, torch.full((3,), 0.5), known) for known in (known, other))
    assert torch.equal(one[1], two[1])
    assert not torch.allclose(one[0], two[0])


def test_motion_without_noise_is_kept_whatever_the_network_says(denoiser, batch):
    """Small quick moves need not be drawn anew."""
    known, _ = batch
    motion = torch.randn(3, 20, 60, generator=torch.Generator().manual_seed(2))
    apart = [(denoiser(motion, torch.full((3,), time), known) - motion).abs().mean() for time in (0.0, 1.0)]
    assert apart[0] < 0.03 < 0.5 < apart[1]


def test_sizes_are_those_that_were_promised():
    paper = SIZES["paper"]
    assert (paper.layers, paper.width, paper.heads) == (8, 512, 8)
    small = sum(p.numel() for p in Denoiser(SIZES["small"]).parameters())
    assert small <= 2_400_000
