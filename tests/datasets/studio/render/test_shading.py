import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.studio.render import shading_numba, shading_torch


def unit(*shape: int, random: torch.Generator) -> Tensor:
    return functional.normalize(torch.randn(*shape, 3, generator=random), dim=-1)


def arguments(name: str) -> tuple:
    random = torch.Generator().manual_seed(0)
    n_frames, n = 3, 40

    def rand(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=random)

    points = (rand(n_frames, n, 3) - 0.5) * 200
    normals, tangents = unit(n_frames, n, random=random), unit(n_frames, n, random=random)
    rig = torch.cat([unit(3, random=random), rand(5, 3)])
    camera = torch.tensor([0.0, -30.0, 1000.0])
    lit, gloss, albedo = rand(n_frames, n), rand(n), rand(n, 3)
    transfer, eyes = torch.cat([rand(n, 1), rand(n, 3) - 0.5], 1), camera + rand(n_frames, 3) * 50
    rigs = torch.cat([rig.expand(n_frames, 8, 3), unit(n_frames, 1, random=random)], 1)
    to_light = torch.tensor([[0.06, 0.0, 0.01, 16.0], [0.0, 0.06, 0.0, 16.0], [0.0, 0.0, -1.0, 60.0]])
    return {
        "rigid": (points[:1], rand(n_frames, 3, 3), rand(n_frames, 3), rand(n), rand(n_frames, 3)),
        "shadow": (points, rand(n_frames, 32, 32) * 100, to_light, 0.9),
        "box_blur": (rand(n_frames, 8, 5, 2), 2),
        "skin_light": (points, normals, lit, rand(n, 3), gloss, camera, rig),
        "strand_light": (points[0], tangents[0], albedo, transfer, torch.randn(n, generator=random), eyes, rigs),
    }[name]


@pytest.mark.parametrize("name", ["rigid", "shadow", "box_blur", "skin_light", "strand_light"])
def test_the_fused_kernel_computes_the_torch_formula(name):
    values = arguments(name)
    fused, plain = getattr(shading_numba, name)(*values), getattr(shading_torch, name)(*values)
    if isinstance(plain, Tensor):
        fused, plain = (fused,), (plain,)
    for a, b in zip(fused, plain, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        assert b.float().std() > 0, "the arguments should exercise the formula"
        torch.testing.assert_close(a.float(), b.float(), rtol=2e-4, atol=1.0 if a.dtype == torch.uint8 else 2e-4)


def test_both_kernels_add_the_same_detail():
    random = torch.Generator().manual_seed(1)
    size, n = 12, 3
    points = torch.rand(n, 6, 3, generator=random) * size
    face = torch.randint(-1, 4, (n, size, size), generator=random, dtype=torch.int32)
    triangles = torch.tensor([[0, 1, 2], [1, 2, 3], [3, 4, 5]], dtype=torch.int32)
    rest = (
        *(points, triangles, torch.rand(6, 2, generator=random) * 8, torch.rand(10, 10, 8, generator=random)),
        *(torch.rand(n, 6, 6, generator=random), unit(n, 4, random=random), torch.rand(2, 3, generator=random)),
    )
    smooth = torch.rand(n, size, size, 3, generator=random)
    fused, plain = smooth.clone(), smooth.clone()
    shading_numba.add_detail(fused, face, *rest)
    shading_torch.add_detail(plain, face, *rest)
    torch.testing.assert_close(fused, plain, rtol=1e-3, atol=1e-3)
    skin = (face >= 0) & (face < 3)
    assert torch.equal(fused[~skin], smooth[~skin]) and (fused[skin] - smooth[skin]).abs().mean() > 0.05


def test_shadow_falls_behind_a_blocker_only():
    depth = torch.full((1, 8, 8), 1e9)
    depth[0, :, :4] = 50.0
    to_light = torch.eye(3, 4)
    points = torch.tensor([[[1.0, 4.0, 100.0], [6.5, 4.0, 100.0], [1.0, 4.0, 40.0]]])
    lit = shading_torch.shadow(points, depth, to_light, 0.0)
    torch.testing.assert_close(lit, torch.tensor([[0.0, 1.0, 1.0]]))
