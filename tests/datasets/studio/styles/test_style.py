import numpy as np
import pytest
import torch

from tellbench.datasets.scene import STYLES
from tellbench.datasets.studio import Identity, Person, Studio
from tellbench.datasets.studio.styles.filters import along, blur, flow
from tellbench.datasets.studio.styles.painting import _sectors, kuwahara
from tellbench.errors import InputError

SIZE = 96


@pytest.fixture(scope="module")
def person():
    return Person(Identity.sample(20))


@pytest.fixture(scope="module")
def shots(person):
    pose = np.array([[5, 0, 0, 0, 0, 0], [-8, 3, 0, 0, 0, 0]], np.float32)
    still = np.zeros((2, 52), np.float32), pose, np.zeros((2, 2), np.float32)
    return {name: Studio(person, 3, SIZE, style=name).render(*still) for name in STYLES}


@pytest.mark.parametrize("name", STYLES[1:])
def test_a_style_changes_the_picture_and_no_label(shots, name):
    photo, styled = shots["photo"], shots[name]
    assert styled.frames.shape == photo.frames.shape and styled.frames.dtype == np.uint8
    assert np.abs(styled.frames.astype(int) - photo.frames).mean() > 8
    for field in ("landmarks", "iris", "aperture", "lids", "mask", "depth"):
        assert np.array_equal(getattr(styled, field), getattr(photo, field)), field


@pytest.mark.parametrize("name", STYLES[1:])
def test_a_styled_clip_repeats_and_does_not_depend_on_batches(person, shots, name):
    again = Studio(person, 3, SIZE, style=name)
    pose = np.array([[-8, 3, 0, 0, 0, 0]], np.float32)
    second = again.render(np.zeros((1, 52), np.float32), pose, np.zeros((1, 2), np.float32), first_frame=1)
    assert np.abs(second.frames[0].astype(int) - shots[name].frames[1]).max() <= 1


def test_a_drawing_is_mostly_paper_in_few_colours(shots):
    drawn = shots["drawn"].frames.reshape(-1, 3).astype(float)
    centred = drawn - drawn.mean(0)
    strength = np.linalg.svd(centred, compute_uv=False)
    assert strength[1] < 0.05 * strength[0], "between one ink and one paper"
    assert (drawn.mean(1) > 180).mean() > 0.4


def test_a_statue_is_one_colour_and_its_sitter_is_left_alone(person, shots):
    from tellbench.datasets.studio.labels import Label

    shot = shots["statue"]
    pixels = shot.frames[(shot.mask == Label.SKIN) & (shots["photo"].mask == Label.SKIN)].astype(float)
    photo = shots["photo"].frames[shots["photo"].mask == Label.SKIN].astype(float)

    def hue(p):
        return (p / p.sum(1, keepdims=True)).std(0).mean()

    assert hue(pixels) < hue(photo)
    assert person.identity == Identity.sample(20)


def test_paint_is_flat_in_patches_with_crisp_borders():
    random = torch.Generator().manual_seed(0)
    picture = torch.full((1, 3, 40, 40), 0.3)
    picture[..., 20:] = 0.7
    noisy = picture + 0.03 * torch.randn(picture.shape, generator=random)
    paint = kuwahara(noisy, _sectors(5))
    assert (paint - picture)[..., 8:-8, 8:16].std() < 0.4 * 0.03
    assert (paint[..., 23] - paint[..., 16])[..., 8:-8].mean() > 0.33, "a plain blur would leave about half of the step"


def test_the_flow_follows_edges():
    x = torch.arange(32.0)
    stripes = torch.sin((x[None] + 0.5 * x[:, None]) / 2).expand(1, 3, 32, 32)
    directions = flow(stripes, 2.0)[0, :, 16, 16]
    across = torch.nn.functional.normalize(torch.tensor([1.0, 0.5]), dim=0)
    assert abs(directions @ across) < 0.05
    kept = along(stripes, flow(stripes, 2.0), 4)[..., 8:-8, 8:-8].std() / stripes[..., 8:-8, 8:-8].std()
    assert kept > 0.8 > 0.5 > blur(stripes, 4)[..., 8:-8, 8:-8].std() / stripes.std()


def test_unknown_styles_are_named(person):
    with pytest.raises(InputError, match="cubist"):
        Studio(person, 1, SIZE, style="cubist")
