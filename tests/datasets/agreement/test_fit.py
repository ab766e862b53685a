import numpy as np
import pytest
import torch

from tellbench.datasets.agreement.fit import blurred, fit
from tellbench.datasets.agreement.hearing import N_HEARD, Heard
from tellbench.datasets.agreement.measures import MOUTH, Moves
from tellbench.datasets.agreement.talks import Talk, groups


def talk(seed: int) -> Talk:
    random = np.random.default_rng(seed)
    mouth, angles = (random.normal(size=(120, n)).astype(np.float32) for n in (len(MOUTH), 3))
    features = random.normal(size=(120, N_HEARD)).astype(np.float32)
    return Talk(Moves(mouth, angles), Heard(features, np.ones(120, bool)))


def test_training_is_repeatable():
    talks = [talk(seed) for seed in range(4)]
    first, second = (fit(talks, steps=2, seed=5) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_blur_has_the_measured_size_and_memory():
    random = torch.Generator().manual_seed(0)
    noise = blurred(torch.zeros(60, 200, 2), 1.0, (0.5, 1.2), random)
    assert 0.7 < float(noise.std()) < 2.5
    unit = noise / noise.std(1, keepdim=True)
    assert float((unit[:, 1:] * unit[:, :-1]).mean()) == pytest.approx(0.65, abs=0.05)
    track = torch.randn(60, 200, 2, generator=random) * 100
    gain = (blurred(track, 1.0, (0.5, 1.2), random) * track).mean((1, 2)) / track.square().mean((1, 2))
    assert 0.35 < float(gain.min()) < float(gain.max()) < 1.7


def test_people_share_their_talks():
    assert groups(range(7)) == [range(3), range(3, 6), range(6, 7)]
