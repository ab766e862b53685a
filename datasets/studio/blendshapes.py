"""The 52 expression coefficients as displacements of the skin, and the contacts that no sum of displacements can make.

`ExpressionBasis.deform` adds the linear shapes, then lets lids meet each other and lie on the eyeball, and lips meet
each other and lie on the teeth. Shapes follow the pictures in Apple's `ARFaceAnchor.BlendShapeLocation` pages; their
sizes in mm are modelled by eye (assumption).
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from tellbench.datasets.expression import COEFFICIENTS, INDEX
from tellbench.datasets.studio import lids
from tellbench.datasets.studio.oral import LOWER_TEETH_FRONT, UPPER_TEETH_FRONT, arch_depth
from tellbench.datasets.studio.relief import bump
from tellbench.datasets.studio.sculpture import smoothstep
from tellbench.datasets.studio.skin import Skin

JAW_DEGREES: Final = 19.0
"""Opening of the jaw at jawOpen = 1."""
JAW_AXIS: Final = (0.0, -18.0, -74.0)
"""A point of the jaw's hinge, mm."""
JAW_SHIFT: Final = (7.0, 6.0)
"""mm of jawLeft / jawRight sideways and of jawForward."""
LIP_THICKNESS: Final = 2.8
"""mm that the lips keep from the front of the teeth."""

_SIDES: Final = (("Left", 1.0), ("Right", -1.0))


def jaw_rotate(points: Tensor, degrees: float = JAW_DEGREES) -> Tensor:
    """Points of shape (..., 3) turned about the jaw's hinge; positive opens."""
    angle = math.radians(degrees)
    axis = points.new_tensor(JAW_AXIS)
    x, y, z = (points - axis).unbind(-1)
    cos, sin = math.cos(angle), math.sin(angle)
    return torch.stack([x, y * cos - z * sin, y * sin + z * cos], -1) + axis


def jaw_move(points: Tensor, coefficients: Tensor, share: float = 1.0) -> Tensor:
    """Points fixed to the jaw, such as the lower teeth, under each expression.

    Args:
        points: Rest positions, shape (n, 3).
        coefficients: Shape (B, 52).
        share: 1 rides fully on the jaw, 0 stays on the skull.

    Returns:
        Shape (B, n, 3).
    """
    opening = coefficients[:, INDEX["jawOpen"], None, None]
    sideways, forward = JAW_SHIFT
    slide = torch.zeros(len(coefficients), 1, 3, device=points.device)
    slide[:, 0, 0] = sideways * (coefficients[:, INDEX["jawLeft"]] - coefficients[:, INDEX["jawRight"]])
    slide[:, 0, 2] = forward * coefficients[:, INDEX["jawForward"]]
    return points + share * (opening * (jaw_rotate(points) - points) + slide)


class ExpressionBasis:
    """The expressions of one skin.

    Attributes:
        skin: The skin at rest.
        basis: Displacements in mm at coefficient 1, shape (52, rows, columns, 3).
    """

    def __init__(self, skin: Skin) -> None:
        self.skin = skin
        self._fields = fields = _Fields(skin)
        shapes = {**_jaw(fields), **_mouth(fields), **_mouth_sides(fields), **_upper_face(fields), **_lids(fields)}
        still = torch.zeros_like(skin.P0)  # the gaze shapes in and out turn the eyeballs only; tongueOut the tongue
        basis = torch.stack([shapes.get(name, still) for name in COEFFICIENTS])
        basis *= (skin.height > -160).float()[None, ..., None]  # nothing moves under the clothes
        for upper, lower, is_open in skin.cuts():
            closed = ~is_open
            basis[:, upper, closed] = basis[:, lower, closed] = (basis[:, upper, closed] + basis[:, lower, closed]) / 2
        self.basis = basis

    def deform(self, coefficients: Tensor) -> Tensor:
        """Skin under each expression.

        Args:
            coefficients: Shape (B, 52), order of `COEFFICIENTS`, each in [0, 1].

        Returns:
            Vertices in mm, shape (B, rows, columns, 3).
        """
        skin = self.skin
        moved = coefficients @ self.basis.flatten(1)  # (B, rows * columns * 3)
        points = moved.view(-1, *skin.P0.shape).add_(skin.P0)
        self._lie_on_teeth(points, coefficients)
        self._meet_lips(points, coefficients)
        lids.meet(skin, points)
        lids.push_out(skin, points)
        return points

    def _meet_lips(self, points: Tensor, coefficients: Tensor) -> None:
        """Take back the jaw's opening by mouthClose, and keep the lips from crossing."""
        skin, fields = self.skin, self._fields
        gap = points[:, skin.ul_edge] - points[:, skin.ll_edge]  # (B, columns, 3)
        jaw, close = coefficients[:, INDEX["jawOpen"]], coefficients[:, INDEX["mouthClose"]]
        # the linear shape closes in proportion; this takes what it leaves when mouthClose reaches jawOpen
        share = (close / jaw.clamp(min=1e-3)).clamp(0, 1)[:, None, None] ** 4
        share = share.expand(-1, skin.layout.columns, 1)
        # lips that touch meet in all three axes
        touch = smoothstep(1.0, 0.2, gap[..., 1:2])
        crossing = (gap[..., 1:2] < 0).float()
        share = torch.cat([share, share, share], -1).maximum(torch.cat([touch, crossing, touch], -1))
        share = share * skin.mouth_open[:, None]
        meet = (gap * share)[:, None]  # (B, 1, columns, 3)
        up, low = -0.5 * meet, 0.5 * meet
        # in depth the lip behind comes forward: half-way might lie inside the teeth
        up[..., 2], low[..., 2] = (-meet[..., 2]).clamp(min=0), meet[..., 2].clamp(min=0)
        rows = fields.lip_rows
        points[:, rows] += up * fields.upper_lip[rows, :, None] + low * fields.lower_lip[rows, :, None]

    def _lie_on_teeth(self, points: Tensor, coefficients: Tensor) -> None:
        """Lips stay in front of teeth and gums."""
        skin, layout = self.skin, self.skin.layout
        tip = points.new_tensor([[0.0, skin.mouth_y, LOWER_TEETH_FRONT]])
        lower_front = jaw_move(tip, coefficients)[:, :, 2, None]  # (B, 1, 1)
        upper_front = torch.full_like(lower_front, UPPER_TEETH_FRONT)
        upper, lower = layout.rows_of("philtrum", "upper_lip"), layout.rows_of("lower_lip")
        for rows, front in ((upper, upper_front), (lower, lower_front)):
            limit = front + LIP_THICKNESS + arch_depth(points[:, rows, :, 0])
            points[:, rows, :, 2] = points[:, rows, :, 2].maximum(limit.minimum(skin.P0[rows, :, 2]))


class _Fields:
    """Coordinates and weights on the rest skin that the shapes are made of; each of shape (rows, columns)."""

    def __init__(self, skin: Skin) -> None:
        layout, device = skin.layout, skin.device
        self.skin = skin
        self.x, self.y, self.z = skin.P0.unbind(-1)
        self.ax = self.x.abs()
        self.dy = self.y - skin.mouth_y
        self.half = skin.mouth_half
        self.front = smoothstep(-75.0, -35.0, self.z)
        row = torch.arange(layout.rows, device=device)[:, None]
        self.above = (row < layout.first("lower_lip_roll")).float()  # above the cut of the mouth
        window = (1 - (self.ax / (self.half * 1.04)) ** 2).clamp(min=0)
        self.jaw, self.gape = self._jaw_weight(window)
        self.parting = smoothstep(0.0, 0.85, window)  # how far lips part at this distance from the midline
        self.upper_lip = self.above * bump((self.dy - 3).clamp(min=0), 0, 9) * self.front
        self.lower_lip = (1 - self.above) * bump((-self.dy - 4).clamp(min=0), 0, 10) * self.front
        self.lips = torch.exp(-((self.ax / (self.half * 1.25)) ** 4) - (self.dy / 17) ** 4) * self.front
        self.upper_lid, self.lower_lid = skin.upper_lid, skin.lower_lid  # (rows, 1)
        self.eye_centre = skin.eye_centres()  # (columns, 3)
        self.lip_rows = layout.rows_of("nose_tip", "chin")

    def _jaw_weight(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """Share of each vertex that rides on the jaw, and the share of the gape that opens at the lip line."""
        skin = self.skin
        soft = 17 + 26 * smoothstep(self.half * 0.8, self.half * 2.0, self.ax)
        distance = window * 26 + self.dy.abs().clamp(max=60)
        weight = 0.5 - 0.5 * (2 * self.above - 1) * smoothstep(0.0, 1.0, distance / soft)
        neck = smoothstep(skin.mouth_y - 75, skin.mouth_y - 52, self.y)
        weight = weight * neck * smoothstep(-88.0, -48.0, self.z) * (1 - smoothstep(-30.0, -5.0, self.y))
        return weight, smoothstep(0.0, 1.0, window * 26 / soft)

    def near(self, x: float, y: float, width: float, height: float, side: float = 0.0) -> Tensor:
        """Bump on the face's front; `side` +1 or -1 puts it on that side only, 0 on both."""
        across = self.x * side if side else self.ax
        return bump(across, x, width) * bump(self.y, y, height) * self.front


def _along(weight: Tensor, x: float | Tensor = 0.0, y: float | Tensor = 0.0, z: float | Tensor = 0.0) -> Tensor:
    """Displacement of shape (rows, columns, 3) from a weight and its direction in mm."""
    return torch.stack([weight * x, weight * y, weight * z], -1)


def _jaw(f: _Fields) -> dict[str, Tensor]:
    points, weight = f.skin.P0, f.jaw
    turned = jaw_rotate(points) - points
    corner = f.near(f.half, f.skin.mouth_y, 12, 10)
    # both lips come half-way, level with the mouth corners
    close = 0.5 * (f.upper_lip - f.lower_lip) * f.gape
    sideways, forward = JAW_SHIFT
    return {
        "jawOpen": turned * weight[..., None] + _along(corner, -2.2 * f.x.sign(), 0.0, -1.0),
        "mouthClose": turned * close[..., None],
        "jawForward": _along(weight, 0.0, -0.5, forward),
        "jawLeft": _along(weight, sideways),
        "jawRight": _along(weight, -sideways),
    }


def _mouth(f: _Fields) -> dict[str, Tensor]:
    """Mouth shapes without a side."""
    upper, lower, lips = f.upper_lip * f.parting, f.lower_lip * f.parting, f.lips
    inward = -f.x / f.half
    chin = bump(f.ax, 0, 20) * bump(f.dy, -28, 16) * f.front
    puff = bump(f.ax, 42, 18) * bump(f.dy, 2, 20) * f.front
    return {
        "mouthPucker": _along(lips, inward * 10.5, f.dy * 0.10, 8.5 * bump(f.ax, 0, 20)),
        "mouthFunnel": _along(lips, inward * 6.5, 0.0, 6.5 * bump(f.ax, 0, 24))
        + _along(3.2 * upper - 4.2 * lower, y=1.0),
        "mouthLeft": _along(lips, 8.5, 0.0, -3 * smoothstep(5.0, 30.0, f.x)),
        "mouthRight": _along(lips, -8.5, 0.0, -3 * smoothstep(5.0, 30.0, -f.x)),
        "mouthRollUpper": _along(upper, 0.0, -2.6, -5.0),
        "mouthRollLower": _along(lower, 0.0, 3.4, -5.0),
        "mouthShrugUpper": _along(upper, 0.0, 3.2, 2.5),
        "mouthShrugLower": _along(lower, 0.0, 4.0, 3.0) + _along(chin, 0.0, 3.5, 1.0),
        "cheekPuff": _along(puff, 8.0 * f.x.sign(), 0.0, 7.0),
    }


def _mouth_sides(f: _Fields) -> dict[str, Tensor]:
    """Mouth, cheek and nose shapes of either side."""
    shapes = {}
    for name, side in _SIDES:
        for shape, displacement in _mouth_side(f, side).items():
            shapes[shape + name] = displacement
    return shapes


def _mouth_side(f: _Fields, side: float) -> dict[str, Tensor]:
    out = f.x * side  # distance towards this side
    half = smoothstep(-14.0, 16.0, out)
    upper, lower = f.upper_lip * f.parting * half, f.lower_lip * f.parting * half
    inner = (out / f.half).clamp(min=0) ** 1.7
    corner = torch.where(out < f.half, inner, bump(out, f.half, 15)) * bump(f.dy, 0, 15) * f.front
    cheek = f.near(43, -32, 17, 16, side)
    dimple = bump(out, f.half + 2, 9) * bump(f.dy, 0, 9) * f.front
    smile = _along(corner, 8.5 * side, 8.5, -7.0) + _along(cheek, side, 4.2, 3.6)
    smile += _along(torch.maximum(f.upper_lip, f.lower_lip) * f.parting * half, y=-1.2)
    smile += _along(f.near(33, -11, 13, 5, side), y=1.8)
    fold = _along(_fold(f, out), z=-1.5)
    wing = f.near(12, -34, 9, 13, side)
    ripple = torch.sin(f.y * 1.5) * bump(out, 5, 5) * bump(f.y, 0, 7) * f.front
    return {
        "mouthSmile": smile + fold,
        "mouthFrown": _along(corner, 1.5 * side, -7.0, -1.0) + _along(lower, y=1.2),
        "mouthDimple": _along(dimple, 4.5 * side, 0.5, -5.5),
        "mouthStretch": _along(corner, 9.5 * side, -3.0, -4.5) + _along(lower, side, -1.5),
        "mouthPress": _along(upper, 0.0, -1.3, -2.2) + _along(lower, 0.0, 1.6, -2.2),
        "mouthLowerDown": _along(lower, side, -6.5, -1.2),
        "mouthUpperUp": _along(upper, 0.6 * side, 5.2, 1.0) + fold,
        "cheekSquint": _along(cheek, 0.5 * side, 4.5, 3.5),
        "noseSneer": _along(wing, 0.8 * side, 4.8, 1.0) + _along(upper, 0.0, 2.5, 0.5) + _along(ripple, z=0.6),
    }


def _fold(f: _Fields, out: Tensor) -> Tensor:
    """The nasolabial fold that a smile deepens."""
    along = ((-36 - f.y) / (-32 - f.skin.mouth_y)).clamp(0, 1.3)
    line = 17 + 15 * along
    span = smoothstep(f.skin.mouth_y - 8, f.skin.mouth_y + 3, f.y) * (1 - smoothstep(-42.0, -30.0, f.y))
    return bump(out, line + 2, 4.2) * span * f.front


def _upper_face(f: _Fields) -> dict[str, Tensor]:
    """Brows and the lines they make on the forehead."""
    old = f.skin.identity.wrinkles
    height = smoothstep(28.0, 38.0, f.y) * (1 - smoothstep(56.0, 68.0, f.y))
    lines = torch.sin(f.y * 0.78 + 0.5 * torch.sin(f.x * 0.06))
    lines = lines * height * torch.exp(-((f.ax / 42) ** 4)) * f.front
    shapes = {"browInnerUp": _along(f.near(0, 27, 27, 15), y=9.0, z=0.5) + _along(lines, z=0.45 + 0.5 * old)}
    for name, side in _SIDES:
        out = f.x * side
        half = smoothstep(-8.0, 8.0, out)
        down = _along(f.near(24, 20, 20, 9, side) * half, -3.2 * side, -6.0, 1.5)
        shapes["browDown" + name] = down + _along(f.near(6, 20, 2, 8, side), z=-1.8)
        raised = lines * smoothstep(-4.0, 4.0, out) * smoothstep(10.0, 30.0, out)
        lift = _along(f.near(44, 26, 17, 14, side), 0.5 * side, 8.5, 0.5)
        shapes["browOuterUp" + name] = lift + _along(raised, z=0.3 + 0.3 * old)
    return shapes


def _lids(f: _Fields) -> dict[str, Tensor]:
    """Lid shapes: vertical shifts that slide round the eyeball."""
    skin = f.skin
    opening = (skin.P0[skin.up_edge, :, 1] - skin.P0[skin.lo_edge, :, 1]) * skin.eye_open  # (columns,)
    # the lids meet at 12 % of the opening: the upper one does most of the way
    fall, rise = -(0.88 * opening + 0.1 * skin.eye_open), 0.106 * opening
    shifts = {
        "eyeBlink": (fall, rise),
        "eyeLookDown": (0.52 * fall, -0.10 * opening),
        "eyeLookUp": (-0.20 * fall, 0.03 * opening),
        "eyeWide": (-0.28 * fall, -0.07 * opening),
        "eyeSquint": (0.16 * fall, 0.26 * opening),
    }
    shapes: dict[str, Tensor] = {}
    for name, side in _SIDES:
        own = (skin.side == side).float()
        for shape, (up, low) in shifts.items():
            shapes[shape + name] = _slide(f, f.upper_lid * up * own) + _slide(f, f.lower_lid * low * own)
        shapes["eyeSquint" + name] += _along(f.near(33, -13, 16, 7, side), y=2.0, z=1.2)
    return shapes


def _slide(f: _Fields, shift: Tensor) -> Tensor:
    """Shift vertices by `shift` mm upward, keeping their distance from the eyeball's centre; (rows, columns, 3)."""
    x, y, z = (f.skin.P0 - f.eye_centre).unbind(-1)
    depth = (y * y + z * z - (y + shift) ** 2).clamp(min=4).sqrt()
    forward = (depth - z).clamp(-5, 5) * smoothstep(0.0, 5.0, z) * (shift.abs() > 1e-4)
    return torch.stack([torch.zeros_like(x), shift.expand_as(x), forward], -1)
