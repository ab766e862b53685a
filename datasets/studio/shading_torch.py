"""Lighting and posing in plain PyTorch: the readable form of every formula, on any device.

A `rig` is float32 [8,3]: directions to key, fill and rim light; their colours; light from above; light from below.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

_TAPS: Final = ((0.0, 0.0), (1.0, 0.3), (-0.3, 1.0), (-1.0, -0.3), (0.3, -1.0))
_WRAP: Final = (0.22, 0.10, 0.06)


def rigid(points: Tensor, rotation: Tensor, shift: Tensor, weight: Tensor, left_shift: Tensor) -> Tensor:
    """Turn and move the head; vertices of a small weight stay with the trunk.

    Args:
        points: [B or 1,V,3] mm.
        rotation: [B,3,3].
        shift: [B,3], after the rotation.
        weight: [V] in [0, 1], how far a vertex follows the head.
        left_shift: [B,3] shift of what does not follow it.

    Returns:
        [B,V,3].
    """
    turned = points @ rotation.transpose(1, 2) + shift[:, None]
    left = points + left_shift[:, None]
    return left + (turned - left) * weight[:, None]


def shadow(points: Tensor, depth: Tensor, to_light: Tensor, softness: float) -> Tensor:
    """Share of the key light that arrives: five-tap percentage-closer filtering of a shadow map.

    Source: Reeves et al. 1987, "Rendering antialiased shadows with depth maps"; bias 5 mm and slope are assumptions.

    Args:
        points: [B,V,3] mm.
        depth: [B,R,R] distance along the light in mm.
        to_light: [3,4] affine map from mm to (column, row, distance).
        softness: radius of the taps in texels.

    Returns:
        [B,V] in [0, 1].
    """
    size = depth.shape[-1]
    column, row, distance = (points @ to_light[:, :3].T + to_light[:, 3]).unbind(-1)
    total = torch.zeros_like(column)
    for x, y in _TAPS:
        i = (column + x * softness).long().clamp(0, size - 1)
        j = (row + y * softness).long().clamp(0, size - 1)
        nearest = depth.flatten(1).gather(1, j * size + i)
        total += ((nearest + 5 - distance) * 0.35 + 0.5).clamp(0, 1)
    return total / len(_TAPS)


def box_blur(grid: Tensor, radius: int) -> Tensor:
    """Mean over a square of 2 radius + 1 vertices, cut at the borders: [B,R,C,K] -> [B,R,C,K]."""
    planes = grid.permute(0, 3, 1, 2)
    blurred = functional.avg_pool2d(planes, 2 * radius + 1, 1, radius, count_include_pad=False)
    return blurred.permute(0, 2, 3, 1)


def skin_light(
    points: Tensor, normals: Tensor, lit: Tensor, occlusion: Tensor, gloss: Tensor, camera: Tensor, rig: Tensor
) -> tuple[Tensor, Tensor]:
    """Light on skin, before it scatters: what enters, and what the oil film mirrors.

    Wrapped diffuse (red wraps furthest, as it scatters furthest: Jimenez et al. 2010) and two Blinn-Phong lobes with
    Schlick's Fresnel term (1994); lobe widths and strengths are assumptions, set by eye.

    Args:
        points: [B,V,3] mm.
        normals: unit [B,V,3].
        lit: share of the key light [B,V].
        occlusion: ambient openness a colour channel [V,3].
        gloss: factor on the mirror light [V].
        camera: [3] mm.
        rig: [8,3].

    Returns:
        Irradiance and specular light, [B,V,3] each.
    """
    directions, colours, sky, ground = rig[:3], rig[3:6], rig[6], rig[7]
    view = functional.normalize(camera - points, dim=-1)
    up = normals[..., 1:2] * 0.5 + 0.5
    irradiance = (ground + (sky - ground) * up) * occlusion
    mirrored = torch.zeros_like(points)
    wrap = points.new_tensor(_WRAP)
    leak = points.new_tensor((0.05, 0.0, 0.0))
    for i in range(3):
        shade = lit[..., None] if i == 0 else torch.ones_like(up)
        cosine = (normals @ directions[i])[..., None]
        soft = ((cosine + wrap) / (1 + wrap)).clamp(min=0)
        irradiance = irradiance + soft * (shade * (1 - leak) + leak) * colours[i]
        half = functional.normalize(view + directions[i], dim=-1)
        peak = (normals * half).sum(-1, keepdim=True).clamp(0, 1) ** 16
        mirrored = mirrored + (2.2 * peak + 5 * peak**3) * cosine.clamp(0, 1) * shade * colours[i]
    grazing = 1 - (normals * view).sum(-1, keepdim=True).clamp(0, 1)
    openness = gloss[:, None] * occlusion[:, 1:2]
    reflect = openness * (0.013 + 0.275 * grazing**5)
    return irradiance, mirrored * reflect + sky * openness * 0.07 * grazing**4


def strand_light(
    points: Tensor,
    tangents: Tensor,
    normals: Tensor,
    albedo: Tensor,
    depth: Tensor,
    lit: Tensor,
    jitter: Tensor,
    camera: Tensor,
    rig: Tensor,
) -> Tensor:
    """Colour of hair: Kajiya and Kay (1989) with two shifted highlights (Scheuermann 2004).

    Args:
        points: [B,V,3] mm.
        tangents: unit [B,V,3], root to tip.
        normals: unit [B,V,3], of the hair's envelope.
        albedo: [V,3].
        depth: [V] in [0, 1]; 0 deep in the hair, where highlights do not reach.
        lit: share of the key light [B,V].
        jitter: [V], about unit variance; shifts the highlights of a strand.
        camera: [3] mm.
        rig: [8,3].

    Returns:
        [B,V,3].
    """
    directions, colours, sky, ground = rig[:3], rig[3:6], rig[6], rig[7]
    along = (tangents * functional.normalize(camera - points, dim=-1)).sum(-1)
    across = (1 - along**2).clamp(min=0).sqrt()
    up = normals[..., 1:2] * 0.5 + 0.5
    out = albedo * 0.8 * (ground + (sky - ground) * up)
    for i in range(3):
        tl = tangents @ directions[i]
        sine = (1 - tl**2).clamp(min=0).sqrt()
        front = (normals @ directions[i] * 0.65 + 0.45).clamp(0, 1) * (lit if i == 0 else 1.0)
        first = (sine * across - (tl + 0.10 + 0.05 * jitter) * along).clamp(0, 1) ** 48 * 0.05
        second = (sine * across - (tl - 0.14 + 0.08 * jitter) * along).clamp(0, 1) ** 14 * 0.55
        glint = (first[..., None] + second[..., None] * albedo) * (front * depth)[..., None]
        out = out + (albedo * (sine * front * 0.75)[..., None] + glint) * colours[i]
    return out
