"""Signed-distance sculpture of head, neck and torso, on any device.

Millimetres; x = subject's left, y up, z towards the camera; the origin lies midway between the eyeball centres.
Distances are negative inside. Shapes are joined with a quadratic smooth minimum, so a slider moves a whole region.
All positions and radii are placed from adult mean proportions by eye (assumption).
"""

from __future__ import annotations

import torch
from torch import Tensor

from tellbench.datasets.studio.people.identity import Identity

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
    width = person.head_width
    d = ellipsoid(p, (0, 32, -80), (73 * width, 82 * person.head_height, 98 * person.head_length))
    brow = ellipsoid(p, (0, 37, -31 + person.forehead * 0.3), (57 * width, 48 * person.head_height, 47))
    d = union(d, brow, 22)
    middle = ellipsoid(p, (0, -26, -52), (56 * person.face_width, 62, 52))
    d = union(d, middle, 20)
    return carve(d, ellipsoid(p, (84 * width, 20, -20), (21, 27, 25)), 14)  # temple


def chin_height(person: Identity) -> float:
    """Height of the chin's centre in mm."""
    return -97 + person.face_length - person.chin_length


def _jaw(d: Tensor, p: Planes, person: Identity) -> Tensor:
    width, fat, drop = person.jaw_width * person.face_width, person.fat, person.face_length
    gonion_x, gonion_y = 36.5 * width, -70 + drop * 0.7 + person.jaw_height
    d = union(d, cone(p, (54 * person.face_width, -18, -70), (gonion_x, gonion_y, -60), 9, 9 + 0.8 * fat), 22)
    chin_y, out = chin_height(person), person.chin_projection
    d = union(d, cone(p, (gonion_x, gonion_y, -56), (13 * person.chin_width, chin_y, -6 + out * 0.5), 9 + fat, 9.5), 20)
    d = union(
        d, cone(p, (27 * width, chin_y + 10, -20), (14, chin_y + 2, -4 + out), 9 + 0.5 * fat, 9), 20
    )  # beside the chin
    floor = ellipsoid(p, (0, chin_y + 6 - fat, -38), (25 * width, 14 + 0.6 * fat, 34))
    d = union(d, floor, 16)
    return union(d, ellipsoid(p, (0, chin_y + 0.5, 2.5 + out), (16 * person.chin_width, 13, 13)), 20)


def _face(d: Tensor, p: Planes, person: Identity) -> Tensor:
    width, drop, bone, fat = person.face_width, person.face_length, person.cheekbone, person.fat
    d = union(d, cone(p, (43 * width, -22, -16 + bone), (58 * width, -17, -52), 11, 7), 22)  # zygoma and its arch
    sag = 7 * person.wrinkles  # cheeks slide down with age, into jowls
    muzzle = -16 + person.lip_projection * 0.8
    d = union(d, ellipsoid(p, (0, -60 + drop * 0.4, muzzle), (30, 28, 34.5)), 15)
    cheek = ellipsoid(p, (31 * width, -38 + drop * 0.2 - 0.15 * sag, -11 + person.cheek), (18, 21, 20 + 0.5 * fat))
    d = union(d, cheek, 13)
    buccal = ellipsoid(p, (34 * width, -64 + drop * 0.5 - sag, -30 + person.cheek), (12 + fat, 24, 24))
    d = union(d, buccal, 24)
    rim = cone(p, (49 * width, -18, -12 + 0.5 * bone), (50 * width, 16, -16), 8, 6)  # of the orbit, outside
    d = union(d, rim, 12)
    ridge = person.brow_ridge
    return union(d, cone(p, (10, 17, 7 + ridge * 0.6), (43 * width, 18, -13 + ridge * 0.5), 8, 6), 16)


def _eyes(d: Tensor, p: Planes, person: Identity) -> Tensor:
    x = person.eye_distance / 2
    d = carve(d, ellipsoid(p, (x - 1, 2, 18.5 - person.eye_depth), (17, 11, 11)), 14)
    lid = person.eye_radius + LID_THICKNESS
    d = union(d, ellipsoid(p, (x, 0, 0), (lid, lid, lid)), 8)
    d = union(d, ellipsoid(p, (x, -14.5, -2), (15, 5, 8.5)), 9)  # fat under the lower lid
    return union(d, ellipsoid(p, (x + 3, 12.5, 0), (15, 4.5, 8 + 2 * person.lid_hood)), 9)


LID_THICKNESS = 1.35
"""mm of lid over the eyeball (assumption; also keeps coarse triangles clear of the globe)."""


def nose_base(person: Identity) -> float:
    """Height of the nose tip's centre in mm."""
    return -36 - 0.7 * person.nose_length


def _nose(d: Tensor, p: Planes, person: Identity) -> Tensor:
    y, out, bridge = nose_base(person), person.nose_projection, person.bridge_projection
    width, narrow, tip = person.nose_width, person.bridge_width, person.nose_tip_size
    lift = person.nose_tip_lift * 0.5
    d = union(d, cone(p, (13, -4, 0), (14.5, -34, 5), 4, 6), 12)  # where cheek and nose meet
    wall = cone(p, (4.5 * narrow, 2, 5 + bridge * 0.8), (6 * width, y + 10, 15 + out * 0.5), 5, 6)
    d = union(d, wall, 14)
    ridge = cone(p, (0, 6, 11.5 + bridge), (0, y + 6, 27 + out * 0.9 + lift * 0.3), 3.8 * narrow, 4.8 * narrow)
    d = union(d, ridge, 10)
    d = union(d, ellipsoid(p, (0, -15, 20.5 + bridge * 0.5 + out * 0.3 + person.nose_hump), (4.2, 10, 5)), 8)
    d = union(d, ellipsoid(p, (2.4 * tip, y + lift, 30.5 + out), (7.4 * tip, 7.6 * tip, 8)), 7)
    wing = ellipsoid(p, (11.6 * width, y - 3.6, 18.5 + out * 0.4), (6 * width, 7, 9.5))
    d = union(d, wing, 4.5)
    d = union(d, ellipsoid(p, (0, y - 4.5 + lift * 0.5, 26 + out * 0.6), (3.6, 4.5, 9)), 5)  # septum
    return carve(d, ellipsoid(p, (6.3 * width, y - 10.6, 25.5 + out * 0.6), (3.4, 4.6, 6.5)), 3)  # nostril


def _neck(d: Tensor, p: Planes, person: Identity) -> Tensor:
    """Column of the neck, sternomastoids from behind the ears to the notch of the breastbone, larynx, trapezius."""
    radius, fem = person.neck_radius, person.female
    d = union(d, cone(p, (0, -62, -84), (0, -192, -108), radius * 0.9, radius * 0.86), 16)
    notch = (10.0, NOTCH_Y - 2, NOTCH_Z + 0.1 * radius)
    d = union(d, cone(p, (52, -48, -96), notch, 9.5, 5), 12)  # sternomastoid
    larynx = (0.0, -139 + 4 * fem, -94 + radius * 0.86 - 3 * fem)
    d = union(d, ellipsoid(p, larynx, (5.5, 11, 6.5 - 1.5 * fem)), 9)
    return union(d, cone(p, (10, -76, -118), (46, -166, -136), 15, 24), 18)  # trapezius along the neck


NOTCH_Y, NOTCH_Z = -187.0, -63.0
"""Height and depth of the notch above the breastbone in mm, before the neck's own width."""


def torso(points: Tensor, person: Identity, thickness: float = 0.0) -> Tensor:
    """Distance of `points` of shape (..., 3) to neck, shoulders, chest and arms, shape (...).

    `thickness` mm of cloth makes the body larger.
    """
    p = _planes(points)
    d = _neck(torch.full_like(p[0], 1e3), p, person)
    return _trunk(d, p, person) - thickness


def figure(points: Tensor, person: Identity) -> Tensor:
    """Distance of `points` of shape (..., 3) to head, neck and trunk together, shape (...)."""
    return _trunk(head(points, person), _planes(points), person)


def _trunk(d: Tensor, p: Planes, person: Identity) -> Tensor:
    wide, robust = person.shoulder_width, 0.1 * (person.neck_radius - 52)
    d = union(d, cone(p, (30, -168, -134), (140 * wide, -204, -126), 26 + robust, 22), 26)  # trapezius to the shoulder
    d = union(d, ellipsoid(p, (0, -309, -110), (150 * wide, 142, 80 + 0.1 * person.neck_radius)), 26)
    d = union(d, ellipsoid(p, (178 * wide, -236, -120), (46, 48, 46)), 34)  # deltoid
    d = union(d, cone(p, (182 * wide, -236, -118), (196 * wide, -430, -110), 42, 40), 20)
    clavicle = cone(p, (13, NOTCH_Y - 7, NOTCH_Z + 5), (150 * wide, -194, -114), 6, 5)
    d = union(d, clavicle, 13)
    if person.female:
        d = union(d, ellipsoid(p, (70 * wide, -342, -62), (62, 66, 56)), 30)
    return d
