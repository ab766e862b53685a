"""Signed-distance sculpture of head, neck and torso.

Millimetres; x = subject's left, y up, z towards the camera; the origin lies midway between the eyeball centres.
Shapes are joined smoothly (see `solid`), so a slider moves a whole region; x is folded: the sculpture is symmetric.
All positions and radii are placed from adult mean proportions by eye (assumption).
"""

from __future__ import annotations

import dataclasses

from torch import Tensor

from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.solid import Cone, Ellipsoid, Solid, carve, union


def smoothstep(low: float | Tensor, high: float | Tensor, x: Tensor) -> Tensor:
    """0 below `low`, 1 above `high`, a cubic between; `low` > `high` falls instead."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def head(person: Identity) -> Solid:
    """Head and neck."""
    return _neck(_nose(_eyes(_face(_jaw(_skull(person), person), person), person), person), person)


def _skull(person: Identity) -> Solid:
    width = person.head_width
    d = union(Solid(), Ellipsoid((0, 32, -80), (73 * width, 82 * person.head_height, 98 * person.head_length)), 1)
    brow = Ellipsoid((0, 37, -31 + person.forehead * 0.3), (57 * width, 48 * person.head_height, 47))
    d = union(d, brow, 22)
    middle = Ellipsoid((0, -26, -52), (56 * person.face_width, 62, 52))
    d = union(d, middle, 20)
    return carve(d, Ellipsoid((84 * width, 20, -20), (21, 27, 25)), 14)  # temple


def chin_height(person: Identity) -> float:
    """Height of the chin's centre in mm."""
    return -97 + person.face_length - person.chin_length


def _jaw(d: Solid, person: Identity) -> Solid:
    width, fat, drop = person.jaw_width * person.face_width, person.fat, person.face_length
    gonion_x, gonion_y = 36.5 * width, -70 + drop * 0.7 + person.jaw_height
    d = union(d, Cone((54 * person.face_width, -18, -70), (gonion_x, gonion_y, -60), 9, 9 + 0.8 * fat), 22)
    chin_y, out = chin_height(person), person.chin_projection
    d = union(d, Cone((gonion_x, gonion_y, -56), (13 * person.chin_width, chin_y, -6 + out * 0.5), 9 + fat, 9.5), 20)
    d = union(
        d, Cone((27 * width, chin_y + 10, -20), (14, chin_y + 2, -4 + out), 9 + 0.5 * fat, 9), 20
    )  # beside the chin
    floor = Ellipsoid((0, chin_y + 6 - fat, -38), (25 * width, 14 + 0.6 * fat, 34))
    d = union(d, floor, 16)
    return union(d, Ellipsoid((0, chin_y + 0.5, 2.5 + out), (16 * person.chin_width, 13, 13)), 20)


def _face(d: Solid, person: Identity) -> Solid:
    width, drop, bone, fat = person.face_width, person.face_length, person.cheekbone, person.fat
    d = union(d, Cone((43 * width, -22, -16 + bone), (58 * width, -17, -52), 11, 7), 22)  # zygoma and its arch
    sag = 7 * person.wrinkles  # cheeks slide down with age, into jowls
    muzzle = -16 + person.lip_projection * 0.8
    d = union(d, Ellipsoid((0, -60 + drop * 0.4, muzzle), (30, 28, 34.5)), 15)
    # the nose's tip stands 19 mm before its base (Farkas 1994), which lies on the anterior nasal spine
    d = union(d, Ellipsoid((0, nose_base(person) - 12, 4), (20, 9, 14.5)), 10)
    cheek = Ellipsoid((31 * width, -38 + drop * 0.2 - 0.15 * sag, -11 + person.cheek), (18, 21, 20 + 0.5 * fat))
    d = union(d, cheek, 13)
    buccal = Ellipsoid((34 * width, -64 + drop * 0.5 - sag, -30 + person.cheek), (12 + fat, 24, 24))
    d = union(d, buccal, 24)
    # the outer rim of the orbit lies some 16 mm behind the cornea (Migliori and Gladstone 1984)
    rim = Cone((49 * width, -18, -9 + 0.5 * bone), (50 * width, 16, -12), 8, 6)
    d = union(d, rim, 12)
    ridge = person.brow_ridge
    return union(d, Cone((10, 17, 7 + ridge * 0.6), (45 * width, 18, -10 + ridge * 0.5), 8, 6), 16)


def _eyes(d: Solid, person: Identity) -> Solid:
    x = person.eye_distance / 2
    d = carve(d, Ellipsoid((x - 2, 2, 18.5 - person.eye_depth), (15, 11, 11)), 12)
    lid = person.eye_radius + LID_THICKNESS
    d = union(d, Ellipsoid((x, 0, 0), (lid, lid, lid)), 8)
    d = union(d, Ellipsoid((x, -14.5, -2), (15, 5, 8.5)), 9)  # fat under the lower lid
    return union(d, Ellipsoid((x + 3, 12.5, 0), (15, 4.5, 8 + 2 * person.lid_hood)), 9)


LID_THICKNESS = 1.35
"""mm of lid over the eyeball (assumption; also keeps coarse triangles clear of the globe)."""


def nose_base(person: Identity) -> float:
    """Height of the nose tip's centre in mm."""
    return -36 - 0.7 * person.nose_length


def _nose(d: Solid, person: Identity) -> Solid:
    y, out, bridge = nose_base(person), person.nose_projection, person.bridge_projection
    width, narrow, tip = person.nose_width, person.bridge_width, person.nose_tip_size
    lift = person.nose_tip_lift * 0.5
    d = union(d, Cone((13, -4, 0), (14.5, -34, 5), 4, 6), 12)  # where cheek and nose meet
    wall = Cone((4.5 * narrow, 2, 5 + bridge * 0.8), (6 * width, y + 10, 15 + out * 0.5), 5, 6)
    d = union(d, wall, 14)
    ridge = Cone((0, 6, 11.5 + bridge), (0, y + 6, 27 + out * 0.9 + lift * 0.3), 3.8 * narrow, 4.8 * narrow)
    d = union(d, ridge, 10)
    d = union(d, Ellipsoid((0, -15, 20.5 + bridge * 0.5 + out * 0.3 + person.nose_hump), (4.2, 10, 5)), 8)
    d = union(d, Ellipsoid((2.4 * tip, y + lift, 30.5 + out), (7.4 * tip, 7.6 * tip, 8)), 7)
    wing = Ellipsoid((11.6 * width, y - 3.6, 18.5 + out * 0.4), (6 * width, 7, 9.5))
    d = union(d, wing, 4.5)
    d = union(d, Ellipsoid((0, y - 4.5 + lift * 0.5, 26 + out * 0.6), (3.6, 4.5, 9)), 5)  # septum
    return carve(d, Ellipsoid((6.3 * width, y - 10.6, 25.5 + out * 0.6), (3.4, 4.6, 6.5)), 3)  # nostril


def _neck(d: Solid, person: Identity) -> Solid:
    """Column of the neck, sternomastoids from behind the ears to the notch of the breastbone, larynx, trapezius."""
    radius, fem = person.neck_radius, person.female
    d = union(d, Cone((0, -62, -84), (0, -192, -108), radius * 0.9, radius * 0.86), 16)
    notch = (10.0, NOTCH_Y - 2, NOTCH_Z + 0.1 * radius)
    d = union(d, Cone((52, -48, -96), notch, 9.5, 5), 12)  # sternomastoid
    larynx = (0.0, -139 + 4 * fem, -94 + radius * 0.86 - 3 * fem)
    d = union(d, Ellipsoid(larynx, (5.5, 11, 6.5 - 1.5 * fem)), 9)
    return union(d, Cone((10, -76, -118), (46, -166, -136), 15, 24), 18)  # trapezius along the neck


NOTCH_Y, NOTCH_Z = -187.0, -63.0
"""Height and depth of the notch above the breastbone in mm, before the neck's own width."""


def torso(person: Identity, thickness: float = 0.0) -> Solid:
    """Neck, shoulders, chest and arms; `thickness` mm of cloth makes the body larger."""
    return dataclasses.replace(_trunk(_neck(Solid(), person), person), thickness=thickness)


def figure(person: Identity) -> Solid:
    """Head, neck and trunk together."""
    return _trunk(head(person), person)


def _trunk(d: Solid, person: Identity) -> Solid:
    wide, robust = person.shoulder_width, 0.1 * (person.neck_radius - 52)
    d = union(d, Cone((30, -168, -134), (140 * wide, -204, -126), 26 + robust, 22), 26)  # trapezius to the shoulder
    d = union(d, Ellipsoid((0, -309, -110), (150 * wide, 142, 80 + 0.1 * person.neck_radius)), 26)
    d = union(d, Ellipsoid((178 * wide, -236, -120), (46, 48, 46)), 34)  # deltoid
    d = union(d, Cone((182 * wide, -236, -118), (196 * wide, -430, -110), 42, 40), 20)
    clavicle = Cone((13, NOTCH_Y - 7, NOTCH_Z + 5), (150 * wide, -194, -114), 6, 5)
    d = union(d, clavicle, 13)
    if person.female:
        d = union(d, Ellipsoid((70 * wide, -342, -62), (62, 66, 56)), 30)
    return d
