import numpy as np
import torch

from tellbench.generator.splice.warp import bend

SIDE = 96


def _picture(points, sigma=2.0):
    """Bright spots (3, S, S) at points (N, 2)."""
    y, x = torch.meshgrid(*2 * [torch.arange(SIDE) + 0.5], indexing="ij")
    spots = [torch.exp(-((x - px) ** 2 + (y - py) ** 2) / 2 / sigma**2) for px, py in points.tolist()]
    return 255 * torch.stack(spots).amax(0).expand(3, -1, -1)


def test_landmarks_come_to_lie_on_those_of_each_frame(shot):
    source = torch.as_tensor(shot.landmarks[0]) * SIDE / 128
    frames = torch.as_tensor(shot.landmarks) * SIDE / 128 + torch.tensor([4.0, -2.0])
    marks = [8, 19, 24, 30, 33]
    made = bend(_picture(source[marks]), source, frames, (SIDE, SIDE))
    for picture, points in zip(made[:, 0], frames[:, marks], strict=True):
        for x, y in np.floor(points.numpy()).astype(int):
            assert picture[y - 1 : y + 2, x - 1 : x + 2].max() > 200


def test_same_places_give_the_same_picture(shot):
    points = torch.as_tensor(shot.landmarks[0]) * SIDE / 128
    picture = _picture(points)
    made = bend(picture, points, points[None], (SIDE, SIDE))[0]
    assert (made - picture).abs().mean() < 1.5


def test_size_may_differ_from_the_picture(shot):
    points = torch.as_tensor(shot.landmarks[:2]) * SIDE / 128
    assert bend(_picture(points[0]), points[0], points, (70, 50)).shape == (2, 3, 70, 50)
