import math

import pytest
import torch

from tellbench.datasets.studio.expressions.posing import euler
from tellbench.generator.vasa.pose import angles, project, rotation, unproject


@pytest.fixture
def poses() -> torch.Tensor:
    random = torch.Generator().manual_seed(3)
    spread = torch.tensor([0.5, 0.3, 0.3, 0.2, 0.2, 0.2, 0.0])
    return torch.randn(16, 7, generator=random) * spread + torch.tensor([0, 0, 0, 0, 0, 0, 0.12])


def test_a_head_at_rest_lies_in_the_window_as_in_canonical_space():
    points = torch.rand(1, 20, 3) - 0.5
    assert torch.allclose(project(points, torch.zeros(1, 7)), points, atol=1e-6)


def test_turning_as_the_studio_turns(poses):
    flip = torch.tensor([1.0, -1, 1])
    studio = euler(*poses[:, :3].rad2deg().unbind(-1))
    assert torch.allclose(rotation(poses), studio * flip[:, None] * flip, atol=1e-6)


def test_signs():
    nose = torch.tensor([[[0.0, 0.0, 0.5]]])
    for column, axis in ((0, 0), (1, 1)):  # yaw: to image right; pitch: down
        pose = torch.zeros(1, 7)
        pose[0, column] = 0.3
        assert project(nose, pose)[0, 0, axis] == pytest.approx(0.5 * math.sin(0.3), abs=1e-6)
    roll = torch.zeros(1, 7)
    roll[0, 2] = 0.3
    assert project(torch.tensor([[[0.0, -0.5, 0.0]]]), roll)[0, 0, 0] > 0.1  # the forehead goes to image right


def test_angles_and_unproject_undo(poses):
    assert torch.allclose(angles(rotation(poses)), poses[:, :3], atol=1e-5)
    points = torch.rand(16, 4, 5, 3) - 0.5
    assert torch.allclose(unproject(project(points, poses), poses), points, atol=1e-5)


def test_near_points_are_seen_larger():
    pose = torch.tensor([[0, 0, 0, 0, 0, 0, 0.15]])
    seen = project(torch.tensor([[[0.5, 0, 0.4], [0.5, 0, -0.4]]]), pose)[0, :, 0]
    assert seen[0] > 0.5 > seen[1]
