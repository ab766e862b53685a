"""Where people are filmed: each place paints its far, middle and near things on canvases. All numbers are assumptions.

A place takes a random generator and returns canvases from far to near, each with its share of the full defocus.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from tellbench.datasets.studio.camera.canvas import SIDE, Canvas, Colour, noise

Layers = list[tuple[Canvas, float]]

_WARM: Final = np.array([1.0, 0.78, 0.52])
_DAY: Final = np.array([0.88, 0.97, 1.08])

_TREES: Final = np.array([0.20, 0.26, 0.22])
"""Trees in the haze beyond a window."""


def paper(rng: np.random.Generator) -> Layers:
    """A roll of studio paper or a mottled canvas, lit from one side."""
    hue = _muted(rng, 0.30)
    canvas = Canvas(hue * np.exp(rng.uniform(np.log(0.03), np.log(0.55))))
    mottle = rng.choice([0.0, 0.10]) * noise(rng, 5) + 0.02 * noise(rng, 3)
    x, y, reach = rng.uniform(0.2, 0.8), rng.uniform(0.25, 0.7), rng.uniform(0.3, 0.7)
    spot = np.exp(-((canvas.x - x) ** 2 + (canvas.y - y) ** 2) / (2 * reach**2))
    canvas.shade(np.exp(mottle) * (0.45 + rng.uniform(0.4, 0.9) * spot))
    return [(canvas, 1.0)]


def home(rng: np.random.Generator) -> Layers:
    """A living room: wall, pictures, a curtain or a door, a lamp, a sofa, a plant."""
    wall = _wall(rng, 0.12, 0.5)
    for _ in range(rng.integers(0, 4)):
        _picture(rng, wall)
    if rng.random() < 0.5:
        _curtain(rng, wall)
    elif rng.random() < 0.5:
        _door(rng, wall)
    middle = Canvas()
    if rng.random() < 0.5:
        _sofa(rng, middle)
    if rng.random() < 0.5:
        _case(rng, middle, *_side(rng, 0.28), rng.uniform(0.35, 0.6))
    if rng.random() < 0.7:
        _lamp(rng, wall, middle)
    near = Canvas()
    if rng.random() < 0.5:
        _plant(rng, near)
    return [(wall, 1.0), (middle, 0.75), (near, 0.6)]


def office(rng: np.random.Generator) -> Layers:
    """A wall or a window with blinds, ceiling lights, cabinets, screens."""
    far = _wall(rng, 0.2, 0.55, tint=0.05)
    if rng.random() < 0.6:
        _window(rng, far, blinds=rng.random() < 0.6)
    if rng.random() < 0.6:
        _ceiling(rng, far)
    if rng.random() < 0.4:
        _door(rng, far)
    middle = Canvas()
    top = rng.uniform(0.6, 0.8)
    if rng.random() < 0.7:
        left, right = _side(rng, rng.uniform(0.4, 1.1))
        middle.box(left, top, right, 1.2, _muted(rng, 0.10) * rng.uniform(0.05, 0.4))
        for _ in range(rng.integers(0, 4)):
            _screen(rng, middle, rng.uniform(left, right - 0.1), top)
    return [(far, 1.0), (middle, 0.75)]


def library(rng: np.random.Generator) -> Layers:
    """A wall of shelves with books and things, far enough behind to be soft: sharp rows of blocks pass for faces."""
    wall = _wall(rng, 0.05, 0.3)
    left, right = (0.0, 1.0) if rng.random() < 0.6 else _side(rng, 0.7)
    _case(rng, wall, left, right, 0.0)
    wall.shade(1 + 0.25 * np.clip(noise(rng, 2), -2, 2))
    near = Canvas()
    if rng.random() < 0.4:
        _plant(rng, near)
    if rng.random() < 0.4:
        _lamp(rng, wall, near)
    return [(wall, 2.6), (near, 0.8)]


def window(rng: np.random.Generator) -> Layers:
    """A large window behind the person, with what lies outside."""
    outside = garden(rng)[0][0] if rng.random() < 0.6 else street(rng)[0][0]
    outside.light *= rng.uniform(1.2, 2.2)
    frame = Canvas()
    tone = _muted(rng, 0.08) * rng.uniform(0.06, 0.5)
    sill, post = rng.uniform(0.62, 0.9), rng.uniform(0.008, 0.02)
    frame.box(0, sill, 1, 1, tone * 0.6)
    frame.box(0, sill - 0.03, 1, sill, tone * 1.3)
    for x in np.linspace(rng.uniform(0, 0.2), rng.uniform(0.8, 1), rng.integers(2, 5)):
        frame.box(x - post, 0, x + post, sill, tone)
    if rng.random() < 0.5:
        _curtain(rng, frame)
    return [(outside, 1.5), (frame, 0.8)]


def garden(rng: np.random.Generator) -> Layers:
    """Outdoors: sky, trees with gaps of light, grass, shrubs."""
    sky = Canvas(_DAY * rng.uniform(0.7, 1.6))
    sky.shade(0.8 + 0.4 * (1 - sky.y) + 0.1 * np.clip(noise(rng, 3), -1, 1))
    green = np.array([rng.uniform(0.25, 0.6), rng.uniform(0.5, 0.75), rng.uniform(0.12, 0.3)])
    if rng.random() < 0.25:
        green = np.array([0.75, rng.uniform(0.3, 0.5), 0.12])  # autumn
    horizon = rng.uniform(0.5, 0.75)
    crowns = (
        horizon
        - rng.uniform(0.0, 0.5)
        + 0.10 * noise(rng, 5)[SIDE // 2]
        + 0.03 * noise(rng, 26)
        + 0.015 * noise(rng, 70)
    )
    leaves = np.exp(0.45 * noise(rng, 9) + 0.5 * noise(rng, 26) + 0.4 * noise(rng, 60))
    sky.fill(sky.y > crowns, green * 0.11 * leaves[..., None])
    _leaf_gaps(rng, sky, horizon)
    grass = green * np.array([1.15, 1.0, 0.8]) * rng.uniform(0.2, 0.4)
    lawn = np.exp(0.15 * noise(rng, 6, 30) + 0.12 * noise(rng, 50))
    sky.fill(sky.y > horizon + 0.01 * noise(rng, 8), grass * lawn[..., None])
    for _ in range(rng.integers(0, 3)):
        x, thick = rng.uniform(0, 1), rng.uniform(0.01, 0.04)
        sky.box(x - thick, 0, x + thick, horizon + 0.03, np.array([0.09, 0.07, 0.05]) * rng.uniform(0.5, 1.5))
    return [(sky, 1.5)]


def street(rng: np.random.Generator) -> Layers:
    """Fronts of houses with windows, a strip of sky, a pavement."""
    canvas = Canvas(_DAY * rng.uniform(0.7, 1.5))
    x, ground = -0.05, rng.uniform(0.65, 0.85)
    while x < 1:
        width, top = rng.uniform(0.18, 0.5), rng.uniform(-0.1, 0.35)
        brick = _muted(rng, 0.10) * np.array([1.15, 1, 0.85]) * rng.uniform(0.08, 0.45)
        canvas.box(x, top, x + width, ground, brick)
        _fronts(rng, canvas, (x, top, x + width, ground))
        x += width
    canvas.box(0, ground, 1, 1, _muted(rng, 0.05) * rng.uniform(0.12, 0.35))
    canvas.shade(1 + 0.06 * noise(rng, 30) + 0.1 * noise(rng, 4))
    for _ in range(rng.integers(0, 4)):  # cars, people
        left = rng.uniform(-0.1, 1)
        canvas.box(
            left, ground - rng.uniform(0, 0.1), left + rng.uniform(0.03, 0.2), ground + 0.06, _muted(rng, 0.6) * 0.2
        )
    return [(canvas, 1.5)]


def night(rng: np.random.Generator) -> Layers:
    """A dark place with many lamps, each a disc out of focus."""
    canvas = Canvas(_muted(rng, 0.3) * rng.uniform(0.008, 0.03))
    canvas.shade(np.exp(0.5 * noise(rng, 4)))
    palette = np.array([[1, 0.65, 0.3], [1, 0.8, 0.55], [0.8, 0.9, 1.0], [1, 0.25, 0.15], [0.3, 0.9, 0.6]])
    for _ in range(rng.integers(15, 60)):
        colour = palette[rng.choice(5, p=[0.35, 0.3, 0.15, 0.12, 0.08])] * rng.lognormal(1.6, 0.7)
        radius = rng.uniform(0.003, 0.007)
        canvas.ellipse(rng.uniform(0, 1), rng.beta(2, 2.5), radius, radius, colour)
    return [(canvas, 1.4)]


PLACES: Final[dict[str, tuple[Callable[[np.random.Generator], Layers], float]]] = {
    "paper": (paper, 0.20),
    "home": (home, 0.24),
    "office": (office, 0.25),
    "library": (library, 0.05),
    "window": (window, 0.07),
    "garden": (garden, 0.08),
    "street": (street, 0.06),
    "night": (night, 0.05),
}
"""Every place with the share of clips that are filmed there."""


# --- furniture --------------------------------------------------------------------------------------------------------


def _muted(rng: np.random.Generator, saturation: float) -> Colour:
    """A colour of unit mean brightness, more or less grey."""
    colour = np.exp(rng.normal(size=3) * saturation)
    return np.asarray(colour / colour.mean())


def _side(rng: np.random.Generator, width: float) -> tuple[float, float]:
    """From the left or the right edge of the picture: left and right end."""
    inset = rng.uniform(-0.1, 0.12)
    return (inset, inset + width) if rng.random() < 0.5 else (1 - inset - width, 1 - inset)


def _wall(rng: np.random.Generator, dark: float, light: float, tint: float = 0.12) -> Canvas:
    """An unevenly lit wall; light falls off from a window at one side."""
    canvas = Canvas(_muted(rng, tint) * rng.uniform(dark, light))
    slope = rng.uniform(-0.8, 0.8) * (canvas.x - 0.5) + rng.uniform(-0.3, 0.5) * (0.5 - canvas.y)
    canvas.shade(np.exp(slope + 0.05 * noise(rng, 3)))
    if rng.random() < 0.4:  # the corner of the room
        x = rng.uniform(0.1, 0.9)
        canvas.shade(np.where(canvas.x > x, rng.uniform(0.6, 0.85), 1.0))
    return canvas


def _picture(rng: np.random.Generator, canvas: Canvas) -> None:
    """A framed picture of blotches."""
    width, height = rng.uniform(0.08, 0.22), rng.uniform(0.08, 0.25)
    x, y, edge = rng.uniform(-0.05, 0.95), rng.uniform(0.02, 0.45), rng.uniform(0.006, 0.015)
    canvas.box(x, y, x + width, y + height, _muted(rng, 0.1) * rng.choice([0.02, 0.12, 0.6]))
    canvas.box(x + edge, y + edge, x + width - edge, y + height - edge, np.full(3, 0.55))
    mat = edge + rng.uniform(0, 0.025)
    for _ in range(rng.integers(1, 5)):
        left, top = x + mat + rng.uniform(0, 0.4) * width, y + mat + rng.uniform(0, 0.4) * height
        canvas.box(left, top, x + width - mat, y + height - mat, _muted(rng, 0.5) * rng.uniform(0.05, 0.4))


def _curtain(rng: np.random.Generator, canvas: Canvas) -> None:
    """Folds that fall at one side."""
    left, right = _side(rng, rng.uniform(0.15, 0.35))
    folds = np.sin(canvas.x * rng.uniform(90, 200) + 1.5 * noise(rng, 4, 1)) * 0.35
    cloth = _muted(rng, 0.15) * rng.uniform(0.1, 0.5) * np.exp(folds)[..., None]
    canvas.fill((canvas.x > left) & (canvas.x < right), cloth)


def _door(rng: np.random.Generator, canvas: Canvas) -> None:
    """A door in its frame."""
    left, right = _side(rng, rng.uniform(0.2, 0.3))
    top, tone = rng.uniform(0.0, 0.15), _muted(rng, 0.12) * rng.uniform(0.1, 0.6)
    canvas.box(left - 0.015, top - 0.015, right + 0.015, 1, tone * 1.25)
    canvas.box(left, top, right, 1, tone)
    canvas.box(right - 0.03, 0.62, right - 0.01, 0.64, np.full(3, 1.2))


def _sofa(rng: np.random.Generator, canvas: Canvas) -> None:
    """The back of a sofa along the lower edge."""
    tone, top = _muted(rng, 0.14) * rng.uniform(0.05, 0.35), rng.uniform(0.68, 0.85)
    back = top + 0.02 * np.abs(np.sin(canvas.x * np.pi * rng.uniform(2, 4))) ** 8
    canvas.fill(canvas.y > back, tone * (1 + 0.25 * noise(rng, 6)[..., None] * 0.4))


def _lamp(rng: np.random.Generator, wall: Canvas, canvas: Canvas) -> None:
    """A shaded lamp and its light on the wall."""
    left, right = _side(rng, 0.12)
    x, y, size = (left + right) / 2, rng.uniform(0.2, 0.6), rng.uniform(0.04, 0.09)
    wall.glow(x, y, size * 3.5, _WARM * rng.uniform(0.8, 2.5))
    canvas.box(x - 0.006, y, x + 0.006, 1, np.full(3, 0.05))
    shade = np.abs(canvas.x - x) < size * (0.7 + 0.4 * (canvas.y - y) / size)
    canvas.fill(shade & (np.abs(canvas.y - y) < size * 0.8), _WARM * rng.uniform(1.2, 4))


def _plant(rng: np.random.Generator, canvas: Canvas) -> None:
    """Leaves on stems that spread from a pot at the edge of the picture."""
    x = rng.choice([rng.uniform(-0.02, 0.2), rng.uniform(0.8, 1.02)])
    base, spread = rng.uniform(0.65, 1.0), rng.uniform(0.12, 0.28)
    for _ in range(rng.integers(50, 110)):
        angle, reach = rng.normal() * 0.7, spread * rng.uniform(0.25, 1.2)
        tone = np.array([rng.uniform(0.2, 0.5), 0.6, rng.uniform(0.15, 0.3)]) * rng.lognormal(-2.0, 0.35)
        away = reach * np.sin(angle), -1.3 * reach * np.cos(angle)
        lean = np.arctan2(away[0], -away[1])
        canvas.ellipse(x + away[0] / 2, base + away[1] / 2, 0.003, np.hypot(*away) / 2, 0.7 * tone, lean)
        leaf = rng.uniform(0.006, 0.016), rng.uniform(0.03, 0.07)
        canvas.ellipse(x + away[0], base + away[1], *leaf, tone, lean + rng.normal() * 0.3)
    canvas.box(x - 0.06, base, x + 0.06, 1, _muted(rng, 0.3) * rng.uniform(0.1, 0.5))


def _case(rng: np.random.Generator, canvas: Canvas, left: float, right: float, top: float) -> None:
    """Shelves of books from `top` to the floor."""
    wood = np.array([1.25, 1.0, 0.72]) * rng.uniform(0.03, 0.3) if rng.random() < 0.7 else np.full(3, 0.5)
    canvas.box(left, top, right, 1, wood * 0.6)
    step, board = rng.uniform(0.13, 0.2), 0.012
    bright = rng.uniform(0.08, 0.3)
    for floor in np.arange(top + rng.uniform(0.05, step), 1.2, step):
        _books(rng, canvas, (left, right, floor), step - 2 * board, bright)
        canvas.box(left, floor, right, floor + board, wood)
    for x in np.arange(left, right + 0.01, rng.uniform(0.3, 0.5)):
        canvas.box(x - board / 2, top, x + board / 2, 1, wood)


def _books(
    rng: np.random.Generator, canvas: Canvas, place: tuple[float, float, float], room: float, bright: float
) -> None:
    """One row of books in series, without gaps: two dark ones over a bright book pass for a face."""
    x, end, floor = place
    while x < end - 0.02:
        colour, height = _muted(rng, 0.18) * bright * rng.lognormal(-0.3, 0.25), room * rng.uniform(0.6, 0.95)
        for _ in range(rng.integers(1, 5)):
            width = rng.uniform(0.008, 0.02)
            if x + width < end:
                canvas.box(x, floor - height * rng.uniform(0.96, 1), x + width, floor, colour * rng.uniform(0.85, 1.15))
            x += width


def _window(rng: np.random.Generator, canvas: Canvas, blinds: bool) -> None:
    """A window to the day, with or without blinds."""
    left, right = _side(rng, rng.uniform(0.3, 0.7))
    top, bottom = rng.uniform(-0.05, 0.1), rng.uniform(0.5, 0.75)
    sky = _DAY * rng.uniform(0.9, 2.5) * (1.1 - 0.5 * canvas.y[..., None])
    inside = (canvas.x > left) & (canvas.x < right) & (canvas.y > top) & (canvas.y < bottom)
    canvas.fill(inside, sky)
    canvas.fill(inside & (canvas.y > bottom - 0.15 + 0.04 * noise(rng, 9, 1) + 0.01 * noise(rng, 50)), _TREES)
    if blinds:
        slats = np.sin(canvas.y * 2 * np.pi * rng.uniform(28, 50)) > rng.uniform(-0.6, 0.4)
        canvas.fill(inside & slats, np.full(3, rng.uniform(0.3, 0.8)))
    for x in np.linspace(left, right, rng.integers(2, 4)):
        canvas.box(x - 0.01, top, x + 0.01, bottom, np.full(3, rng.uniform(0.1, 0.5)))
    canvas.box(left, bottom, right, bottom + 0.02, np.full(3, 0.5))


def _ceiling(rng: np.random.Generator, canvas: Canvas) -> None:
    """A ceiling with rows of lights that recede."""
    height, lamp = rng.uniform(0.06, 0.18), rng.uniform(2.5, 7)
    canvas.box(0, 0, 1, height, np.full(3, rng.uniform(0.3, 0.6)))
    middle = rng.uniform(0.3, 0.7)
    for row in range(rng.integers(1, 4)):
        y, wide = height * (0.25 + 0.3 * row), 0.10 * (1 - 0.25 * row)
        for side in (-1, 0, 1):
            x = middle + side * (0.34 - 0.07 * row)
            canvas.box(x - wide / 2, y, x + wide / 2, y + height * 0.08, np.full(3, lamp))


def _screen(rng: np.random.Generator, canvas: Canvas, x: float, top: float) -> None:
    """A monitor on a desk."""
    width = rng.uniform(0.1, 0.2)
    height = width * 0.6
    canvas.box(x, top - height - 0.02, x + width, top - 0.02, np.full(3, 0.015))
    glow = np.array([0.7, 0.9, 1.2]) * rng.uniform(0.1, 0.9)
    canvas.box(x + 0.006, top - height - 0.014, x + width - 0.006, top - 0.03, glow)
    canvas.box(x + width * 0.45, top - 0.02, x + width * 0.55, top, np.full(3, 0.03))


def _leaf_gaps(rng: np.random.Generator, canvas: Canvas, horizon: float) -> None:
    """Specks of sky and sun between leaves: discs once out of focus."""
    for _ in range(rng.integers(10, 90)):
        radius = rng.uniform(0.002, 0.006)
        light = np.array([1.0, 1.0, 0.8]) * rng.lognormal(0.5, 0.6)
        canvas.ellipse(rng.uniform(0, 1), horizon * rng.beta(2, 1.6), radius, radius, light)


def _fronts(rng: np.random.Generator, canvas: Canvas, house: tuple[float, float, float, float]) -> None:
    """Windows of a house: sashes taller than wide, or bands of glass. Panes mirror sky or hide behind curtains.

    No two wide dark panes lie side by side over a third: out of focus, such a front passes for a face.
    """
    left, top, right, bottom = house
    wall = canvas.light[_middle(top, bottom), _middle(left, right)]
    glass = np.array([0.12, 0.15, 0.19]) * rng.uniform(0.5, 2.5)
    high, bands = rng.uniform(0.05, 0.09), rng.random() < 0.4
    wide = (right - left) * 0.9 if bands else rng.uniform(0.012, 0.022)
    step = high * rng.uniform(1.35, 1.7)
    for y in np.arange(top + 0.03, bottom - high, step):
        for x in np.arange(left + 0.02, right - 0.012, wide * rng.uniform(1.7, 2.3)):
            pane = glass * rng.lognormal(0.0, 0.5)
            canvas.box(x, y, min(x + wide, right - 0.01), y + high, 0.68 * wall + 0.32 * pane)


def _middle(first: float, last: float) -> int:
    """Texel half-way between two places."""
    return int(np.clip((first + last) / 2 * SIDE, 0, SIDE - 1))
