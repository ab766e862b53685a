import torch

from tellbench.generator.vasa.moves import carried_pose, moved_pose, moves_between


def test_moves_are_read_back():
    random = torch.Generator().manual_seed(0)
    rest = torch.randn(20, 7, generator=random) * torch.tensor([0.4, 0.2, 0.2, 0.1, 0.1, 0.1, 0.0])
    rest[:, 6] = 0.11
    moves = torch.randn(20, 6, generator=random) * torch.tensor([15.0, 8, 6, 10, 10, 30])
    assert torch.allclose(moves_between(rest, moved_pose(rest, moves)), moves, atol=1e-2)
    assert moves_between(rest, rest).abs().max() < 1e-3


def test_a_portrait_moves_from_its_own_pose():
    portrait = torch.tensor([[0.5, 0.1, 0.0, 0.1, 0.0, 0.0, 0.11]])
    actor = torch.tensor([[0.1, 0, 0, 0.3, 0, 0.2, 0.2], [0.3, 0, 0, 0.3, 0, 0.2, 0.2]])
    moved = carried_pose(portrait, actor[:1], actor)
    assert torch.allclose(moved[0], portrait[0], atol=1e-5)
    assert torch.allclose(moved[1, 0], torch.tensor(0.7), atol=0.01)
    assert torch.allclose(moved[:, 6], torch.tensor(0.11))
    moves = moves_between(actor[:1], actor[1:])
    assert torch.allclose(carried_pose(portrait, actor[:1], actor[1:]), moved_pose(portrait, moves))
