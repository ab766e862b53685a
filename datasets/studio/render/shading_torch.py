"""Lighting and posing in plain PyTorch: the readable form of every formula, on any device.

A `rig` is float32 [8,3]: directions to key, fill and rim light; their colours; light from above; light from below.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

TAPS: Final = tuple(
    (math.sqrt((i + 0.5) / 16) * math.cos(2.39996 * i), math.sqrt((i + 0.5) / 16) * math.sin(2.39996 * i))
    for i in range(16)
)
"""Vogel's spiral: sixteen places spread evenly over a disc."""
WRAP: Final = (0.40, 0.26, 0.20)
FRESNEL: Final = (0.025, 0.20)
RELIEF: Final = 0.65
"""Share of the diffuse light that fine relief still shades; the rest is scattered away (assumption)."""


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
    """Share of the key light that arrives: sixteen-tap percentage-closer filtering of a shadow map.

    Source: Reeves et al. 1987, "Rendering antialiased shadows with depth maps"; bias 5 mm and slope are assumptions.

    Args:
        points: [B,V,3] mm.
        depth: [B,R,R] distance along the light in mm.
        to_light: [3,4] affine map from mm to (column, row, distance).
        softness: radius of the disc of taps in texels.

    Returns:
        [B,V] in [0, 1].
    """
    size = depth.shape[-1]
    column, row, distance = (points @ to_light[:, :3].T + to_light[:, 3]).unbind(-1)
    total = torch.zeros_like(column)
    for x, y in TAPS:
        i = (column + x * softness).long().clamp(0, size - 1)
        j = (row + y * softness).long().clamp(0, size - 1)
        nearest = depth.flatten(1).gather(1, j * size + i)
        total += ((nearest + 5 - distance) * 0.35 + 0.5).clamp(0, 1)
    return total / len(TAPS)


def box_blur(grid: Tensor, radius: int) -> Tensor:
    """Mean over a square of 2 radius + 1 vertices, cut at the borders: [B,R,C,K] -> [B,R,C,K]."""
    planes = grid.permute(0, 3, 1, 2)
    blurred = functional.avg_pool2d(planes, 2 * radius + 1, 1, radius, count_include_pad=False)
    return blurred.permute(0, 2, 3, 1)


def skin_light(
    points: Tensor, normals: Tensor, lit: Tensor, occlusion: Tensor, gloss: Tensor, camera: Tensor, rig: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Light on skin, before it scatters: what enters, and what is needed to mirror key and fill at every sample.

    Wrapped diffuse light: red wraps furthest, as it scatters furthest (Jimenez et al. 2010). Schlick's Fresnel term
    (1994); strengths are assumptions, set by eye.

    Args:
        points: [B,V,3] mm.
        normals: unit [B,V,3].
        lit: share of the key light [B,V].
        occlusion: ambient openness a colour channel [V,3].
        gloss: factor on the mirror light [V].
        camera: [3] mm.
        rig: [8,3].

    Returns:
        Irradiance [B,V,3]; sheen of sky and rim [B,V,3]; and [B,V,6]: for key and fill, the cosine of normal and
        half vector, the weight of the mirrored light, and the share of the irradiance that turns with the normal.
    """
    directions, colours, sky, ground = rig[:3], rig[3:6], rig[6], rig[7]
    view = functional.normalize(camera - points, dim=-1)
    up = normals[..., 1:2] * 0.5 + 0.5
    irradiance = (ground + (sky - ground) * up) * occlusion
    grazing = 1 - (normals * view).sum(-1, keepdim=True).clamp(0, 1)
    openness = gloss[:, None] * occlusion[:, 1:2]
    reflect = openness * (FRESNEL[0] + FRESNEL[1] * grazing**5)
    sheen = sky * openness * 0.05 * grazing**4
    wrap = points.new_tensor(WRAP)
    leak = points.new_tensor((0.05, 0.0, 0.0))
    mirror = []
    for i in range(3):
        shade = (lit[..., None], torch.ones_like(up), occlusion[:, 1:2].expand_as(up))[i]
        cosine = (normals @ directions[i])[..., None]
        soft = ((cosine + wrap) / (1 + wrap)).clamp(min=0)
        irradiance = irradiance + soft * (shade * (1 - leak) + leak) * colours[i]
        half = functional.normalize(view + directions[i], dim=-1)
        peak = (normals * half).sum(-1, keepdim=True)
        weight = cosine.clamp(0, 1) * shade * reflect
        if i == 2:
            sheen = sheen + weight * lobes(peak) * colours[i]
        else:
            mirror += [peak, weight, (cosine * 4 + 0.5).clamp(0, 1) * shade * colours[i, 1]]
    total = torch.cat(mirror, -1)
    total[..., 2::3] /= irradiance[..., 1:2] + 1e-4
    return irradiance, sheen, total


def lobes(cosine: Tensor) -> Tensor:
    """Two Blinn-Phong lobes of the skin's oily layer over the cosine of normal and half vector; any shape.

    Exponents 12 and 48 stand for slopes of 0.38 and 0.2, the range measured on faces (Weyrich et al. 2006).
    """
    broad = cosine.clamp(0, 1) ** 12
    return 1.0 * broad + 2.6 * broad**4


def add_detail(
    image: Tensor,
    face: Tensor,
    points: Tensor,
    triangles: Tensor,
    places: Tensor,
    level: Tensor,
    mirror: Tensor,
    axes: Tensor,
    colours: Tensor,
) -> None:
    """Detail and mirrored light at every sample of skin, in place.

    Args:
        image: [B,S,S,3] linear light of the smooth skin.
        face: int32 [B,S,S], the triangle seen.
        points: [B,V,3] in samples.
        triangles: int32 [F,3] of the skin alone; they come first among all triangles.
        places: [Vs,2] row and column of each skin vertex on `level`.
        level: [R,C,8] of a `detail.DetailMap`.
        mirror: [B,Vs,6] of `skin_light`.
        axes: [B,4,3] in head coordinates: direction and half vector of key, then of fill.
        colours: [2,3] of key and fill.
    """
    frame, row, column = torch.nonzero((face >= 0) & (face < len(triangles)), as_tuple=True)
    corner = triangles.long()[face[frame, row, column].long()]  # [N,3]
    at = points[frame[:, None], corner]
    x, y = at[..., 0] - (column[:, None] + 0.5), at[..., 1] - (row[:, None] + 0.5)
    parts = x.roll(-1, 1) * y.roll(-2, 1) - x.roll(-2, 1) * y.roll(-1, 1)
    weights = (parts / parts.sum(1, keepdim=True))[..., None]
    texel = _bilinear(level, (places[corner] * weights).sum(1))
    shine = (mirror[frame[:, None], corner] * weights).sum(1)
    tilt = (axes[frame] * texel[:, None, 3:6]).sum(-1)  # [N,4]
    relief = (1 + RELIEF * (shine[:, 2] * tilt[:, 0] + shine[:, 5] * tilt[:, 2])).clamp(0.3, 1.8)
    glint = lobes(shine[:, 0::3] + tilt[:, 1::2]) * shine[:, 1::3]  # [N,2]
    colour = image[frame, row, column] * texel[:, :3] * relief[:, None] + (glint @ colours) * texel[:, 6:7]
    image[frame, row, column] = colour


def _bilinear(level: Tensor, place: Tensor) -> Tensor:
    """Texels [R,C,K] at rows and columns [N,2]: [N,K]."""
    last = place.new_tensor([level.shape[0] - 2, level.shape[1] - 2])
    corner = torch.minimum(place.floor().clamp(min=0), last)
    (t, u), (r, c) = (place - corner)[..., None].unbind(1), corner.long().unbind(1)
    top = level[r, c] * (1 - u) + level[r, c + 1] * u
    bottom = level[r + 1, c] * (1 - u) + level[r + 1, c + 1] * u
    return top * (1 - t) + bottom * t


def strand_light(
    points: Tensor, tangents: Tensor, albedo: Tensor, transfer: Tensor, jitter: Tensor, camera: Tensor, rig: Tensor
) -> Tensor:
    """Colour of hair in head coordinates: diffuse light, two shifted highlights and what shines through.

    Kajiya and Kay (1989) with the white and the coloured highlight of Marschner et al. (2003), tilted by the scales of
    the hair to either side, and their transmitted lobe, which lets fair hair glow against a light. Widths and strengths
    are assumptions.

    Args:
        points: [V,3] mm.
        tangents: unit [V,3], root to tip.
        albedo: [V,3].
        transfer: [V,4]; a share a + b·w of the light from direction w arrives: (a, b).
        jitter: [V], about unit variance; shifts the highlights of a strand.
        camera: [B,3] mm, in head coordinates.
        rig: [B,9,3] like a rig, directions in head coordinates, then the direction that is up.

    Returns:
        [B,V,3].
    """
    view = functional.normalize(camera[:, None] - points, dim=-1)
    along = (tangents * view).sum(-1)
    across = (1 - along**2).clamp(min=0).sqrt()
    open_, toward = transfer[:, 0], transfer[:, 1:]
    tilt = 0.5 * (rig[:, 8] @ toward.T)
    above, below = (open_ + tilt).clamp(0, 1)[..., None], (open_ - tilt).clamp(0, 1)[..., None]
    out = albedo * 0.85 * (rig[:, None, 6] * above + rig[:, None, 7] * below)
    for i in range(3):
        light, colour = rig[:, i], rig[:, None, 3 + i]
        arrives = (open_ + light @ toward.T).clamp(0, 1)
        tl = light @ tangents.T
        sine = (1 - tl**2).clamp(min=0).sqrt()
        first = (sine * across - (tl + 0.10 + 0.04 * jitter) * along).clamp(0, 1) ** 32 * 0.045
        second = (sine * across - (tl - 0.14 + 0.05 * jitter) * along).clamp(0, 1) ** 12 * 0.45
        through = (-(view @ light[:, :, None])[..., 0]).clamp(0, 1) ** 4 * 1.2
        bright = (sine * 0.62 + second + through)[..., None] * albedo + first[..., None]
        out = out + bright * arrives[..., None] * colour
    return out
