"""Colour, openness and gloss of every skin vertex: blood, pigment, freckles, lips, lids, beard shadow, scalp.

Strengths and places are set by eye; skin varies along two axes, haemoglobin and melanin, as logarithms of albedo
(Tsumura et al. 2003, "Image-based skin color and texture analysis/synthesis").
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.studio.hair.hairstyle import scalp_density, style_of
from tellbench.datasets.studio.hair.strands import brow_half, brow_middle
from tellbench.datasets.studio.labels import Label
from tellbench.datasets.studio.people import sculpture
from tellbench.datasets.studio.people.grid import unit
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.datasets.studio.people.skin import Skin
from tellbench.datasets.studio.surface.noise import noise, resolved, spacing

BLOOD: Final = torch.tensor([-0.10, -0.36, -0.34])
MELANIN: Final = torch.tensor([-0.22, -0.34, -0.46])
_LIPSTICKS: Final = ((0.42, 0.035, 0.05), (0.38, 0.09, 0.10), (0.30, 0.03, 0.09), (0.45, 0.16, 0.14))


_EYESHADOWS: Final = ((0.24, 0.13, 0.09), (0.20, 0.11, 0.15), (0.16, 0.15, 0.16), (0.30, 0.19, 0.11))


@dataclasses.dataclass(frozen=True)
class SkinMaps:
    """Appearance of the V vertices of a skin grid."""

    albedo: Tensor
    """[V,3] linear."""
    occlusion: Tensor
    """[V,3] ambient openness; light between skin folds is reddened by bouncing."""
    gloss: Tensor
    """[V] factor on the mirror light."""
    labels: Tensor
    """uint8 [V]."""


class _Face:
    """Places on a face that the maps share; all of shape (rows, columns)."""

    def __init__(self, skin: Skin) -> None:
        self.skin, self.person, self.layout = skin, skin.identity, skin.layout
        self.points = skin.P0
        self.x, self.y, self.z = skin.P0.unbind(-1)
        self.across = self.x.abs()
        self.front = smoothstep(-70.0, -30.0, self.z)
        self.nose_y = sculpture.nose_base(self.person)
        self.step = skin.layout.step
        self.pitch = spacing(skin.P0)
        self.row = torch.arange(skin.layout.rows).float()[:, None] * self.step  # in full-density rows

    def spot(self, x: float, y: float, width: float, height: float) -> Tensor:
        """Gaussian spots on both sides of the face."""
        return torch.exp(-(((self.across - x) / width) ** 2) - ((self.y - y) / height) ** 2) * self.front

    def noise(self, feature: float, which: int) -> Tensor:
        return noise(self.points, feature, self.person.seed * 13 + which) * resolved(self.pitch, feature)

    def rows(self, *names: str) -> Tensor:
        """Mask of whole segments."""
        mask = torch.zeros(self.layout.rows, self.layout.columns, dtype=torch.bool)
        for name in names:
            mask[self.layout.rows_of(name)] = True
        return mask

    def row_bump(self, row: int, width: float) -> Tensor:
        """Gaussian across rows, `width` in full-density rows."""
        return torch.exp(-(((self.row - row * self.step) / width) ** 2))


def paint(skin: Skin) -> SkinMaps:
    """Maps of a skin at rest; the skin must be on the CPU."""
    face = _Face(skin)
    lips, scalp, beard = lip_mask(skin), scalp_density(skin.P0, skin.identity), beard_mask(skin)
    nostril = _nostrils(face)
    albedo = _complexion(face)
    albedo = _beard_shadow(face, albedo, beard)
    albedo = _lips(face, albedo, lips)
    albedo = _eyeshadow(face, albedo)
    albedo = _brow_shade(face, albedo)
    albedo = _edges(face, albedo)
    albedo = albedo * (1 - 0.75 * nostril[..., None])
    albedo = _scalp(face, albedo, scalp)
    openness = _openness(face) * (1 - 0.88 * nostril)
    tinted = torch.stack([openness**0.8, openness, openness**1.1], -1)
    return SkinMaps(
        albedo.clamp(0.003, 0.9).reshape(-1, 3),
        tinted.reshape(-1, 3),
        _gloss(face, lips, scalp).clamp(0.05, 4).reshape(-1),
        _labels(face, lips, scalp).reshape(-1),
    )


def _complexion(face: _Face) -> Tensor:
    """Skin colour with its blood and pigment: [R,C,3]."""
    person = face.person
    pale = person.tone_number < 4
    base = torch.tensor(person.skin_color)
    mottle = 0.4 * face.noise(26, 0) + 0.4 * face.noise(9, 1) + 0.5 * face.noise(3.5, 2)
    blood = 0.62 * face.spot(40, -34, 22, 19) + 0.6 * face.spot(0, face.nose_y, 12, 9)
    blood = blood + 0.25 * face.spot(14, face.nose_y - 3, 7, 7) + 0.2 * face.spot(0, face.skin.mouth_y - 32, 14, 9)
    blood = (blood + 0.35 * face.spot(31, -10, 14, 6)) * person.redness + 0.2 * mottle
    blood = blood + 0.28 * person.makeup * face.spot(47, -30, 17, 13)
    pigment = 0.10 * face.noise(14, 4) + 0.12 * face.noise(5, 5)
    pigment = pigment + 0.13 * person.eye_bags * face.spot(30, -12, 13, 5) + 0.16 * face.spot(30, 9, 13, 6)
    pigment = pigment + 0.08 * (1 - smoothstep(-150.0, -95.0, face.y)) - 0.12 * face.spot(0, 48, 30, 16)
    lids = face.skin.lid_rows * face.skin.lid_window * face.front
    pigment = pigment + 0.25 * lids
    shift = blood[..., None] * BLOOD * (1.0 if pale else 0.5) + pigment[..., None] * MELANIN
    return base * torch.exp(shift + _zones(face))


def _zones(face: _Face) -> Tensor:
    """Undertones as logarithms of albedo [R,C,3]: forehead yellower, eye sockets and a man's jaw bluer."""
    forehead = face.spot(0, 46, 50, 18)
    veins = 0.8 * face.spot(27, -11, 13, 6) + 0.5 * face.spot(24, 6, 9, 7)
    jaw = (
        (1 - face.person.female)
        * (1 - smoothstep(-62.0, -46.0, face.y))
        * face.front
        * smoothstep(-118.0, -100.0, face.y)
    )
    shift = forehead[..., None] * torch.tensor([0.0, 0.0, -0.06])
    shift = shift + veins[..., None] * torch.tensor([-0.10, -0.07, 0.0])
    return shift + 0.5 * jaw[..., None] * torch.tensor([-0.09, -0.04, 0.0])


def beard_mask(skin: Skin) -> Tensor:
    """Where a beard grows, 0 to 1 and ragged at its edges: [R,C]."""
    x, y, z = skin.P0.unbind(-1)
    across, mouth = x.abs(), skin.mouth_y
    ragged = 3.5 * person_noise(skin.identity, skin.P0, 7, 13) + 1.5 * person_noise(skin.identity, skin.P0, 2.5, 14)
    cheek = -28 + 34 * smoothstep(52.0, 69.0, across) - 22 * (1 - smoothstep(26.0, 58.0, across)) + ragged
    mask = (1 - smoothstep(cheek - 19, cheek + 4, y)) * smoothstep(-134.0, -106.0, y + ragged)
    edge = mouth + 14 + 0.5 * ragged
    moustache = (1 - smoothstep(edge - 2, edge + 4, y)) * (1 - smoothstep(28.0, 37.0, across + ragged))
    moustache = moustache * smoothstep(mouth - 4, mouth, y)
    mask = torch.maximum(mask * ~((across < 20) & (y > mouth + 18)), moustache)
    lip_rows = torch.zeros_like(mask)
    lip_rows[skin.layout.rows_of("upper_lip", "lower_lip")] = 1
    lips = lip_rows * (skin.tau < 1)
    bare = 0.35 * torch.exp(-(((y - mouth + 13) / 3.5) ** 2) - ((across - 14) / 6) ** 2)
    return (mask - lips - bare).clamp(0, 1) * smoothstep(-78.0, -60.0, z)


def standing_beard(skin: Skin, beard: Tensor) -> Tensor:
    """What is left standing of where a beard [R,C] grows, by its cut: [R,C]."""
    x, y, _ = skin.P0.unbind(-1)
    cut = skin.identity.beard_style
    if cut == "full" or skin.identity.beard <= 0.25:
        return beard
    above = smoothstep(-3.0, 1.0, y - skin.mouth_y)
    if cut == "moustache":
        return beard * above * (1 - smoothstep(26.0, 33.0, x.abs()))
    return beard * (1 - smoothstep(24.0, 31.0, x.abs() + 0.12 * (y - skin.mouth_y).clamp(max=0)))


def _beard_shadow(face: _Face, albedo: Tensor, beard: Tensor) -> Tensor:
    person = face.person
    if person.sex == "female":
        return albedo
    strength = (0.10 + 0.22 * min(1, person.beard * 2)) * (0.75 + 0.25 * face.noise(3, 8))
    albedo = albedo * (1 - (beard * strength)[..., None] * torch.tensor([1.0, 0.88, 0.75]))
    if person.beard <= 0.5:
        return albedo
    cover = standing_beard(face.skin, beard) ** 1.5 * (0.2 + 0.4 * person.beard)
    return _cover(albedo, cover, torch.tensor(person.hair_tone) * 0.5)


def _cover(albedo: Tensor, share: Tensor, colour: Tensor) -> Tensor:
    """Mix a colour over [R,C,3] by a share [R,C]."""
    return albedo + (colour - albedo) * share[..., None]


def lip_mask(skin: Skin) -> Tensor:
    """1 on the red of the lips, soft at its border: [R,C]."""
    layout = skin.layout
    mask = torch.zeros(layout.rows, layout.columns)
    for name, height, downward in (
        ("upper_lip", skin.upper_lip_height, False),
        ("lower_lip", skin.lower_lip_height, True),
    ):
        share = torch.linspace(0, 1, layout.count(name))[:, None]
        from_line = share if downward else 1 - share  # 0 at the mouth line, 1 at the border row
        true = height.clamp(min=0) / height.clamp(min=1.6)  # the grid spares 1.6 mm even where the lip is thinner
        mask[layout.rows_of(name)] = (1 - smoothstep(0.74, 1.14, from_line / (true + 1e-3))) * (skin.tau < 1)
    mask[layout.rows_of("upper_lip_roll", "lower_lip_roll")] = 1
    return functional.avg_pool2d(mask[None, None], 3, 1, 1, count_include_pad=False)[0, 0] if layout.step == 1 else mask


def _lips(face: _Face, albedo: Tensor, lips: Tensor) -> Tensor:
    person = face.person
    base = torch.tensor(person.skin_color)
    red = torch.tensor([0.84, 0.50, 0.57] if person.tone_number < 4 else [0.86, 0.61, 0.72])
    colour = base * red ** (0.7 + 0.3 * person.female) * (1 - person.lip_darkness * 0.6)
    if person.lipstick > 0:
        stick = torch.tensor(_LIPSTICKS[person.seed % len(_LIPSTICKS)]) * min(1.0, 0.15 + 1.8 * person.skin_color[0])
        colour = colour + (stick - colour) * 0.62 * person.lipstick
    albedo = albedo + (colour - albedo) * lips[..., None]
    for name in ("upper_lip_roll", "lower_lip_roll"):
        depth = torch.linspace(0, 1, face.layout.count(name))
        depth = depth.flip(0) if name.startswith("lower") else depth
        albedo[face.layout.rows_of(name)] *= (1 - 0.85 * depth)[:, None, None]
    return albedo


def _eyeshadow(face: _Face, albedo: Tensor) -> Tensor:
    """Powder on the upper lid, fading out above the crease."""
    person = face.person
    if person.makeup <= 0.15:
        return albedo
    powder = torch.tensor(_EYESHADOWS[person.seed % len(_EYESHADOWS)]) * (0.35 + 1.4 * person.skin_color[1])
    above = face.row_bump(face.skin.up_edge, 16.0) * (face.row <= face.skin.up_edge * face.step)
    share = above * face.skin.lid_window * face.front * (0.8 + 0.2 * face.noise(4, 15))
    return _cover(albedo, 0.6 * person.makeup * share, powder)


def _brow_shade(face: _Face, albedo: Tensor) -> Tensor:
    """A shade of brow under its hairs."""
    person = face.person
    u = ((face.across - 11.5) / 47).clamp(0, 1)
    knots = np.linspace(0, 1, 24)
    middle, half = (
        torch.from_numpy(np.interp(u.numpy(), knots, values)).float()
        for values in (brow_middle(person, knots), brow_half(person, knots))
    )
    ends = smoothstep(9.0, 22.0, face.across) * (1 - smoothstep(44.0, 60.0, face.across))
    patchy = 0.85 + 0.3 * face.noise(3, 11)
    share = torch.exp(-(((face.y - middle) / (0.85 * half + 0.9)) ** 2)) * ends * face.front * 0.5 * person.brow_density
    return _cover(
        albedo, share * patchy, torch.tensor(person.brow_color) * 0.6 + torch.tensor(person.skin_color) * 0.25
    )


def _edges(face: _Face, albedo: Tensor) -> Tensor:
    """Lid margins: pink and wet; the roots of the lashes darken the outside of the upper one."""
    person = face.person
    margin = torch.tensor(person.skin_color) * torch.tensor([0.78, 0.56, 0.54])
    albedo = torch.where(face.rows("upper_lid_roll", "lower_lid_roll")[..., None], margin, albedo)
    lashes = torch.tensor(person.brow_color) * 0.15 + torch.tensor(person.skin_color) * 0.06
    opened = face.skin.eye_open * (0.35 + 0.65 * face.skin.t_eye.clamp(0, 1))
    upper = (0.5 + 0.35 * person.makeup) * face.row_bump(face.skin.up_edge, 1.6 + person.makeup)
    line = upper + 0.10 * face.row_bump(face.skin.lo_edge, 1.2)
    return _cover(albedo, (line * opened * (1 + 0.3 * person.makeup)).clamp(max=0.9), lashes)


def _scalp(face: _Face, albedo: Tensor, scalp: Tensor) -> Tensor:
    """The shade of hair on the skin it grows from; shaven hair leaves a trace."""
    person, style = face.person, style_of(face.person)
    cover = 0.10 if style is None else style.shade
    tone = torch.tensor(person.hair_tone) * 0.45 + torch.tensor(person.skin_color) * 0.06
    return _cover(albedo, cover * scalp**1.3, tone)


def _nostrils(face: _Face) -> Tensor:
    x, y = 6.3 * face.person.nose_width, face.nose_y - 6.8
    dark = torch.exp(-(((face.across - x) / 3.3) ** 2) - ((face.y - y) / 2.6) ** 2)
    return dark * smoothstep(10.0, 20.0, face.z)


def _openness(face: _Face) -> Tensor:
    """Ambient occlusion from the sculpture's distances (Evans 2006) and in the creases of lids and lips."""
    skin = face.skin
    normals = skin.normals(skin.coarse[None])[0].permute(2, 0, 1)[None]
    width = 5 if face.step == 1 else 3
    normals = unit(functional.avg_pool2d(normals, width, 1, width // 2)[0].permute(1, 2, 0))
    openness = torch.ones_like(face.x)
    head = sculpture.head(face.person)
    for reach, weight in ((3.0, 0.13), (7.0, 0.16), (14.0, 0.19), (28.0, 0.19), (50.0, 0.16)):
        gap = head.distance(face.points + normals * reach)
        openness = openness - weight * ((reach - gap) / reach).clamp(0, 1)
    lips = torch.maximum(face.row_bump(skin.ul_edge, 2.2), face.row_bump(skin.ll_edge, 2.2)) * (skin.tau < 1.03)
    fold = face.row_bump(skin.layout.first("upper_lid"), 2.2) * skin.lid_window
    socket = 0.6 * face.spot(27, -10, 17, 9) + 0.5 * face.spot(10, 2, 6, 16)  # thin skin: light comes in from all about
    openness = openness.clamp(0.25, 1) + (1 - openness.clamp(0.25, 1)) * socket.clamp(max=1)
    style = style_of(face.person)
    if style is not None and style.hangs:  # hair keeps light from the sides of the face
        beside = smoothstep(50.0, 68.0, face.across) * (1 - smoothstep(20.0, 60.0, face.y))
        openness = openness * (1 - 0.5 * beside)
    return openness * (1 - 0.40 * lips) * (1 - 0.28 * fold)


def _gloss(face: _Face, lips: Tensor, scalp: Tensor) -> Tensor:
    person = face.person
    oily = (
        0.8
        + 0.9 * face.spot(0, face.nose_y + 8, 9, 24)
        + 0.8 * face.spot(0, 45, 34, 17)
        + 0.4 * face.spot(40, -20, 14, 11)
    )
    gloss = person.oiliness * oily * (1 + 0.3 * face.noise(6, 12))
    gloss = gloss * (1 - 0.6 * (1 - smoothstep(-150.0, -110.0, face.y))) * (1 - 0.8 * scalp)
    gloss = gloss * (1 - lips) + lips * (1.3 + 1.2 * person.lipstick)
    return torch.where(face.rows("upper_lid_roll", "lower_lid_roll"), torch.full_like(gloss, 2.2), gloss)


def _labels(face: _Face, lips: Tensor, scalp: Tensor) -> Tensor:
    labels = torch.full(lips.shape, Label.SKIN, dtype=torch.uint8)
    labels[lips > 0.5] = Label.LIPS
    labels[face.rows("upper_lip_roll", "lower_lip_roll")] = Label.MOUTH
    if style_of(face.person) is not None:
        labels[scalp > 0.6] = Label.HAIR
    return labels


def skin_area(points: Tensor) -> Tensor:
    """Area of each vertex of a grid [R,C,3] in mm²: [R,C]; at most 8."""
    across, down = torch.zeros_like(points[..., 0]), torch.zeros_like(points[..., 0])
    across[:, :-1] = (points[:, 1:] - points[:, :-1]).norm(dim=-1)
    down[:-1] = (points[1:] - points[:-1]).norm(dim=-1)
    return (across * down).clamp(max=8)


def person_noise(person: Identity, points: Tensor, feature: float, which: int) -> Tensor:
    """Noise of a person's own: see `noise`."""
    return noise(points, feature, person.seed * 13 + which)
