"""The studio: procedural virtual humans, their behaviour, and the camera that films them.

`Identity`, `Person`, `Studio` and `Shot` load their modules (and torch) when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tellbench.datasets.studio.identity import Identity
    from tellbench.datasets.studio.renderer import Person, Shot, Studio

__all__ = ["Identity", "Person", "Shot", "Studio"]


def __getattr__(name: str) -> Any:
    if name == "Identity":
        from tellbench.datasets.studio.identity import Identity

        return Identity
    if name in __all__:
        from tellbench.datasets.studio import renderer

        return getattr(renderer, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
