import torch

from tellbench.datasets.studio.surface.noise import noise, resolved, spacing


def test_noise_is_a_trilinear_look_up_in_a_mirrored_lattice():
    points = torch.randn(2000, 3, generator=torch.Generator().manual_seed(0)) * 90
    lattice = torch.rand(1, 1, 40, 40, 40, generator=torch.Generator().manual_seed(7)) * 2 - 1
    place = (1 - ((points / 3 / 40) % 1 * 2 - 1).abs()) * 2 - 1
    wanted = torch.nn.functional.grid_sample(lattice, place.view(1, 1, 1, -1, 3), align_corners=True).flatten()
    torch.testing.assert_close(noise(points, 3.0, 7), wanted, atol=1e-4, rtol=0)


def test_noise_finer_than_the_grid_is_left_out():
    grid = torch.stack(torch.meshgrid(torch.arange(5.0), 2 * torch.arange(4.0), torch.zeros(1), indexing="ij"), -1)
    pitch = spacing(grid[:, :, 0])
    assert torch.equal(pitch[..., 0], torch.ones(5, 4)) and torch.equal(pitch[..., 1], torch.full((5, 4), 2.0))
    assert (resolved(pitch, 2.0) == 0).all() and (resolved(pitch, 4.0) == 1).all()
