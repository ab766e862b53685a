"""What a person of the studio did agrees with what was recorded, and loses that when it is late."""

import dataclasses

import numpy as np
import pytest
import torch

from tellbench.generator.vasa.motion.agreement import Witness, agreement
from tellbench.generator.vasa.motion.data.talks import HELD_OUT, act_talk

SEED = HELD_OUT + 905


@pytest.fixture(scope="module")
def witness():
    return Witness.of(SEED)


def test_a_talk_agrees_with_its_own_sound_and_less_so_when_late(witness):
    motion = act_talk(SEED).motion
    row = agreement([witness], [motion])
    assert (row["sync_offset"], row["in_time"], row["judged"]) == (0, 1, 1)
    late = agreement([witness], [torch.roll(motion, 5, 0)])
    assert (late["sync_offset"], late["in_time"]) == (5, 0)
    still = agreement([witness], [motion[:1].expand(200, -1)])
    assert still["sync_confidence"] < 0.3 * row["sync_confidence"]
    assert -1 <= row["capp"] <= 1 and row["capp"] != still["capp"]


def test_a_talk_without_a_voice_is_not_judged(witness):
    unheard = dataclasses.replace(witness.heard, speaking=np.zeros(200, bool))
    silent = dataclasses.replace(witness, heard=unheard)
    motion = act_talk(SEED).motion
    assert agreement([silent], [motion]) == {}
    assert agreement([silent, witness], [motion, motion])["judged"] == 1
