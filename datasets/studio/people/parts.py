"""The other parts of one person: eyeballs, ears, clothed body; `oral` has the inside of the mouth.

Each is a grid in mm at rest, modelled by eye (assumption).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from tellbench.datasets.studio.people.grid import grid_triangles, unit
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.relief import bump
from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.datasets.studio.people.skin import Skin

IRIS_RADIUS: Final = 5.75
"""mm (Rüfer et al. 2005: mean corneal diameter 11.7 mm)."""
CORNEA_RADIUS: Final = 7.9
"""mm of the cornea's curvature."""


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
        ring: Distance of each vertex from the visual axis in mm, behind the equator along the globe, shape
            (rings, sectors).
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
    """An eyeball but for its back, so that no edge shows at any gaze; both eyes share it."""
    device, radius = torch.device(device), identity.eye_radius
    rings = torch.cat([_linspace(0.02, 6.6, 40, device), _linspace(6.9, 11.6, 14, device)])
    polar = torch.cat([torch.asin(rings / radius), torch.deg2rad(_linspace(84, 132, 8, device))])
    rings = torch.cat([rings, polar[len(rings) :] * radius])  # beyond the equator: the length of the arc
    ring, angle = torch.meshgrid(rings, _linspace(0, 2 * math.pi, 97, device)[:-1], indexing="ij")
    flat = polar.sin()[:, None]
    points = radius * torch.stack([flat * angle.cos(), flat * angle.sin(), polar.cos()[:, None].expand_as(angle)], -1)
    bulge = points / CORNEA_RADIUS
    bulge[..., 2] = (1 - (ring / CORNEA_RADIUS) ** 2).clamp(min=0.01).sqrt()
    share = smoothstep(5.6, 6.5, ring)[..., None]
    normals = unit(bulge * (1 - share) + unit(points) * share)
    disc = (ring / radius).clamp(max=1)[..., None] * torch.stack([angle.cos(), angle.sin()], -1)
    return Eyeball(Part.build(points, wrap=True), ring, angle, normals, _liner(disc, identity.eye_width))


def _liner(disc: Tensor, eye_width: float) -> Tensor:
    """A shallow bowl as wide as the lids open, level at the corners; `posing` closes it with the lids."""
    x, y = disc.unbind(-1)
    square = x * x + y * y
    return torch.stack([x * (0.5 * eye_width + 0.3), y * 5, 5 * (1 - square) - 3 * square**3], -1)


# --- ears -----------------------------------------------------------------------------------------------------------


def ears(skin: Skin) -> tuple[Part, Part]:
    """Ears of the subject's right and left, set onto the skin."""
    local, shade = _ear_relief(skin.device)
    offset = _ear_pose(local * skin.identity.ear_size, skin.identity)
    row = skin.coarse[skin.layout.first("under_eye") + 8 // skin.layout.step]  # a little below the eyes
    seat = int(((row[:, 2] + 88).abs() + 1e3 * (row[:, 0] < 0)).argmin())
    left = offset + offset.new_tensor([float(row[seat, 0]) + 1.2, -15.0, -89.0])
    right = left * left.new_tensor([-1.0, 1.0, 1.0])
    return Part.build(right, wrap=True, shade=shade), Part.build(left, wrap=True, shade=shade)


def _ear_relief(device: torch.device) -> tuple[Tensor, Tensor]:
    """A left ear seen from its side on a polar grid: x backward, y up, z outward; and its occlusion."""
    around = _linspace(0, 2 * math.pi, 65, device)[:-1]
    r, a = torch.meshgrid(_linspace(0, 1, 30, device), around, indexing="ij")
    cos, sin = a.cos(), a.sin()
    width = 18.5 * (1 - 0.24 * (-sin).clamp(0, 1) ** 1.5) * torch.where(cos > 0, 1.08, 0.8)  # narrow lobe
    x, y = r * width * cos, r * torch.where(sin > 0, 31.0, 33.0) * sin
    helix = smoothstep(-0.9, -0.1, (a + 0.35).sin()) * torch.where(cos > -0.85, 1.0, 0.5)
    z = 2.5 + 5 * smoothstep(0.0, 1.0, (x + 15) / 33)  # flares outward to the back
    z += helix * (3.6 * bump(r, 0.9, 0.085) - 2.2 * bump(r, 0.73, 0.08))
    z += 3.2 * bump(x + 0.012 * (y - 2) ** 2, 6.5, 3.0) * smoothstep(26.0, 8.0, (y - 2).abs())  # antihelix
    z += (
        1.8 * bump(x + 0.55 * (y - 12), -1.0, 2.6) * smoothstep(6.0, 12.0, y) * (1 - smoothstep(20.0, 26.0, y))
    )  # its upper leg
    z -= 6.5 * bump(x, -2.0, 6.0) * bump(y, -5, 10)  # concha
    z += 2.2 * bump(y + 0.25 * x, 1.5, 2.4) * smoothstep(4.0, -4.0, x)  # root of the helix
    z += 5.0 * bump(x, -11.5, 3.2) * bump(y, -6, 5) + 2.0 * bump(x, 1, 3.5) * bump(y, -17, 3.5)  # tragus, antitragus
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
