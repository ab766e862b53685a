import dataclasses

import pytest
import torch

from tellbench.errors import InputError
from tellbench.generator.vasa.motion.data.bank import TalkBank

from ..toys import GAZE, JAW, toy_talk


@pytest.fixture(scope="module")
def windows():
    bank = TalkBank(toy_talk(seed, 60 + seed) for seed in range(4))
    return bank.draw(400, 20, torch.Generator().manual_seed(0))


def test_the_same_draws_are_the_same_windows(windows):
    bank = TalkBank(toy_talk(seed, 60 + seed) for seed in range(4))
    again = bank.draw(400, 20, torch.Generator().manual_seed(0))
    assert torch.equal(windows.motion, again.motion)
    assert torch.equal(windows.known.audio, again.known.audio)


def test_what_is_asked_is_what_is_shown_also_in_the_mirror(windows):
    looked = windows.motion[..., GAZE].mean(1) * 20
    assert torch.allclose(looked, windows.known.asked[..., 0].mean(1) * 10, atol=0.3)
    assert (looked > 0).float().mean() == pytest.approx(0.5, abs=0.08)


def test_any_distance_is_asked_and_what_is_learned_is_about_it(windows):
    away = windows.known.asked[:, 0, 2] * 0.1
    assert (away == 0).float().mean() == pytest.approx(1 / 3, abs=0.08)
    assert away.abs().max() == pytest.approx(0.2, abs=0.01)
    talk = toy_talk(0)
    far = dataclasses.replace(talk.script, distance=talk.script.distance * 1.1)
    moved = dataclasses.replace(talk, motion=talk.motion + far.place, script=far)
    here, there = (TalkBank([one]).draw(50, 20, torch.Generator().manual_seed(0)).motion for one in (talk, moved))
    assert torch.allclose(here, there, atol=0.1)


def test_sound_goes_with_motion_and_beyond_it(windows):
    bands = windows.known.audio[..., :-2].mean((2, 3))
    follows = windows.known.follows
    jaw = torch.cat([windows.known.before[..., JAW], windows.motion[..., JAW]], 1)
    for row in follows.nonzero()[:20, 0]:
        together = torch.corrcoef(torch.stack([bands[row, :30], jaw[row]]))[0, 1]
        assert together > 0.95
    assert windows.known.audio.shape == (400, 36, 4, 28)


def test_talks_shorter_than_a_window_teach_nothing():
    with pytest.raises(InputError, match="no talk of 50 frames"):
        TalkBank([toy_talk(0, 49)])
