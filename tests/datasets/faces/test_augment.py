import numpy as np
import pytest
import torch

from tellbench.datasets.faces import augment
from tellbench.datasets.faces.augment import Augmenter, Batch
from tellbench.datasets.faces.landmarks import MIRROR
from tellbench.datasets.faces.network import CROP, N_OUT


def mean_shape() -> torch.Tensor:
    return torch.as_tensor(np.random.default_rng(0).uniform(-0.6, 0.6, (68, 2)), dtype=torch.float32)


def inputs(count: int = 8) -> tuple[torch.Tensor, ...]:
    rng = np.random.default_rng(1)
    planes = torch.as_tensor(rng.integers(0, 256, (count, 4, 176, 176), dtype=np.uint8))
    points = torch.cat([mean_shape() * 60 + 88, torch.tensor([[70.0, 80.0], [110.0, 80.0]])]).expand(count, -1, -1)
    read = torch.as_tensor(rng.uniform(0, 0.4, (2, count, 2)), dtype=torch.float32)
    return planes, points, *read


def crops(count: int = 4) -> torch.Tensor:
    rng = np.random.default_rng(2)
    return torch.as_tensor(rng.uniform(0, 255, (count, 3, CROP, CROP)), dtype=torch.float32)


def test_same_seed_same_batch():
    one, same, other = (Augmenter(mean_shape(), seed)(*inputs()) for seed in (5, 5, 6))
    torch.testing.assert_close(one.crops, same.crops, atol=0, rtol=0)
    assert (one.points != other.points).any()


def test_batch_has_the_network_s_shape_and_range():
    batch = Augmenter(mean_shape(), 0)(*inputs())
    assert batch.crops.shape == (8, 3, CROP, CROP) and batch.points.shape == (8, N_OUT, 2)
    assert batch.crops.isfinite().all() and batch.crops.min() >= 0 and batch.crops.max() <= 255


def test_labels_follow_the_geometry(monkeypatch):
    """A dot painted at a point is found at that point's label (with the picture effects off)."""
    augmenter = Augmenter(mean_shape(), 3)
    monkeypatch.setattr(augmenter, "picture", lambda crops: crops)
    monkeypatch.setattr(augmenter, "replace_background", lambda crops, room: crops)
    monkeypatch.setattr(augmenter, "fade_brows", lambda crops, points: crops)
    planes, points, *read = inputs(16)
    points = points.clone()
    points[:, 30] = torch.tensor([90.5, 85.5])
    planes = torch.zeros_like(planes)
    planes[:, :, 84:87, 89:92] = 255
    batch = augmenter(planes, points, *read)
    axis = torch.arange(CROP) + 0.5
    grey = batch.crops[:, 0]
    seen = torch.stack([(grey.sum(1) * axis).sum(1), (grey.sum(2) * axis).sum(1)], -1) / grey.sum((1, 2))[:, None]
    torch.testing.assert_close(seen, batch.points[:, 30], atol=0.3, rtol=0)


def test_flip_swaps_points_irises_apertures_and_brows():
    start = Batch(crops(64), torch.rand(64, N_OUT, 2) * CROP, torch.rand(64, 2), torch.rand(64, 2))
    flipped = Augmenter(mean_shape(), 0).flip(start)
    changed = (flipped.apertures[:, 0] != start.apertures[:, 0]).nonzero()[:, 0]
    assert 15 < len(changed) < 50
    i = int(changed[0])
    torch.testing.assert_close(flipped.crops[i], start.crops[i].flip(-1))
    torch.testing.assert_close(flipped.points[i, :68, 0], CROP - start.points[i, MIRROR, 0])
    torch.testing.assert_close(flipped.points[i, 68, 1], start.points[i, 69, 1])
    torch.testing.assert_close(flipped.apertures[i], start.apertures[i].flip(0))
    torch.testing.assert_close(flipped.brows[i], start.brows[i].flip(0))


@pytest.mark.parametrize(
    "name", ["brush", "compress", "drain", "grade", "grain", "occlude", "posterise", "shade", "shrink", "soften"]
)
def test_effects_change_the_picture_and_keep_its_shape(name):
    before = crops()
    after = getattr(Augmenter(mean_shape(), 0), name)(before)
    assert after.expand_as(before).isfinite().all()
    assert (after - before).abs().mean() > 0.1


def test_blur_has_the_deviation_asked_for():
    dot = torch.zeros(1, 1, 41, 41)
    dot[0, 0, 20, 20] = 1
    spread = augment.blur(dot, 1.5)[0, 0].sum(0)
    place = torch.arange(41.0) - 20
    assert float((spread * place**2).sum()) == pytest.approx(1.5**2, rel=0.01)


def test_kuwahara_keeps_edges_and_removes_texture():
    step = torch.cat([torch.full((1, 3, 32, 16), 50.0), torch.full((1, 3, 32, 16), 200.0)], -1)
    noisy = step + torch.as_tensor(np.random.default_rng(0).normal(size=step.shape) * 8, dtype=torch.float32)
    painted = augment.kuwahara(noisy)
    assert (painted - step).abs().mean() < 0.7 * (noisy - step).abs().mean()
    assert (painted[..., 16] - painted[..., 15]).mean() > 130


def test_block_quantiser_keeps_flat_pictures_and_hurts_more_with_larger_steps():
    flat = torch.full((1, 3, 32, 32), 96.0)
    torch.testing.assert_close(augment.quantise_blocks(flat, torch.ones(1, 1, 1, 1)), flat, atol=1.0, rtol=0)
    busy = crops(1)
    loss = [(augment.quantise_blocks(busy, torch.full((1, 1, 1, 1), s)) - busy).abs().mean() for s in (1.0, 4.0)]
    assert loss[0] < loss[1]
