"""Names of protocols, in a place that costs nothing to import."""

from __future__ import annotations

from typing import Final

UNSEEN_GENERATOR: Final = "leave-one-generator-out"
UNSEEN_PERSON: Final = "leave-one-identity-out"
LAUNDERED: Final = "laundered"
LENGTH: Final = "clip-length"
DOSE: Final = "dose-response"
GROUP: Final = "group-fairness"
PROTOCOLS: Final = (UNSEEN_GENERATOR, UNSEEN_PERSON, LAUNDERED, LENGTH, DOSE, GROUP)
"""What a suite may ask for beside the leaderboard's own rows, in the order in which it is run."""
