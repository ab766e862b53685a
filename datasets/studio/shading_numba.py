"""Lighting and posing on the CPU: the formulas of `shading_torch` fused into numba kernels.

Fusing matters: as separate torch operations the same arithmetic takes five to seven times as long.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.raster_numba import Array, each_frame, kernel

_OFFSETS = np.array([(0.0, 0.0), (1.0, 0.3), (-0.3, 1.0), (-1.0, -0.3), (0.3, -1.0)], np.float32)


def rigid(points: Tensor, rotation: Tensor, shift: Tensor, weight: Tensor, left_shift: Tensor) -> Tensor:
    """See `shading_torch.rigid`."""
    out = torch.empty(len(rotation), *points.shape[1:])
    arrays = (points, rotation, shift, weight, left_shift, out)
    each_frame(_rigid, len(out), *(t.contiguous().numpy() for t in arrays))
    return out


def shadow(points: Tensor, depth: Tensor, to_light: Tensor, softness: float) -> Tensor:
    """See `shading_torch.shadow`."""
    out = torch.empty(points.shape[:2])
    arrays = (points.contiguous(), depth, to_light)
    each_frame(_shadow, len(out), *(t.numpy() for t in arrays), np.float32(softness), out.numpy())
    return out


def box_blur(grid: Tensor, radius: int) -> Tensor:
    """See `shading_torch.box_blur`."""
    out = torch.empty_like(grid, memory_format=torch.contiguous_format)
    scratch = torch.empty_like(out)
    each_frame(_box_blur, len(grid), *(t.numpy() for t in (grid.contiguous(), scratch, out)), radius)
    return out


def skin_light(
    points: Tensor, normals: Tensor, lit: Tensor, occlusion: Tensor, gloss: Tensor, camera: Tensor, rig: Tensor
) -> tuple[Tensor, Tensor]:
    """See `shading_torch.skin_light`."""
    irradiance, specular = torch.empty_like(points), torch.empty_like(points)
    arrays = (points, normals, lit, occlusion, gloss, camera, rig, irradiance, specular)
    each_frame(_skin_light, len(points), *(t.contiguous().numpy() for t in arrays))
    return irradiance, specular


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
    """See `shading_torch.strand_light`."""
    out = torch.empty(points.shape)
    arrays = (points, tangents, normals, albedo, depth, lit, jitter, camera, rig, out)
    each_frame(_strand_light, len(points), *(t.contiguous().numpy() for t in arrays))
    return out


@kernel
def _rigid(
    frame: int, points: Array, rotation: Array, shift: Array, weight: Array, left_shift: Array, out: Array
) -> None:
    source = points[frame % points.shape[0]]
    r, t, left = rotation[frame], shift[frame], left_shift[frame]
    for v in range(source.shape[0]):
        x, y, z = source[v, 0], source[v, 1], source[v, 2]
        for c in range(3):
            stays = source[v, c] + left[c]
            turned = r[c, 0] * x + r[c, 1] * y + r[c, 2] * z + t[c]
            out[frame, v, c] = stays + (turned - stays) * weight[v]


@kernel
def _shadow(frame: int, points: Array, depth: Array, to_light: Array, softness: float, out: Array) -> None:
    texels = depth[frame]
    size = texels.shape[0]
    m = to_light
    for v in range(points.shape[1]):
        x, y, z = points[frame, v, 0], points[frame, v, 1], points[frame, v, 2]
        column = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]
        row = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]
        distance = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3]
        total = np.float32(0)
        for tap in range(5):
            i = min(max(int(column + _OFFSETS[tap, 0] * softness), 0), size - 1)
            j = min(max(int(row + _OFFSETS[tap, 1] * softness), 0), size - 1)
            total += min(max((texels[j, i] + 5 - distance) * np.float32(0.35) + np.float32(0.5), 0), 1)
        out[frame, v] = total / 5


@kernel
def _box_blur(frame: int, grid: Array, scratch: Array, out: Array, radius: int) -> None:
    rows, columns, channels = grid.shape[1:]
    source, middle, target = grid[frame], scratch[frame], out[frame]
    for r in range(rows):
        for c in range(columns):
            first, last = max(0, c - radius), min(columns - 1, c + radius)
            for k in range(channels):
                total = np.float32(0)
                for i in range(first, last + 1):
                    total += source[r, i, k]
                middle[r, c, k] = total / (last - first + 1)
    for r in range(rows):
        first, last = max(0, r - radius), min(rows - 1, r + radius)
        share = np.float32(1 / (last - first + 1))
        for c in range(columns):
            for k in range(channels):
                total = np.float32(0)
                for i in range(first, last + 1):
                    total += middle[i, c, k]
                target[r, c, k] = total * share


@kernel
def _skin_light(
    frame: int,
    points: Array,
    normals: Array,
    lit: Array,
    occlusion: Array,
    gloss: Array,
    camera: Array,
    rig: Array,
    irradiance: Array,
    specular: Array,
) -> None:
    one = np.float32(1)
    for v in range(points.shape[1]):
        nx, ny, nz = normals[frame, v, 0], normals[frame, v, 1], normals[frame, v, 2]
        vx, vy, vz = camera[0] - points[frame, v, 0], camera[1] - points[frame, v, 1], camera[2] - points[frame, v, 2]
        scale = one / np.sqrt(vx * vx + vy * vy + vz * vz)
        vx, vy, vz = vx * scale, vy * scale, vz * scale
        up = ny * np.float32(0.5) + np.float32(0.5)
        er = (rig[7, 0] + (rig[6, 0] - rig[7, 0]) * up) * occlusion[v, 0]
        eg = (rig[7, 1] + (rig[6, 1] - rig[7, 1]) * up) * occlusion[v, 1]
        eb = (rig[7, 2] + (rig[6, 2] - rig[7, 2]) * up) * occlusion[v, 2]
        facing = min(max(nx * vx + ny * vy + nz * vz, np.float32(0)), one)
        grazing = (one - facing) * (one - facing) * (one - facing) * (one - facing)
        sr, sg, sb = np.float32(0), np.float32(0), np.float32(0)
        for i in range(3):
            lx, ly, lz = rig[i, 0], rig[i, 1], rig[i, 2]
            shade = lit[frame, v] if i == 0 else one
            cosine = nx * lx + ny * ly + nz * lz
            wrapped = shade * np.float32(0.95) + np.float32(0.05)
            er += max((cosine + np.float32(0.22)) / np.float32(1.22), np.float32(0)) * wrapped * rig[3 + i, 0]
            eg += max((cosine + np.float32(0.10)) / np.float32(1.10), np.float32(0)) * shade * rig[3 + i, 1]
            eb += max((cosine + np.float32(0.06)) / np.float32(1.06), np.float32(0)) * shade * rig[3 + i, 2]
            hx, hy, hz = vx + lx, vy + ly, vz + lz
            length = one / np.sqrt(hx * hx + hy * hy + hz * hz + np.float32(1e-12))
            p = min(max((nx * hx + ny * hy + nz * hz) * length, np.float32(0)), one)
            p = p * p
            p = p * p
            p = p * p
            p = p * p
            lobe = (p * np.float32(2.2) + p * p * p * np.float32(5)) * min(max(cosine, np.float32(0)), one) * shade
            sr += lobe * rig[3 + i, 0]
            sg += lobe * rig[3 + i, 1]
            sb += lobe * rig[3 + i, 2]
        open_ = gloss[v] * occlusion[v, 1]
        reflect = open_ * (np.float32(0.013) + np.float32(0.275) * grazing * (one - facing))
        sheen = open_ * np.float32(0.07) * grazing
        irradiance[frame, v, 0], irradiance[frame, v, 1], irradiance[frame, v, 2] = er, eg, eb
        specular[frame, v, 0] = sr * reflect + rig[6, 0] * sheen
        specular[frame, v, 1] = sg * reflect + rig[6, 1] * sheen
        specular[frame, v, 2] = sb * reflect + rig[6, 2] * sheen


@kernel
def _strand_light(
    frame: int,
    points: Array,
    tangents: Array,
    normals: Array,
    albedo: Array,
    depth: Array,
    lit: Array,
    jitter: Array,
    camera: Array,
    rig: Array,
    out: Array,
) -> None:
    zero, one = np.float32(0), np.float32(1)
    for v in range(points.shape[1]):
        tx, ty, tz = tangents[frame, v, 0], tangents[frame, v, 1], tangents[frame, v, 2]
        nx, ny, nz = normals[frame, v, 0], normals[frame, v, 1], normals[frame, v, 2]
        vx, vy, vz = camera[0] - points[frame, v, 0], camera[1] - points[frame, v, 1], camera[2] - points[frame, v, 2]
        along = (tx * vx + ty * vy + tz * vz) / np.sqrt(vx * vx + vy * vy + vz * vz)
        across = np.sqrt(max(one - along * along, zero))
        up = ny * np.float32(0.5) + np.float32(0.5)
        for c in range(3):
            out[frame, v, c] = albedo[v, c] * np.float32(0.8) * (rig[7, c] + (rig[6, c] - rig[7, c]) * up)
        for i in range(3):
            lx, ly, lz = rig[i, 0], rig[i, 1], rig[i, 2]
            tl = tx * lx + ty * ly + tz * lz
            sine = np.sqrt(max(one - tl * tl, zero))
            front = min(max((nx * lx + ny * ly + nz * lz) * np.float32(0.65) + np.float32(0.45), zero), one)
            if i == 0:
                front *= lit[frame, v]
            a = sine * across - (tl + np.float32(0.10) + np.float32(0.05) * jitter[v]) * along
            b = sine * across - (tl - np.float32(0.14) + np.float32(0.08) * jitter[v]) * along
            a, b = min(max(a, zero), one), min(max(b, zero), one)
            a4, b2 = a * a * a * a, b * b
            a16, b4 = a4 * a4 * a4 * a4, b2 * b2
            first = a16 * a16 * a16 * np.float32(0.05)
            second = b4 * b4 * b4 * b2 * np.float32(0.55)
            diffuse = sine * front * np.float32(0.75)
            for c in range(3):
                glint = (first + second * albedo[v, c]) * front * depth[v]
                out[frame, v, c] += (albedo[v, c] * diffuse + glint) * rig[3 + i, c]
