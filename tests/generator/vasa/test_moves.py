import torch

from tellbench.generator.vasa.moves import moved_pose, moves_between


def test_moves_are_read_back():
    random = torch.Generator().manual_seed(0)
    rest = torch.randn(20, 7, generator=random) * torch.tensor([0.4, 0.2, 0.2, 0.1, 0.1, 0.1, 0.0])
    rest[:, 6] = 0.11
    moves = torch.randn(20, 6, generator=random) * torch.tensor([15.0, 8, 6, 10, 10, 30])
    assert torch.allclose(moves_between(rest, moved_pose(rest, moves)), moves, atol=1e-2)
    assert moves_between(rest, rest).abs().max() < 1e-3
