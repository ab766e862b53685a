"""Colour of every vertex of a posed person under the lights of a setting."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.studio.camera.setting import Setting
from tellbench.datasets.studio.expressions.posing import Posed, lid_openings
from tellbench.datasets.studio.people.grid import grid_normals, unit
from tellbench.datasets.studio.people.parts import IRIS_RADIUS
from tellbench.datasets.studio.people.person import SIDES, Person
from tellbench.datasets.studio.people.sculpture import smoothstep
from tellbench.datasets.studio.render import raster
from tellbench.datasets.studio.render.raster import Opaque
from tellbench.datasets.studio.render.shading_torch import lobes

_MAP_SIZE: Final = {"half": 192, "full": 320}
_MAP_REACH: Final = 250.0
"""Half the width that a shadow map covers, mm."""
_MAP_CENTRE: Final = 60.0
"""mm below the eyes at which it is centred."""
_BRIGHTEST_CATCHLIGHT: Final = 0.8
"""Small lamps would burn a hole into the picture."""
_THROUGH: Final = (0.55, 0.12, 0.06)
"""Share of light that comes out on the other side of an ear: what blood lets pass (assumption)."""
_SCATTER: Final = (0.65, 0.65, 0.55)
"""Share of red, green and blue light that leaves the skin elsewhere than it entered (assumption)."""


class Lighting:
    """The lights of one clip and how each part answers them.

    Args:
        person: Who is lit.
        setting: The lights.
        camera: Where the camera is, [3] mm.
        shade: Kernels, see `shading.kernels`.
        backend: Their name.
        sample_size: Width of one sample at the face, mm.
    """

    def __init__(
        self,
        person: Person,
        setting: Setting,
        camera: Tensor,
        shade: ModuleType,
        backend: str,
        sample_size: float,
    ) -> None:
        self.person, self.setting, self.camera, self.shade, self.backend = person, setting, camera, shade, backend
        self.rig = setting.rig().to(camera.device)
        self.directions, self.colours = self.rig[:3], self.rig[3:6]
        self.sky, self.ground = self.rig[6], self.rig[7]
        self.map_size = _MAP_SIZE[person.density]
        self._texels = self.map_size / (2 * _MAP_REACH)  # per mm
        self.to_light = self._light_axes()
        layout = person.skin.layout
        self._level, cell = person.detail.level_for(sample_size)
        rows, columns = torch.meshgrid(torch.arange(layout.rows), torch.arange(layout.columns), indexing="ij")
        self._places = (torch.stack([rows, columns], -1).view(-1, 2) * cell).float().to(camera.device)

    def _light_axes(self) -> Tensor:
        """Affine map [3,4] from mm to the shadow map's column, row and depth."""
        key = self.directions[0]
        right = functional.normalize(torch.linalg.cross(key.new_tensor([0.0, 1.0, 0.0]), key), dim=0)
        axes = torch.stack([right * self._texels, torch.linalg.cross(key, right) * self._texels, -key])
        offset = key.new_tensor([self.map_size / 2, self.map_size / 2 + _MAP_CENTRE * self._texels, 0.0])
        return torch.cat([axes, offset[:, None]], 1)

    def colour(self, posed: Posed) -> tuple[Tensor, Tensor]:
        """Linear light [B,V,3] from every vertex to the camera, and [B,Vs,6] what `detail` needs of the skin."""
        person, points = self.person, posed.points
        in_light = points @ self.to_light[:, :3].T + self.to_light[:, 3]
        depth = raster.depth_map(in_light, person.shadow_triangles, person.shadow_segments, self.map_size, self.backend)
        colour = torch.empty_like(points)
        spans = person.spans
        colour[:, spans["skin"]], mirror = self._skin(posed, depth)
        for i, (name, _) in enumerate(SIDES):
            colour[:, spans["ear" + name]] = self._ear(posed, depth, i)
            eye, liner = self._eye(posed, depth, i)
            colour[:, spans["eye" + name]], colour[:, spans["liner" + name]] = eye, liner
        for name in person.mouth:
            colour[:, spans[name]] = self._inner_mouth(posed, name)
        colour[:, spans["body"]] = self._body(posed, depth)
        if person.hair is not None:
            colour[:, spans["hair"]] = self._hair(posed)
        colour[:, spans["face_hair"]] = self._face_hair(posed)
        if person.glasses is not None:
            colour[:, spans["glasses"]] = self._glasses(posed)
        return colour, mirror

    def axes(self, posed: Posed) -> Tensor:
        """Direction and half vector of key, then of fill, in head coordinates: [B,4,3]."""
        directions = self.directions[:2]
        centre = posed.points[:, self.person.spans["skin"]].mean(1)
        half = functional.normalize(self._view(centre)[:, None] + directions, dim=-1)  # [B,2,3]
        return torch.stack([directions.expand_as(half), half], 2).flatten(1, 2) @ posed.rotation

    def detail(self, layer: Opaque, samples: Tensor, mirror: Tensor, axes: Tensor) -> None:
        """Fine detail and mirrored light on the skin of an opaque layer, in place; `samples` [B,V,3] as drawn."""
        triangles = self.person.primitives.triangles[: len(self.person.skin.triangles)]
        self.shade.add_detail(
            *(layer.colour, layer.face, samples, triangles, self._places, self._level, mirror),
            *(axes.contiguous(), self.colours[:2].contiguous()),
        )

    def _ambient(self, normals: Tensor) -> Tensor:
        return self.ground + (self.sky - self.ground) * (normals[..., 1:2] * 0.5 + 0.5)

    def _diffuse(self, normals: Tensor, lit: Tensor | float, wrap: float = 0.0) -> Tensor:
        """Wrapped Lambert light of the three lights, [...,3]; `lit` is the share of the key that arrives."""
        cosines = ((normals @ self.directions.T + wrap) / (1 + wrap)).clamp(min=0)  # [...,3 lights]
        key = cosines[..., :1] * (lit[..., None] if isinstance(lit, Tensor) else lit)
        return torch.cat([key, cosines[..., 1:]], -1) @ self.colours

    def _view(self, points: Tensor) -> Tensor:
        return functional.normalize(self.camera - points, dim=-1)

    def _lit(self, points: Tensor, depth: Tensor) -> Tensor:
        lit: Tensor = self.shade.shadow(points, depth, self.to_light, self.setting.key_softness * self._texels)
        return lit

    def _skin(self, posed: Posed, depth: Tensor) -> tuple[Tensor, Tensor]:
        """Smooth skin without the mirrored key and fill, and what `add_detail` needs to mirror them."""
        person, layout, shade = self.person, self.person.skin.layout, self.shade
        points = posed.points[:, person.spans["skin"]]
        normals = posed.skin_normals @ posed.rotation.transpose(1, 2)
        grid = (len(points), layout.rows, layout.columns, -1)
        lifted = points + normals * (0.6 * self.setting.key_softness)  # slopes would shade themselves
        lit = self._lit(lifted, depth).view(grid)
        lit = shade.box_blur(shade.box_blur(lit, 2 // layout.step), 2 // layout.step).view(len(points), -1)
        maps = person.maps
        irradiance, sheen, mirror = shade.skin_light(
            points, normals, lit, maps.occlusion, maps.gloss, self.camera, self.rig
        )
        colour: Tensor = maps.albedo * self._scatter(irradiance.view(grid)).view(points.shape) * 0.92 + sheen
        return colour, mirror

    def _scatter(self, light: Tensor) -> Tensor:
        """Subsurface scattering as blurs of the irradiance over the skin, red widest (d'Eon and Luebke 2007)."""
        near = self.shade.box_blur(light, 2 // self.person.skin.layout.step)
        far = self.shade.box_blur(near[..., :1], 4 // self.person.skin.layout.step)
        scattered = torch.cat([far, near[..., 1:]], -1)
        return light + (scattered - light) * light.new_tensor(_SCATTER)

    def _ear(self, posed: Posed, depth: Tensor, i: int) -> Tensor:
        part = self.person.ears[i]
        points = posed.points[:, self.person.spans["ear" + SIDES[i][0]]]
        normals = grid_normals(points.view(len(points), *part.points.shape)).flatten(1, 2) * SIDES[i][1]
        shade = part.shade.flatten()
        lit = (self._lit(points + normals * 3, depth) * 0.8 + 0.1) * (0.35 + 0.65 * shade)  # folds shade one another
        openness = (shade * 0.85)[:, None].expand(-1, 3)
        gloss = torch.full_like(openness[:, 0], 0.5)
        light = self.shade.skin_light(points, normals, lit, openness, gloss, self.camera, self.rig)
        irradiance, sheen, mirror = light
        specular = sheen + (lobes(mirror[..., 0::3]) * mirror[..., 1::3]) @ self.colours[:2]
        flushed = points.new_tensor(self.person.identity.skin_color) * points.new_tensor([0.97, 0.91, 0.91])
        behind = (-(normals @ self.directions.T)).clamp(min=0) * lit.new_tensor([0.0, 0.4, 1.0])
        behind[..., 0] = (-(normals @ self.directions[0])).clamp(min=0) * lit
        through = behind @ self.colours * flushed * points.new_tensor(_THROUGH)
        colour: Tensor = flushed * irradiance * 0.92 + specular + through
        return colour

    def _eye(self, posed: Posed, depth: Tensor, i: int) -> tuple[Tensor, Tensor]:
        """An eyeball under its lids, and the skin in its corners."""
        person, (name, side) = self.person, SIDES[i]
        world, local = posed.points[:, person.spans["eye" + name]], posed.eyes[i]
        to_world = posed.rotation.transpose(1, 2)
        across = (local[..., 0] * side - person.skin.eye_x) / (
            person.identity.eye_width / 2
        )  # -1 inner, 1 outer corner
        above, below = self._lid_distances(posed, local, across, i)
        openness = (0.16 + 0.84 * smoothstep(-0.8, 4.8, above)) * (0.55 + 0.45 * smoothstep(-0.3, 2.4, below))
        openness = openness * (1 - 0.5 * smoothstep(0.45, 1.05, across.abs()))
        albedo = self._caruncle(person.eye_albedo, across)
        centre = local.new_tensor([side * person.skin.eye_x, 0.0, 0.0])
        globe = unit(local - centre) @ to_world
        lit = 0.25 + 0.75 * self._lit(world + globe * 2, depth)
        light = self._diffuse(globe, lit, 0.35) * 0.68 + self._ambient(globe) * 0.85
        turned = posed.eye_turns[i].transpose(1, 2)
        light = light * (1 + self._caustic(turned @ to_world, lit))
        colour = albedo * light * openness[..., None] ** 1.1
        cornea = (person.eye_normals @ turned) @ to_world
        colour = colour + self._reflections(cornea, self._view(world), above, openness, lit)
        colour = colour + self._wet_line(below, across, lit)
        return colour, self._corner(posed, light, i)

    def _caruncle(self, albedo: Tensor, across: Tensor) -> Tensor:
        """Pink flesh at the inner corner over the eyeball's albedo [E,3]; `across` [B,E] is -1 there: [B,E,3]."""
        skin = albedo.new_tensor(self.person.identity.skin_color)
        flesh = albedo.new_tensor([0.46, 0.20, 0.175]) * (0.45 + 0.9 * skin[:1])
        pink = smoothstep(0.62, 1.0, -across)[..., None]
        return albedo * (1 - pink) + flesh * pink

    def _caustic(self, to_world: Tensor, lit: Tensor) -> Tensor:
        """The cornea gathers the key on the far side of the iris: a factor less one, [B,E,1]."""
        person = self.person
        key = to_world @ self.directions[0]  # [B,3] in eye coordinates, +z out of the pupil
        place = person.eye.points.reshape(-1, 3)[:, :2] / IRIS_RADIUS
        inside = 1 - smoothstep(0.85, 1.05, place.norm(dim=-1))
        return (-0.55 * (place @ key[:, :2, None])[..., 0] * inside * lit)[..., None]

    def _lid_distances(self, posed: Posed, local: Tensor, across: Tensor, i: int) -> tuple[Tensor, Tensor]:
        """Mm below the upper and above the lower lid of each eyeball vertex, [B,E] each."""
        lids = lid_openings(self.person, posed.skin)[:, i, :, None]  # [B,2,1]
        middle = lids.mean(1)
        arch = (1 - across**2).clamp(min=0).sqrt() * 0.8 + 0.2
        upper, lower = middle + (lids[:, 0] - middle) * arch, middle + (lids[:, 1] - middle) * arch
        return upper - local[..., 1], local[..., 1] - lower

    def _reflections(self, cornea: Tensor, view: Tensor, above: Tensor, openness: Tensor, lit: Tensor) -> Tensor:
        """The key's source, a soft fill and the sky on the cornea."""
        facing = (cornea * view).sum(-1, keepdim=True)
        mirror = 2 * facing * cornea - view
        shine = (1 - facing.clamp(0, 1)) ** 3 * 0.10 + 0.03 * smoothstep(-0.2, 0.9, mirror[..., 1:2])
        total = shine * openness[..., None] * self.sky
        ring = self.person.eye.points.reshape(-1, 3)[:, :2].norm(dim=-1)
        film = 1 - 0.8 * smoothstep(5.6, 6.6, ring)  # tears lie smooth on the cornea only
        free = (smoothstep(-0.1, 0.9, above) * film)[..., None]
        total = total + (self._source(mirror) * lit)[..., None] * free * self.colours[0]
        edges = math.cos(math.radians(24)), math.cos(math.radians(10))
        fill = smoothstep(*edges, (mirror * self.directions[1]).sum(-1, keepdim=True))
        return total + 0.10 * fill * free * self.colours[1]

    def _source(self, mirror: Tensor) -> Tensor:
        """Mirrored light of the key's source along directions [...,3], over its irradiance: [...].

        A source of irradiance E that spans a solid angle W has radiance E / W; a cornea mirrors 2.5 % of it (index
        1.376). Diffuse light is counted without its 1/pi here, so this is multiplied by pi.
        """
        key, setting = self.directions[0], self.setting
        right = functional.normalize(torch.linalg.cross(key.new_tensor([0.0, 1.0, 0.0]), key), dim=0)
        ahead = (mirror @ key).clamp(min=1e-3)
        width, height = (math.tan(math.radians(angle)) for angle in (setting.key_width, setting.key_height))
        x, y = mirror @ right / ahead / width, mirror @ torch.linalg.cross(key, right) / ahead / height
        square, disc = torch.maximum(x.abs(), y.abs()), (x**2 + y**2).sqrt()
        edge = square + (disc - square) * setting.key_roundness
        strength = min(0.025 * math.pi / (4 * width * height), _BRIGHTEST_CATCHLIGHT)
        return strength * (1 - smoothstep(0.75, 1.25, edge)) * (mirror @ key > 0.2)

    def _wet_line(self, below: Tensor, across: Tensor, lit: Tensor) -> Tensor:
        """The tear film where the globe meets the lower lid."""
        line = torch.exp(-(((below - 0.35) / 0.35) ** 2)) * (1 - smoothstep(0.6, 0.95, across.abs()))
        return (line * (0.4 + 0.6 * lit))[..., None] * (0.05 * self.colours[0] + 0.06 * self.sky)

    def _corner(self, posed: Posed, light: Tensor, i: int) -> Tensor:
        """Behind the corners of an eye: pink skin at the inner one, at the outer the white, shaded and flushed."""
        person = self.person
        across = person.liner[:, 0] * SIDES[i][1] / (person.identity.eye_width / 2)
        pink = smoothstep(0.5, 0.9, -across)[:, None]
        flush = smoothstep(0.72, 1.0, across)[:, None]
        white = light.new_tensor([0.36, 0.29, 0.27]) * (1 - flush) + light.new_tensor([0.32, 0.16, 0.13]) * flush
        albedo = white * (1 - pink) + light.new_tensor([0.44, 0.18, 0.15]) * pink
        shaded = 0.72 - 0.30 * smoothstep(0.7, 1.1, across.abs())[:, None]
        return albedo * shaded * light.mean(1, keepdim=True)

    def _inner_mouth(self, posed: Posed, name: str) -> Tensor:
        """Darker deep in the mouth and where the lips let little light in."""
        person, part = self.person, self.person.mouth[name]
        points = posed.points[:, person.spans[name]]
        rest = part.points.reshape(-1, 3)
        view = self._view(points)
        normals = grid_normals(points.view(len(points), *part.points.shape)).flatten(1, 2)
        normals = normals * torch.sign((normals * view).sum(-1, keepdim=True))
        lips = person.skin.landmarks(posed.skin)[:, [62, 66], 1]
        gap = (lips[:, 0] - lips[:, 1]).clamp(min=0)[:, None]
        soft = name in ("tongue", "mouth_bag")
        inside = 0.22 + 0.78 * smoothstep(-44.0, 4.0, rest[:, 2]) if soft else smoothstep(-30.0, 10.0, rest[:, 2])
        inside = inside * part.shade.flatten() * (0.50 + 0.46 * smoothstep(0.0, 9.0, gap))
        if not soft:
            inside = inside * 0.9
        if name == "upper_teeth":
            inside = inside * (0.40 + 0.60 * (1 - smoothstep(-2.0, 4.0, rest[:, 1] - person.skin.mouth_y)))
        light = self._diffuse(normals, 0.5, 0.4) * 0.65 + self._ambient(normals) * 0.75
        colour = part.albedo.reshape(-1, 3) * light * inside[..., None]
        if name == "mouth_bag":
            return colour
        half = functional.normalize(view + self.directions[0], dim=-1)
        wet = (normals * half).sum(-1).clamp(0, 1) ** 40 * 0.18 * inside
        return colour + wet[..., None] * self.colours[0]

    def _body(self, posed: Posed, depth: Tensor) -> Tensor:
        person = self.person
        normals = person.body_normals
        lit = self._lit(posed.points[:, person.spans["body"]] + normals * 2, depth)
        ambient = self._ambient(normals) * person.body_openness[:, None]
        return person.body_albedo * (self._diffuse(normals.expand(len(lit), -1, 3), lit, 0.1) + ambient)

    def _hair(self, posed: Posed) -> Tensor:
        """Scalp hair, lit in head coordinates, where it does not move."""
        hair, rotation = self.person.hair, posed.rotation
        assert hair is not None
        camera = ((self.camera - posed.head_shift)[:, None] @ rotation)[:, 0]
        up = rotation.new_tensor([[0.0, 1.0, 0.0]])
        directions = torch.cat([self.directions, up]) @ rotation  # [B,4,3]
        rig = torch.cat([directions[:, :3], self.rig[3:].expand(len(rotation), -1, -1), directions[:, 3:]], 1)
        lit_hair: Tensor = self.shade.strand_light(
            hair.points, hair.tangents, hair.albedo, hair.transfer, hair.jitter, camera, rig
        )
        return lit_hair

    def _face_hair(self, posed: Posed) -> Tensor:
        strands = self.person.face_hair
        normals = posed.skin_normals[:, strands.roots] @ posed.rotation.transpose(1, 2)  # [B,N,3]
        light = self._diffuse(normals, 0.7, 0.3) * 0.7 + self._ambient(normals)
        return ((strands.albedo + 0.003) * light[:, :, None]).flatten(1, 2)

    def _glasses(self, posed: Posed) -> Tensor:
        person = self.person
        assert person.glasses is not None
        points = posed.points[:, person.spans["glasses"]]
        rings = points.view(len(points), *person.glasses.shape)
        normals = unit(rings - rings.mean(2, keepdim=True)).flatten(1, 2)
        colour = points.new_tensor(person.identity.glasses_color) * (
            self._diffuse(normals, 1.0) + self._ambient(normals)
        )
        half = functional.normalize(self._view(points)[..., None, :] + self.directions, dim=-1)  # [B,V,3 lights,3]
        shine = (normals[..., None, :] * half).sum(-1).clamp(0, 1) ** 60 * 0.5
        return colour + shine @ self.colours
