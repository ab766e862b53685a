"""Where an image model looks: Grad-CAM (Selvaraju et al., ICCV 2017, arXiv 1610.02391) on any timm backbone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional


def saliency(model: nn.Module, inputs: Tensor) -> Tensor | None:
    """How much each place speaks for a forgery.

    The last feature map, each channel weighted by how much more of it would raise the score, and nothing below zero.

    Args:
        model: a timm model with one output, in evaluation mode.
        inputs: what it is shown, (N, 3, S, S).

    Returns:
        (N, S, S) in [0, 1], the strongest place of each picture 1, all 0 where nothing speaks for a forgery; None for
        models whose features have no places.
    """
    net: Any = model
    with torch.enable_grad():
        features = net.forward_features(inputs.clone().requires_grad_())
        score = net.forward_head(features).sum()
        slope = torch.autograd.grad(score, features)[0]
    planes = [_planes(values.detach(), net) for values in (features, slope)]
    if planes[0] is None or planes[1] is None:
        return None
    map_, gradient = planes[0], planes[1]  # (N, C, h, w)
    weights = gradient.mean((2, 3), keepdim=True)
    cam = functional.relu((weights * map_).sum(1, keepdim=True))
    large = functional.interpolate(cam, size=inputs.shape[-2:], mode="bilinear")[:, 0]
    highest = large.amax((1, 2), keepdim=True)
    return large / highest.clamp(min=torch.finfo(large.dtype).tiny)


def _planes(features: Tensor, net: Any) -> Tensor | None:
    """Features as (N, C, h, w): convolutional ones, channels last, or a transformer's square of patch tokens."""
    channels = getattr(net, "num_features", 0)
    if features.ndim == 4:
        return features if features.shape[1] == channels else features.movedim(-1, 1)
    if features.ndim != 3:
        return None
    tokens = features[:, getattr(net, "num_prefix_tokens", 0) :]
    side = math.isqrt(tokens.shape[1])
    return tokens.mT.reshape(len(tokens), -1, side, side) if side * side == tokens.shape[1] else None


def overlay(picture: Tensor, heat: Tensor) -> Tensor:
    """A picture (3, S, S) in [0, 1], greyed, with heat (S, S) in [0, 1] in orange over it."""
    grey = picture.mean(0, keepdim=True).expand(3, -1, -1)
    orange = picture.new_tensor([0.93, 0.45, 0.10])[:, None, None]
    share = 0.75 * heat
    return grey * (1 - share) + orange * share


def to_pixels(picture: Tensor) -> npt.NDArray[np.uint8]:
    """A picture (3, H, W) in [0, 1] as RGB bytes (H, W, 3)."""
    return np.asarray((picture.movedim(0, -1) * 255).round().clamp(0, 255).byte().cpu().numpy())
