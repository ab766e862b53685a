import copy
import dataclasses

import numpy as np
import pytest
import torch

from tellbench.datasets.studio.hair import scalp
from tellbench.datasets.studio.hair.beard import beard
from tellbench.datasets.studio.hair.hairlook import ScalpHair
from tellbench.datasets.studio.hair.hairstyle import STYLES
from tellbench.datasets.studio.hair.strands import brow_half, brows_and_lashes, join
from tellbench.datasets.studio.people.grid import unit
from tellbench.datasets.studio.people.identity import BEARD_STYLES, Identity
from tellbench.datasets.studio.people.sculpture import head
from tellbench.datasets.studio.people.skin import Skin
from tellbench.datasets.studio.surface.paint import paint, skin_area

BUDGET = 9000


@pytest.fixture(scope="module")
def skin():
    return Skin(dataclasses.replace(Identity.sample(4), beard=0.6, hair_style="short"))


def grow(skin, style):
    person = dataclasses.replace(skin.identity, hair_style=style)
    return scalp.grow(person, skin.P0, skin_area(skin.P0), BUDGET)


def before_the_eyes(points, person):
    """Share of hair points in front of the pupils, to 25 degrees from the side."""
    x, y, z = points.unbind(-1)
    across = (x.abs() - person.eye_distance / 2).abs()
    return ((across < 6 + 0.47 * z.clamp(min=0)) & (y.abs() < 6) & (z > 8)).float().mean()


@pytest.mark.parametrize("style", sorted(set(STYLES) - {"short curly"}))
def test_every_style_grows_outside_the_head_and_off_the_face(skin, style):
    strands = grow(skin, style)
    points = strands.points
    assert points.isfinite().all()
    assert abs(points.shape[0] * points.shape[1] - BUDGET) <= 2 * points.shape[1]
    assert strands.widths.shape == (points.shape[0], points.shape[1] - 1)
    inside = head(skin.identity).distance(points[:, 1:]) < -0.5
    assert inside.float().mean() < 0.01
    assert before_the_eyes(points, skin.identity) == 0
    x, y, z = points.unbind(-1)
    mouth = (x.abs() < 30) & (y < -30) & (y > -85) & (z > 0)
    assert not mouth.any()


def test_long_hair_waves_as_its_owner_says(skin):
    def bends(waviness):
        person = dataclasses.replace(skin.identity, hair_style="long", waviness=waviness)
        points = scalp.grow(person, skin.P0, skin_area(skin.P0), BUDGET).points
        steps = unit(points.diff(dim=1))
        return (1 - (steps[:, 1:] * steps[:, :-1]).sum(-1)).mean()

    assert bends(1.0) > 1.5 * bends(0.0)


def test_brows_are_fullest_at_their_inner_third_and_taper(skin):
    half = brow_half(skin.identity, np.linspace(0, 1, 11))
    assert half.argmax() in (1, 2, 3)
    assert half[-1] < 0.5 * half.max()
    assert half[0] > half[-1]


def test_styles_differ(skin):
    """Any two cuts differ in how far hair reaches, upwards, downwards, sideways or in length."""
    measures = {}
    for style in sorted(set(STYLES) - {"short curly"}):
        points = grow(skin, style).points
        length = points.diff(dim=1).norm(dim=-1).sum(1)
        x, y, z = points.reshape(-1, 3).unbind(-1)
        reach = [v.quantile(q) for v, q in ((y, 0.02), (y, 0.99), (x.abs(), 0.98), (z, 0.02), (z, 0.99))]
        measures[style] = torch.stack([*reach, length.median(), length.quantile(0.9)])
    table = torch.stack(list(measures.values()))
    apart = torch.cdist(table, table) + 1e3 * torch.eye(len(table))
    assert apart.min() > 4, "two styles grow alike"


@pytest.mark.slow
def test_no_hair_grows_before_the_pupils_of_forty_people():
    for seed in range(300, 340):
        person = Identity.sample(seed)
        own = Skin(person)
        strands = scalp.grow(person, own.P0, skin_area(own.P0), BUDGET)
        if strands is not None:
            assert before_the_eyes(strands.points, person) == 0, f"{seed}: {person.hair_style}"


def test_hair_lets_less_light_in_from_the_side_of_the_head(skin):
    person = dataclasses.replace(skin.identity, hair_style="short", grey=0.5)
    look = ScalpHair.of(grow(skin, "short"), person)
    open_, toward = look.transfer[:, 0], look.transfer[:, 1:]
    outward = unit(look.points - torch.tensor([0.0, 30.0, -80.0]))
    outside, inside = (open_ + sign * (toward * outward).sum(1) for sign in (1, -1))
    assert outside.mean() > 0.6 > 0.1 > inside.mean()
    greyed = look.albedo.view(-1, look.points_each, 3)[:, 0, 0]
    dark, half = torch.tensor(person.hair_color[0]), 0.5 * (0.43 + person.hair_color[0])
    assert greyed.mean() == pytest.approx(float(half), abs=0.06), "half of the hairs have lost their pigment"
    assert greyed.min() < dark + 0.1 < 0.35 < greyed.max()


def test_long_hair_is_longer_than_short_hair_and_bald_is_none(skin):
    length = {s: (grow(skin, s).points.diff(dim=1).norm(dim=-1).sum(1)).median() for s in ("buzz", "short", "long")}
    assert length["buzz"] < 10
    assert 10 < length["short"] < 60
    assert length["long"] > 200
    assert grow(skin, "bald") is None


def test_an_afro_is_cut_short_around_the_ears(skin):
    points = grow(skin, "afro").points
    length = points.diff(dim=1).norm(dim=-1).sum(1)
    _, y, z = points[:, 0].unbind(-1)
    by_the_ear, crown = torch.hypot(y + 10, z + 89) < 30, y > 60
    assert by_the_ear.sum() > 20
    assert length[by_the_ear].mean() < 0.35 * length[crown].mean()


def test_coils_are_drawn_as_wide_as_hair_lies_thick(skin):
    assert grow(skin, "afro").widths.max() > 2 * grow(skin, "curly").widths.max()


def test_hair_repeats_from_its_seed(skin):
    assert torch.equal(grow(skin, "bob").points, grow(skin, "bob").points)


def face_hair(skin, **changes):
    own = copy.copy(skin)
    own.identity = dataclasses.replace(skin.identity, **changes)
    normals = skin.normals(skin.P0[None])[0].reshape(-1, 3)
    return join([*brows_and_lashes(own, normals), beard(own, normals, share=0.3)])


def test_face_hair_rides_on_the_skin(skin):
    bound = face_hair(skin)
    points = skin.P0.reshape(1, -1, 3)
    normals = skin.normals(skin.P0[None]).flatten(1, 2)
    placed = bound.place(points, normals)
    roots = points[:, bound.roots]
    assert (placed[:, :, 0] - roots).norm(dim=-1).max() < 4
    assert head(skin.identity).distance(placed[:, :, 1:]).quantile(0.02) > -3, "relief aside, on or over the sculpture"
    torch.testing.assert_close(bound.place(points + 5, normals), placed + 5, rtol=1e-4, atol=1e-3)
    assert (bound.labels == 7).sum() > 300
    assert (bound.labels == 5).sum() > 100


def test_beards_grow_where_their_cut_leaves_them_and_never_on_the_lips(skin):
    rest = skin.P0.reshape(-1, 3)
    lips = torch.zeros(skin.layout.rows, skin.layout.columns, dtype=torch.bool)
    lips[skin.layout.rows_of("upper_lip", "lower_lip")] = skin.tau < 1
    share = {}
    for cut in BEARD_STYLES:
        bound = face_hair(skin, beard_style=cut)
        roots = bound.roots[bound.labels == 5]
        assert not lips.flatten()[roots].any()
        x, y, _ = rest[roots].unbind(-1)
        share[cut] = ((y > skin.mouth_y).float().mean(), (x.abs() > 36).float().mean())
    assert share["moustache"][0] > 0.95 > 0.7 > share["goatee"][0]
    assert share["full"][1] > 0.3 > 0.01 > share["goatee"][1]


def test_brow_hairs_stand_at_the_inner_end_and_lie_outwards_beyond_it(skin):
    bound = face_hair(skin)
    points = bound.place(skin.P0.reshape(1, -1, 3), skin.normals(skin.P0[None]).flatten(1, 2))[0]
    x, y, _ = points[:, 0].unbind(-1)
    brow = (bound.labels == 7) & (y > skin.identity.brow_height - 8) & (x > 0)
    way = points[:, -1] - points[:, 0]
    slope = torch.rad2deg(torch.atan2(way[:, 1], way[:, 0]))
    inner, outer = slope[brow & (x < 17)].median(), slope[brow & (x > 40)].median()
    assert inner > 45 and outer < 15


def test_paint_gives_each_place_its_colour(skin):
    maps = paint(skin)
    assert maps.albedo.isfinite().all() and (maps.albedo > 0).all() and (maps.albedo < 1).all()
    lips, bare = maps.albedo[maps.labels == 4], maps.albedo[maps.labels == 1]
    redness = [c[:, 0].mean() / c[:, 1].mean() for c in (lips, bare)]
    assert redness[0] > redness[1] * 1.1, "lips are redder than skin"
    scalp = maps.albedo[maps.labels == 5]
    assert scalp.mean() < bare.mean(), "dark hair grows on the scalp"
    assert (maps.occlusion <= 1).all() and maps.occlusion.min() > 0
