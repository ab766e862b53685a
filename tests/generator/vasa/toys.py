"""Flat toy heads with exact truth: a picture on a plane that poses shift and scale, and a jaw that opens."""

import torch

from tellbench.generator.vasa.frames import RIG_NAMES, FaceFrames, Pairs
from tellbench.generator.vasa.sizes import N_RIG, Size
from tellbench.generator.vasa.warps import pixel_grid

TOY = Size(
    name="toy",
    window=64,
    grid=16,
    depth=4,
    volume=8,
    channels=32,
    blocks=(1, 1),
    identity=16,
    free=2,
    fields=16,
    field_grid=(2, 16),
    pose_side=32,
    part_side=16,
    reader=16,
)

JAW = RIG_NAMES.index("jawOpen")
_DROP = 0.15
"""Window units that the lower half falls by where the jaw is open."""


def toy_frames(texture, pose, jaw, side=64):
    """Frames of textures (N, 3, S, S) under poses (N, 7) and jaw openings (N,)."""
    count = len(texture)
    xy = pixel_grid(side, pose).expand(count, side, side, 2)
    scale = pose[:, None, None, 5:6].exp()
    q = (xy - pose[:, None, None, 3:5]) / scale
    drop = _DROP * jaw[:, None, None] * torch.sigmoid((q[..., 1] - 0.2) * 12)
    canonical = q - torch.stack([torch.zeros_like(drop), drop], -1)
    inside = ((canonical / torch.tensor([0.7, 0.9])).square().sum(-1) < 1).float()[:, None]
    sampled = torch.nn.functional.grid_sample(texture, canonical, padding_mode="border", align_corners=False)
    rig = torch.zeros(count, N_RIG)
    rig[:, JAW] = jaw
    points = torch.zeros(count, 70, 2)
    points[:, 36:48, 1] -= 0.12
    points[:, 36:42, 0], points[:, 42:48, 0] = -0.235, 0.235
    points[:, 48:68, 1] = 0.4 + _DROP * jaw[:, None] * 0.9
    points = points * pose[:, None, 5:6].exp() + pose[:, None, 3:5]
    return FaceFrames(
        image=(sampled * inside + 0.2 * (1 - inside)).clamp(0, 1),
        person=torch.arange(count),
        pose=pose,
        rig=rig,
        lids=torch.full((count, 2), 0.3),
        landmarks=points,
        canonical=torch.cat([canonical.movedim(-1, 1), torch.zeros(count, 1, side, side)], 1) * inside,
        surface=inside,
        depth=torch.zeros(count, 1, side, side),
        labels=inside.to(torch.uint8),
    )


class ToyPairs:
    """Pairs of toy heads; the same index gives the same pairs."""

    def __init__(self, people=4, side=64, seed=0):
        coarse = torch.rand(people, 3, 10, 10, generator=torch.Generator().manual_seed(seed))
        self.textures = torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic").clamp(0, 1)
        self.side = side

    def batch(self, index, count):
        random = torch.Generator().manual_seed(1000 + index)
        draw = lambda *shape: torch.rand(*shape, generator=random)  # noqa: E731
        people = torch.randint(len(self.textures), (2, count), generator=random)
        pose = torch.zeros(2, count, 7)
        pose[..., 3:6] = (draw(2, count, 3) - 0.5) * torch.tensor([0.3, 0.3, 0.2])
        jaw = draw(2, count)

        def film(person, p, j):
            return toy_frames(self.textures[people[person]], pose[p], jaw[j], self.side)

        return Pairs(film(0, 0, 0), film(0, 1, 1), film(1, 1, 0), film(1, 0, 1))


def mouth_points(open_: float = 0.0, width: float = 0.4, down: float = 0.0) -> torch.Tensor:
    """Points (1, 18, 2) of a mouth about (0, .4 + down) whose lower lip hangs `open_` widths lower."""
    s = torch.linspace(0, 1, 7)
    bow = 4 * s * (1 - s)
    upper = torch.stack([s, -0.15 * bow], -1)
    lower = torch.stack([s[1:-1], (0.2 + open_) * bow[1:-1]], -1)
    inner = torch.tensor([[0.25, 0], [0.5, 0], [0.75, 0]])
    below = torch.stack([inner[:, 0], open_ * torch.tensor([0.75, 1, 0.75])], -1)
    points = torch.cat([upper, lower, inner, below])
    return (points * width + torch.tensor([-width / 2, 0.4 + down]))[None]
