import numpy as np

from tellbench.datasets.expression import INDEX


def _edges(puppet, upper, lower, **coefficients):
    points = puppet.vertices.copy()
    for name, value in coefficients.items():
        points += value * puppet.shapes[INDEX[name]]
    return points[upper], points[lower]


def test_closed_lids_meet_in_every_column(puppet):
    model = puppet.model
    upper, lower = _edges(puppet, model.upper_lid_edge, model.lower_lid_edge, eyeBlinkLeft=1, eyeBlinkRight=1)
    np.testing.assert_allclose(upper[model.eye_open], lower[model.eye_open], atol=1e-3)


def test_one_eye_closes_alone(puppet):
    model = puppet.model
    upper, lower = _edges(puppet, model.upper_lid_edge, model.lower_lid_edge, eyeBlinkLeft=1)
    gap = (upper - lower)[model.eye_open, 1]
    left = upper[model.eye_open, 0] > 0
    assert gap[left].max() < 1e-3
    assert gap[~left].max() > 5


def test_jaw_opens_a_lens(puppet):
    model = puppet.model
    upper, lower = _edges(puppet, model.upper_lip_edge, model.lower_lip_edge, jawOpen=1)
    gap = (upper - lower)[:, 1]
    middle = gap[model.mouth_span < 0.2].mean()
    assert middle > 12
    assert gap[(model.mouth_span > 0.93) & model.mouth_open].max() < 0.5 * middle
    assert np.abs(gap[~model.mouth_open]).max() < 1e-3
