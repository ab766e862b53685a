"""One virtual person, ready to be filmed: every vertex, what connects them, and how each looks."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import torch
from torch import Tensor

from tellbench.datasets.studio.expressions.blendshapes import ExpressionBasis
from tellbench.datasets.studio.hair import scalp
from tellbench.datasets.studio.hair.beard import beard
from tellbench.datasets.studio.hair.hairlook import ScalpHair
from tellbench.datasets.studio.hair.strands import brows_and_lashes, join
from tellbench.datasets.studio.labels import Label
from tellbench.datasets.studio.people import oral, parts
from tellbench.datasets.studio.people.garment import garment
from tellbench.datasets.studio.people.glasses import glasses
from tellbench.datasets.studio.people.grid import Density, grid_normals, grid_triangles
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.parts import Part
from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.datasets.studio.people.skin import Skin
from tellbench.datasets.studio.people.wardrobe import clothes, lay_over
from tellbench.datasets.studio.render.raster import Primitives
from tellbench.datasets.studio.surface.detail import detail_map
from tellbench.datasets.studio.surface.iris import iris
from tellbench.datasets.studio.surface.paint import paint, skin_area
from tellbench.datasets.studio.threads import one_thread_an_operation

_HAIR_VERTICES: Final = {"half": 46_000, "full": 150_000}
SIDES: Final = (("Right", -1), ("Left", 1))
"""Eyes in the order of every per-eye output: the subject's right first."""


class Person:
    """A person of one identity; building takes seconds, filming never changes it.

    Vertices of all parts lie in one list; `spans` says where each part is. Positions are in head coordinates, mm.

    Attributes:
        identity: The sliders.
        density: `half` suits 256-pixel frames, `full` 512.
        device: Where the tensors are.
        skin: The skin grid at rest.
        basis: Its expressions.
        spans: Name of a part -> its slice of the vertices.
        n_vertices: Of all parts together.
        primitives: Triangles and strands of all parts.
        shadow_triangles, shadow_segments: The fewer ones that cast shadows.
    """

    def __init__(self, identity: Identity, density: Density = "half", device: str | torch.device = "cpu") -> None:
        self.identity, self.density, self.device = identity, density, torch.device(device)
        with one_thread_an_operation():
            self._build(Skin(identity, density), step=2 if density == "half" else 1)
            self.basis = ExpressionBasis(self.skin)

    def _build(self, skin: Skin, step: int) -> None:
        """Assemble all parts on the CPU, then move them to the device."""
        self._mesh = _Assembly()
        self._dress_skin(skin)
        self._add_parts(skin, step)
        self._add_hair(skin, step)
        self._add_glasses()
        self.spans, self.n_vertices = self._mesh.spans, self._mesh.count
        self.primitives = self._mesh.primitives()
        self._choose_shadows(skin)
        del self._mesh
        self._move()
        self.skin = skin if self.device.type == "cpu" else Skin(self.identity, self.density, self.device)

    def _dress_skin(self, skin: Skin) -> None:
        self.maps = maps = paint(skin)
        self.detail = detail_map(skin)
        labels = maps.labels[skin.triangles.long()].amax(1)
        self._mesh.add("skin", skin.layout.size, skin.triangles, labels, two_sided=False)
        self.neck_weight = neck_weight(skin.P0).flatten()

    def _add_parts(self, skin: Skin, step: int) -> None:
        identity, mesh = self.identity, self._mesh
        self.ears = parts.ears(skin)
        for (side, _), ear in zip(SIDES, self.ears, strict=True):
            mesh.add_part("ear" + side, ear, Label.SKIN, two_sided=True)
        eye = parts.eyeball(identity)
        rings, sectors = slice(None, None, step), slice(None, None, step)
        self.eye = Part.build(eye.part.points[rings, sectors].contiguous(), wrap=True)
        self.eye_normals = eye.normals[rings, sectors].reshape(-1, 3)
        self.eye_albedo = iris(identity, eye.ring[rings, sectors], eye.angle[rings, sectors]).reshape(-1, 3)
        self.liner = eye.liner[rings, sectors].reshape(-1, 3)
        for name in ("eye", "liner"):
            for side, _ in SIDES:
                mesh.add_part(name + side, self.eye, Label.EYES, two_sided=False)
        self.mouth = {
            "upper_teeth": oral.teeth(skin, upper=True),
            "lower_teeth": oral.teeth(skin, upper=False),
            "tongue": oral.tongue(skin),
            "mouth_bag": oral.mouth_bag(skin),
        }
        for name, part in self.mouth.items():
            mesh.add_part(name, part, Label.MOUTH, two_sided=True)
        self._dress(identity)
        mesh.add_part("body", self.body, Label.CLOTHES, two_sided=True)

    def _dress(self, identity: Identity) -> None:
        cloth = garment(identity, self.density)
        over = lay_over(identity, cloth)[..., None]
        self.body = Part.build(cloth.part.points + cloth.normals * over)
        self.body_normals = grid_normals(self.body.points) if bool(over.any()) else cloth.normals
        self.body_normals[: cloth.collar_rows] = cloth.normals[: cloth.collar_rows]
        self.body_normals = self.body_normals.reshape(-1, 3)
        self.body_albedo = clothes(identity, cloth).reshape(-1, 3)
        self.body_openness = smoothstep(-150.0, -215.0, self.body.points[..., 1]).flatten() * 0.3 + 0.7

    def _add_hair(self, skin: Skin, step: int) -> None:
        grown = scalp.grow(self.identity, skin.P0, skin_area(skin.P0), _HAIR_VERTICES[self.density])
        self.hair = None if grown is None else ScalpHair.of(grown, self.identity)
        if self.hair is not None:
            widths = self.hair.widths
            self._mesh.add_strands("hair", torch.full((len(widths),), Label.HAIR, dtype=torch.uint8), widths)
        normals = skin.normals(skin.P0[None])[0].reshape(-1, 3)
        groups = brows_and_lashes(skin, normals)
        if self.identity.beard > 0:
            groups.append(beard(skin, normals, share=1 / step))
        self.face_hair = join(groups)
        self._mesh.add_strands("face_hair", self.face_hair.labels, self.face_hair.widths)

    def _add_glasses(self) -> None:
        self.glasses: Tensor | None = None
        if self.identity.glasses:
            self.glasses, triangles = glasses(self.identity, float(self.ears[1].points[..., 0].mean()))
            self._mesh.add("glasses", self.glasses[..., 0].numel(), triangles, Label.GLASSES, two_sided=True)

    def _choose_shadows(self, skin: Skin) -> None:
        """Every second row and column of the skin, ears, body, and half of the hair cast shadows."""
        rows, columns = skin.layout.rows, skin.layout.columns
        chosen = torch.arange(rows * columns).view(rows, columns)[::2, ::2]
        coarse = chosen.flatten()[grid_triangles(len(chosen), len(chosen[0])).long()].int()
        spans = self.spans
        whole = [
            part.triangles + spans[name].start
            for name, part in (("earRight", self.ears[0]), ("earLeft", self.ears[1]), ("body", self.body))
        ]
        self.shadow_triangles = torch.cat([coarse, *whole]).int().contiguous()
        segments = self.primitives.segments[:0]
        if self.hair is not None:
            k = self.hair.points_each
            segments = self.primitives.segments[: len(self.hair.points) // k * (k - 1)].view(-1, k - 1, 2)[::2]
        self.shadow_segments = segments.reshape(-1, 2).contiguous()

    def _move(self) -> None:
        """Put every tensor on the device."""
        for name, value in vars(self).items():
            setattr(self, name, _to(value, self.device))


def neck_weight(points: Tensor) -> Tensor:
    """How far vertices of the neck [...,3] follow the head: 1 at the jaw, 0 where clothes lie on the body."""
    x, y, z = points.unbind(-1)
    beyond = ((x * x + (z + 98) ** 2).sqrt() - 58).clamp(min=0)  # the shoulders stay
    return smoothstep(-182.0, -106.0, y - 0.8 * beyond * smoothstep(-110.0, -130.0, y))


def _to(value: Any, device: torch.device) -> Any:
    """A tensor, or whatever holds tensors, on a device; anything else as it is."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: _to(item, device) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_to(item, device) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, Identity | type):
        fields = {field.name: _to(getattr(value, field.name), device) for field in dataclasses.fields(value)}
        return type(value)(**fields)
    return value


class _Assembly:
    """Collects the primitives of parts as their vertices are appended to one list."""

    def __init__(self) -> None:
        self.count = 0
        self.spans: dict[str, slice] = {}
        self._triangles: list[tuple[Tensor, Tensor, Tensor]] = []
        self._segments: list[tuple[Tensor, Tensor, Tensor]] = []

    def add(self, name: str, n_vertices: int, triangles: Tensor, labels: Tensor | int, two_sided: bool) -> None:
        """Append vertices with triangles among them; `labels` is one class or one a triangle."""
        marks = torch.as_tensor(labels, dtype=torch.uint8).expand(len(triangles))
        self._triangles.append((triangles + self.count, marks, torch.full_like(marks, two_sided)))
        self._span(name, n_vertices)

    def add_part(self, name: str, part: Part, label: Label, two_sided: bool) -> None:
        """Append a grid."""
        self.add(name, part.points[..., 0].numel(), part.triangles, label, two_sided)

    def add_strands(self, name: str, labels: Tensor, widths: Tensor) -> None:
        """Append polylines of one class each; `widths` [N,K-1] mm, one a piece."""
        points_each = widths.shape[1] + 1
        start = torch.arange(len(labels))[:, None] * points_each + torch.arange(points_each - 1)
        segments = torch.stack([start, start + 1], -1).reshape(-1, 2).int() + self.count
        self._segments.append((segments, labels.repeat_interleave(points_each - 1), widths.flatten()))
        self._span(name, len(labels) * points_each)

    def _span(self, name: str, n_vertices: int) -> None:
        self.spans[name] = slice(self.count, self.count + n_vertices)
        self.count += n_vertices

    def primitives(self) -> Primitives:
        """Everything collected."""
        triangles, labels, two_sided = (torch.cat(c) for c in zip(*self._triangles, strict=True))
        segments = (torch.cat(column).contiguous() for column in zip(*self._segments, strict=True))
        return Primitives(triangles.int().contiguous(), labels, two_sided, *segments)
