"""How a talking or listening person behaves: blinks, brows, head, gaze, mouth and mood, from published statistics."""

from tellbench.datasets.studio.behaviour.habits import Habits
from tellbench.datasets.studio.behaviour.perform import TRACKS, Performance, perform

__all__ = ["TRACKS", "Habits", "Performance", "perform"]
