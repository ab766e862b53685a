"""What a frame is judged by. Each loss is a mean over the batch; `objective.Weights` says how much each counts."""

from __future__ import annotations

import itertools
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from tellbench.datasets.faces.augment import blur
from tellbench.datasets.faces.landmarks import EYES, GROUPS
from tellbench.datasets.studio.labels import Label
from tellbench.generator.vasa.decoder import LAYERS, Frame, Source
from tellbench.generator.vasa.encoders import Reader
from tellbench.generator.vasa.frames import RIG_NAMES, FaceFrames
from tellbench.generator.vasa.layers import conv, norm
from tellbench.generator.vasa.visibility import visible_in
from tellbench.generator.vasa.warps import pixel_grid, resized, to_canonical, to_frame

_EYE, _MOUTH = 0.11, 0.18
"""Radii of eyes and mouth in window units (`window.STEADY_PLACES`)."""
_COUNTS: Final = 16.0
"""How much an error there counts against one elsewhere: they cover about a tenth of the window (assumption)."""
_POSE_UNITS: Final = (0.5, 0.5, 0.5, 1.0, 1.0, 0.5, 0.2)
"""Radians, window units and logarithms that count as one error each (assumption)."""


def region_weight(landmarks: Tensor, side: int) -> Tensor:
    """Weights (N, 1, side, side) from landmarks (N, 70, 2): 16 at the eyes and the mouth, 1 far from them."""
    spots = _middles(landmarks)
    radius = landmarks.new_tensor([_EYE, _EYE, _MOUTH])[:, None, None]
    away = (pixel_grid(side, landmarks) - spots[:, :, None, None]).square().sum(-1)  # (N, 3, side, side)
    return 1 + (_COUNTS - 1) * (-away / (2 * radius.square())).exp().amax(1, keepdim=True)


def _middles(landmarks: Tensor) -> Tensor:
    """Middles (N, 3, 2) of the eyes, the subject's right one first, and of the mouth."""
    return torch.stack([landmarks[:, part].mean(1) for part in (*EYES, GROUPS["mouth"])], 1)


def picture_loss(made: Tensor, truth: Tensor, weight: Tensor, scales: int = 3) -> Tensor:
    """Weighted absolute error of colours and of their differences, at full, half and quarter side.

    Args:
        made: (N, 3, S, S).
        truth: (N, 3, S, S).
        weight: (N, 1, S, S).
        scales: how often the side is halved, plus one.
    """
    error, total = made - truth, made.new_zeros(())
    for scale in range(scales):
        if scale:
            error, weight = functional.avg_pool2d(error, 2), functional.avg_pool2d(weight, 2)
        across, down = error.diff(dim=-1).abs(), error.diff(dim=-2).abs()
        edges = (weight[..., 1:] * across).mean() + (weight[..., 1:, :] * down).mean()
        total = total + ((weight * error.abs()).mean() + 0.5 * edges) / weight.mean()
    return total / scales


def pose_loss(read: Tensor, truth: Tensor) -> Tensor:
    """Mean error of poses (N, 7), each number in its unit."""
    return ((read - truth) / truth.new_tensor(_POSE_UNITS)).abs().mean()


def rig_loss(read: Tensor, truth: Tensor, variance: Tensor) -> Tensor:
    """Squared error of rigs (N, 54) over the variance (54,) of each number: 1 is no better than the mean.

    Lids and jaw, which speak loudest, count more than the others. An absolute error would sit at the median, which is 0
    for coefficients that are seldom used.
    """
    counts = torch.ones_like(variance)
    counts[list(_LOUD)] = _LOUD_COUNTS
    return ((read - truth).square() * (counts / variance)).mean() / counts.mean()


_LOUD: Final = tuple(RIG_NAMES.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen"))
_LOUD_COUNTS: Final = 4.0
"""How much they count (assumption)."""


def as_readers_see(pictures: Tensor, truth: FaceFrames) -> Tensor:
    """Pictures (N, 3, S, S) as frozen readers are shown them: in grey, and of the lids only the detail, on true tones.

    They tell shut lids by tones alone. Shown those, they teach paint to please them: lids a little too bright, orange
    or yellow, and purple lips. Tones of lids and all colours are the picture loss's to judge.
    """
    grey = pictures.mean(1, keepdim=True)
    if truth.landmarks is None:
        return grey.expand_as(pictures)
    coarse = grey.shape[-1] / _FINE
    detailed = grey + blur(truth.image.mean(1, keepdim=True) - grey, coarse)
    return torch.lerp(grey, detailed, _lids(truth.landmarks, grey.shape[-1])).expand_as(pictures)


_FINE: Final = 64
"""Detail is finer than the window's side over this (standard deviation of the blur; assumption)."""


def _lids(landmarks: Tensor, side: int) -> Tensor:
    """Where lids are, (N, 1, side, side): 1 within most of an eye's radius, fading to 0 before the brows."""
    eyes = _middles(landmarks)[:, :2]
    away = (pixel_grid(side, landmarks) - eyes[:, :, None, None]).norm(dim=-1).amin(1, keepdim=True)
    near: Tensor = (2.5 - 1.5 * away / _EYE).clamp(0, 1)
    return near


def feature_loss(reader: Reader, made: Tensor, truth: Tensor, pose: Tensor) -> Tensor:
    """Distance of what a frozen reader sees in pictures (N, 3, S, S), each stage over the spread of the truth's."""
    seen, wanted = ([*reader.part_maps(picture, pose), *reader.pose_maps(picture)[:3]] for picture in (made, truth))
    gaps = [(a - b).abs().mean() / (b.detach().std() + 1e-3) for a, b in zip(seen, wanted, strict=True)]
    return torch.stack(gaps).mean()


def amplitude_loss(reader: Reader, made: Tensor, truth: Tensor, pose: Tensor, variance: Tensor) -> Tensor:
    """Whether a frozen reader reads as much expression, gaze and lid opening in the frame as in the true picture."""
    code, lids = reader.dynamics(made, pose)
    with torch.no_grad():
        true_code, true_lids = reader.dynamics(truth, pose)
    count = len(variance)
    opening = (lids - true_lids).square().mean() / _LID_VARIANCE
    return rig_loss(code[:, :count], true_code[:, :count], variance) + opening


_LID_VARIANCE: Final = 0.01
"""Variance of lid opening over eye width from frame to frame: it lies between 0 and 0.4 (assumption)."""


def lid_loss(read: Tensor, truth: Tensor) -> Tensor:
    """Squared error of lid openings (N, 2) over their variance."""
    return (read - truth).square().mean() / _LID_VARIANCE


def geometry_loss(frame: Frame, source: Source, truth: FaceFrames, known: FaceFrames) -> Tensor:
    """The renderer's exact way of every point of the head: frame to canonical, and canonical to source.

    The true poses are taken out first: the displacements alone are judged. Eyes and mouth count most, which makes it
    the loss of how far lids, lips and irises move.

    Args:
        frame: what was made.
        source: of whom.
        truth: the frame as filmed.
        known: the source as filmed.
    """
    assert truth.pose is not None and known.pose is not None
    seen, canonical, weight = _surface(truth)
    inward = to_canonical(seen, frame.field, truth.pose) - canonical
    total = _weighted(inward, weight)
    seen, canonical, weight = _surface(known)
    outward = to_frame(canonical, source.field, known.pose)[..., :2] - seen[..., :2]
    return total + _weighted(outward, weight)


def _weighted(gap: Tensor, weight: Tensor) -> Tensor:
    """Mean length of gaps (N, s, s, K) under weights (N, s, s)."""
    return (weight[..., None] * gap.abs()).sum() / (weight.sum() + 1)


def depth_loss(frame: Frame, truth: FaceFrames) -> Tensor:
    """Error of the depth of what is seen, window units, where a person is."""
    assert truth.depth is not None and truth.surface is not None
    side = frame.depth.shape[-1]
    depth, surface = _coarse(truth.depth, side), _coarse(truth.surface, side)
    return (surface * (frame.depth - depth).abs()).sum() / (surface.sum() + 1)


def flow_losses(frame: Frame, truth: FaceFrames, known: FaceFrames) -> tuple[Tensor, Tensor]:
    """Error of the whole flow, and of the layers' shares: what the source shows of the head is moved, not blended.

    What it hides of the head is painted, and where nobody is, there is the room, whether the source shows it or hides
    it. Skin that open lids hide counts as shown where what is carried over in its place is nearly as good
    as paint: a stretched lid keeps its grain and its lashes, painted ones are blurs.
    """
    assert truth.surface is not None and known.surface is not None
    with torch.no_grad(), torch.autocast(frame.flow.device.type, enabled=False):
        there, shown = visible_in(known, truth)  # (N, 2, s, s), (N, 1, s, s)
    side = there.shape[-1]
    way = there - pixel_grid(side, there).movedim(-1, 0)
    gap = (resized(frame.flow, side) - way).abs().sum(1, keepdim=True)
    weight = region_weight(_landmarks(truth), side) * shown
    flow = (weight * gap).sum() / (weight.sum() + 1)
    return flow, _shares_loss(frame, truth, way, shown)


def _shares_loss(frame: Frame, truth: FaceFrames, way: Tensor, visible: Tensor) -> Tensor:
    """Surprise at the layers' shares, given the way (N, 2, s, s) to the source and what it shows (N, 1, s, s)."""
    assert truth.surface is not None
    side = way.shape[-1]
    folded = _lids(_landmarks(truth), side) * (1 - visible)
    visible = visible + folded * _carried_well(frame, truth, side)
    moved, kept, painted, room = resized(frame.mask, side).chunk(LAYERS, 1)
    still = (-way.square().sum(1, keepdim=True) / (2 * _STILL**2)).exp()
    person = visible * (moved + still * kept) + (1 - visible) * painted
    right = torch.where(truth.surface > 0.5, person, room)
    weight = 1 + (_COUNTS - 1) * folded
    return -(weight * right.clamp(min=1e-3).log()).mean()


_STILL: Final = 0.015
"""Window units, one of 128 pixels, that a spot may have moved and still be taken from where it was (assumption)."""


@torch.no_grad()
def _carried_well(frame: Frame, truth: FaceFrames, side: int) -> Tensor:
    """1 where the moved source is nearly as good a picture as paint, else 0; (N, 1, side, side)."""
    wanted = resized(truth.image, frame.paint.shape[-1])
    moved, paint = (
        resized(blur((resized(layer, wanted.shape[-1]) - wanted).abs().mean(1, keepdim=True), 1.0), side)
        for layer in (frame.moved, frame.paint)
    )
    return (moved < _NEARLY * paint + 0.01).float()


_NEARLY: Final = 1.5
"""How much greater errors may be (assumption): so some six tenths of the shut lids of 24 people are carried over."""


def carried_loss(frame: Frame, truth: FaceFrames) -> Tensor:
    """The moved source alone is a good picture at the eyes: skin beside them shuts them, with its own lash line."""
    side = frame.moved.shape[-1]
    return picture_loss(frame.moved, truth.image, _lids(_landmarks(truth), side) + 1e-3)


def landmark_loss(frame: Frame, truth: FaceFrames, known: FaceFrames) -> Tensor:
    """Error of the flow at landmarks and irises, window units: where the source has the same landmark.

    The points of the jaw line lie on the silhouette, not on the skin; they are left out.
    """
    here, there = _landmarks(truth)[:, 17:], _landmarks(known)[:, 17:]
    flow = functional.grid_sample(frame.flow, here[:, None], padding_mode="border", align_corners=False)[:, :, 0].mT
    return (here + flow - there).abs().sum(-1).mean()


def identity_loss(network: nn.Module, made: Tensor, truth: FaceFrames) -> Tensor:
    """One minus the cosine between the identities of the frame and of the true picture of the source's person.

    Args:
        network: aligned faces (N, 3, 112, 112) in 0 to 255 to unit vectors.
        made: (N, 3, S, S).
        truth: the same face as filmed, with its landmarks.
    """
    from tellbench.datasets.faces.identity import align_planes, inner_only

    side = made.shape[-1]
    points = (_landmarks(truth)[:, :68] + 1) * (side / 2)
    faces = [inner_only(align_planes(255 * picture, points)) for picture in (made, resized(truth.image, side))]
    one, other = (network(face).float() for face in faces)
    cosine: Tensor = (one * other).sum(-1)
    return (1 - cosine).mean()


class PatchDiscriminator(nn.Module):
    """Tells true pictures from made ones patch by patch (Isola et al., CVPR 2017)."""

    def __init__(self, widths: tuple[int, ...] = (48, 96, 128)) -> None:
        super().__init__()
        layers: list[nn.Module] = [conv(3, widths[0], 4, 2), nn.LeakyReLU(0.2)]
        for before, width in itertools.pairwise(widths):
            layers += [conv(before, width, 4, 2), norm(width), nn.LeakyReLU(0.2)]
        self.net = nn.Sequential(*layers, conv(widths[-1], 1))

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures (N, 3, W, W) in [0, 1] to verdicts (N, 1, w, w); higher is truer."""
        verdict: Tensor = self.net(pictures * 2 - 1)
        return verdict


def discriminator_loss(discriminator: nn.Module, made: Tensor, truth: Tensor) -> Tensor:
    """Hinge loss of the discriminator (Lim & Ye, 2017)."""
    of_made, of_truth = discriminator(made.detach()), discriminator(truth)
    return functional.relu(1 + of_made).mean() + functional.relu(1 - of_truth).mean()


def _surface(frames: FaceFrames, side: int = 64) -> tuple[Tensor, Tensor, Tensor]:
    """Points of the head as seen (N, s, s, 3), the same canonical, and their weight (N, s, s)."""
    assert frames.canonical is not None and frames.depth is not None and frames.surface is not None
    side = min(side, frames.canonical.shape[-1])
    depth, canonical = _coarse(frames.depth, side), _coarse(frames.canonical, side)
    weight = region_weight(_landmarks(frames), side) * _coarse(frames.surface, side)
    if frames.labels is not None:  # clothes stay when the head moves
        weight = weight * (_coarse(frames.labels, side) != Label.CLOTHES)
    xy = pixel_grid(side, depth).expand(len(depth), side, side, 2)
    return torch.cat([xy, depth.movedim(1, -1)], -1), canonical.movedim(1, -1), weight[:, 0]


def _coarse(maps: Tensor, side: int) -> Tensor:
    """Maps (N, C, h, w) at their nearest pixels (N, C, side, side): no blending across edges."""
    if maps.shape[-1] == side:
        return maps
    return functional.interpolate(maps.float(), size=(side, side), mode="nearest-exact")


def _landmarks(frames: FaceFrames) -> Tensor:
    assert frames.landmarks is not None
    return frames.landmarks
