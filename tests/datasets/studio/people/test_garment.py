"""Garments: they cover the shoulders, lie outside the body also when the head turns, and leave the face free."""

import dataclasses

import pytest
import torch

from tellbench.datasets.studio.people import sculpture
from tellbench.datasets.studio.people.garment import CUTS, garment
from tellbench.datasets.studio.people.identity import GARMENTS, PATTERNS, Identity
from tellbench.datasets.studio.people.person import neck_weight
from tellbench.datasets.studio.people.skin import Skin
from tellbench.datasets.studio.people.wardrobe import clothes, lay_over


def dressed(name, seed=3):
    return dataclasses.replace(Identity.sample(seed), garment=name)


def test_every_garment_has_a_cut():
    assert set(CUTS) == set(GARMENTS)


@pytest.mark.parametrize("name", GARMENTS)
def test_cloth_lies_on_the_body(name):
    person = dressed(name)
    cloth = garment(person)
    points = cloth.part.points
    body = points[cloth.collar_rows :]
    assert torch.isfinite(points).all()
    assert torch.isfinite(cloth.normals).all()
    assert sculpture.torso(person).distance(body).min() > 1.5
    assert points[..., 0].max() > 150
    assert points[..., 0].min() < -150
    assert points[..., 1].max() < -100  # below the jaw


def test_rows_lie_close_on_the_shoulders():
    cloth = garment(dressed("tee"))
    points = cloth.part.points[cloth.collar_rows :]
    gaps = (points[1:] - points[:-1]).norm(dim=-1)
    x, y, z = points[1:].unbind(-1)
    assert gaps[(x.abs() < 185) & (y > -330) & (z > -125)].max() < 45  # rows that no one spaces: 60 mm and more


def test_necklines_differ():
    front = {name: garment(dressed(name)).part.points[CUTS_ROWS[name], 80] for name in ("tee", "vneck", "scoop")}
    assert front["vneck"][1] < front["tee"][1] - 15
    assert front["scoop"][1] < front["tee"][1] - 10


CUTS_ROWS = {name: len(cut.collar) for name, cut in CUTS.items()}


def test_a_jacket_lies_over_the_shirt():
    cloth = garment(dressed("suit"))
    over = lay_over(dressed("suit"), cloth)
    assert over.max() > 3
    assert over[CUTS_ROWS["suit"] + 4, 80] < 0.5  # the shirt at the front
    assert not lay_over(dressed("tee"), cloth).any()


def test_patterns_and_colours_show():
    looks = {}
    for pattern in PATTERNS:
        person = dataclasses.replace(dressed("tee"), pattern=pattern, cloth_color=(0.5,) * 3, cloth_accent=(0.05,) * 3)
        looks[pattern] = clothes(person, garment(person))
        assert 0 < looks[pattern].min() <= looks[pattern].max() <= 0.8
    assert looks["stripes"].std() > 2 * looks["plain"].std()
    assert not torch.equal(looks["checks"], looks["stripes"])


def test_a_turned_collar_shades_what_it_lies_on():
    person = dataclasses.replace(dressed("shirt"), pattern="plain", cloth_color=(0.5,) * 3)
    cloth = garment(person)
    body = slice(cloth.collar_rows, None)
    light, height = clothes(person, cloth)[body, 60:70].mean(-1), cloth.part.points[body, 60:70, 1]
    under = cloth.part.points[0, 60:70, 1] - height
    assert light[(under > 0) & (under < 3)].mean() < 0.8 * light[under > 25].mean()


def test_skin_stays_under_the_cloth():
    person = dressed("tee", seed=5)
    skin = Skin(person)
    low = skin.P0[skin.layout.rows_of("neck")][-4:]
    assert sculpture.torso(person).distance(low).abs().max() < 1.0  # the cloth keeps 3 mm
    weight = neck_weight(skin.P0)
    assert (weight[skin.layout.first("brow")] == 1).all()
    assert weight[-1].max() < 0.01
