"""How a talking person behaves: blinks, brows, head, gaze and mouth, from published statistics."""

from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.perform import TRACKS, Performance, perform

__all__ = ["TRACKS", "Habits", "Performance", "perform"]
