import numpy as np
import pytest
import torch

from tellbench.errors import InputError
from tellbench.generator.vasa.motion.dials import turned, with_head
from tellbench.generator.vasa.motion.script import Script
from tellbench.generator.vasa.motion.space import COLUMNS, N_MOTION, looking, motion_columns

T = 500
CALM = Script.of()


@pytest.fixture
def motion():
    random = torch.Generator().manual_seed(0)
    rough = torch.rand(T + 8, N_MOTION, generator=random)
    motion = rough.unfold(0, 9, 1).mean(-1)
    motion[:, :6] = (motion[:, :6] - 0.5) * 20
    motion[:, -2:] -= 0.5
    return motion


def _turned(motion, script=CALM, parts=(T,), seed=1, **dials):
    return torch.cat(list(turned(motion.split(list(parts)), dials, script, seed)))


def test_nothing_asked_changes_nothing(motion):
    assert torch.equal(_turned(motion), motion)


@pytest.mark.parametrize(
    "dials",
    [
        {"lip_delay_ms": 130.0, "brow_coupling": 0.3},
        {"lip_delay_ms": -330.0, "head_coupling": 0.0, "head_gain": 0.5},
        {"blink_rate": 40.0, "blink_regularity": 0.0},
    ],
)
def test_parts_do_not_matter(motion, dials):
    whole = _turned(motion, **dials)
    assert len(whole) == T
    assert torch.allclose(whole, _turned(motion, parts=(7, 93, 10, 390), **dials), atol=1e-5)


@pytest.mark.parametrize("delay", [200.0, -200.0])
def test_the_mouth_and_it_alone_is_late_by_what_is_asked(motion, delay):
    made = _turned(motion, lip_delay_ms=delay)
    jaw, yaw, frames = COLUMNS.index("jawOpen"), 0, round(delay / 40)
    assert torch.allclose(made[20:400, jaw], motion[20 - frames : 400 - frames, jaw], atol=1e-6)
    assert torch.equal(made[:, yaw], motion[:, yaw])


def test_gains_scale_and_eyes_keep_looking(motion):
    brow = motion_columns("browInnerUp")
    assert torch.allclose(_turned(motion, brow_gain=2.0)[:, brow], 2 * motion[:, brow])
    still = _turned(motion, head_gain=0.0)
    assert still[:, :6].abs().max() < 1e-5
    assert torch.allclose(looking(still), looking(motion), atol=1e-3)
    stare = _turned(motion, Script.of(gaze=(5.0, 0.0)), gaze_gain=0.0)
    assert torch.allclose(looking(stare), torch.tensor([5.0, 0.0]).expand(T, 2), atol=1e-3)


def test_uncoupled_brows_move_a_phrase_later(motion):
    brow = motion_columns("browInnerUp")
    made = _turned(motion, brow_coupling=0.0)
    assert torch.allclose(made[60:, brow], motion[20 : T - 40, brow], atol=1e-5)


@pytest.mark.parametrize("rate", [0, 12, 45])
def test_blinks_come_as_often_and_as_deep_as_is_asked(motion, rate):
    long = motion.repeat(12, 1)
    lids = torch.cat(list(turned([long], {"blink_rate": rate, "blink_completeness": 0.5}, CALM, 3)))
    lids = lids[:, motion_columns("eyeBlink")].numpy()
    assert np.array_equal(lids[:, 0], lids[:, 1])
    shut = lids[:, 0] > 0.2
    blinks = (shut[1:] & ~shut[:-1]).sum()
    assert blinks / (len(long) / 25 / 60) == pytest.approx(rate, rel=0.15)
    assert lids.max() < 0.65


def test_lips_that_may_not_close_stay_ajar(motion):
    made = _turned(motion, lip_closure=0.0)
    press, jaw = motion_columns("mouthPress"), motion_columns("jawOpen")
    assert not made[:, press].any()
    assert (made[:, jaw] > motion[:, jaw]).all()


def test_a_head_can_be_put_elsewhere(motion):
    pose = torch.zeros(T, 6)
    pose[:, 0] = 15
    moved = with_head(motion, pose)
    assert torch.equal(moved[:, :6], pose)
    assert torch.allclose(looking(moved), looking(motion), atol=1e-3)
    down = moved[:, COLUMNS.index("gazeUp")] < -0.1
    assert (moved[down, COLUMNS.index("eyeLookDownLeft")] > 0.05).all()


def test_dials_have_ranges(motion):
    with pytest.raises(InputError, match="dial head_gain = 9"):
        _turned(motion, head_gain=9.0)
