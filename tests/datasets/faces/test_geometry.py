import numpy as np
import torch

from tellbench.datasets.faces.geometry import crop_squares, fit_similarity, sampling_grid, to_crop, to_image


def test_points_go_to_the_crop_and_back():
    squares = crop_squares(
        torch.tensor([[40.0, 30.0], [10.0, 80.0]]), torch.tensor([50.0, 20.0]), torch.tensor([0.3, -1.0])
    )
    points = torch.rand(2, 5, 2) * 100
    torch.testing.assert_close(to_image(to_crop(points, squares, 64), squares, 64), points, atol=1e-3, rtol=0)


def test_square_corners_lie_half_a_side_from_the_centre():
    squares = crop_squares(torch.tensor([[40.0, 30.0]]), torch.tensor([50.0]))
    corners = to_image(torch.tensor([[[0.0, 0.0], [64.0, 64.0]]]), squares, 64)
    torch.testing.assert_close(corners, torch.tensor([[[15.0, 5.0], [65.0, 55.0]]]))


def test_sampling_agrees_with_point_mapping():
    image = torch.zeros(1, 1, 60, 80)
    image[0, 0, 20, 50] = 1.0  # pixel centre (50.5, 20.5)
    squares = crop_squares(torch.tensor([[45.0, 25.0]]), torch.tensor([32.0]))
    crop = torch.nn.functional.grid_sample(image, sampling_grid(squares, 128, image.shape[-2:]), align_corners=False)[
        0, 0
    ]
    weight = crop / crop.sum()
    axis = torch.arange(128) + 0.5
    seen = torch.stack([(weight.sum(0) * axis).sum(), (weight.sum(1) * axis).sum()])
    torch.testing.assert_close(seen, to_crop(torch.tensor([[[50.5, 20.5]]]), squares, 128)[0, 0], atol=1e-3, rtol=0)


def test_similarity_is_recovered_exactly():
    rng = np.random.default_rng(0)
    shape = torch.tensor(rng.normal(size=(68, 2)), dtype=torch.float32)
    truth = crop_squares(torch.tensor([[100.0, 50.0]]), torch.tensor([80.0]), torch.tensor([0.4]))
    points = shape[None] @ truth[:, :, :2].mT + truth[:, None, :, 2]
    torch.testing.assert_close(fit_similarity(shape, points), truth, atol=1e-3, rtol=1e-4)
