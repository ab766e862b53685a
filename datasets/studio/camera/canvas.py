"""A canvas of linear light on which rooms are painted, and the disc by which a lens throws them out of focus."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve

Floats = npt.NDArray[np.float64]
Colour = Floats

SIDE: Final = 320
"""Width and height of a canvas in texels: out of focus, more would not be seen."""


class Canvas:
    """Linear RGB with coverage. Places are shares of the canvas: x to the right, y down, both from 0 to 1."""

    def __init__(self, ground: Colour | None = None) -> None:
        """Covered by a ground colour or gradient, or empty."""
        self.light = np.zeros((SIDE, SIDE, 3))
        self.cover = np.zeros((SIDE, SIDE))
        self.y, self.x = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
        if ground is not None:
            self.light[:], self.cover[:] = ground, 1.0

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """A rectangle."""
        rows, columns = _span(top, bottom), _span(left, right)
        self.light[rows, columns], self.cover[rows, columns] = colour, 1.0

    def ellipse(self, x: float, y: float, width: float, height: float, colour: Colour, turn: float = 0.0) -> None:
        """An ellipse of half axes `width` and `height`, turned by radians."""
        reach = max(width, height)
        window = _span(y - reach, y + reach), _span(x - reach, x + reach)
        dx, dy = self.x[window] - x, self.y[window] - y
        across, along = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
        inside = (across / width) ** 2 + (along / height) ** 2 < 1
        self.light[window][inside], self.cover[window][inside] = colour, 1.0

    def fill(self, inside: npt.NDArray[np.bool_], colour: Colour) -> None:
        """Any shape, with one colour or a picture of them."""
        self.light[inside], self.cover[inside] = np.broadcast_to(colour, self.light.shape)[inside], 1.0

    def shade(self, factor: Floats) -> None:
        """Multiply the light by [SIDE, SIDE]."""
        self.light *= factor[..., None]

    def glow(self, x: float, y: float, radius: float, strength: Colour) -> None:
        """Light that a lamp throws on what is around it."""
        near = np.exp(-((self.x - x) ** 2 + (self.y - y) ** 2) / (2 * radius**2))
        self.light *= 1 + near[..., None] * strength


def noise(rng: np.random.Generator, across: int, down: int | None = None) -> Floats:
    """Smooth noise of about unit variance with so many cells across (and down), [SIDE, SIDE]."""
    down = down or across
    cells = 1.3 * rng.normal(size=(down + 1, across + 1))
    return np.asarray(_between(down) @ cells @ _between(across).T)


def _between(cells: int) -> Floats:
    """Weights [SIDE, cells + 1] that blend from one cell to the next without a crease (value noise)."""
    place = (np.arange(SIDE) + 0.5) / SIDE * cells
    first = place.astype(int)
    part = place - first
    weights = np.zeros((SIDE, cells + 1))
    weights[np.arange(SIDE), first + 1] = blend = part**2 * (3 - 2 * part)
    weights[np.arange(SIDE), first] = 1 - blend
    return weights


def stack(layers: list[tuple[Canvas, float]]) -> Floats:
    """Canvases from far to near, each out of focus by a disc of so many texels across; light [SIDE, SIDE, 3]."""
    picture = np.zeros((SIDE, SIDE, 3))
    for canvas, diameter in layers:
        seen = _defocus(np.concatenate([canvas.light * canvas.cover[..., None], canvas.cover[..., None]], -1), diameter)
        cover = np.clip(seen[..., 3:], 0, 1)
        picture = picture * (1 - cover) + seen[..., :3]
    return picture


def _defocus(planes: Floats, diameter: float) -> Floats:
    """Convolution with a disc: the shape of an open aperture."""
    radius = max(diameter / 2, 0.5)
    reach = int(np.ceil(radius + 0.5))
    axis = np.arange(-reach, reach + 1)
    disc = np.clip(radius + 0.5 - np.hypot(axis[:, None], axis), 0, 1)
    padded = np.pad(planes.astype(np.float32), ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    kernel = (disc / disc.sum()).astype(np.float32)
    return np.asarray(fftconvolve(padded, kernel[..., None], mode="valid", axes=(0, 1)), np.float64)


def _span(first: float, last: float) -> slice:
    """Texels between two places."""
    return slice(max(0, round(first * SIDE)), max(0, round(last * SIDE)))
