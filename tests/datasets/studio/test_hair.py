import dataclasses

import pytest
import torch

from tellbench.datasets.studio import hair
from tellbench.datasets.studio.identity import Identity
from tellbench.datasets.studio.paint import paint, skin_area
from tellbench.datasets.studio.sculpture import head
from tellbench.datasets.studio.skin import Skin
from tellbench.datasets.studio.strands import grow_on_face

BUDGET = 9000


@pytest.fixture(scope="module")
def skin():
    return Skin(dataclasses.replace(Identity.sample(4), beard=0.6, hair_style="short"))


def grow(skin, style):
    person = dataclasses.replace(skin.identity, hair_style=style)
    return hair.grow(person, skin.P0, skin_area(skin.P0), BUDGET)


@pytest.mark.parametrize("style", sorted(set(hair.STYLES) - {"short curly"}))
def test_every_style_grows_outside_the_head_and_off_the_face(skin, style):
    strands = grow(skin, style)
    points = strands.points
    assert points.isfinite().all()
    assert abs(points.shape[0] * points.shape[1] - BUDGET) <= 2 * points.shape[1]
    inside = head(points[:, 2:], skin.identity) < -2
    assert inside.float().mean() < 0.02
    x, y, z = points.unbind(-1)
    assert ((x.abs() < 40) & (y < 30) & (z > 0)).float().mean() < 0.002, "no hair before the eyes and mouth"


def test_long_hair_is_longer_than_short_hair_and_bald_is_none(skin):
    length = {s: (grow(skin, s).points.diff(dim=1).norm(dim=-1).sum(1)).median() for s in ("buzz", "short", "long")}
    assert length["buzz"] < 10
    assert 10 < length["short"] < 60
    assert length["long"] > 200
    assert grow(skin, "bald") is None


def test_hair_repeats_from_its_seed(skin):
    assert torch.equal(grow(skin, "bob").points, grow(skin, "bob").points)


def test_face_hair_rides_on_the_skin(skin):
    bound = grow_on_face(skin, share=0.3)
    points = skin.P0.reshape(1, -1, 3)
    normals = skin.normals(skin.P0[None]).flatten(1, 2)
    placed = bound.place(points, normals)
    roots = points[:, bound.roots]
    assert (placed[:, :, 0] - roots).norm(dim=-1).max() < 0.5
    torch.testing.assert_close(bound.place(points + 5, normals), placed + 5, rtol=1e-4, atol=1e-3)
    assert (bound.labels == 7).sum() > 30
    assert (bound.labels == 5).sum() > 100


def test_paint_gives_each_place_its_colour(skin):
    maps = paint(skin)
    assert maps.albedo.isfinite().all() and (maps.albedo > 0).all() and (maps.albedo < 1).all()
    lips, bare = maps.albedo[maps.labels == 4], maps.albedo[maps.labels == 1]
    redness = [c[:, 0].mean() / c[:, 1].mean() for c in (lips, bare)]
    assert redness[0] > redness[1] * 1.1, "lips are redder than skin"
    scalp = maps.albedo[maps.labels == 5]
    assert scalp.mean() < bare.mean(), "dark hair grows on the scalp"
    assert (maps.occlusion <= 1).all() and maps.occlusion.min() > 0
