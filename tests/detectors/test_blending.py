import numpy as np
import pytest
import torch

from tellbench.datasets.clip import FORGED, PRISTINE, Clip
from tellbench.detectors.blending import face_mask, self_blend
from tellbench.detectors.network import Examples
from tellbench.detectors.sbi import SelfBlended

SIDE = 64


def face(size=20.0) -> np.ndarray:
    """68 points on a circle about the middle, whose brows and eyes lie where they do in faces."""
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points = SIDE / 2 + size * np.stack([np.cos(angle), np.sin(angle)], 1)
    points[36], points[45] = (SIDE / 2 - size / 2, SIDE / 2), (SIDE / 2 + size / 2, SIDE / 2)
    points[17:27] = np.c_[np.linspace(SIDE / 2 - 10, SIDE / 2 + 10, 10), np.full(10, SIDE / 2 - size + 2)]
    return points


def pictures(count=16) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 0.2 + 0.4
    masks = torch.from_numpy(face_mask(face(), SIDE)).float()[None, None].expand(count, 1, SIDE, SIDE) / 255
    return images, masks


def test_the_mask_covers_the_face_and_reaches_above_the_brows():
    mask = face_mask(face(), SIDE)
    assert set(np.unique(mask)) == {0, 255}
    assert mask[32, 32] == 255 and mask[32, 2] == 0 and mask[62, 32] == 0
    assert mask[10, 32] == 255  # 4 pixels above the brows, of 9
    assert not face_mask(np.full((68, 2), 5.0), SIDE).any()  # a face without an extent


def test_blending_is_bounded_varied_and_repeatable():
    images, masks = pictures()
    first, again = (self_blend(images, masks, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == images.shape and first.min() >= 0 and first.max() <= 1
    assert ((first - images).abs().mean((1, 2, 3)) > 1e-3).all()
    assert torch.equal(images, pictures()[0])


def test_inside_and_outside_of_the_mask_are_of_two_copies():
    images, masks = pictures(64)
    blended = self_blend(images, masks, torch.Generator().manual_seed(2))
    middle, corner = ((blended - images)[..., s, s].mean((1, 2, 3)) for s in (slice(28, 36), slice(0, 6)))
    assert (middle - corner).abs().mean() > 0.01, "a tint of one copy shows at the border"
    nothing = self_blend(images, 0 * masks, torch.Generator().manual_seed(2))
    kept = (nothing - images).abs().amax((1, 2, 3)) < 1e-6
    assert 0.2 < kept.float().mean() < 0.8, "without a mask, half of the pictures are the unchanged copy"


def test_no_forged_clip_is_learnt_from(monkeypatch):
    clips = [Clip(clip_id=str(i), path=f"{i}.mp4", label=(PRISTINE, FORGED)[i % 2]) for i in range(4)]
    seen = Examples(clips, [torch.full((2, 3, SIDE, SIDE), i, dtype=torch.uint8) for i in range(4)])
    monkeypatch.setattr(SelfBlended, "_masks", lambda self, clip, side: torch.zeros(2, 1, side, side).byte())
    lessons = SelfBlended(size=48).lessons(seen)
    assert [clip.clip_id for clip in lessons.clips] == ["0", "2"]
    assert lessons.pieces[0].shape == (2, 4, SIDE, SIDE)
    pieces = [piece for clip in lessons.pieces for piece in clip]
    inputs, labels = SelfBlended(size=48, device="cpu").batch(pieces, torch.zeros(4), torch.Generator().manual_seed(0))
    assert inputs.shape == (4, 3, 48, 48) and labels.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("spec", ["sbi", "sbi:test_vit"])
def test_it_is_asked_for_by_name(spec):
    from tellbench.registry import DETECTORS

    assert isinstance(DETECTORS.create(spec), SelfBlended)
