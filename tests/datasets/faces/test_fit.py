import copy
from importlib import resources

import numpy as np
import pytest
import torch

from tellbench.datasets.faces.accuracy import errors, measure
from tellbench.datasets.faces.augment import Batch
from tellbench.datasets.faces.fit import Lessons, Recipe, Training, fit, loss, mean_shape, point_weights, total_error
from tellbench.datasets.faces.landmarks import Landmarks
from tellbench.datasets.faces.network import CROP_MARGIN, N_OUT, NetworkLandmarker, Reading, read_weights
from tellbench.datasets.faces.sittings import Crops, cut


@pytest.fixture(scope="module")
def crops(renders) -> Crops:
    return cut(renders, np.linspace(-0.5, 0.5, 8, dtype=np.float32).reshape(4, 2))


def shape_of(crops: Crops) -> torch.Tensor:
    return mean_shape(torch.as_tensor(crops.points[:, :68]))


def test_mean_shape_is_upright_centred_and_scaled(crops):
    shape = shape_of(crops)
    assert shape[36:42, 1].mean() == pytest.approx(shape[42:48, 1].mean().item(), abs=0.02)
    assert shape[:, 1].max() - shape[:, 1].min() == pytest.approx(2 / CROP_MARGIN, abs=1e-4)
    assert shape[36, 0] < 0 < shape[45, 0] and shape[8, 1] > shape[27, 1]


def test_rate_rises_stays_and_falls():
    recipe = Recipe(steps=1000)
    rates = [recipe.rate_at(step) for step in range(1000)]
    assert rates[0] < rates[100] < rates[300] == recipe.rate == rates[500]
    assert rates[-1] < 0.05 * recipe.rate and np.all(np.diff(rates[600:]) <= 0)


def test_loss_is_nought_only_at_the_truth():
    batch = Batch(torch.zeros(2, 3, 4, 4), torch.rand(2, N_OUT, 2), torch.rand(2, 2), torch.rand(2, 2))
    truth = Reading(batch.points, batch.apertures, batch.brows)
    assert loss(truth, batch) == 0
    assert loss(truth._replace(points=batch.points + 1), batch) > 0.5
    assert loss(truth._replace(apertures=batch.apertures + 0.1), batch) > 0.5
    assert loss(truth._replace(brows=batch.brows - 0.1), batch) > 0.5


def test_lids_matter_more_than_the_jaw():
    weights = point_weights()
    assert weights[36:48].min() > weights[:17].max()


def test_errors_are_in_units_of_the_outer_eye_distance():
    points = np.zeros((1, 68, 2), np.float32)
    points[0, 45] = [50, 0]
    lids, brows = np.array([[[0.1, 0.3]], [[-0.4, 0.6]]], np.float32)
    truth = Landmarks(points, np.zeros((1, 2, 2), np.float32), lids, brows)
    moved = points.copy()
    moved[0, 48:68, 1] += 5
    found = errors(Landmarks(moved, truth.iris, truth.aperture, truth.brows / 2), truth)
    assert found["mouth"] == pytest.approx(0.1) and found["eyes"] == 0
    assert found["inner"] == pytest.approx(0.1 * 20 / 51)
    assert found["aperture_r"] == pytest.approx(1) and found["brow_r"] == pytest.approx(1)
    assert found["brow_mae"] == pytest.approx(0.25)


def test_a_few_steps_learn_something(crops):
    recipe = Recipe(batch=4, steps=400, workers=0)
    training, lesson = Training(recipe, shape_of(crops)), Lessons(crops, shape_of(crops), recipe)[0]
    losses = [training.advance(lesson) for _ in range(16)]
    assert losses[-1] < 0.8 * losses[0]


def test_lessons_depend_on_seed_and_step_alone(crops):
    shape = shape_of(crops)
    one, two = (Lessons(crops, shape, Recipe(batch=2, steps=5, workers=0)) for _ in range(2))
    torch.testing.assert_close(one[3].crops, two[3].crops, atol=0, rtol=0)
    assert (one[3].points != one[4].points).any()
    assert [b.points[0, 0, 0].item() for b in one.since(3)] == [one[i].points[0, 0, 0].item() for i in (3, 4)]


def test_resumed_training_equals_uninterrupted(crops, tmp_path):
    recipe = Recipe(batch=2, steps=10, workers=0)
    lessons = Lessons(crops, shape_of(crops), recipe)
    whole = Training(recipe, shape_of(crops))
    for step in range(2):
        whole.advance(lessons[step])
    whole.save(tmp_path / "c.safetensors")
    resumed = Training(recipe, shape_of(crops))
    resumed.load(tmp_path / "c.safetensors")
    assert resumed.step == 2
    for training in (whole, resumed):
        training.advance(lessons[2])
    after = resumed.average.state_dict()
    for name, value in whole.average.state_dict().items():
        torch.testing.assert_close(value, after[name], msg=name)


def test_fit_writes_weights_that_load_and_measure(crops, tmp_path):
    found = fit(Recipe(batch=2, steps=2, check_every=1, workers=0), crops, crops, tmp_path / "w.safetensors", tmp_path)
    network = read_weights(tmp_path / "w.safetensors")
    again = measure(NetworkLandmarker(copy.deepcopy(network)), crops)
    assert again["inner"] == pytest.approx(found["inner"], rel=0.05)
    assert total_error(again) == pytest.approx(total_error(found), rel=0.05)


def test_training_goes_on_from_given_weights(crops, tmp_path):
    recipe = Recipe(batch=2, steps=2, check_every=1, workers=0, rate=1e-6)
    shipped = NetworkLandmarker.load().network
    given = measure(NetworkLandmarker(copy.deepcopy(shipped)), crops)
    start = read_weights(resources.files("tellbench.datasets.faces") / "weights" / "landmarks.safetensors")
    found = fit(recipe, crops, crops, tmp_path / "w.safetensors", tmp_path, start)
    assert found["inner"] < 2 * given["inner"] < 0.2
