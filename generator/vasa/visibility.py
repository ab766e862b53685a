"""Which pixels of a target the source shows, and where they lie in it: the renderer's own truth."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.studio.labels import Label
from tellbench.generator.vasa.frames import FaceFrames
from tellbench.generator.vasa.pose import project, rotation

_STEPS: Final = 12
_TOLERANCE: Final = 0.04
"""Half widths (5 mm) by which two canonical places may differ and still be the same spot of the surface: maps of 64
pixels are as coarse as that."""


def visible_in(source: FaceFrames, target: FaceFrames) -> tuple[Tensor, Tensor]:
    """Where the source shows what the target shows.

    Each pixel of the target is a canonical point. Its place in the source is sought from where the source's pose puts
    it, stepping by what the source's canonical map says is still missing; expressions move it by less than that finds.

    Args:
        source: Of the same people as `target`, row by row; with pose and maps.
        target: With maps of the same size.

    Returns:
        Flow (N, 2, h, w): the window coordinates in the source at which to sample for each pixel of the target; in the
        room it points to where it is. Mask (N, 1, h, w): 1 where the source shows that very spot, 0 where it is hidden
        there or shows another thing.
    """
    wanted, pose = _known(target.canonical), _known(source.pose)
    here = _lattice(wanted)
    points = wanted.permute(0, 2, 3, 1)
    flow = project(points, pose)[..., :2]
    trunk = _known(target.labels)[:, 0] == Label.CLOTHES
    flow = torch.where(trunk[..., None], _upright(points, pose), flow)
    turn = (
        rotation(pose)[:, None, :2] * pose[:, None, None, 5:6].exp()
    )  # (N, 1, 2, 3): what a step in the head looks like
    for _ in range(_STEPS):
        missing = points - _sample(_known(source.canonical), flow).permute(0, 2, 3, 1)
        near = missing.norm(dim=-1, keepdim=True) < 0.3  # further is another part: nothing to step along
        flow = (flow + 0.7 * near * (turn @ missing.flatten(1, 2)[..., None]).view_as(flow)).clamp(-1.5, 1.5)
    missing = (wanted - _sample(_known(source.canonical), flow)).norm(dim=1, keepdim=True)
    person = _known(target.surface) > 0.5
    seen = _sample(_known(source.surface), flow) > 0.9
    visible = (
        person & seen & _same_kind(source, target, flow) & (missing < _TOLERANCE) & (flow.abs().amax(-1) < 1)[:, None]
    )
    flow = torch.where(person.permute(0, 2, 3, 1), flow, here)
    return flow.permute(0, 3, 1, 2), visible.float()


def _upright(points: Tensor, pose: Tensor) -> Tensor:
    """Where the trunk, which does not turn with the head, is seen."""
    still = pose.clone()
    still[:, :3] = 0
    return project(points, still)[..., :2]


def _same_kind(source: FaceFrames, target: FaceFrames, flow: Tensor) -> Tensor:
    """False where one of both shows an eye or the inside of the mouth and the other the lid or lip close before it."""
    same = torch.ones_like(_known(target.labels), dtype=torch.bool)
    for kind in (Label.EYES, Label.MOUTH):
        here = _known(target.labels) == kind
        there = _sample((_known(source.labels) == kind).float(), flow)
        same &= torch.where(here, there > 0.4, there < 0.6)
    return same


def _sample(planes: Tensor, flow: Tensor) -> Tensor:
    """Planes (N, C, h, w) at window coordinates (N, h, w, 2)."""
    return functional.grid_sample(planes, flow, padding_mode="border", align_corners=False)


def _lattice(planes: Tensor) -> Tensor:
    """Window coordinates of each pixel, (1, h, w, 2)."""
    y, x = ((torch.arange(n, device=planes.device) + 0.5) * (2 / n) - 1 for n in planes.shape[-2:])
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None]


def _known(values: Tensor | None) -> Tensor:
    if values is None:
        raise ValueError("visibility needs frames with pose and maps")
    return values
