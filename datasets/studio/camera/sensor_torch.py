"""The camera's arithmetic in plain PyTorch: the readable form of every formula, on any device."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def project(points: Tensor, view: Tensor, skew: Tensor, focal: float, distortion: float, size: int) -> Tensor:
    """Points in mm to pixels.

    Radial distortion is the first term of Brown 1966, "Decentering distortion of lenses". A rolling shutter shears the
    picture: its rows are read one after another while the camera moves.

    Args:
        points: [B,V,3].
        view: [B,3,4] affine map from world to (right, up, depth) in mm.
        skew: [B,2] pixels that the picture moves right and down from the first row's readout to the last's.
        focal: focal length in pixels.
        distortion: k1, for radii in half pictures.
        size: width and height of the picture.

    Returns:
        [B,V,3]: pixel x, pixel y (down), depth in mm.
    """
    right, up, depth = (points @ view[:, :, :3].transpose(1, 2) + view[:, None, :, 3]).unbind(-1)
    x, y = right / depth, -up / depth
    bend = focal * (1 + distortion * (2 * focal / size) ** 2 * (x**2 + y**2))
    x, y = x * bend, y * bend
    late = y / size
    return torch.stack([size / 2 + x + skew[:, :1] * late, size / 2 + y + skew[:, 1:] * late, depth], -1)


def resolve(image: Tensor, clear: Tensor, room: Tensor, place: Tensor, gain: Tensor, exposure: Tensor) -> Tensor:
    """Average the samples of each pixel over the room behind, and expose.

    Args:
        image: [B,kS,kS,3] linear light, 0 where empty.
        clear: [B,kS,kS] share of each sample through which the room is seen; `image` is multiplied with the rest.
        room: [R,R,3] linear light.
        place: [B,2,3] affine map from pixel (x, y) to texel of the room.
        gain: [S,S] vignetting and fixed pattern.
        exposure: [B,3] factor on each channel.

    Returns:
        [B,S,S,3] linear light on the sensor.
    """
    size = len(gain)
    shape = (len(image), size, image.shape[1] // size, size, image.shape[2] // size)
    empty = clear.view(*shape).mean((2, 4))[..., None]
    seen = image.view(*shape, 3).mean((2, 4)) + empty * _behind(room, place, size)
    return seen * gain[..., None] * exposure[:, None, None]


def _behind(room: Tensor, place: Tensor, size: int) -> Tensor:
    """The room through each frame's window, bilinear, [B,S,S,3]."""
    axis = torch.arange(size, device=room.device) + 0.5
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    texels = torch.einsum("bij,yxj->byxi", place, torch.stack([x, y, torch.ones_like(x)], -1))
    planes = room.permute(2, 0, 1).expand(len(place), -1, -1, -1)
    found = functional.grid_sample(planes, texels * (2 / len(room)) - 1, padding_mode="border", align_corners=False)
    return found.permute(0, 2, 3, 1)


def refract(light: Tensor, first: Tensor, weights: Tensor) -> Tensor:
    """What the lens makes of sharp light [B,S,S,3]; `first` and `weights` from `sensor.refraction`."""
    size = light.shape[1]
    taps = (first[..., None] + torch.arange(weights.shape[-1], device=light.device)).clamp(0, size - 1)
    lens = torch.zeros(3, size, size, device=light.device).scatter_add_(2, taps, weights)
    return torch.einsum("cyi,bijc,cxj->byxc", lens, light, lens)


def develop(
    light: Tensor,
    curve: Tensor,
    noise: tuple[float, float],
    tiles: tuple[Tensor, Tensor],
    offsets: Tensor,
    sharpening: float,
) -> Tensor:
    """Shot and read noise, tone curve, sharpening and 8 bits.

    Noise is Poissonian-Gaussian: its variance is linear in light (Foi et al. 2008). Tiles are laid at the frame's own
    offsets, so that noise is fresh in every frame and independent of batch and device. Sharpening adds the difference
    of luma from its neighbours' and so leaves the halo of an unsharp mask.

    Args:
        light: [B,S,S,3] linear light.
        curve: [N] display level in [0, 1] over the square root of light in [0, 2].
        noise: variance per unit of light, and variance in the dark.
        tiles: see `sensor.noise_tiles`.
        offsets: int64 [B,2,2], row and column of each tile's corner.
        sharpening: share of the difference that is added.

    Returns:
        uint8 [B,S,S,3].
    """
    light = light + _unit_noise(tiles, offsets, light.shape[1]) * (noise[0] * light + noise[1]).sqrt()
    level = toned(light, curve)
    level = level + sharpening * _halo(level)
    return (level.clamp(0, 1) * 255 + 0.5).to(torch.uint8)


def regrain(
    level: Tensor,
    light: Tensor,
    curve: Tensor,
    exposure: Tensor,
    noise: tuple[float, float],
    tiles: tuple[Tensor, Tensor],
    offsets: Tensor,
    sharpening: float,
) -> Tensor:
    """Another exposure and fresh noise for a picture that was developed without noise and is sharpened already.

    Args:
        level: [B,S,S,3] display levels in [0, 1].
        light: [L] the light of evenly spaced display levels from 0 to 1: the curve read backwards.
        curve: see `develop`.
        exposure: [B,3] factor on each channel's light.
        noise: see `develop`.
        tiles: see `sensor.noise_tiles`.
        offsets: see `develop`.
        sharpening: of what noise and exposure add.

    Returns:
        uint8 [B,S,S,3].
    """
    known = light[(level * (len(light) - 1) + 0.5).long()]
    exposed = known * exposure[:, None, None]
    exposed = exposed + _unit_noise(tiles, offsets, level.shape[1]) * (noise[0] * exposed + noise[1]).sqrt()
    change = toned(exposed, curve) - toned(known, curve)
    return ((level + change + sharpening * _halo(change)).clamp(0, 1) * 255 + 0.5).to(torch.uint8)


def toned(light: Tensor, curve: Tensor) -> Tensor:
    """Display levels of linear light by a curve as in `develop`."""
    last = len(curve) - 1
    return curve[(light.clamp(min=0).sqrt() * (last / 2) + 0.5).long().clamp(max=last)]


def _halo(level: Tensor) -> Tensor:
    """What a fully strong unsharp mask adds to levels [B,S,S,3]: luma less that of the four neighbours, [B,S,S,1]."""
    luma = 0.25 * level[..., 0] + 0.5 * level[..., 1] + 0.25 * level[..., 2]
    wide = functional.pad(luma[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    around = wide[:, :-2, 1:-1] + wide[:, 2:, 1:-1] + wide[:, 1:-1, :-2] + wide[:, 1:-1, 2:]
    return (luma - 0.25 * around)[..., None]


def _unit_noise(tiles: tuple[Tensor, Tensor], offsets: Tensor, size: int) -> Tensor:
    """Sensor noise of unit variance [B,S,S,3], the tiles laid at int64 offsets [B,2,2]."""
    steps = torch.arange(size, device=offsets.device)
    total = torch.zeros(1, device=offsets.device)
    for i, tile in enumerate(tiles):
        at = (offsets[:, i, :, None] + steps) % len(tile)  # [B,2,S]
        total = total + tile[at[:, 0, :, None], at[:, 1, None, :]]
    return total
