"""The camera's arithmetic on the CPU: the formulas of `sensor_torch` fused into numba kernels."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tellbench.datasets.studio.camera.sensor_torch import toned
from tellbench.datasets.studio.render.raster_numba import Array, each_frame, kernel


def project(points: Tensor, view: Tensor, skew: Tensor, focal: float, distortion: float, size: int) -> Tensor:
    """See `sensor_torch.project`."""
    out = torch.empty(points.shape)
    bend = np.float32(distortion * (2 * focal / size) ** 2)
    arrays = (points.contiguous().numpy(), view.numpy(), skew.numpy(), np.float32(focal), bend, np.float32(size))
    each_frame(_project, len(out), *arrays, out.numpy())
    return out


def resolve(image: Tensor, clear: Tensor, room: Tensor, place: Tensor, gain: Tensor, exposure: Tensor) -> Tensor:
    """See `sensor_torch.resolve`."""
    out = torch.empty(len(image), *gain.shape, 3)
    arrays = (t.numpy() for t in (room, place, gain, exposure, out))
    each_frame(_resolve, len(out), image.numpy(), clear.numpy(), *arrays)
    return out


def refract(light: Tensor, first: Tensor, weights: Tensor) -> Tensor:
    """See `sensor_torch.refract`."""
    across, out = torch.empty(light.shape[1:]), torch.empty(light.shape)
    each_frame(_refract, len(out), *(t.numpy() for t in (light, first, weights, across, out)))
    return out


def develop(
    light: Tensor,
    curve: Tensor,
    noise: tuple[float, float],
    tiles: tuple[Tensor, Tensor],
    offsets: Tensor,
    sharpening: float,
) -> Tensor:
    """See `sensor_torch.develop`."""
    out, level = torch.empty(light.shape, dtype=torch.uint8), torch.empty(light.shape[1:])
    numbers = tuple(np.float32(value) for value in (*noise, sharpening))
    arrays = (t.numpy() for t in (light, curve, *tiles, offsets, level, out))
    each_frame(_develop, len(out), *numbers, *arrays)
    return out


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
    """See `sensor_torch.regrain`."""
    out, change = torch.empty(level.shape, dtype=torch.uint8), torch.empty(level.shape[1:])
    numbers = tuple(np.float32(value) for value in (*noise, sharpening))
    arrays = (level, light, toned(light, curve), curve, exposure, *tiles, offsets, change, out)
    each_frame(_regrain, len(out), *numbers, *(t.contiguous().numpy() for t in arrays))
    return out


@kernel
def _project(
    frame: int, points: Array, view: Array, skew: Array, focal: float, bend: float, size: float, out: Array
) -> None:
    m = view[frame]
    half = size * np.float32(0.5)
    for v in range(points.shape[1]):
        x, y, z = points[frame, v, 0], points[frame, v, 1], points[frame, v, 2]
        depth = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3]
        inverse = np.float32(1) / depth
        right = (m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]) * inverse
        down = -(m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]) * inverse
        stretch = focal * (np.float32(1) + bend * (right * right + down * down))
        right, down = right * stretch, down * stretch
        late = down / size
        out[frame, v, 0] = half + right + skew[frame, 0] * late
        out[frame, v, 1] = half + down + skew[frame, 1] * late
        out[frame, v, 2] = depth


@kernel
def _resolve(
    frame: int,
    image: Array,
    clear: Array,
    room: Array,
    place: Array,
    gain: Array,
    exposure: Array,
    out: Array,
) -> None:
    size, last = out.shape[1], len(room) - 1
    step = image.shape[1] // size
    share = np.float32(1 / step**2)
    p, er, eg, eb = place[frame], exposure[frame, 0], exposure[frame, 1], exposure[frame, 2]
    half = np.float32(0.5)
    for row in range(size):
        y = np.float32(row) + half
        for column in range(size):
            r, g, b, empty = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            for i in range(row * step, (row + 1) * step):
                for j in range(column * step, (column + 1) * step):
                    r += image[frame, i, j, 0]
                    g += image[frame, i, j, 1]
                    b += image[frame, i, j, 2]
                    empty += clear[frame, i, j]
            if empty > 0:
                x = np.float32(column) + half
                u = min(max(p[0, 0] * x + p[0, 1] * y + p[0, 2] - half, np.float32(0)), np.float32(last))
                v = min(max(p[1, 0] * x + p[1, 1] * y + p[1, 2] - half, np.float32(0)), np.float32(last))
                left, top = min(int(u), last - 1), min(int(v), last - 1)
                du, dv = u - np.float32(left), v - np.float32(top)
                a, c = (np.float32(1) - du) * empty, du * empty
                wa, wb = a * (np.float32(1) - dv), c * (np.float32(1) - dv)
                wc, wd = a * dv, c * dv
                r += wa * room[top, left, 0] + wb * room[top, left + 1, 0]
                r += wc * room[top + 1, left, 0] + wd * room[top + 1, left + 1, 0]
                g += wa * room[top, left, 1] + wb * room[top, left + 1, 1]
                g += wc * room[top + 1, left, 1] + wd * room[top + 1, left + 1, 1]
                b += wa * room[top, left, 2] + wb * room[top, left + 1, 2]
                b += wc * room[top + 1, left, 2] + wd * room[top + 1, left + 1, 2]
            factor = share * gain[row, column]
            out[frame, row, column, 0] = r * factor * er
            out[frame, row, column, 1] = g * factor * eg
            out[frame, row, column, 2] = b * factor * eb


@kernel
def _refract(frame: int, light: Array, first: Array, weights: Array, across: Array, out: Array) -> None:
    source, size = light[frame], light.shape[1]
    last = size - 1
    for row in range(size):
        for c in range(3):
            for x in range(size):
                at = first[c, x]
                if at >= 0 and at + 3 <= last:
                    across[row, x, c] = (
                        weights[c, x, 0] * source[row, at, c]
                        + weights[c, x, 1] * source[row, at + 1, c]
                        + weights[c, x, 2] * source[row, at + 2, c]
                        + weights[c, x, 3] * source[row, at + 3, c]
                    )
                else:
                    total = np.float32(0)
                    for k in range(4):
                        total += weights[c, x, k] * source[row, min(max(at + k, 0), last), c]
                    across[row, x, c] = total
    for y in range(size):
        for c in range(3):
            a, b = min(max(first[c, y], 0), last), min(max(first[c, y] + 1, 0), last)
            d, e = min(max(first[c, y] + 2, 0), last), min(max(first[c, y] + 3, 0), last)
            wa, wb, wd, we = weights[c, y, 0], weights[c, y, 1], weights[c, y, 2], weights[c, y, 3]
            for x in range(size):
                out[frame, y, x, c] = (
                    wa * across[a, x, c] + wb * across[b, x, c] + wd * across[d, x, c] + we * across[e, x, c]
                )


@kernel
def _develop(
    frame: int,
    shot: float,
    read: float,
    sharpening: float,
    light: Array,
    curve: Array,
    fine: Array,
    coarse: Array,
    offsets: Array,
    level: Array,
    out: Array,
) -> None:
    size, last = light.shape[1], len(curve) - 1
    zero, one, scale = np.float32(0), np.float32(1), np.float32(last / 2)
    for y in range(size):
        fy, cy = (offsets[frame, 0, 0] + y) % len(fine), (offsets[frame, 1, 0] + y) % len(coarse)
        fx, cx = offsets[frame, 0, 1] % len(fine), offsets[frame, 1, 1] % len(coarse)
        for x in range(size):
            for c in range(3):
                value = light[frame, y, x, c]
                value += (fine[fy, fx, c] + coarse[cy, cx, c]) * np.sqrt(shot * value + read)
                place = int(np.sqrt(max(value, zero)) * scale + np.float32(0.5))
                level[y, x, c] = curve[min(place, last)]
            fx, cx = fx + 1, cx + 1
            fx, cx = 0 if fx == len(fine) else fx, 0 if cx == len(coarse) else cx
    luma = np.empty((size, size), np.float32)
    for y in range(size):
        for x in range(size):
            luma[y, x] = np.float32(0.25) * (level[y, x, 0] + level[y, x, 2]) + np.float32(0.5) * level[y, x, 1]
    for y in range(size):
        above, below = max(y - 1, 0), min(y + 1, size - 1)
        for x in range(size):
            around = luma[above, x] + luma[below, x] + luma[y, max(x - 1, 0)] + luma[y, min(x + 1, size - 1)]
            halo = sharpening * (luma[y, x] - np.float32(0.25) * around)
            for c in range(3):
                out[frame, y, x, c] = np.uint8(
                    min(max(level[y, x, c] + halo, zero), one) * np.float32(255) + np.float32(0.5)
                )


@kernel
def _regrain(
    frame: int,
    shot: float,
    read: float,
    sharpening: float,
    level: Array,
    light: Array,
    clean: Array,
    curve: Array,
    exposure: Array,
    fine: Array,
    coarse: Array,
    offsets: Array,
    change: Array,
    out: Array,
) -> None:
    size, last, steps = level.shape[1], len(curve) - 1, np.float32(len(light) - 1)
    zero, one, half, scale = np.float32(0), np.float32(1), np.float32(0.5), np.float32(last / 2)
    for y in range(size):
        fy, cy = (offsets[frame, 0, 0] + y) % len(fine), (offsets[frame, 1, 0] + y) % len(coarse)
        fx, cx = offsets[frame, 0, 1] % len(fine), offsets[frame, 1, 1] % len(coarse)
        for x in range(size):
            for c in range(3):
                known = int(level[frame, y, x, c] * steps + half)
                value = light[known] * exposure[frame, c]
                value += (fine[fy, fx, c] + coarse[cy, cx, c]) * np.sqrt(shot * value + read)
                place = int(np.sqrt(max(value, zero)) * scale + half)
                change[y, x, c] = curve[min(place, last)] - clean[known]
            fx, cx = fx + 1, cx + 1
            fx, cx = 0 if fx == len(fine) else fx, 0 if cx == len(coarse) else cx
    luma = np.empty((size, size), np.float32)
    for y in range(size):
        for x in range(size):
            luma[y, x] = np.float32(0.25) * (change[y, x, 0] + change[y, x, 2]) + half * change[y, x, 1]
    for y in range(size):
        above, below = max(y - 1, 0), min(y + 1, size - 1)
        for x in range(size):
            around = luma[above, x] + luma[below, x] + luma[y, max(x - 1, 0)] + luma[y, min(x + 1, size - 1)]
            halo = sharpening * (luma[y, x] - np.float32(0.25) * around)
            for c in range(3):
                value = level[frame, y, x, c] + change[y, x, c] + halo
                out[frame, y, x, c] = np.uint8(min(max(value, zero), one) * np.float32(255) + half)
