import pytest
import torch
from torch import Tensor

from tellbench.datasets.studio.render.raster import FAR, Primitives, depth_map, opaque
from tellbench.datasets.studio.render.strand_raster import composite

SIZE = 48


def scene(n_frames: int = 2, n_points: int = 120, seed: int = 0) -> tuple[Tensor, Tensor, Primitives]:
    random = torch.Generator().manual_seed(seed)
    centre = torch.rand(n_frames, n_points // 3, 1, 3, generator=random) * SIZE
    points = (centre + (torch.rand(n_frames, n_points // 3, 3, 3, generator=random) - 0.5) * 14).flatten(1, 2)
    points[..., 2] += 400
    colours = torch.rand(n_frames, n_points, 3, generator=random)
    triangles = torch.arange(n_points, dtype=torch.int32).view(-1, 3)
    segments = torch.randint(0, n_points, (30, 2), generator=random, dtype=torch.int32)
    n = len(triangles)
    primitives = Primitives(
        triangles,
        torch.arange(1, n + 1, dtype=torch.uint8),
        torch.randint(0, 2, (n,), generator=random, dtype=torch.uint8),
        segments,
        torch.full((30,), 200, dtype=torch.uint8),
        torch.rand(30, generator=random) * 3,
    )
    return points, colours, primitives


def rasterize(points, colours, primitives, size, kernels=None):
    """Triangles with the strands over them: colour, depth and labels."""
    layer = opaque(points, colours, primitives, size, kernels)
    return composite(layer, points, colours, primitives, 400.0, kernels)[:3]


def test_both_kernels_draw_the_same_picture():
    points, colours, primitives = scene()
    image, depth, labels = rasterize(points, colours, primitives, SIZE, "numba")
    other_image, other_depth, other_labels = rasterize(points, colours, primitives, SIZE, "torch")
    assert (labels > 0).float().mean() > 0.3, "the scene should cover a good part of the picture"
    assert (labels == other_labels).float().mean() > 0.999
    assert (image - other_image).abs().mean() < 1e-4
    assert torch.equal(depth == FAR, other_depth == FAR)


def test_both_depth_maps_agree():
    points, _, primitives = scene(seed=1)
    maps = [depth_map(points, primitives.triangles, primitives.segments, SIZE, k) for k in ("numba", "torch")]
    covered = maps[0] < FAR
    assert torch.equal(covered, maps[1] < FAR)
    torch.testing.assert_close(maps[0][covered], maps[1][covered], rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_a_square_covers_exactly_its_samples_and_the_nearer_one_wins(kernels):
    corners = torch.tensor([[2.0, 2.0], [2.0, 8.0], [6.0, 8.0], [6.0, 2.0]])
    square = torch.cat([corners, torch.full((4, 1), 5.0)], 1)
    nearer = square * torch.tensor([1.0, 1.0, 0.5]) + torch.tensor([2.0, 0.0, 0.0])
    points = torch.cat([nearer, square])[None]
    colours = torch.cat([torch.ones(4, 3), torch.zeros(4, 3)])[None]
    faces = torch.tensor([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]], dtype=torch.int32)
    labels = torch.tensor([1, 1, 2, 2], dtype=torch.uint8)
    primitives = Primitives(
        faces, labels, torch.zeros_like(labels), torch.zeros(0, 2, dtype=torch.int32), labels[:0], points[0, :0, 0]
    )
    image, depth, drawn = rasterize(points, colours, primitives, 12, kernels)
    assert (drawn == 1).sum() == 24
    assert (drawn == 2).sum() == 12
    assert drawn[0, 4, 5] == 1 and depth[0, 4, 5] == 2.5 and image[0, 4, 5, 0] == 1
    assert depth[0, 0, 0] == FAR


def test_both_kernels_name_the_same_triangles():
    points, colours, primitives = scene()
    layer, other = (opaque(points, colours, primitives, SIZE, kernels) for kernels in ("numba", "torch"))
    assert (layer.face == other.face).float().mean() > 0.999
    assert torch.equal(layer.face < 0, layer.depth == FAR)
    seen = layer.face >= 0
    assert torch.equal(primitives.triangle_labels[layer.face[seen].long()], layer.labels[seen])


@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_a_frame_does_not_depend_on_its_batch(kernels):
    points, colours, primitives = scene(n_frames=3)
    whole = rasterize(points, colours, primitives, SIZE, kernels)
    alone = rasterize(points[1:2], colours[1:2], primitives, SIZE, kernels)
    for together, single in zip(whole, alone, strict=True):
        assert torch.equal(together[1:2], single)


def test_back_faces_are_dropped_unless_two_sided():
    points = torch.tensor([[[1.0, 1.0, 5.0], [9.0, 1.0, 5.0], [1.0, 9.0, 5.0]]])
    face = torch.tensor([[0, 1, 2]], dtype=torch.int32)
    none = torch.zeros(0, 2, dtype=torch.int32)
    for two_sided, covered in ((0, False), (1, True)):
        primitives = Primitives(
            face,
            torch.ones(1, dtype=torch.uint8),
            torch.tensor([two_sided], dtype=torch.uint8),
            none,
            none[:, 0].byte(),
            none[:, 0].float(),
        )
        for kernels in ("numba", "torch"):
            _, depth, _ = rasterize(points, torch.ones(1, 3, 3), primitives, 12, kernels)
            assert bool((depth < FAR).any()) is covered


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_draws_what_the_cpu_draws():
    points, colours, primitives = scene()
    image, _, labels = rasterize(points, colours, primitives, SIZE)
    cuda_image, _, cuda_labels = rasterize(points.cuda(), colours.cuda(), primitives.to("cuda"), SIZE)
    assert (labels == cuda_labels.cpu()).float().mean() > 0.999
    assert (image - cuda_image.cpu()).abs().mean() < 1e-4
