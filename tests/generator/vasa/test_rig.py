"""Reading, writing and dialling the rig of a dynamics code."""

import pytest
import torch

from tellbench.errors import InputError
from tellbench.generator.vasa.frames import RIG_NAMES
from tellbench.generator.vasa.rig import free_part, only_rig, read_rig, relative, teach, turn_dials, write_rig
from tellbench.generator.vasa.sizes import N_RIG


def test_what_is_written_is_read_and_the_rest_stays():
    code, rig = torch.randn(3, 64), torch.rand(3, N_RIG)
    written = write_rig(code, rig)
    assert torch.equal(read_rig(written), rig)
    assert torch.equal(free_part(written), free_part(code))
    assert torch.equal(write_rig(code, read_rig(code)), code)


def test_the_teacher_s_code_is_the_rig_alone():
    rig = torch.rand(3, N_RIG)
    code = teach(rig, 64)
    assert torch.equal(read_rig(code), rig)
    assert not free_part(code).any()


def test_dials_set_what_they_name():
    code = turn_dials(torch.zeros(2, 64), {"jawOpen": 0.7, "gazeUp": -0.5})
    assert torch.allclose(code[:, RIG_NAMES.index("jawOpen")], torch.tensor(0.7))
    assert code.count_nonzero() == 4
    with pytest.raises(InputError, match="dial 'jaw'"):
        turn_dials(code, {"jaw": 1.0})


def test_motion_relative_to_rest():
    rest = torch.full((1, N_RIG), 0.25)
    driver = torch.zeros(2, N_RIG)
    driver[1] = 0.5
    moved = relative(driver, torch.zeros(1, N_RIG), rest)
    assert torch.allclose(moved[0], rest[0])
    assert torch.allclose(moved[1], torch.tensor(0.75))
    assert relative(driver * 4, torch.zeros(1, N_RIG), rest)[1, 0] == 1


def test_only_the_rig_is_left_of_a_code():
    code = torch.randn(3, 64, generator=torch.Generator().manual_seed(0))
    plain = only_rig(code)
    assert torch.equal(read_rig(plain), read_rig(code)) and not free_part(plain).any() and free_part(code).any()
