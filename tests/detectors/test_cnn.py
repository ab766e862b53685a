import numpy as np
import pytest
import torch

from tellbench.detectors.augment import augment
from tellbench.detectors.cnn import Cnn, build_model
from tellbench.detectors.crops import Crops
from tellbench.detectors.windows import crop_tensor, fixed_windows, model_input, random_windows
from tellbench.errors import InputError


def pictures(count=8, size=48) -> torch.Tensor:
    """Smooth pictures that differ from left to right."""
    x = torch.linspace(0, 1, size).expand(count, 3, size, size)
    return 0.3 + 0.4 * x


def test_unknown_backbone_offers_near_names():
    with pytest.raises(InputError, match="resnet18"):
        Cnn(backbone="resnet-18x")


@pytest.mark.parametrize("backbone", ["mobilenetv3_small_050", "test_vit", "test_convnext"])
def test_convolutional_and_transformer_backbones_give_one_score_at_our_size(backbone):
    model = build_model(backbone, 96)
    assert model(torch.zeros(2, 3, 96, 96)).shape == (2, 1)


TRIED = ("legacy_xception", "efficientnet_b4", "convnext_atto", "vit_tiny_patch16_224", "test_byobnet")
"""The field's own backbones, and the small default; all from scratch."""


@pytest.mark.slow
@pytest.mark.parametrize("backbone", TRIED)
def test_backbones_of_the_field_are_trained_shown_and_kept(backbone, drawn, tmp_path):
    train, test = (drawn.split(name) for name in ("train", "test"))
    detector = Cnn(backbone, size=64, frames=4, epochs=2, device="cpu").fit(train, drawn.split("val"))
    scores = detector.score(test).series
    assert scores.drop("blank").between(0, 1).all() and np.isnan(scores["blank"])
    evidence = detector.evidence(test.clips[0])
    assert evidence.score == pytest.approx(scores[test.clips[0].clip_id], abs=1e-6)
    assert evidence.pictures, "where it looks is shown"
    detector.save(tmp_path / "model")
    assert Cnn.load(tmp_path / "model").score(test).series.equals(scores)


@pytest.mark.parametrize("config", [{"size": 8}, {"frames": 0}, {"epochs": 0}])
def test_impossible_sizes_are_refused(config):
    with pytest.raises(InputError, match="at least"):
        Cnn(**config)


def test_augmentation_is_bounded_varied_and_repeatable():
    images = pictures()
    first = augment(images, torch.Generator().manual_seed(1))
    again = augment(images, torch.Generator().manual_seed(1))
    assert torch.equal(first, again)
    assert first.shape == images.shape
    assert first.min() >= 0 and first.max() <= 1
    assert len({round(float(image.mean()), 4) for image in first}) == len(first)
    slopes = first[:, :, :, 40:].mean((1, 2, 3)) - first[:, :, :, :8].mean((1, 2, 3))
    assert (slopes > 0).any() and (slopes < 0).any()  # some are mirrored
    assert torch.equal(images, pictures())


def crops(side: int, count=2) -> Crops:
    """Crops whose red is the column and whose green is the row."""
    y, x = np.mgrid[:side, :side]
    frames = np.stack([x, y, np.zeros_like(x)], -1).clip(0, 255).astype(np.uint8)
    return Crops(np.repeat(frames[None], count, 0), np.arange(count), side)


def test_crops_between_one_and_two_windows_keep_their_pixels():
    assert torch.equal(crop_tensor(crops(90), 64), torch.from_numpy(crops(90).frames).permute(0, 3, 1, 2))
    assert crop_tensor(crops(250), 64).shape == (2, 3, 128, 128)
    assert crop_tensor(crops(40), 64).shape == (2, 3, 64, 64)


def test_shrinking_leaves_no_aliasing():
    stripes = np.zeros((1, 200, 200, 3), np.uint8)
    stripes[:, :, ::2] = 255
    small = crop_tensor(Crops(stripes, np.array([0]), 200), 64)
    assert small.dtype == torch.uint8
    assert small.float().std() < 20  # 127 in the stripes themselves


def test_random_windows_are_cut_at_whole_pixels_from_all_over_the_crop():
    image = crop_tensor(crops(90, 1), 64)[0]
    found = random_windows([image] * 200, 64, torch.Generator().manual_seed(0))
    corners = found[:, :2, 0, 0]
    assert torch.equal(found[:, 0, 0, -1], corners[:, 0] + 63)
    assert corners.min() == 0 and corners.max() == 26
    exact = random_windows([image[:, :64, :64]], 64, torch.Generator().manual_seed(0))
    assert torch.equal(exact[0], image[:, :64, :64])


def test_fixed_windows_are_the_middle_and_around_it():
    found = fixed_windows(crop_tensor(crops(104, 3), 64), 64)
    assert found.shape == (5, 3, 3, 64, 64)
    assert [tuple(window[0, :2, 0, 0].tolist()) for window in found] == [
        (20, 20),
        (10, 10),
        (30, 10),
        (10, 30),
        (30, 30),
    ]


def test_residual_forgets_light_and_keeps_detail():
    flat = torch.full((1, 3, 16, 16), 0.7)
    assert model_input(flat, residual=True).abs().max() < 1e-5
    ramp = torch.linspace(0, 1, 16).expand(1, 3, 16, 16)
    assert model_input(ramp, residual=True)[..., 1:-1, 1:-1].abs().max() < 1e-5
    grain = flat + 0.01 * torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert 0.05 < model_input(grain, residual=True).std() < 0.2
    assert torch.equal(model_input(flat, residual=False), flat * 2 - 1)
