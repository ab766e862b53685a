"""From posed vertices to samples: light, shading and rasterising, each on numba and on torch."""
