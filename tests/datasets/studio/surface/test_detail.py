import dataclasses

import pytest
import torch

from tellbench.datasets.studio import Identity
from tellbench.datasets.studio.people.skin import Skin
from tellbench.datasets.studio.surface.detail import _tilt, detail_map
from tellbench.datasets.studio.surface.marks import Canvas, freckles, moles
from tellbench.datasets.studio.surface.wrinkles import depth


@pytest.fixture(scope="module")
def skin():
    return Skin(Identity.sample(34))


@pytest.fixture(scope="module")
def canvas(skin):
    return Canvas.over(skin, 4)


@pytest.fixture(scope="module")
def drawn(skin):
    return detail_map(skin)


def aged(canvas: Canvas, **sliders) -> Canvas:
    """The same canvas over the same shape, other sliders."""
    skin = object.__new__(Skin)
    skin.__dict__.update(canvas.skin.__dict__)
    skin.identity = dataclasses.replace(skin.identity, **sliders)
    return dataclasses.replace(canvas, skin=skin)


def test_the_map_lies_on_the_grid_and_averages_to_smooth_skin(skin, drawn):
    assert drawn.levels[0].shape == ((skin.layout.rows - 1) * 4 + 1, (skin.layout.columns - 1) * 4 + 1, 8)
    assert 0.2 < drawn.texel < 0.45
    for fine, coarse in zip(drawn.levels, drawn.levels[1:], strict=False):
        assert coarse[..., :6].std((0, 1)).mean() < fine[..., :6].std((0, 1)).mean()
        torch.testing.assert_close(coarse.mean((0, 1)), fine.mean((0, 1)), atol=0.01, rtol=0.02)
    assert (drawn.levels[0][..., :3].mean((0, 1)) - 1).abs().max() < 0.12, "detail hardly changes the skin's colour"


def test_levels_follow_the_size_of_the_samples(drawn):
    assert drawn.level_for(0.05)[1] == drawn.level_for(drawn.texel)[1] == 4
    assert drawn.level_for(2 * drawn.texel)[1] == 2 and drawn.level_for(50.0)[0] is drawn.levels[-1]


def test_lines_deepen_with_age(canvas):
    lips = torch.zeros_like(canvas.area)
    young, old = (depth(aged(canvas, age=age), lips).mean() for age in (22.0, 68.0))
    assert old > 2.5 * young


def test_freckles_and_moles_are_drawn_where_the_sliders_say(canvas):
    none, many = (freckles(aged(canvas, freckles=f, age=30.0)) for f in (0.0, 1.0))
    assert none.max() == 0 and (many > 0.2).float().mean() > 0.01
    assert moles(aged(canvas, moles=0)).max() == 0 < moles(aged(canvas, moles=4)).max()


def test_the_same_person_gets_the_same_detail(skin, drawn):
    for first, second in zip(drawn.levels, detail_map(skin).levels, strict=True):
        assert torch.equal(first, second)


def test_marks_are_bells_about_their_texel(canvas):
    place, radius = torch.tensor([[300, 340]]), torch.tensor([0.6])
    drawn = canvas.stamp(place.numpy(), radius, torch.tensor([2.0]))
    assert drawn.argmax() == 300 * drawn.shape[1] + 340 and drawn.max() <= 2
    falls = torch.exp(-((canvas.pitch[300, 340, 1] / 0.6) ** 2))
    torch.testing.assert_close(drawn[300, 341] / drawn[300, 340], falls)


def test_a_patch_is_that_part_of_the_canvas(canvas):
    part = canvas.patch((-30.0, 10.0), (5.0, 60.0))
    assert torch.equal(part.points, canvas.points[part.texels])
    inner = (slice(8, -8), slice(8, -8))
    torch.testing.assert_close(part.noise(9.0, 1)[inner], canvas.noise(9.0, 1)[part.texels][inner])
    assert part.area.numel() < 0.1 * canvas.area.numel()


def test_normals_lean_against_the_slope(canvas):
    leaning = _tilt(canvas, 0.1 * canvas.points[..., 0])[500:520, 340:360]  # in the middle of the face
    assert ((leaning[..., 0] > -0.12) & (leaning[..., 0] < -0.02)).all()
    assert leaning[..., 0].mean() < 3 * leaning[..., 1:].mean((0, 1)).abs().max() * -1
