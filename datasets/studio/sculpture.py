"""Signed-distance sculpture of head, neck and torso, on any device.

Millimetres; x = subject's left, y up, z towards the camera; the origin lies midway between the eyeball centres.
Distances are negative inside. Shapes are joined with a quadratic smooth minimum, so a slider moves a whole region.
All positions and radii are placed from adult mean proportions by eye (assumption).
"""

from __future__ import annotations

import torch
from torch import Tensor

from tellbench.datasets.studio.identity import Identity

Planes = tuple[Tensor, Tensor, Tensor]
"""x, y and z of the points, one tensor each: three contiguous planes are faster than one [..., 3] tensor."""
Triple = tuple[float, float, float]


def smoothstep(low: float | Tensor, high: float | Tensor, x: Tensor) -> Tensor:
    """0 below `low`, 1 above `high`, a cubic between; `low` > `high` falls instead."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def ellipsoid(p: Planes, centre: Triple, radii: Triple) -> Tensor:
    """Distance to an axis-aligned ellipsoid, first order (Quilez, "ellipsoid SDF": k0 (k0 - 1) / k1)."""
    a, b, c = ((plane - origin) / r for plane, origin, r in zip(p, centre, radii, strict=True))
    k0 = (a * a + b * b).addcmul_(c, c).sqrt_()
    a, b, c = (q / r for q, r in zip((a, b, c), radii, strict=True))
    k1 = a.mul_(a).addcmul_(b, b).addcmul_(c, c).sqrt_().clamp_(min=1e-6)
    return (k0 * (k0 - 1)).div_(k1)


def cone(p: Planes, start: Triple, end: Triple, start_radius: float, end_radius: float) -> Tensor:
    """Distance to a capsule from `start` to `end` whose radius changes linearly."""
    x, y, z = (plane - origin for plane, origin in zip(p, start, strict=True))
    dx, dy, dz = (e - s for e, s in zip(end, start, strict=True))
    length2 = dx * dx + dy * dy + dz * dz
    h = (x * (dx / length2)).add_(y, alpha=dy / length2).add_(z, alpha=dz / length2).clamp_(0, 1)
    x, y, z = x.sub_(h, alpha=dx), y.sub_(h, alpha=dy), z.sub_(h, alpha=dz)
    distance = x.mul_(x).addcmul_(y, y).addcmul_(z, z).sqrt_()
    return distance.sub_(start_radius).sub_(h, alpha=end_radius - start_radius)


def union(a: Tensor, b: Tensor, k: float) -> Tensor:
    """Smooth minimum over a blend of `k` mm (Quilez, quadratic polynomial)."""
    h = (a - b).abs_().neg_().add_(k).clamp_(min=0)
    return torch.minimum(a, b).addcmul_(h, h, value=-0.25 / k)


def carve(a: Tensor, b: Tensor, k: float) -> Tensor:
    """`a` without `b`, smoothly."""
    return -union(-a, b, k)


def _planes(points: Tensor) -> Planes:
    """Split [..., 3] and fold the subject's right onto the left: the sculpture is symmetric."""
    return points[..., 0].abs(), points[..., 1].contiguous(), points[..., 2].contiguous()


def head(points: Tensor, person: Identity) -> Tensor:
    """Distance of `points` of shape (..., 3) to head and neck, shape (...)."""
    p = _planes(points)
    d = _skull(p, person)
    d = _jaw(d, p, person)
    d = _face(d, p, person)
    d = _eyes(d, p, person)
    d = _nose(d, p, person)
    return _neck(d, p, person)


def _skull(p: Planes, person: Identity) -> Tensor:
    d = ellipsoid(p, (0, 32, -80), (74 * person.head_width, 84 * person.head_height, 98 * person.head_length))
    brow = ellipsoid(p, (0, 36, -30 + person.forehead * 0.3), (60 * person.head_width, 50 * person.head_height, 46))
    d = union(d, brow, 25)
    lower = ellipsoid(p, (0, -34 + person.face_length * 0.3, -46), (59 * person.face_width + person.fat, 72, 50))
    return union(d, lower, 24)


def chin_height(person: Identity) -> float:
    """Height of the chin's centre in mm."""
    return -101 + person.face_length - person.chin_length


def _jaw(d: Tensor, p: Planes, person: Identity) -> Tensor:
    width, fat = person.jaw_width * person.face_width, person.fat
    gonion_x, gonion_y = 41 * width, -72 + person.face_length * 0.7 + person.jaw_height
    d = union(d, cone(p, (54 * person.face_width, -20, -72), (gonion_x, gonion_y, -62), 10, 11 + fat), 26)
    chin_y = chin_height(person)
    body_end = (11 * person.chin_width, chin_y + 1, -8 + person.chin_projection * 0.5)
    d = union(d, cone(p, (gonion_x, gonion_y, -58), body_end, 12 + fat, 12), 26)
    soft_y = -86 + person.face_length * 0.8 - 0.5 * person.chin_length
    d = union(d, ellipsoid(p, (25 * person.jaw_width, soft_y, -24), (20, 15, 24)), 22)
    return union(d, ellipsoid(p, (0, chin_y, -4 + person.chin_projection), (19 * person.chin_width, 15, 16)), 22)


def _face(d: Tensor, p: Planes, person: Identity) -> Tensor:
    width, drop = person.face_width, person.face_length
    d = union(d, ellipsoid(p, (45 * width, -21, -20 + person.cheekbone * 0.8), (21, 14, 22)), 24)
    d = union(d, ellipsoid(p, (34 * width, -48 + drop * 0.3, -18 + person.cheek), (24, 30, 23)), 24)
    d = union(d, ellipsoid(p, (0, -66 + drop * 0.4, -15 + person.lip_projection * 0.6), (30, 26, 31)), 18)
    ridge = person.brow_ridge
    return union(d, cone(p, (9, 18, 5 + ridge * 0.6), (42 * width, 18, -15 + ridge * 0.4), 8, 6), 14)


def _eyes(d: Tensor, p: Planes, person: Identity) -> Tensor:
    x = person.eye_distance / 2
    d = carve(d, ellipsoid(p, (x - 1.5, -1, 15.5 - person.eye_depth), (16, 10.5, 10)), 11)
    lid = person.eye_radius + LID_THICKNESS
    d = union(d, ellipsoid(p, (x, 0, 0), (lid, lid, lid)), 5)
    return union(d, ellipsoid(p, (x + 3, 12.5, 0), (15, 4.5, 7.5 + 2 * person.lid_hood)), 9)


LID_THICKNESS = 1.35
"""mm of lid over the eyeball (assumption; also keeps coarse triangles clear of the globe)."""


def nose_base(person: Identity) -> float:
    """Height of the nose tip's centre in mm."""
    return -36 - 0.7 * person.nose_length


def _nose(d: Tensor, p: Planes, person: Identity) -> Tensor:
    y, out, bridge, width = nose_base(person), person.nose_projection, person.bridge_projection, person.nose_width
    ridge = cone(
        p, (0, 5, 5 + bridge), (0, y + 5, 23 + out * 0.8), 5.6 * person.bridge_width, 7.4 * person.bridge_width
    )
    d = union(d, ridge, 11)
    d = union(d, ellipsoid(p, (0, -14, 17.5 + bridge * 0.5 + out * 0.3 + person.nose_hump), (5.5, 11, 5)), 8)
    tip = person.nose_tip_size
    d = union(d, ellipsoid(p, (0, y + person.nose_tip_lift * 0.5, 28 + out), (8.6 * tip, 7.8 * tip, 8.8)), 10)
    d = union(d, ellipsoid(p, (11 * width, y - 2.0, 14 + out * 0.3), (5.8 * width, 7.2, 10.5)), 8.5)  # wing
    d = union(d, ellipsoid(p, (0, y - 4.5, 22 + out * 0.5), (4, 4.5, 9)), 5)  # septum
    return carve(d, ellipsoid(p, (6.3 * width, y - 10.8, 22.5 + out * 0.6), (3.4, 4.4, 6.5)), 3)  # nostril


def _neck(d: Tensor, p: Planes, person: Identity) -> Tensor:
    radius = person.neck_radius
    waist = (0.0, -140.0, -93.0)
    d = union(d, cone(p, (0, -60, -84), waist, radius * 0.93, radius * 0.87), 16)
    d = union(d, cone(p, waist, (0, -215, -108), radius * 0.87, radius * 0.98), 16)
    d = union(d, cone(p, (radius * 0.72, -76, -86), (12, -212, -111 + radius * 0.95), 9, 7), 12)  # sternomastoid
    larynx = (0.0, -137.0, -99 + radius * 0.87 - 4 * person.female)  # clear of the collar, and less of it in women
    return union(d, ellipsoid(p, larynx, (5, 8, 6)), 12)


def torso(points: Tensor, person: Identity, thickness: float = 0.0) -> Tensor:
    """Distance of `points` of shape (..., 3) to neck, shoulders, chest and arms, shape (...).

    `thickness` mm of cloth makes the body larger.
    """
    p = _planes(points)
    wide, neck = person.shoulder_width, person.neck_radius
    d = cone(p, (0, -150, -100), (0, -235, -110), neck, neck + 3)
    d = union(d, cone(p, (46, -70, -88), (11, -212, -66), 10, 9), 16)
    d = union(d, cone(p, (0, -158, -124), (120 * wide, -214, -120), 36, 36), 38)
    d = union(d, cone(p, (20, -192, -116), (165 * wide, -238, -118), 32, 40), 30)
    d = union(d, ellipsoid(p, (0, -328, -106), (150 * wide, 125, 82)), 40)
    d = union(d, cone(p, (172 * wide, -242, -115), (185 * wide, -420, -115), 44, 42), 26)
    return d - thickness
