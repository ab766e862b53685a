"""What the renderer computes per vertex, on the kernels that suit the device.

Every function of `shading_torch` is here; on the CPU it comes from `shading_numba`. Both take and return tensors.
"""

from __future__ import annotations

from types import ModuleType


def kernels(name: str) -> ModuleType:
    """Module with `rigid`, `shadow`, `box_blur`, `skin_light` and `strand_light`.

    Args:
        name: `numba` (CPU tensors only) or `torch` (any device).
    """
    if name == "numba":
        from tellbench.datasets.studio.render import shading_numba

        return shading_numba
    from tellbench.datasets.studio.render import shading_torch

    return shading_torch
