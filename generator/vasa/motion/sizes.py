"""Named sizes of the motion model."""

from __future__ import annotations

import dataclasses
from typing import Final

WINDOW: Final = 50
"""Frames made at once, at most: 2 s (VASA-1 gives no number; assumption, as are the next two)."""
BEFORE: Final = 10
"""Frames of the previous window that the next one sees."""
AHEAD: Final = 6
"""Frames of sound beyond the window that are heard: mouths open up to 0.2 s before their sound."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Size:
    """Every number that the network is built from."""

    name: str
    layers: int
    width: int
    heads: int
    ear: int
    """Channels of the audio encoder."""


SIZES: Final = {
    size.name: size
    for size in (
        Size(name="tiny", layers=3, width=96, heads=4, ear=48),
        Size(name="small", layers=4, width=160, heads=5, ear=96),
        Size(name="base", layers=6, width=256, heads=8, ear=128),
        Size(name="paper", layers=8, width=512, heads=8, ear=256),
    )
}
"""`paper` has the layers, width and heads of VASA-1; `small` is the one that ships."""
