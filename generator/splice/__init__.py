"""Face swap: the pristine video with another person's inner face in every frame. Names load on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tellbench.generator.splice.splice import Splice

__all__ = ["Splice"]


def __getattr__(name: str) -> Any:
    """Import `Splice` when it is asked for (PEP 562): torch stays out of light commands."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.splice"), name)
