"""Lighting and posing on the CPU: the formulas of `shading_torch` fused into numba kernels.

Fusing matters: as separate torch operations the same arithmetic takes five to seven times as long.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.render.raster_numba import Array, each_frame, kernel, weights
from tellbench.datasets.studio.render.shading_torch import FRESNEL, RELIEF, TAPS, WRAP

# The cache on disk knows nothing of other modules: their constants reach the kernels as arguments.
_TAPS = np.array(TAPS, np.float32)
_WRAP = np.array(WRAP, np.float32)
_FRESNEL = np.array(FRESNEL, np.float32)
_RELIEF = np.float32(RELIEF)


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
    each_frame(_shadow, len(out), *(t.numpy() for t in arrays), np.float32(softness), _TAPS, out.numpy())
    return out


def box_blur(grid: Tensor, radius: int) -> Tensor:
    """See `shading_torch.box_blur`."""
    grid = grid.contiguous()
    out, scratch = torch.empty_like(grid), torch.empty_like(grid)
    each_frame(_box_blur, len(grid), *(t.flatten(2).numpy() for t in (grid, scratch, out)), radius, grid.shape[3])
    return out


def skin_light(
    points: Tensor, normals: Tensor, lit: Tensor, occlusion: Tensor, gloss: Tensor, camera: Tensor, rig: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """See `shading_torch.skin_light`."""
    irradiance, sheen = torch.empty_like(points), torch.empty_like(points)
    mirror = torch.empty(*points.shape[:2], 6)
    arrays = (points, normals, lit, occlusion, gloss, camera, rig, irradiance, sheen, mirror)
    each_frame(_skin_light, len(points), _WRAP, _FRESNEL, *(t.contiguous().numpy() for t in arrays))
    return irradiance, sheen, mirror


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
    """See `shading_torch.add_detail`."""
    arrays = (image, face, points, triangles, places, level, mirror, axes, colours)
    each_frame(_add_detail, len(image), _RELIEF, *(t.numpy() for t in arrays))


def strand_light(
    points: Tensor, tangents: Tensor, albedo: Tensor, transfer: Tensor, jitter: Tensor, camera: Tensor, rig: Tensor
) -> Tensor:
    """See `shading_torch.strand_light`."""
    out = torch.empty(len(camera), *points.shape)
    arrays = (points, tangents, albedo, transfer, jitter, camera, rig, out)
    each_frame(_strand_light, len(camera), *(t.contiguous().numpy() for t in arrays))
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
def _shadow(frame: int, points: Array, depth: Array, to_light: Array, softness: float, taps: Array, out: Array) -> None:
    texels = depth[frame]
    size = texels.shape[0]
    m = to_light
    for v in range(points.shape[1]):
        x, y, z = points[frame, v, 0], points[frame, v, 1], points[frame, v, 2]
        column = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]
        row = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]
        distance = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3]
        total = np.float32(0)
        for tap in range(taps.shape[0]):
            i = min(max(int(column + taps[tap, 0] * softness), 0), size - 1)
            j = min(max(int(row + taps[tap, 1] * softness), 0), size - 1)
            total += min(max((texels[j, i] + 5 - distance) * np.float32(0.35) + np.float32(0.5), 0), 1)
        out[frame, v] = total / np.float32(taps.shape[0])


@kernel
def _box_blur(frame: int, grid: Array, scratch: Array, out: Array, radius: int, channels: int) -> None:
    """Across, then down; inner loops run along whole rows [columns * channels], where they become vector operations."""
    source, middle, target = grid[frame], scratch[frame], out[frame]
    rows, width = source.shape
    edge = min(radius * channels, width)
    one = np.float32(1)
    for r in range(rows):
        middle[r, edge : width - edge] = 0
        share = one / np.float32(2 * radius + 1)
        for shift in range(-edge, edge + 1, channels):
            for x in range(edge, width - edge):
                middle[r, x] += source[r, x + shift] * share
        for x in range(edge):
            for place in (x, width - 1 - x):
                first = max(place - edge, place % channels)
                last = min(place + edge, width - channels + place % channels)
                total = np.float32(0)
                for i in range(first, last + 1, channels):
                    total += source[r, i]
                middle[r, place] = total * (one / np.float32((last - first) // channels + 1))
    for r in range(rows):
        first, last = max(0, r - radius), min(rows - 1, r + radius)
        share = one / np.float32(last - first + 1)
        target[r] = 0
        for i in range(first, last + 1):
            for x in range(width):
                target[r, x] += middle[i, x] * share


@kernel
def _lobes(cosine: Any) -> Any:
    p = min(max(cosine, np.float32(0)), np.float32(1))
    p = p * p * p * p
    p = p * p * p
    square = p * p
    return p + np.float32(2.6) * square * square


@kernel
def _skin_light(
    frame: int,
    wrap: Array,
    fresnel: Array,
    points: Array,
    normals: Array,
    lit: Array,
    occlusion: Array,
    gloss: Array,
    camera: Array,
    rig: Array,
    irradiance: Array,
    sheen: Array,
    mirror: Array,
) -> None:
    zero, one = np.float32(0), np.float32(1)
    for v in range(points.shape[1]):
        nx, ny, nz = normals[frame, v, 0], normals[frame, v, 1], normals[frame, v, 2]
        vx, vy, vz = camera[0] - points[frame, v, 0], camera[1] - points[frame, v, 1], camera[2] - points[frame, v, 2]
        scale = one / np.sqrt(vx * vx + vy * vy + vz * vz)
        vx, vy, vz = vx * scale, vy * scale, vz * scale
        up = ny * np.float32(0.5) + np.float32(0.5)
        er = (rig[7, 0] + (rig[6, 0] - rig[7, 0]) * up) * occlusion[v, 0]
        eg = (rig[7, 1] + (rig[6, 1] - rig[7, 1]) * up) * occlusion[v, 1]
        eb = (rig[7, 2] + (rig[6, 2] - rig[7, 2]) * up) * occlusion[v, 2]
        facing = min(max(nx * vx + ny * vy + nz * vz, zero), one)
        grazing = (one - facing) * (one - facing) * (one - facing) * (one - facing)
        open_ = gloss[v] * occlusion[v, 1]
        reflect = open_ * (fresnel[0] + fresnel[1] * grazing * (one - facing))
        edge = open_ * np.float32(0.05) * grazing
        rim = zero
        for i in range(3):
            lx, ly, lz = rig[i, 0], rig[i, 1], rig[i, 2]
            shade = lit[frame, v] if i == 0 else (one if i == 1 else occlusion[v, 1])
            cosine = nx * lx + ny * ly + nz * lz
            wrapped = shade * np.float32(0.95) + np.float32(0.05)
            er += max((cosine + wrap[0]) / (one + wrap[0]), zero) * wrapped * rig[3 + i, 0]
            eg += max((cosine + wrap[1]) / (one + wrap[1]), zero) * shade * rig[3 + i, 1]
            eb += max((cosine + wrap[2]) / (one + wrap[2]), zero) * shade * rig[3 + i, 2]
            hx, hy, hz = vx + lx, vy + ly, vz + lz
            length = one / np.sqrt(hx * hx + hy * hy + hz * hz + np.float32(1e-12))
            peak = (nx * hx + ny * hy + nz * hz) * length
            weight = min(max(cosine, zero), one) * shade * reflect
            if i == 2:
                rim = weight * _lobes(peak)
            else:
                mirror[frame, v, 3 * i] = peak
                mirror[frame, v, 3 * i + 1] = weight
                turns = min(max(cosine * np.float32(4) + np.float32(0.5), zero), one)
                mirror[frame, v, 3 * i + 2] = turns * shade * rig[3 + i, 1]
        mirror[frame, v, 2] /= eg + np.float32(1e-4)
        mirror[frame, v, 5] /= eg + np.float32(1e-4)
        irradiance[frame, v, 0], irradiance[frame, v, 1], irradiance[frame, v, 2] = er, eg, eb
        for c in range(3):
            sheen[frame, v, c] = rig[6, c] * edge + rig[5, c] * rim


@kernel
def _add_detail(
    frame: int,
    strength: float,
    image: Array,
    face: Array,
    points: Array,
    triangles: Array,
    places: Array,
    level: Array,
    mirror: Array,
    axes: Array,
    colours: Array,
) -> None:
    zero, one = np.float32(0), np.float32(1)
    xyz, shine, axis = points[frame], mirror[frame], axes[frame]
    last_row, last_column = level.shape[0] - 2, level.shape[1] - 2
    texel = np.empty(7, np.float32)
    for row in range(face.shape[1]):
        for column in range(face.shape[2]):
            f = face[frame, row, column]
            if f < 0 or f >= triangles.shape[0]:
                continue
            i, j, k = triangles[f, 0], triangles[f, 1], triangles[f, 2]
            wa, wb, wc = weights(xyz, i, j, k, column + 0.5, row + 0.5)
            a, b, c = np.float32(wa), np.float32(wb), np.float32(wc)
            t = a * places[i, 0] + b * places[j, 0] + c * places[k, 0]
            u = a * places[i, 1] + b * places[j, 1] + c * places[k, 1]
            r, q = min(max(int(t), 0), last_row), min(max(int(u), 0), last_column)
            t, u = t - np.float32(r), u - np.float32(q)
            w00, w01, w10, w11 = (one - t) * (one - u), (one - t) * u, t * (one - u), t * u
            for n in range(7):
                texel[n] = level[r, q, n] * w00 + level[r, q + 1, n] * w01
                texel[n] += level[r + 1, q, n] * w10 + level[r + 1, q + 1, n] * w11
            relief, red, green, blue = one, zero, zero, zero
            for light in range(2):
                m, d = 3 * light, 2 * light
                peak = a * shine[i, m] + b * shine[j, m] + c * shine[k, m]
                weight = a * shine[i, m + 1] + b * shine[j, m + 1] + c * shine[k, m + 1]
                share = a * shine[i, m + 2] + b * shine[j, m + 2] + c * shine[k, m + 2]
                toward = axis[d, 0] * texel[3] + axis[d, 1] * texel[4] + axis[d, 2] * texel[5]
                peak += axis[d + 1, 0] * texel[3] + axis[d + 1, 1] * texel[4] + axis[d + 1, 2] * texel[5]
                relief += strength * share * toward
                glint = _lobes(peak) * weight * texel[6]
                red += glint * colours[light, 0]
                green += glint * colours[light, 1]
                blue += glint * colours[light, 2]
            relief = min(max(relief, np.float32(0.3)), np.float32(1.8))
            image[frame, row, column, 0] = image[frame, row, column, 0] * texel[0] * relief + red
            image[frame, row, column, 1] = image[frame, row, column, 1] * texel[1] * relief + green
            image[frame, row, column, 2] = image[frame, row, column, 2] * texel[2] * relief + blue


@kernel
def _strand_light(
    frame: int,
    points: Array,
    tangents: Array,
    albedo: Array,
    transfer: Array,
    jitter: Array,
    camera: Array,
    rig: Array,
    out: Array,
) -> None:
    zero, one = np.float32(0), np.float32(1)
    eye, lights = camera[frame], rig[frame]
    for v in range(points.shape[0]):
        tx, ty, tz = tangents[v, 0], tangents[v, 1], tangents[v, 2]
        vx, vy, vz = eye[0] - points[v, 0], eye[1] - points[v, 1], eye[2] - points[v, 2]
        scale = one / np.sqrt(vx * vx + vy * vy + vz * vz)
        vx, vy, vz = vx * scale, vy * scale, vz * scale
        along = tx * vx + ty * vy + tz * vz
        across = np.sqrt(max(one - along * along, zero))
        a, bx, by, bz = transfer[v, 0], transfer[v, 1], transfer[v, 2], transfer[v, 3]
        tilt = np.float32(0.5) * (lights[8, 0] * bx + lights[8, 1] * by + lights[8, 2] * bz)
        above, below = min(max(a + tilt, zero), one), min(max(a - tilt, zero), one)
        for c in range(3):
            out[frame, v, c] = albedo[v, c] * np.float32(0.85) * (lights[6, c] * above + lights[7, c] * below)
        for i in range(3):
            lx, ly, lz = lights[i, 0], lights[i, 1], lights[i, 2]
            arrives = min(max(a + lx * bx + ly * by + lz * bz, zero), one)
            tl = tx * lx + ty * ly + tz * lz
            sine = np.sqrt(max(one - tl * tl, zero))
            p = sine * across - (tl + np.float32(0.10) + np.float32(0.04) * jitter[v]) * along
            q = sine * across - (tl - np.float32(0.14) + np.float32(0.05) * jitter[v]) * along
            r = -(vx * lx + vy * ly + vz * lz)
            p, q, r = min(max(p, zero), one), min(max(q, zero), one), min(max(r, zero), one)
            p4, q4 = p * p * p * p, q * q * q * q
            p16, r4 = p4 * p4 * p4 * p4, r * r * r * r
            first = p16 * p16 * np.float32(0.045)
            coloured = sine * np.float32(0.62) + q4 * q4 * q4 * np.float32(0.45) + r4 * np.float32(1.2)
            for c in range(3):
                out[frame, v, c] += (albedo[v, c] * coloured + first) * arrives * lights[3 + i, c]
