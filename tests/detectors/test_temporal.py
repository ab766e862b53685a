import numpy as np
import pytest
import torch

from tellbench.detectors.augment import augment
from tellbench.detectors.crops import Crops
from tellbench.detectors.temporal import LENGTH, RunModel, Temporal
from tellbench.errors import InputError


def test_frames_of_a_run_lie_one_after_the_other():
    frames = np.zeros((2 * LENGTH, 48, 48, 3), np.uint8) + np.arange(2 * LENGTH, dtype=np.uint8)[:, None, None, None]
    runs = Temporal(size=48, frames=2 * LENGTH).images(Crops(frames, np.arange(2 * LENGTH), 48))
    assert runs.shape == (2, 3 * LENGTH, 48, 48)
    assert runs[1, :, 0, 0].tolist() == [LENGTH + i // 3 for i in range(3 * LENGTH)]


def test_order_in_time_matters_to_the_model():
    torch.manual_seed(0)
    model = RunModel("test_byobnet", 48).eval()
    runs = torch.rand(2, 3 * LENGTH, 48, 48)
    backwards = runs.reshape(2, LENGTH, 3, 48, 48).flip(1).flatten(1, 2)
    with torch.no_grad():
        assert model(runs).shape == (2, 1)
        assert not torch.allclose(model(runs), model(backwards), atol=1e-6)


def test_a_run_is_augmented_as_one():
    still = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)).repeat(1, LENGTH, 1, 1)
    changed = augment(still, torch.Generator().manual_seed(1)).unflatten(1, (LENGTH, 3))
    assert torch.allclose(changed, changed[:, :1].expand_as(changed), atol=1e-6), "a still face must stay still"
    assert not torch.allclose(changed[:, 0], still[:, :3])


def test_frames_that_fill_no_run_are_refused():
    with pytest.raises(InputError, match=f"multiple of {LENGTH}"):
        Temporal(frames=LENGTH + 1)
