"""Colours for skin that the portrait does not show: the far side of the nose and cheek, and closed lids."""

from __future__ import annotations

import numpy as np
from scipy import ndimage as ndi

from tellbench.generator.meshwarp.arrays import LUMA, Array, Floats, Mask, blur, fill, sample, smoothstep
from tellbench.generator.meshwarp.head import HeadModel
from tellbench.generator.meshwarp.surface import Surface


def skin_colours(surface: Surface, picture: Floats) -> Array:
    """Colour (R, C, 3) of each vertex in the portrait; rows rolled inwards take that of their edge."""
    model = surface.model
    colours = sample(picture, surface.screen)
    for roll, edge in (
        ("upper_lid_roll", model.upper_lid_edge),
        ("lower_lid_roll", model.upper_lid_edge),
        ("upper_lip_roll", model.upper_lip_edge),
        ("lower_lip_roll", model.upper_lip_edge),
    ):
        colours[model.rows(roll)] = colours[edge]
    return colours


def trusted(surface: Surface, colours: Floats) -> Mask:
    """Vertices (R, C) whose colour may spread: well seen, and not the dark of a nostril."""
    x, y = surface.vertices[..., 0], surface.vertices[..., 1]
    lightness = colours @ LUMA
    seen = surface.visible > 0.9
    middle = seen & (np.abs(x) < 45) & (y < -12) & (y > -60)
    usual = np.median(lightness[middle]) if middle.any() else np.median(lightness)
    nostril = (np.abs(x) < 32) & (y < 0) & (y > -56) & (lightness < 0.55 * usual)
    return np.asarray(seen & ~nostril)


def fill_hidden(surface: Surface, colours: Floats, good: Mask) -> tuple[Array, Array]:
    """Colours (R, C, 3) for every vertex, and their smooth spread alone.

    Hidden vertices take the spread of seen neighbours and the fine detail of the mirrored side.
    """
    keep = ~surface.model.is_roll
    weight = good.astype(float)
    spread, mirrored_spread = np.zeros(colours.shape), np.zeros(colours.shape)
    mirrored, mirrored_weight = colours[:, ::-1], weight[:, ::-1]
    spread[keep] = fill(colours[keep], weight[keep])
    mirrored_spread[keep] = fill(mirrored[keep], mirrored_weight[keep])
    detail = (mirrored - blur(mirrored_spread, 8 * surface.model.density)) * mirrored_weight[..., None]
    return np.clip(spread + 0.8 * detail, 0, 255), spread


def closed_lids(surface: Surface, picture: Floats, colours: Floats, good: Mask, spread: Floats) -> Array:
    """Skin (n, C, 3) of the upper lids when closed, for the n rows of segment `lid`.

    The grain of the skin between crease and brow, reflected down, on a level that runs from the crease to the skin
    below the eye: stretching the painted lid would smear its lashes.
    """
    model = surface.model
    n_rows, columns = model.segments["upper_lid"][1], model.shape[1]
    down = np.linspace(0, 1, n_rows)
    mirror_row = model.start("upper_lid") - 1 - down * 0.42 * model.segments["brow"][1]
    grid = [np.repeat(mirror_row, columns), np.tile(np.arange(columns), n_rows)]
    where = [ndi.map_coordinates(surface.screen[..., k], grid, order=1).reshape(n_rows, columns) for k in (0, 1)]
    nearest = np.round(mirror_row).astype(int)
    fallback = blur(spread[nearest], (0, 3 * model.density))
    skin = np.where(good[nearest][..., None], sample(picture, np.stack(where, -1)), fallback)
    grain = skin - blur(skin, (3 * model.density, 4 * model.density))
    crease, below = _lid_levels(model, colours)
    towards = (down**1.3)[:, None, None]
    round_ = (1 + 0.05 * np.sin(np.pi * down))[:, None, None]  # a little light on the roundest part
    return np.asarray(np.clip(grain * 0.6 + crease * (1 - towards) + below * towards * 0.94, 0, 255) * round_)


def _lid_levels(model: HeadModel, colours: Floats) -> tuple[Array, Array]:
    """Smooth colour (C, 3) along the crease of the upper lid and along the skin below the eye."""

    def level(first: int, last: int, percentile: float) -> Array:
        return np.asarray(
            ndi.gaussian_filter1d(np.percentile(colours[first:last], percentile, axis=0), 5 * model.density, axis=0)
        )

    lid, under = model.start("upper_lid"), model.start("under_eye")
    n_under = model.segments["under_eye"][1]
    reach = max(2, round(5 * model.density)), max(2, round(7 * model.density))
    crease = level(lid - reach[0], lid + reach[1], 60)
    return crease, level(under + int(0.18 * n_under), under + int(0.5 * n_under), 50)


def lid_weights(model: HeadModel) -> tuple[Array, Array]:
    """How far a closing lid shows its own skin and its lash line, each (R, C) in [0, 1]."""
    skin, lash = np.zeros(model.shape), np.zeros(model.shape)
    down = np.linspace(0, 1, model.segments["upper_lid"][1])[:, None]
    is_open = model.eye_open.astype(float)
    within = np.clip(ndi.gaussian_filter1d(is_open, 2 * model.density) * 1.4, 0, 1)
    skin[model.rows("upper_lid")] = smoothstep(0, 0.4, down) * within
    lash[model.rows("upper_lid")] = (
        smoothstep(0.74, 0.94, down) * ndi.gaussian_filter1d(is_open, 3 * model.density) ** 2
    )
    return skin, lash
