"""Portrait + speech -> talking face: an explicit 3D warp of the portrait's own pixels. Names load on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tellbench.generator.meshwarp.meshwarp import MeshWarp

__all__ = ["MeshWarp"]


def __getattr__(name: str) -> Any:
    """Import `MeshWarp` when it is asked for (PEP 562): numba and scipy stay out of light commands."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.meshwarp"), name)
