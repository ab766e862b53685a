import numpy as np
import pytest
import torch

from tellbench.datasets.studio.labels import Label
from tellbench.generator.splice.region import face_region


def _region(shot, blend_width=0.2):
    return face_region(torch.as_tensor(shot.landmarks), shot.frames.shape[1:3], blend_width).numpy()


@pytest.mark.parametrize("label", [Label.EYES, Label.MOUTH, Label.BACKGROUND, Label.CLOTHES])
def test_eyes_mouth_and_what_is_around_stay(shot, label):
    assert (shot.mask == label).any()
    assert _region(shot)[shot.mask == label].max() < 0.05


def test_lips_stay_open_or_shut(shot):
    assert _region(shot)[shot.mask == Label.LIPS].mean() < 0.02


def test_nose_is_replaced_and_most_of_the_skin_between_jaw_and_brows(shot):
    region = _region(shot)
    for frame, points in zip(region, shot.landmarks, strict=True):
        x, y = points[29].astype(int)
        assert frame[y, x] == 1
        left, right, top, bottom = *points[[4, 12], 0], points[19, 1], points[8, 1]
        inner = np.s_[int(top) : int(bottom), int(left) : int(right)]
        assert frame[inner].mean() > 0.4


def test_a_blink_does_not_change_the_hole(shot):
    open_, shut = _region(shot)[[0, 2]]
    assert (open_ - shut).mean() == pytest.approx(0, abs=0.005)


def test_soft_edges_are_softer_and_lie_inside(shot):
    hard, soft = _region(shot, 0.0), _region(shot, 0.4)
    assert np.isin(hard, (0, 1)).mean() > 0.999
    assert not soft[hard == 0].any()
    assert ((soft > 0.05) & (soft < 0.95)).sum() > 5 * ((hard > 0.05) & (hard < 0.95)).sum()


def test_follows_the_face_wherever_it_is(shot):
    points = torch.as_tensor(shot.landmarks[:1])
    here, there = (face_region(points + step, (128, 128), 0.2).numpy() for step in (0, torch.tensor([7.0, -3.0])))
    np.testing.assert_allclose(here[:, 3:, :-7], there[:, :-3, 7:], atol=1e-4)
