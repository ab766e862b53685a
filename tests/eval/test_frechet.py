"""Distances of Gaussians whose distance is known."""

import numpy as np
import pytest

from tellbench.eval.frechet import Gaussian, Sums, frechet_distance, root


def covariances(n: int, width: int, rank: int | None = None) -> np.ndarray:
    random = np.random.default_rng(0)
    halves = random.normal(size=(n, width, rank or width))
    return halves @ np.swapaxes(halves, 1, 2)


def test_diagonal_gaussians():
    first = Gaussian(np.array([1.0, 2.0, 3.0]), np.diag([1.0, 4.0, 0.0]))
    second = Gaussian(np.array([1.0, 0.0, 3.0]), np.diag([9.0, 4.0, 25.0]))
    assert frechet_distance(first, second) == pytest.approx(2**2 + (1 - 3) ** 2 + 0 + 5**2, abs=1e-12)


@pytest.mark.parametrize("rank", [6, 2])
def test_it_is_what_scipy_finds(rank):
    linalg = pytest.importorskip("scipy.linalg")
    a, b = covariances(2, 6, rank) + 1e-9 * np.eye(6)
    mean = np.arange(6.0)
    expected = mean @ mean + np.trace(a + b) - 2 * np.trace(linalg.sqrtm(a @ b)).real
    found = frechet_distance(Gaussian(mean, a), Gaussian(0 * mean, b))
    assert found == pytest.approx(expected, rel=1e-4)


def test_many_at_once_symmetric_and_nothing_from_itself():
    a, b = covariances(10, 4).reshape(2, 5, 4, 4)
    first, second = Gaussian(np.ones((5, 4)), a), Gaussian(np.zeros((5, 4)), b)
    found = frechet_distance(first, second)
    one = frechet_distance(Gaussian(first.mean[3], a[3]), Gaussian(second.mean[3], b[3]))
    assert found.shape == (5,) and found[3] == pytest.approx(one)
    assert frechet_distance(second, first) == pytest.approx(found)
    assert frechet_distance(first, first) == pytest.approx(np.zeros(5), abs=1e-10)
    assert root(a) @ root(a) == pytest.approx(a)


def test_sums_give_the_moments_of_whoever_is_drawn():
    random = np.random.default_rng(1)
    people = [[random.normal(3, 2, (7, 3))], [random.normal(size=(4, 3)), random.normal(size=(5, 3))], []]
    sums = Sums.of(people, 3)
    weights = np.array([[1.0, 1.0, 1.0], [0.0, 2.0, 1.0]])
    assert sums.n(weights).tolist() == [16, 18]
    mean, covariance = sums.gaussians(weights)
    everybody, twice = np.concatenate([*people[0], *people[1]]), np.concatenate([*people[1], *people[1]])
    assert mean == pytest.approx(np.stack([everybody.mean(0), twice.mean(0)]))
    assert covariance == pytest.approx(np.stack([np.cov(everybody.T), np.cov(twice.T)]))
