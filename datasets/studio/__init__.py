"""The studio: procedural virtual humans, their behaviour, and the camera that films them.

Rooms: `people` (bodies and their landmarks), `hair`, `surface` (skin and eyes), `expressions` (coefficients to
vertices), `behaviour` (what a person does), `render` (vertices to samples), `camera` (samples to pixels, and the room
behind), `styles` (painted, drawn, carved), `review` (contact sheets, outside judges). `film` brings them together.

`Identity`, `Person`, `Studio` and `Shot` load their modules (and torch) when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tellbench.datasets.studio.people.identity import Identity
    from tellbench.datasets.studio.renderer import Person, Shot, Studio

__all__ = ["Identity", "Person", "Shot", "Studio"]


def __getattr__(name: str) -> Any:
    if name == "Identity":
        from tellbench.datasets.studio.people.identity import Identity

        return Identity
    if name in __all__:
        from tellbench.datasets.studio import renderer

        return getattr(renderer, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
