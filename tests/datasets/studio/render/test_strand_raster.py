import math

import pytest
import torch
from torch import Tensor

from tellbench.datasets.studio.render.raster import FAR, Opaque, Primitives
from tellbench.datasets.studio.render.strand_raster import composite

SIZE = 40
HAIR = 5


def layer(n_frames: int = 1, depth: float = FAR) -> Opaque:
    shape = (n_frames, SIZE, SIZE)
    near, face = torch.full(shape, depth), torch.full(shape, -1, dtype=torch.int32)
    return Opaque(torch.zeros(*shape, 3), near, torch.zeros(shape, dtype=torch.uint8), face)


def lines(ends: Tensor, widths: float | Tensor) -> tuple[Tensor, Primitives]:
    """Points [B,2N,3] and primitives of N segments with ends [B,N,2,3]; widths in samples at any depth of 100."""
    count = ends.shape[1]
    none = torch.zeros(0, dtype=torch.uint8)
    segments = torch.arange(2 * count, dtype=torch.int32).view(-1, 2)
    labels = torch.full((count,), HAIR, dtype=torch.uint8)
    widths = torch.as_tensor(widths).expand(count).contiguous()
    return ends.flatten(1, 2), Primitives(segments[:0, [0, 0, 1]], none, none, segments, labels, widths)


def draw(ends: Tensor, widths: float | Tensor, kernels: str = "numba", behind: Opaque | None = None):
    points, primitives = lines(ends, widths)
    colours = torch.ones_like(points) * torch.linspace(0.2, 1, points.shape[1])[None, :, None]
    return composite(behind or layer(len(ends)), points, colours, primitives, 100.0, kernels)


def tangle(n_frames: int = 2, count: int = 150) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(3)
    start = torch.rand(n_frames, count, 1, 3, generator=random) * SIZE
    ends = torch.cat([start, start + torch.randn(n_frames, count, 1, 3, generator=random) * 7], 2)
    ends[..., 2] = 100 + ends[..., 2] * 0.3
    return ends, torch.rand(count, generator=random) * 2.5


@pytest.mark.parametrize("kernels", ["numba", "torch"])
@pytest.mark.parametrize("angle", [0.0, 20.0, 45.0, 70.0, 90.0])
def test_a_strand_covers_the_share_of_its_width_wherever_it_lies(kernels, angle):
    a, width = math.radians(angle), 0.3
    along = torch.tensor([math.cos(a), math.sin(a)]) * 16
    covered = []
    for shift in torch.rand(12, 2, generator=torch.Generator().manual_seed(0)):
        ends = torch.full((1, 1, 2, 3), 100.0)
        ends[0, 0, :, :2] = torch.stack([-along, along]) + SIZE / 2 + shift
        clear = draw(ends, width, kernels)[3]
        assert clear.min() >= 1 - width * math.sqrt(2) - 1e-5
        covered.append(float((1 - clear).sum()))
    # half a sample at each end may or may not hold a centre
    assert max(covered) - min(covered) <= width * math.sqrt(2) * 1.01
    assert sum(covered) / len(covered) == pytest.approx(32 * width, rel=0.02)


def test_both_kernels_blend_the_same_picture():
    ends, widths = tangle()
    behind = [layer(2), layer(2)]
    for opaque in behind:
        opaque.depth[:, :, : SIZE // 2], opaque.colour[:, :, : SIZE // 2] = 106.0, 0.4
    (image, depth, labels, clear), other = (
        draw(ends, widths, kernels, opaque) for kernels, opaque in zip(("numba", "torch"), behind, strict=True)
    )
    torch.testing.assert_close(image, other[0], atol=2e-4, rtol=0)
    torch.testing.assert_close(clear, other[3], atol=2e-4, rtol=0)
    assert (labels == other[2]).float().mean() > 0.999
    assert ((depth - other[1]).abs() < 0.01).float().mean() > 0.999
    assert (labels == HAIR).float().mean() > 0.2
    assert ((clear > 0.02) & (clear < 0.98)).float().mean() > 0.1, "the scene should hold partly covered samples"


@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_a_frame_depends_neither_on_its_batch_nor_on_the_order_of_strands(kernels):
    ends, widths = tangle(3)
    together = draw(ends, widths, kernels)
    for whole, alone in zip(together, draw(ends[1:2], widths, kernels), strict=True):
        assert torch.equal(whole[1:2], alone)
    points, primitives = lines(ends[:1], widths)
    flipped = Primitives(
        *(getattr(primitives, name) for name in ("triangles", "triangle_labels", "two_sided")),
        *(getattr(primitives, "segment" + name).flip(0).contiguous() for name in ("s", "_labels", "_widths")),
    )
    colours = torch.ones_like(points)
    first, second = (composite(layer(), points, colours, p, 100.0, kernels) for p in (primitives, flipped))
    torch.testing.assert_close(first[3], second[3], atol=1e-4, rtol=0)


@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_what_is_nearer_hides_what_is_behind(kernels):
    ends = torch.full((1, 2, 2, 3), 100.0)
    ends[0, :, :, 0] = torch.tensor([5.0, 35.0])
    ends[0, :, :, 1] = 20.5
    ends[0, 0, :, 2] = 104.0
    image, depth, labels, clear = draw(ends, 1.05, kernels)
    assert image[0, 20, 20].allclose(torch.tensor(0.2 + 0.8 * 2.5 / 3), atol=0.02), "the second strand is the nearer"
    assert depth[0, 20, 20] == 100 and labels[0, 20, 20] == HAIR and clear[0, 20, 20] < 0.01
    hidden = draw(ends, 1.05, kernels, layer(depth=90.0))
    assert hidden[0].sum() == 0 and (hidden[2] == 0).all() and (hidden[3] == 0).all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_blends_what_the_cpu_blends():
    ends, widths = tangle()
    points, primitives = lines(ends, widths)
    colours, behind = torch.ones_like(points), layer(2)
    image = composite(layer(2), points, colours, primitives, 100.0)[0]
    on_cuda = Opaque(*(t.cuda() for t in behind))
    cuda_image = composite(on_cuda, points.cuda(), colours.cuda(), primitives.to("cuda"), 100.0)[0]
    torch.testing.assert_close(image, cuda_image.cpu(), atol=1e-3, rtol=0)
