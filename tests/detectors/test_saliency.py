import pytest
import timm
import torch
from torch import nn

from tellbench.detectors.saliency import overlay, saliency, to_pixels


class Corner(nn.Module):
    """Its features are the picture in squares of 8 pixels; it finds brightness forged."""

    num_features = 3

    def forward_features(self, images):
        return nn.functional.avg_pool2d(images, 8)

    def forward_head(self, features):
        return features.mean((1, 2, 3))[:, None]


def test_heat_lies_where_the_score_comes_from():
    images = torch.zeros(2, 3, 32, 32)
    images[0, :, :8, 24:] = 1
    heat = saliency(Corner(), images)
    assert heat.shape == (2, 32, 32) and heat[0].max() == 1
    assert heat[0, 4, 28] > 0.9 and heat[0, 16:, :16].max() == 0
    assert heat[1].max() == 0, "nothing speaks for a forgery"


@pytest.mark.parametrize("backbone", ["test_byobnet", "test_vit", "test_convnext"])
def test_every_kind_of_backbone_has_a_map(backbone):
    torch.manual_seed(0)
    model = timm.create_model(backbone, num_classes=1, **({"img_size": 96} if "vit" in backbone else {})).eval()
    heat = saliency(model, torch.randn(2, 3, 96, 96))
    assert heat.shape == (2, 96, 96) and heat.isfinite().all() and heat.min() >= 0 and heat.max() <= 1


def test_overlay_keeps_what_is_cold():
    picture, heat = torch.full((3, 4, 4), 0.5), torch.zeros(4, 4)
    heat[0, 0] = 1
    shown = to_pixels(overlay(picture, heat))
    assert shown.shape == (4, 4, 3) and (shown[1, 1] == 128).all()
    assert shown[0, 0, 0] > shown[0, 0, 2] + 60
