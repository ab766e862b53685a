import dataclasses

import pytest
import torch

from tellbench.datasets.faces.landmarks import EYES, GROUPS
from tellbench.generator.vasa.data.randomise import Randomiser, _places
from tellbench.generator.vasa.frames import Pairs


@pytest.fixture
def pairs(filmed) -> Pairs:
    rows = torch.tensor([0, 1, 2, 3, 4, 5])
    return Pairs(filmed.at(rows), filmed.at(rows), filmed.at(rows), filmed.at(rows))


def test_source_and_target_get_one_look_and_drivers_another(pairs):
    looked = Randomiser(0)(pairs)
    assert torch.allclose(looked.source.image, looked.target.image)
    for driver in (looked.pose_driver, looked.dynamics_driver):
        assert ((driver.image - looked.source.image).abs().mean((1, 2, 3)) > 0.01).all()
    assert torch.equal(looked.source.rig, pairs.source.rig) and torch.equal(looked.source.labels, pairs.source.labels)


def test_looks_differ_from_row_to_row_and_stay_pictures(pairs):
    same = pairs.source.at(torch.zeros(12, dtype=torch.long))
    image = Randomiser(1).together([same])[0].image
    assert image.min() >= 0 and image.max() <= 1 and torch.isfinite(image).all()
    apart = (image[:, None] - image[None]).abs().mean((2, 3, 4))
    assert (apart[~torch.eye(12, dtype=torch.bool)] > 0.005).float().mean() > 0.9


def test_the_same_seed_gives_the_same_looks(pairs):
    first, again, other = (Randomiser(seed)(pairs).source.image for seed in (3, 3, 4))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_strokes_move_with_the_face(filmed):
    """The brows of one person in two poses carry the same strokes; the room keeps its own."""
    flat = dataclasses.replace(filmed, image=torch.full_like(filmed.image, 0.5))
    random = Randomiser(5)
    one, two = random_texture(random, [flat.at(torch.tensor([0])), flat.at(torch.tensor([6]))])
    from tellbench.generator.vasa.visibility import visible_in

    flow, visible = visible_in(filmed.at(torch.tensor([0])), filmed.at(torch.tensor([6])))
    large = torch.nn.functional.interpolate(torch.cat([flow, visible], 1), size=(96, 96), mode="bilinear")
    carried = torch.nn.functional.grid_sample(one, large[:, :2].permute(0, 2, 3, 1), align_corners=False)
    there = (large[:, 2:] > 0.99).expand(-1, 3, -1, -1)
    assert (carried - two).abs()[there].mean() < 0.6 * (one - two).abs()[there].mean()


def test_sockets_are_toned_where_the_eyes_are_in_any_pose(filmed):
    frames = filmed.at(torch.tensor([0, 6]))
    grey = torch.full_like(frames.image, 0.5)[None]
    toned = Randomiser(2).sockets(grey, _places(frames)[None])[0]
    change = (toned - grey[0]).abs().mean(1)
    for points, one in zip(frames.landmarks, change, strict=True):
        spots = [points[part].mean(0) for part in (*EYES, GROUPS["mouth"])]
        columns = torch.stack(spots)[None, None]
        right, left, mouth = torch.nn.functional.grid_sample(one[None, None], columns, align_corners=False)[0, 0, 0]
        assert min(right, left) > 5 * mouth


def random_texture(random, frames):
    pictures = torch.stack([one.image for one in frames])
    return random.texture(pictures, torch.stack([_places(one) for one in frames]))
