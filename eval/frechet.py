"""Frechet distance of Gaussians, from sums over people: drawing people again looks at nothing twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Gaussian(NamedTuple):
    """One or many of them, in D dimensions."""

    mean: Floats
    """Shape (..., D)."""
    covariance: Floats
    """Shape (..., D, D), symmetric, no eigenvalue below 0."""


class Sums(NamedTuple):
    """What the vectors of each of I people add up to."""

    counts: Floats
    """Shape (I,)."""
    totals: Floats
    """Shape (I, D)."""
    products: Floats
    """Outer products, shape (I, D, D)."""

    @classmethod
    def of(cls, groups: Iterable[Sequence[Floats]], width: int) -> Sums:
        """Of each person's stacks of vectors, (N, `width`) each; a person may have none."""
        stacks = [np.concatenate([np.zeros((0, width)), *stacks]) for stacks in groups]
        return cls(
            np.array([len(x) for x in stacks], float),
            np.array([x.sum(0) for x in stacks]).reshape(-1, width),
            np.array([x.T @ x for x in stacks]).reshape(-1, width, width),
        )

    def n(self, weights: Floats) -> Floats:
        """Vectors in each of B draws, (B,), of people taken `weights` (B, I) times."""
        return np.asarray(weights @ self.counts)

    def gaussians(self, weights: Floats) -> Gaussian:
        """Mean and unbiased covariance of B draws of people taken `weights` (B, I) times, of two vectors or more."""
        n = self.n(weights)[:, None]
        mean = weights @ self.totals / n
        products = np.tensordot(weights, self.products, 1)
        outer = n[..., None] * mean[:, :, None] * mean[:, None]
        return Gaussian(mean, (products - outer) / (n[..., None] - 1))


def frechet_distance(first: Gaussian, second: Gaussian) -> Floats:
    """Squared 2-Wasserstein distance of Gaussians (Dowson & Landau 1982, J Multivar Anal 12:450), as in FID and FVD.

    |m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1^1/2 C2 C1^1/2)^1/2). The last trace is the sum of the singular values of
    C1^1/2 C2^1/2: nothing is squared on the way, so singular covariances lose no digits.

    Returns:
        Shape (...), at least 0.
    """
    apart = np.square(first.mean - second.mean).sum(-1)
    spread = np.trace(first.covariance + second.covariance, axis1=-2, axis2=-1)
    shared = np.linalg.svd(root(first.covariance) @ root(second.covariance), compute_uv=False).sum(-1)
    return np.asarray(np.maximum(apart + spread - 2 * shared, 0.0))


def root(covariance: Floats) -> Floats:
    """Symmetric square root of symmetric matrices (..., D, D) without negative eigenvalues but for rounding."""
    values, vectors = np.linalg.eigh(covariance)
    scaled = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    return np.asarray(scaled @ np.swapaxes(vectors, -1, -2))
