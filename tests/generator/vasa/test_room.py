"""The room without its person."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from tellbench.generator.vasa.decoder import uncovered
from tellbench.generator.vasa.model import SHIPPED, FaceModel
from tellbench.generator.vasa.rig import teach
from tellbench.generator.vasa.room import emptied
from tellbench.generator.vasa.warps import resized


def _scene(side: int = 96) -> tuple[torch.Tensor, torch.Tensor]:
    """A wall that grows lighter to the right, and the share of a round person before it."""
    x = torch.linspace(0.2, 0.8, side)
    wall = torch.stack([x, 0.5 * x, 1 - x])[:, None].expand(3, side, side)[None]
    y = torch.linspace(-1, 1, side)
    person = ((y[:, None].square() + y.square()).sqrt() < 0.5).float()[None, None]
    return wall, person


@pytest.mark.parametrize("side", [96, 101, 256])
def test_what_a_person_hides_is_like_what_is_around(side):
    wall, person = _scene(side)
    picture = torch.where(person > 0.5, torch.tensor([1.0, 0, 0])[:, None, None], wall)
    empty = emptied(picture, person)
    error = (empty - wall).abs()
    assert error.max() < 0.2 and error.mean() < 0.02
    beyond = (torch.nn.functional.max_pool2d(person, 3, 1, 1) == 0).expand_as(empty)
    assert beyond.float().mean() > 0.5 and torch.equal(empty[beyond], picture[beyond])


def test_hair_that_lets_the_room_through_colours_nothing():
    wall, person = _scene()
    fringe = torch.nn.functional.max_pool2d(person, 5, 1, 2)
    picture = wall + fringe * (torch.tensor([1.0, 0, 0])[:, None, None] - wall)
    empty = emptied(picture, person)  # the mask knows the head, not its hair
    inside = (person > 0.5).expand_as(empty)
    assert (empty - wall)[inside].abs().max() < 0.2


def test_shares_of_a_person_may_be_coarser_and_parts():
    wall, person = _scene()
    coarse = torch.nn.functional.avg_pool2d(person, 4)
    half = emptied(torch.ones_like(wall), 0.5 * coarse)
    assert half.shape == wall.shape and torch.allclose(half, torch.ones_like(wall), atol=1e-5)


def test_a_picture_full_of_a_person_has_a_room_of_its_mean_colour():
    picture = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    empty = emptied(picture, torch.ones(2, 1, 64, 64))
    assert torch.allclose(empty.mean((2, 3)), picture.mean((2, 3)), atol=0.02)
    assert empty.flatten(2).std(2).max() < 0.05


def test_where_nothing_moves_the_room_is_the_picture():
    """Hair that lets the room through stays what it is where the head stays."""
    picture, room = torch.rand(1, 3, 96, 96), torch.rand(1, 3, 96, 96)
    flow = torch.zeros(1, 2, 48, 48)
    assert torch.equal(uncovered(picture, room, flow), picture)
    flow[..., 24:] = 0.2
    shown = uncovered(picture, room, flow)
    assert torch.equal(shown[..., :44], picture[..., :44]) and torch.allclose(shown[..., 52:], room[..., 52:])


def _before_a_wall(frames):
    """The same frames before a light wall."""
    wall, _ = _scene(frames.image.shape[-1])
    return dataclasses.replace(frames, image=torch.lerp(0.4 + wall / 2, frames.image, resized(frames.surface, 96)))


@torch.no_grad()
def test_a_head_that_turns_away_uncovers_its_room(filmed):
    """By the shipped model: what was hidden is filled from around; it is not the portrait in its old place."""
    model, frames = FaceModel.load(SHIPPED), _before_a_wall(filmed)
    still, truth = frames.at(slice(0, 1)), frames.at(slice(3, 4))
    source = model.encode_portrait(still.image, still.pose)
    hidden = (resized(still.surface * (1 - truth.surface), 96) > 0.5)[:, 0]
    assert hidden.sum() > 100
    code = teach(truth.rig, model.size.dynamics)
    filled, ghost = (
        (model.drive(one, truth.pose, code).image - truth.image).square().mean(1)[hidden].mean()
        for one in (source, dataclasses.replace(source, room=None))
    )
    assert filled < 0.3 * ghost
