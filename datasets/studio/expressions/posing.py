"""Where every vertex goes: expressions, gaze and head pose in, world positions out."""

from __future__ import annotations

import dataclasses
from types import ModuleType
from typing import Final

import torch
from torch import Tensor

from tellbench.datasets.expression import INDEX
from tellbench.datasets.studio.expressions.jaw import jaw_move
from tellbench.datasets.studio.people.grid import INNER_CORNER, OUTER_CORNER
from tellbench.datasets.studio.people.oral import UPPER_TEETH_FRONT, line_mouth, tongue_move
from tellbench.datasets.studio.people.person import SIDES, Person
from tellbench.datasets.studio.people.sculpture import smoothstep

PIVOT: Final = (0.0, -105.0, -95.0)
"""Where the head turns on the neck, mm."""
_TRUNK: Final = 0.5
"""Share of the head's shift that the shoulders follow (assumption)."""
_LOOK_DEGREES: Final = 28.0
"""Turn of the eyeball at eyeLookIn / eyeLookOut = 1 (assumption)."""
_LID_FOLLOW: Final = (30.0, 25.0)
"""Degrees of gaze downward and upward at which the lids follow wholly (assumption)."""
_TEETH_COLUMNS: Final = 14
"""Full-density columns either side of the midline in which the skin over the front teeth is watched."""
_TEETH_RELIEF: Final = 2.4
"""mm that gums and skin need before the front of the teeth."""
_GUM_HEIGHT: Final = 8.0
"""mm above the mouth line to which the upper gums reach."""
_CARUNCLE: Final = 1.8
"""mm that the lining lies behind the inner corner of the eye (assumption)."""
_TUCK: Final = 1.5
"""mm that the lining of the eye's corners sinks as the lids close."""
_JAW_SHARE: Final = {"upper_teeth": 0.0, "lower_teeth": 1.0, "tongue": 0.92}
"""How far each part of the inner mouth rides on the jaw."""


@dataclasses.dataclass
class Posed:
    """A batch of posed vertices."""

    points: Tensor
    """World positions of all vertices, [B,V,3] mm."""
    skin: Tensor
    """Skin in head coordinates, before the head turns, [B,R,C,3]."""
    skin_normals: Tensor
    """In head coordinates, [B,R*C,3]."""
    eyes: tuple[Tensor, Tensor]
    """Eyeballs in head coordinates, turned by the gaze, [B,E,3] each."""
    eye_turns: tuple[Tensor, Tensor]
    """Rotation of each eyeball in the head, [B,3,3]."""
    rotation: Tensor
    """Of the head, [B,3,3]."""
    head_shift: Tensor
    """Of the head after its rotation, [B,3] mm."""


def euler(yaw: Tensor, pitch: Tensor, roll: Tensor) -> Tensor:
    """Rotations [B,3,3] from degrees [B]: +yaw turns to the subject's left, +pitch down, +roll tips to the left."""
    a, b, c = (torch.deg2rad(angle) for angle in (yaw, pitch, roll))
    zero, one = torch.zeros_like(a), torch.ones_like(a)
    turn = torch.stack([a.cos(), zero, a.sin(), zero, one, zero, -a.sin(), zero, a.cos()], -1)
    nod = torch.stack([one, zero, zero, zero, b.cos(), -b.sin(), zero, b.sin(), b.cos()], -1)
    tip = torch.stack([c.cos(), c.sin(), zero, -c.sin(), c.cos(), zero, zero, zero, one], -1)
    turn, nod, tip = (m.view(-1, 3, 3) for m in (turn, nod, tip))
    return tip @ turn @ nod


def follow_gaze(coefficients: Tensor, gaze: Tensor) -> Tensor:
    """Coefficients [B,52] whose lids follow the vertical gaze [B,2] where they do not already."""
    coefficients = coefficients.clone()
    down, up = (-gaze[:, 1] / _LID_FOLLOW[0]).clamp(0, 1), (gaze[:, 1] / _LID_FOLLOW[1]).clamp(0, 1)
    for side, _ in SIDES:
        for name, amount in (("eyeLookDown", down), ("eyeLookUp", up)):
            column = INDEX[name + side]
            coefficients[:, column] = torch.maximum(coefficients[:, column], amount)
    return coefficients


def pose_person(person: Person, coefficients: Tensor, pose: Tensor, gaze: Tensor, shade: ModuleType) -> Posed:
    """Place every vertex of a person.

    Args:
        person: Who.
        coefficients: [B,52] in [0, 1].
        pose: [B,6] yaw, pitch, roll in degrees, x, y, z in mm.
        gaze: [B,2] degrees to image right and upward, in the head.
        shade: kernels, see `shading.kernels`.
    """
    coefficients = follow_gaze(coefficients, gaze)
    rotation, shift = euler(*pose[:, :3].unbind(1)), pose[:, 3:6]
    pivot = pose.new_tensor(PIVOT)
    head_shift = pivot + shift - (rotation * pivot).sum(-1)
    trunk_shift = shift * _TRUNK

    def place(points: Tensor, weight: Tensor | None = None) -> Tensor:
        weight = points.new_ones(points.shape[1]) if weight is None else weight
        placed: Tensor = shade.rigid(points, rotation, head_shift, weight, trunk_shift)
        return placed

    skin = _deform(person, coefficients)
    normals = person.skin.normals(skin).flatten(1, 2)
    turns = tuple(_eye_turn(coefficients, gaze, name, side) for name, side in SIDES)
    eyes = tuple(_eye(person, turn, side) for turn, (_, side) in zip(turns, SIDES, strict=True))
    points = torch.empty(len(pose), person.n_vertices, 3, device=pose.device)
    points[:, person.spans["skin"]] = place(skin.flatten(1, 2), person.neck_weight)
    for i, (name, _) in enumerate(SIDES):
        points[:, person.spans["ear" + name]] = place(person.ears[i].points.view(1, -1, 3))
        points[:, person.spans["eye" + name]] = place(eyes[i])
        points[:, person.spans["liner" + name]] = place(_liner(person, skin, i))
    for name, vertices in _inner_mouth(person, coefficients, skin).items():
        points[:, person.spans[name]] = place(vertices)
    points[:, person.spans["body"]] = person.body.points.view(1, -1, 3) + trunk_shift[:, None]
    if person.hair is not None:
        points[:, person.spans["hair"]] = place(person.hair.points[None], person.hair.weight)
    strands = person.face_hair.place(skin.flatten(1, 2), normals)
    points[:, person.spans["face_hair"]] = place(strands.flatten(1, 2))
    if person.glasses is not None:
        points[:, person.spans["glasses"]] = place(person.glasses.view(1, -1, 3))
    return Posed(points, skin, normals, (eyes[0], eyes[1]), (turns[0], turns[1]), rotation, head_shift)


def _deform(person: Person, coefficients: Tensor) -> Tensor:
    """Skin under each expression, [B,R,C,3]."""
    if person.device.type == "cpu":  # frame by frame: a matrix product rounds differently in batches of another size
        return torch.cat([person.basis.deform(one) for one in coefficients[:, None]])
    return person.basis.deform(coefficients)


def _beside(person: Person, points: Tensor, side: int) -> Tensor:
    """Move [...,3] from an eye's own centre to its place in the head."""
    return points + points.new_tensor([side * person.skin.eye_x, 0.0, 0.0])


def _eye_turn(coefficients: Tensor, gaze: Tensor, name: str, side: int) -> Tensor:
    """Rotation of one eyeball in the head, [B,3,3]."""
    outward = coefficients[:, INDEX["eyeLookOut" + name]] - coefficients[:, INDEX["eyeLookIn" + name]]
    yaw = gaze[:, 0] + side * _LOOK_DEGREES * outward
    return euler(yaw, -gaze[:, 1], torch.zeros_like(yaw))


def _liner(person: Person, skin: Tensor, i: int) -> Tensor:
    """Lining behind the corners of an eye, [B,E,3]: it runs from corner to corner and closes with the lids."""
    grid, (_, side) = person.skin, SIDES[i]
    lids, rest = lid_openings(person, skin)[:, i], lid_openings(person, grid.P0[None])[:, i]
    opened = ((lids[:, 0] - lids[:, 1]) / (rest[:, 0] - rest[:, 1])).clamp(0, 1)[:, None]  # [B,1]
    inner, outer = (grid.P0[grid.up_edge, grid.layout.column_at(side * c)] for c in (INNER_CORNER, OUTER_CORNER))
    x, y, z = _beside(person, person.liner, side).unbind(-1)
    across = (x - inner[0]) / (outer[0] - inner[0])
    level = inner[1] + (outer[1] - inner[1]) * across
    # the caruncle lies right behind the inner corner, where else one would look past the globe into the head
    z = z + (1 - smoothstep(0.0, 0.16, across)) * (inner[2] - _CARUNCLE - z).clamp(min=0)
    return torch.stack([x.expand_as(opened * x), level + opened * y, z - _TUCK * (1 - opened)], -1)


def _eye(person: Person, turn: Tensor, side: int) -> Tensor:
    return _beside(person, person.eye.points.view(1, -1, 3) @ turn.transpose(1, 2), side)


def _inner_mouth(person: Person, coefficients: Tensor, skin: Tensor) -> dict[str, Tensor]:
    """Teeth, tongue and bag in head coordinates; the jaw carries the lower ones, the lips the lining."""
    mouth, grid = person.mouth, person.skin
    upper, lower, tongue = (
        jaw_move(mouth[name].points.reshape(-1, 3), coefficients, share) for name, share in _JAW_SHARE.items()
    )
    lips = skin[:, [grid.ul_edge, grid.ll_edge], grid.layout.columns // 2]
    rest = mouth["tongue"].points
    tongue = tongue_move(tongue.view(-1, *rest.shape), rest, coefficients[:, INDEX["tongueOut"]], lips)
    return {
        "upper_teeth": upper + _behind_lip(person, skin),
        "lower_teeth": lower,
        "tongue": tongue.flatten(1, 2),
        "mouth_bag": line_mouth(grid, skin).flatten(1, 2),
    }


def _behind_lip(person: Person, skin: Tensor) -> Tensor:
    """Shift [B,1,3] that keeps the upper teeth behind the skin over them, where a lip pulled down thins it."""
    layout = person.skin.layout
    middle = slice(layout.column_at(-_TEETH_COLUMNS), layout.column_at(_TEETH_COLUMNS) + 1)
    over = skin[:, layout.rows_of("philtrum", "upper_lip"), middle]
    before_teeth = over[..., 1] < person.skin.mouth_y + _GUM_HEIGHT
    nearest = torch.where(before_teeth, over[..., 2], torch.inf).amin((1, 2))
    back = (nearest - UPPER_TEETH_FRONT - _TEETH_RELIEF).clamp(-10, 0)
    return torch.stack([torch.zeros_like(back), torch.zeros_like(back), back], -1)[:, None]


def lid_openings(person: Person, skin: Tensor) -> Tensor:
    """Height of the middle of both lids in head coordinates, [B,2 eyes,2 lids] mm."""
    return skin.flatten(1, 2)[:, person.skin.lid_mid][..., 1]
