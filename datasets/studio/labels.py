"""Classes of the mask that comes with every frame."""

from __future__ import annotations

import enum


class Label(enum.IntEnum):
    """What a pixel shows."""

    BACKGROUND = 0
    SKIN = 1
    EYES = 2
    MOUTH = 3
    """Inside the mouth: teeth, tongue, inner lip."""
    LIPS = 4
    HAIR = 5
    CLOTHES = 6
    BROWS_LASHES = 7
    GLASSES = 8
