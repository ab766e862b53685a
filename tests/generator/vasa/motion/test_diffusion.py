import dataclasses

import pytest
import torch

from tellbench.errors import InputError
from tellbench.generator.vasa.motion.data.bank import TalkBank
from tellbench.generator.vasa.motion.diffusion import Sampling, guided, sample
from tellbench.generator.vasa.motion.schedule import signal

from .toys import toy_talk


@pytest.fixture
def known():
    return TalkBank([toy_talk(0)]).draw(2, 10, torch.Generator().manual_seed(0)).known


def test_guidance_is_the_paper_s_formula(known):
    def denoise(noised, time, given):
        return noised * 0 + (given.heard.float().mean(1) + 10 * given.minded[:, 0])[:, None, None]

    noised, time = torch.zeros(2, 10, 60), torch.ones(2)
    full, no_audio, no_gaze = 11.0, 10.0, 1.0
    made = guided(denoise, noised, time, known, {"audio": 0.5, "gaze": 2.0, "distance": 0.0, "emotion": 0.0})
    assert torch.allclose(made, torch.tensor((1 + 2.5) * full - 0.5 * no_audio - 2.0 * no_gaze))


def _gaussian(noised, time, known, spread=0.3, mean=2.0):
    """Best guess of motion that is normally distributed."""
    alpha, sigma = (part[:, None, None] for part in signal(time))
    gain = alpha * spread**2 / (alpha**2 * spread**2 + sigma**2)
    return mean + gain * (noised - alpha * mean)


@pytest.mark.parametrize("solver", ["ddim", "dpm"])
def test_samples_are_distributed_as_the_motion_is(known, solver):
    noise = torch.randn(2, 10, 60, generator=torch.Generator().manual_seed(0))
    how = Sampling(steps=50, solver=solver, audio=0, gaze=0)
    made = sample(_gaussian, noise, known, how)
    assert made.mean() == pytest.approx(2.0, abs=0.03)
    assert made.std() == pytest.approx(0.3, abs=0.02)


def test_the_second_order_needs_fewer_steps(known):
    noise = torch.randn(2, 10, 60, generator=torch.Generator().manual_seed(0))
    exact, errors = 2.0 + 0.3 * noise, {}
    for solver in ("ddim", "dpm"):
        how = Sampling(steps=16, solver=solver, audio=0, gaze=0)
        errors[solver] = float((sample(_gaussian, noise, known, how) - exact).abs().mean())
    assert errors["dpm"] < 0.5 * errors["ddim"]


def test_one_step_is_one_look(known):
    how = dataclasses.replace(Sampling(), steps=1, audio=0, gaze=0)
    made = sample(lambda x, t, c: torch.full_like(x, 7.0), torch.randn(2, 10, 60), known, how)
    assert torch.allclose(made, torch.tensor(7.0), atol=1e-2)


@pytest.mark.parametrize(("what", "message"), [({"steps": 0}, "0 sampler steps"), ({"gaze": -1.0}, "guidance gaze")])
def test_bad_sampling_is_refused(what, message):
    with pytest.raises(InputError, match=message):
        Sampling(**what)
