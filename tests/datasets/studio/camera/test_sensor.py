import pytest
import torch
from torch import Tensor

from tellbench.datasets.studio.camera import sensor_numba, sensor_torch
from tellbench.datasets.studio.camera.sensor import film_curve, noise_tiles, refraction

SIZE = 12


def arguments(name: str) -> tuple:
    random = torch.Generator().manual_seed(0)

    def rand(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=random)

    view = torch.tensor([[1.0, -0.01, 0.02, 3.0], [0.01, 1.0, 0.01, 30.0], [0.02, 0.01, -1.0, 900.0]])
    place = torch.tensor([[1.5, 0.1, -1.0], [-0.1, 1.6, 0.5]])
    tiles = tuple(tile[:50, :50].contiguous() for tile in noise_tiles())
    offsets = torch.randint(0, 2**32, (2, 2, 2), generator=random)
    return {
        "project": ((rand(2, 30, 3) - 0.5) * 300, view.expand(2, 3, 4), rand(2, 2) * 5, 2000.0, -0.05, 512),
        "resolve": (
            rand(2, 2 * SIZE, 2 * SIZE, 3),
            rand(2, 2 * SIZE, 2 * SIZE),
            rand(20, 20, 3),
            place.expand(2, 2, 3),
            rand(SIZE, SIZE),
            rand(2, 3),
        ),
        "refract": (rand(2, SIZE, SIZE, 3), *refraction(SIZE, 0.1, 0.05)),
        "regrain": (
            rand(2, SIZE, SIZE, 3),
            torch.linspace(0, 2, 256) ** 2,
            film_curve(),
            1 + 0.2 * rand(2, 3),
            (0.01, 0.001),
            tiles,
            offsets,
            0.5,
        ),
        "develop": (rand(2, SIZE, SIZE, 3), film_curve(), (0.01, 0.001), tiles, offsets, 0.5),
    }[name]


@pytest.mark.parametrize("name", ["project", "resolve", "refract", "develop", "regrain"])
def test_the_fused_kernel_computes_the_torch_formula(name):
    values = [v.contiguous() if isinstance(v, Tensor) else v for v in arguments(name)]
    fused, plain = getattr(sensor_numba, name)(*values), getattr(sensor_torch, name)(*values)
    assert fused.dtype == plain.dtype and fused.shape == plain.shape
    assert plain.float().std() > 0, "the arguments should exercise the formula"
    tolerance = 2.0 if plain.dtype == torch.uint8 else 2e-3
    torch.testing.assert_close(fused.float(), plain.float(), rtol=2e-4, atol=tolerance)


def test_noise_has_unit_variance_and_neighbours_alike():
    for side, tile in zip((509, 383), noise_tiles(), strict=True):
        assert tile.shape == (side, side, 3)
        assert abs(tile.var().item() - 0.5) < 0.08
        near = torch.corrcoef(torch.stack([tile[:, 1:].flatten(), tile[:, :-1].flatten()]))[0, 1]
        assert 0.2 < near < 0.8
        colours = torch.corrcoef(tile.view(-1, 3).T)
        assert 0.3 < colours[0, 1] < 0.8, "a grain of its own light and blotches of colour"


def test_noise_grows_with_light_and_is_fresh_in_every_frame():
    curve = torch.linspace(0, 2, 4096) / 2
    offsets = torch.tensor([[[0, 0], [9, 4]], [[77, 50], [200, 11]]])

    def noise(light: float) -> Tensor:
        frames = sensor_numba.develop(
            torch.full((2, 96, 96, 3), light), curve, (1e-3, 1e-6), noise_tiles(), offsets, 0.0
        )
        return (frames.float() / 127.5) ** 2 - light

    dim, bright = noise(0.1), noise(0.6)
    assert dim.std() == pytest.approx((1e-3 * 0.1) ** 0.5, rel=0.12)
    assert bright.std() == pytest.approx((1e-3 * 0.6) ** 0.5, rel=0.12)
    assert abs(torch.corrcoef(bright.flatten(1))[0, 1]) < 0.05


def test_sharpening_leaves_a_halo_on_both_sides_of_an_edge():
    light = torch.full((1, 16, 16, 3), 0.1)
    light[:, :, 8:] = 0.4
    args = (film_curve(), (0.0, 0.0), noise_tiles(), torch.zeros(1, 2, 2, dtype=torch.long))
    row = sensor_numba.develop(light, *args, 0.8)[0, 8, :, 1].int()
    assert row[7] < row[2] - 3 and row[8] > row[13] + 3


def test_a_lens_keeps_light_and_shifts_red_against_blue_at_the_edges():
    light = torch.zeros(1, 64, 64, 3)
    light[:, 32, 56] = 1.0
    seen = sensor_torch.refract(light, *refraction(64, 0.1, 0.02))[0]
    across = torch.arange(64.0)
    place = (seen.sum(0) * across[:, None]).sum(0) / seen.sum((0, 1))
    assert place[0] > place[1] + 0.3 and place[2] < place[1] - 0.3
    flat = sensor_torch.refract(torch.ones(1, 64, 64, 3), *refraction(64, 0.1, 0.02))
    torch.testing.assert_close(flat, torch.ones_like(flat))
