import pytest
import safetensors.torch
import torch

from tellbench.errors import InputError
from tellbench.generator.vasa.motion.model import SHIPPED, MotionModel
from tellbench.generator.vasa.motion.space import COLUMNS

from .toys import BLINK, JAW, TOY


def test_statistics_are_those_of_the_talks_but_for_what_hardly_moves():
    random = torch.Generator().manual_seed(0)
    motion = torch.randn(4000, len(COLUMNS), generator=random) * 0.1
    motion[:, 0] = 3 + 40 * motion[:, 0]
    model = MotionModel(TOY)
    model.learn_statistics(motion, torch.randn(4000, model.kind.numbers, generator=random))
    assert model.motion_scale[[0, 1, JAW, BLINK]].tolist() == pytest.approx([4, 0.5, 0.1, 0.3], rel=0.05)
    assert float(model.motion_mean[0]) == pytest.approx(3, abs=0.3)
    assert torch.allclose(model.restored(model.standardised(motion)), motion, atol=1e-4)


def test_weights_of_an_earlier_meaning_are_refused(tmp_path):
    model = MotionModel.load(SHIPPED)
    model.save(tmp_path / "now.safetensors")
    assert torch.equal(MotionModel.load(tmp_path / "now.safetensors").motion_scale, model.motion_scale)
    safetensors.torch.save_file(model.state_dict(), tmp_path / "before.safetensors", {"facts": '{"size": "small"}'})
    with pytest.raises(InputError, match=r"edition 1, this version reads 2.*train one with"):
        MotionModel.load(tmp_path / "before.safetensors")
