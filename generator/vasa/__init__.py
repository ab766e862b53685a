"""A VASA-style generator: one portrait to an appearance, and any pose and any facial dynamics put on it.

Window coordinates, used in every module: the face window spans [-1, 1], x to the right, y down, z towards the viewer.
Names load on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tellbench.generator.vasa.vasa import Vasa

__all__ = ["Vasa"]


def __getattr__(name: str) -> Any:
    """Import `Vasa` when it is asked for (PEP 562): torch stays out of light commands."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.vasa"), name)
