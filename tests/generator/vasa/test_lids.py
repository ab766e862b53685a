"""Lids shut by the portrait's own skin: all the way, nowhere else, and only when they blink."""

import dataclasses

import pytest
import torch

from tellbench.generator.vasa.eyes import POINTS, eyes_at
from tellbench.generator.vasa.frames import RIG_NAMES
from tellbench.generator.vasa.lids import opened, shut, shut_twin, shutting
from tellbench.generator.vasa.model import SHIPPED, FaceModel
from tellbench.generator.vasa.rig import teach
from tellbench.generator.vasa.warps import pixel_grid

from .test_eyes import BOTH

SIDE = 160
SKIN, EYEBALL = 0.75, 0.1
BLINKS = [RIG_NAMES.index("eyeBlinkRight"), RIG_NAMES.index("eyeBlinkLeft")]


def _face():
    """A face of nothing but skin and two dark eyes, and where (2, S, S) they are open."""
    grid = pixel_grid(SIDE, BOTH).expand(1, -1, -1, -1)
    inside = []
    for eye in eyes_at(BOTH):
        s, n = eye.coordinates(grid)
        inside.append(((s > 0) & (s < 1) & (n > eye.upper(s)) & (n < eye.lower(s)))[0])
    holes = torch.stack(inside)
    return torch.where(holes.any(0), EYEBALL, SKIN).expand(1, 3, -1, -1).contiguous(), holes


def _shown(shares, picture=None):
    face, holes = _face()
    flow, eyes = torch.zeros(1, 2, 16, 16), eyes_at(BOTH)
    twin = shut_twin(face, eyes)
    return shut(face if picture is None else picture, face, twin, eyes, flow, torch.tensor([shares])), holes


def _blinked(rows):
    rig = torch.zeros(len(rows), len(RIG_NAMES))
    rig[:, BLINKS] = torch.tensor(rows)
    return teach(rig, 64)


def test_the_twin_has_skin_where_the_eyes_were_and_is_the_portrait_elsewhere():
    face, holes = _face()
    twin = shut_twin(face, eyes_at(BOTH))
    covered = (twin[0].mean(0) - SKIN).abs() < 0.15
    for hole in holes:
        assert covered[hole].float().mean() > 0.7  # lashes keep their dark along the lower edge
        assert (twin[0].mean(0)[hole] < 0.5).any()
    apart = pixel_grid(SIDE, face)[..., 1].abs() > 0.35
    assert torch.equal(twin[0][:, apart], face[0][:, apart])


def test_lids_go_down_as_far_as_they_are_told():
    dark = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        shown, holes = _shown([share, share])
        dark.append(float((shown[0].mean(0)[holes.any(0)] < 0.5).float().mean()))
    assert dark[0] == 1 and dark == sorted(dark, reverse=True)
    assert dark[2] == pytest.approx(0.5, abs=0.2) and dark[-1] < 0.3


def test_one_eye_may_shut_alone_and_nothing_else_changes():
    face, _ = _face()
    shown, (right, left) = _shown([1.0, 0.0])
    assert (shown - face)[0].abs().amax(0)[right].mean() > 0.4
    assert torch.equal(shown[0][:, left], face[0][:, left])
    changed = (shown != face)[0].any(0).nonzero()
    assert len(changed) and changed[:, 1].max() < SIDE / 2


def test_rows_of_a_batch_shut_as_they_do_alone():
    face, _ = _face()
    points = torch.cat([BOTH, BOTH + torch.tensor([0.1, 0.2])])
    faces, flow, eyes = face.expand(2, -1, -1, -1), torch.zeros(2, 2, 16, 16), eyes_at(points)
    twins, shares = shut_twin(faces, eyes), torch.tensor([[0.6, 0.3], [0.2, 1.0]])
    both = shut(faces, faces, twins, eyes, flow, shares)
    for i in range(2):
        row = slice(i, i + 1)
        own = eyes_at(points[row])
        alone = shut_twin(face, own)
        assert torch.allclose(alone, twins[row], atol=1e-5)
        one = shut(face, face, alone, own, flow[:1], shares[row])
        assert torch.allclose(one, both[row], atol=1e-5)


def test_shares_count_from_the_portrait_s_own_lids():
    rest = _blinked([[0.2, 0.0]])
    assert shutting(_blinked([[0.2, 0.0]]), rest).tolist() == [[0, 0]]
    assert shutting(_blinked([[1.0, 1.0]]), rest).tolist() == [[1, 1]]
    assert shutting(_blinked([[0.6, 0.5]]), rest)[0].tolist() == pytest.approx([0.5, 0.5])
    assert shutting(_blinked([[0.0, 0.0]]), rest).tolist() == [[0, 0]]
    assert torch.equal(opened(_blinked([[0.9, 0.0]]), rest), rest)
    assert shutting(_blinked([[0.0, 0.0]]), _blinked([[-0.1, -0.1]])).tolist() == [[0, 0]]  # nobody blinks
    assert shutting(_blinked([[0.9, 0.45]]), _blinked([[-0.1, -0.1]]))[0].tolist() == pytest.approx([1, 0.5])
    assert shutting(_blinked([[0.04, 0.06]]), _blinked([[0.0, 0.0]]))[0].tolist() == pytest.approx([0, 0.06])


def test_eyes_outside_the_window_shut_unseen():
    face, _ = _face()
    beyond = eyes_at(BOTH + torch.tensor([3.0, 0.0]))
    assert torch.equal(shut_twin(face, beyond), face)
    shown = shut(face, face, face, beyond, torch.zeros(1, 2, 16, 16), torch.ones(1, 2))
    assert torch.equal(shown, face)


def test_lids_set_out_without_a_jump():
    """Just above what counts as a blink, next to nothing is changed."""
    face, _ = _face()
    assert (_shown([0.051, 0.051])[0] - face).abs().max() < 0.01


@pytest.fixture(scope="module")
def portrait(filmed):
    model, still = FaceModel.load(SHIPPED), filmed.at(slice(0, 1))
    with torch.no_grad():
        return model, still, model.encode_portrait(still.image, still.pose, still.landmarks)


def _driven(model, source, blinks):
    code = source.dynamics.repeat(len(blinks), 1)
    code[:, BLINKS] = torch.maximum(code[:, BLINKS], torch.tensor(blinks)[:, None])
    many = source.at(torch.zeros(len(blinks), dtype=torch.long))
    return model.drive(many, many.pose, code).image


@torch.no_grad()
def test_a_portrait_blinks_in_the_frames_that_are_told_to_and_only_about_its_eyes(portrait):
    model, still, source = portrait
    bare = dataclasses.replace(source, features=None)
    with_lids, without = (_driven(model, one, [0.0, 1.0, 0.5]) for one in (source, bare))
    changed = (with_lids - without).abs().amax(1)
    assert changed[0].max() == 0 and (changed[1:].flatten(1).amax(1) > 0.05).all()
    places = still.landmarks[0, list(POINTS)]
    middle, reach = places.mean(0), 0.9 * (places[0] - places[6]).norm()
    apart = (pixel_grid(changed.shape[-1], changed) - middle).norm(dim=-1) > reach
    assert changed[:, apart].max() == 0


@torch.no_grad()
def test_shut_eyes_are_skin(portrait):
    """In place of dark irises there is what lies about them."""
    model, still, source = portrait
    shown = _driven(model, source, [1.0])[0].mean(0)
    for iris in still.landmarks[0, 68:70]:
        x, y = ((iris + 1) * (shown.shape[-1] / 2)).long().tolist()
        before, after = still.image[0].mean(0)[y - 1 : y + 2, x - 1 : x + 2], shown[y - 1 : y + 2, x - 1 : x + 2]
        skin = still.image[0].mean(0)[y + 8 : y + 11, x - 1 : x + 2].mean()
        assert (after.mean() - skin).abs() < 0.5 * (before.mean() - skin).abs()


@torch.no_grad()
def test_lids_are_carried_with_the_people_they_belong_to(portrait):
    source = portrait[2].at(torch.tensor([0, 0]))
    assert source.features is not None and source.features.twin.shape[0] == source.features.points.shape[0] == 2


@torch.no_grad()
def test_half_precision_shuts_the_same_lids(portrait):
    model, _, source = portrait
    with torch.autocast("cpu", torch.bfloat16):
        half = _driven(model, source, [1.0])
    assert half.dtype == torch.float32 and (half - _driven(model, source, [1.0])).abs().mean() < 0.01
