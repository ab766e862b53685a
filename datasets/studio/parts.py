"""The other parts of one person: eyeballs, teeth, tongue, inside of the mouth, ears, clothed body.

Each is a grid in mm at rest. Tooth widths are rounded from Wheeler's *Dental Anatomy*; the rest is modelled by eye
(assumption).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tellbench.datasets.studio import sculpture
from tellbench.datasets.studio.grid import cast, grid_triangles, unit
from tellbench.datasets.studio.identity import Identity
from tellbench.datasets.studio.relief import bump
from tellbench.datasets.studio.sculpture import smoothstep
from tellbench.datasets.studio.skin import Skin

IRIS_RADIUS: Final = 5.75
"""mm (Rüfer et al. 2005: mean corneal diameter 11.7 mm)."""
CORNEA_RADIUS: Final = 7.9
"""mm of the cornea's curvature."""
UPPER_TEETH_FRONT: Final = 10.4
LOWER_TEETH_FRONT: Final = 8.0
"""Depth of the front teeth in mm."""


@dataclass(frozen=True)
class Part:
    """One grid of vertices.

    Attributes:
        points: Rest positions in mm, shape (rows, columns, 3).
        triangles: int32 vertex ids, shape (n, 3).
        shade: Ambient occlusion in [0, 1], shape (rows, columns); 1 where nothing is known.
        albedo: Linear RGB, shape (rows, columns, 3).
    """

    points: Tensor
    triangles: Tensor
    shade: Tensor
    albedo: Tensor

    @classmethod
    def build(
        cls, points: Tensor, wrap: bool = False, shade: Tensor | None = None, albedo: object = (1.0, 1.0, 1.0)
    ) -> Part:
        """A part from its grid; `albedo` is one colour or one a vertex."""
        rows, columns, _ = points.shape
        color = torch.as_tensor(albedo, dtype=torch.float32, device=points.device)
        return cls(
            points.float(),
            grid_triangles(rows, columns, wrap).to(points.device),
            torch.ones(rows, columns, device=points.device) if shade is None else shade.float(),
            color.expand(rows, columns, 3),
        )


def _linspace(start: float, end: float, count: int, device: torch.device) -> Tensor:
    return torch.linspace(start, end, count, device=device)


# --- eyes -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Eyeball:
    """One eyeball about its centre, looking along +z.

    Attributes:
        part: The grid: rings from the pupil outward by sectors.
        ring: Distance of each vertex from the visual axis in mm, shape (rings, sectors).
        angle: Angle about the axis in radians, shape (rings, sectors).
        normals: Unit normals with the bulge of the cornea, shape (rings, sectors, 3).
        liner: Skin behind the eye's corners, where the globe has curved away, shape (rings, sectors, 3).
    """

    part: Part
    ring: Tensor
    angle: Tensor
    normals: Tensor
    liner: Tensor


def eyeball(identity: Identity, device: str | torch.device = "cpu") -> Eyeball:
    """The front of an eyeball; both eyes share it."""
    device, radius = torch.device(device), identity.eye_radius
    rings = torch.cat([_linspace(0.02, 6.6, 40, device), _linspace(6.9, 11.9, 16, device)])
    ring, angle = torch.meshgrid(rings, _linspace(0, 2 * math.pi, 97, device)[:-1], indexing="ij")
    depth = (radius**2 - ring**2).clamp(min=0).sqrt()
    points = torch.stack([ring * angle.cos(), ring * angle.sin(), depth], -1)
    bulge = points / CORNEA_RADIUS
    bulge[..., 2] = (1 - (ring / CORNEA_RADIUS) ** 2).clamp(min=0.01).sqrt()
    share = smoothstep(5.6, 6.5, ring)[..., None]
    normals = unit(bulge * (1 - share) + unit(points) * share)
    return Eyeball(Part.build(points, wrap=True), ring, angle, normals, _liner(points / radius, identity.eye_width))


def _liner(disc: Tensor, eye_width: float) -> Tensor:
    """A shallow bowl as wide as the lids open; it stays behind the skin at both corners."""
    x, y, _ = disc.unbind(-1)
    return torch.stack([x * (0.51 * eye_width + 0.8), y * 6, 7.8 * (1 - x * x - y * y)], -1)


# --- mouth ----------------------------------------------------------------------------------------------------------

_UPPER_WIDTHS: Final = (8.4, 6.6, 7.6, 7.0, 7.0, 10.0, 10.0)
_LOWER_WIDTHS: Final = (5.4, 6.0, 6.9, 7.0, 7.2, 11.0, 10.0)
_UPPER_LENGTHS: Final = (10.0, 8.8, 10.0, 8.5, 8.0, 7.5, 7.0)
_LOWER_LENGTHS: Final = (8.6, 8.8, 9.6, 8.4, 8.0, 7.2, 7.0)


def arch_depth(x: Tensor) -> Tensor:
    """Depth of the dental arch behind the front teeth at `x` mm from the midline: a parabola; <= 0."""
    return -0.052 * x * x


def teeth(skin: Skin, upper: bool) -> Part:
    """One dental arch: gums, seven teeth a side."""
    tooth, across, x, z, width = _arch(upper)
    v = np.linspace(0, 1, 22)[:, None]  # 0 gum to 1 biting edge
    length = np.array(_UPPER_LENGTHS if upper else _LOWER_LENGTHS)[tooth]
    rounding = 0.65 * np.abs(2 * across - 1) ** 4
    crown = length - rounding
    y = skin.mouth_y + (7.2 - v * (crown + 0.6) if upper else v * crown - 10.6)
    bulge = 1.1 * np.sqrt(np.clip(1 - (2 * across - 1) ** 2, 0, 1)) * (0.4 + 0.6 * np.sin(np.pi * np.clip(v, 0.1, 0.9)))
    profile = np.interp(v, [0, 0.25, 0.7, 0.93, 1], [0.6, 1.0, 0.6, 0.0, -1.6])
    front = UPPER_TEETH_FRONT if upper else LOWER_TEETH_FRONT
    points = np.stack(np.broadcast_arrays(x, y, front + z + bulge + profile), -1)
    gum = smoothstep(0.30, 0.18, torch.from_numpy(v + 0.06 * np.cos(2 * np.pi * across)))[..., None].numpy()
    gap = np.exp(-((np.minimum(across, 1 - across) * width / 0.32) ** 2))[None, :, None]
    enamel = np.array([0.72, 0.67, 0.57]) * (1 - 0.06 * tooth[None, :, None]) * (1 - 0.55 * gap)
    albedo = enamel * (1 - gum) + np.array([0.38, 0.14, 0.12]) * gum
    shade = np.broadcast_to(np.clip(1 - (np.abs(x) / 27) ** 2, 0.15, 1), y.shape)
    grids = (torch.from_numpy(np.ascontiguousarray(a)).float().to(skin.device) for a in (points, shade, albedo))
    points_grid, shade_grid, albedo_grid = grids
    return Part.build(points_grid, shade=shade_grid, albedo=albedo_grid)


def _arch(upper: bool) -> tuple[npt.NDArray[Any], ...]:
    """Tooth number, position across it, x, depth and tooth width at 176 places along an arch."""
    along = np.linspace(-52, 52, 176)  # mm along the arch
    widths = np.array(_UPPER_WIDTHS if upper else _LOWER_WIDTHS)
    edges = np.concatenate([[0], np.cumsum(widths)])
    tooth = np.clip(np.searchsorted(edges, np.abs(along), side="right") - 1, 0, len(widths) - 1)
    across = np.clip((np.abs(along) - edges[tooth]) / widths[tooth], 0, 1)
    x = np.linspace(0, 25 if upper else 23, 400)
    z = arch_depth(torch.from_numpy(x)).numpy()
    length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
    return (
        tooth,
        across,
        np.interp(np.abs(along), length, x) * np.sign(along),
        np.interp(np.abs(along), length, z),
        widths[tooth],
    )


def tongue(skin: Skin) -> Part:
    """The tongue's back, rows from root to tip."""
    v, u = torch.meshgrid(
        _linspace(0, 1, 28, skin.device), _linspace(-1, 1, 28, skin.device), indexing="ij"
    )  # root to tip, across
    x = u * (19 * (1 - v**4).clamp(0, 1).sqrt() + 0.5)
    y = skin.mouth_y - 4.5 - 2.5 * v**2 + 3.5 * (1 - u**2) * (1 - 0.3 * v)
    y = y - 1.2 * torch.exp(-((u / 0.12) ** 2)) * (1 - v)
    return Part.build(torch.stack([x, y, -38 + 44 * v], -1), albedo=(0.42, 0.15, 0.14))


def tongue_move(points: Tensor, rest: Tensor, out: Tensor) -> Tensor:
    """Stick the tongue out by `out` of shape (B,), each in [0, 1].

    Args:
        points: Tongue vertices on the jaw, shape (B, n, 3).
        rest: The same at rest, shape (n, 3).
        out: Shape (B,).
    """
    tip = ((rest[:, 2] + 38) / 44).clamp(0, 1)  # 0 root to 1 tip
    amount = out[:, None] * tip
    zero = torch.zeros_like(amount)
    return points + torch.stack([zero, amount * (6 - 10 * tip), amount * 34], -1)


def mouth_bag(skin: Skin) -> Part:
    """Dark inside of the mouth: a half-ellipsoid seen from within."""
    a, b = torch.meshgrid(_linspace(-1.5, 1.5, 20, skin.device), _linspace(-1.5, 1.5, 40, skin.device), indexing="ij")
    x, y = 39 * b.sin() * (a * 0.5).cos(), skin.mouth_y - 17 * a.sin()
    return Part.build(torch.stack([x, y, -4 - 40 * b.cos() * a.cos()], -1), albedo=(0.15, 0.038, 0.032))


# --- ears -----------------------------------------------------------------------------------------------------------


def ears(skin: Skin) -> tuple[Part, Part]:
    """Ears of the subject's right and left, set onto the skin."""
    local, shade = _ear_relief(skin.device)
    offset = _ear_pose(local * skin.identity.ear_size, skin.identity)
    row = skin.coarse[skin.layout.first("under_eye") + 8 // skin.layout.step]  # a little below the eyes
    seat = int(((row[:, 2] + 88).abs() + 1e3 * (row[:, 0] < 0)).argmin())
    left = offset + offset.new_tensor([float(row[seat, 0]) - 1.0, -16.0, -90.0])
    right = left * left.new_tensor([-1.0, 1.0, 1.0])
    return Part.build(right, wrap=True, shade=shade), Part.build(left, wrap=True, shade=shade)


def _ear_relief(device: torch.device) -> tuple[Tensor, Tensor]:
    """A left ear seen from its side on a polar grid: x backward, y up, z outward; and its occlusion."""
    around = _linspace(0, 2 * math.pi, 65, device)[:-1]
    r, a = torch.meshgrid(_linspace(0, 1, 30, device), around, indexing="ij")
    cos, sin = a.cos(), a.sin()
    width = 18.5 * (1 - 0.33 * (-sin).clamp(0, 1) ** 1.5) * torch.where(cos > 0, 1.08, 0.8)  # narrow lobe
    x, y = r * width * cos, r * torch.where(sin > 0, 31.0, 33.0) * sin
    helix = smoothstep(-0.9, -0.1, (a + 0.35).sin()) * torch.where(cos > -0.85, 1.0, 0.5)
    z = 2.5 + 5 * smoothstep(0.0, 1.0, (x + 15) / 33)  # flares outward to the back
    z += helix * (3.2 * bump(r, 0.9, 0.085) - 1.6 * bump(r, 0.74, 0.07))
    z += 3.0 * bump(x + 0.012 * (y - 2) ** 2, 6.5, 3.0) * smoothstep(26.0, 8.0, (y - 2).abs())  # antihelix
    z -= 8.0 * bump(x, -2.5, 6.5) * bump(y, -5, 10)  # concha
    z += 4.5 * bump(x, -12, 3.2) * bump(y, -6, 5) + 2.0 * bump(x, 1, 3.5) * bump(y, -17, 3.5)  # tragus, antitragus
    z -= 3.0 * smoothstep(0.93, 1.0, r)
    shade = 1 - 0.75 * bump(x, -3, 6) * bump(y, -5, 9) - 0.3 * bump(r, 0.74, 0.09) * helix
    front = torch.stack([x, y, z], -1)
    rim = front[-1:] - front.new_tensor([0.5, 0.0, 3.5])  # two more rings close the ear to the skull
    back = front[-1:] * front.new_tensor([0.82, 0.86, 0.0]) - front.new_tensor([2.0, 0.0, 9.0])
    return torch.cat([front, rim, back]), torch.cat([shade, shade[-1:] * 0.8, shade[-1:] * 0.4])


def _ear_pose(local: Tensor, identity: Identity) -> Tensor:
    """Local ear to head axes: tilted back 8 degrees, standing off the skull by the ear angle."""
    x, y, z = local.unbind(-1)
    tilt, angle = math.radians(8), math.radians(identity.ear_angle)
    x, y = x * math.cos(tilt) + y * math.sin(tilt), y * math.cos(tilt) - x * math.sin(tilt)
    outward = z * math.cos(angle) + x * math.sin(angle)
    return torch.stack([outward, y, 0.6 * z * math.sin(angle) - x * math.cos(angle)], -1)


# --- body -----------------------------------------------------------------------------------------------------------


def body(identity: Identity, device: str | torch.device = "cpu") -> Part:
    """Clothed torso, from the collar down; rays are cast from inside the chest."""
    device = torch.device(device)
    across = _linspace(-1, 1, 221, device)
    azimuth = math.pi * (0.45 * across + 0.55 * across.abs() ** 2.4 * across.sign())
    top = math.radians(57 - 8 * identity.collar_drop)
    elevation, azimuth = torch.meshgrid(_linspace(top, math.radians(-55), 140, device), azimuth, indexing="ij")
    flat = elevation.cos()
    direction = torch.stack([azimuth.sin() * flat, elevation.sin(), azimuth.cos() * flat], -1)
    origin = direction.new_tensor([0.0, -244.0, -108.0])
    points, _ = cast(lambda p: sculpture.torso(p, identity, 2.5), origin, direction, start=330.0, steps=40)
    points = points + direction * (1.6 * _folds(points, identity.seed) * smoothstep(0.79, 0.35, elevation))[..., None]
    return Part.build(torch.cat([_collar(points[:1]), points]), albedo=identity.cloth_color)


def _folds(points: Tensor, seed: int) -> Tensor:
    """Slow waves of cloth, about 1 mm."""
    rng = np.random.default_rng([seed, 9])
    waves = torch.zeros(points.shape[:-1], device=points.device)
    for _ in range(10):
        direction = points.new_tensor(rng.normal(size=3) * [0.02, 0.035, 0.02])
        waves += torch.sin(points @ direction + float(rng.uniform(0, 2 * math.pi))) / 3
    return waves


def _collar(edge: Tensor) -> Tensor:
    """A thick ring at the top edge: its inner side and its rim, shape (2, columns, 3)."""
    inner = edge * edge.new_tensor([0.93, 1.0, 0.93]) - edge.new_tensor([0.0, 3.0, 0.07 * 108])
    return torch.cat([inner, edge + edge.new_tensor([0.0, 1.2, 0.0])])
