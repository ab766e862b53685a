"""Personal habits: what stays the same about a person's behaviour from clip to clip.

Every field is also a dial: `dataclasses.replace(habits, brow_coupling=0.0)` makes brows ignore the voice.
"""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Habits:
    """How one person behaves; the defaults are an average person."""

    blink_rate: float = 26.0
    """Spontaneous blinks a minute in conversation. Bentivoglio 1997: mean 26."""
    blink_irregularity: float = 0.65
    """Sigma of log inter-blink intervals; 0 = a metronome. Nomura 2018: mostly positively skewed; value: assumption."""
    blink_partial_share: float = 0.529
    """Share of blinks that do not close the eye. Ousler 2014: 52.9%."""
    blink_pause_locking: float = 3.0
    """How much likelier blinks are in speech pauses. Nakano & Kitazawa 2010: at pauses and ends; factor: assumption."""
    blink_closing_ms: float = 70.0
    """Typical down-phase. VanderWerf 2003: about 90; voluntary blinks 77.6 +- 10, spontaneous about 66."""
    blink_opening_ms: float = 200.0
    """Typical up-phase. VanderWerf 2003: about 240."""
    blink_variation: float = 1.0
    """Scale of blink-to-blink variation in durations, depth and left-right lag; 0 = all blinks alike (assumption)."""
    brow_rate: float = 8.0
    """Brow raises a minute; no usable published number exists (assumption: 6 to 10)."""
    brow_amplitude: float = 0.45
    """Typical peak of a raise as a coefficient (assumption)."""
    brow_coupling: float = 0.71
    """Share of brow raises in speech that go with a rise of pitch. Cavé 1996: 71%."""
    brow_lead_ms: float = 100.0
    """Brow onset before the pitch rise. Kim, Cvejic & Davis 2014: before the focused word; value: assumption."""
    head_gain: float = 1.0
    """Scale of all head motion; 0 = frozen."""
    head_coupling: float = 0.55
    """Correlation of 1-2 Hz head motion with the speech envelope. Munhall 2004: strong; 0.4 to 0.7: assumption."""
    nod_gain: float = 1.0
    """Scale of nods on stressed syllables."""
    gaze_gain: float = 1.0
    """Scale of gaze shifts away from the viewer; 0 = a fixed stare."""
    articulation: float = 1.0
    """Scale of mouth opening in speech."""
    closure: float = 1.0
    """How far the lips come together on M, B and P; 1 = sealed, as pristine speech requires (Agarwal 2020)."""
    viseme_delay_ms: float = 0.0
    """Mouth after sound. Schwartz & Savariaux 2014: natural chains lie between -20 and 70; 0 is assumed."""
    smile: float = 0.06
    """Resting smile as a coefficient (assumption)."""
    mouth_skew: float = 0.0
    """Left minus right strength of smiles and brows, -0.3 to 0.3 (assumption)."""
    brow_rest: float = 0.0
    """Resting brow lowering (assumption)."""

    @classmethod
    def sample(cls, identity_seed: int) -> Habits:
        """Habits of an identity; the same seed always gives the same person.

        Rates are log-normal across people (Bentivoglio 1997) with mean 26 a minute, kept within 8 to 40 (Doughty 2001);
        other spreads are assumptions.
        """
        random = np.random.default_rng([identity_seed, 0x4AB175])

        def spread(centre: float, sigma: float) -> float:
            return float(centre * np.exp(random.normal(0, sigma)))

        return cls(
            blink_rate=float(np.clip(spread(24.0, 0.4), 8, 40)),
            blink_irregularity=float(random.uniform(0.5, 0.8)),
            blink_partial_share=float(random.beta(9, 8)),
            blink_pause_locking=float(random.uniform(2, 4)),
            blink_closing_ms=float(np.clip(random.normal(70, 8), 50, 95)),
            blink_opening_ms=float(np.clip(random.normal(200, 28), 140, 280)),
            brow_rate=float(random.uniform(6, 10)),
            brow_amplitude=float(np.clip(spread(0.45, 0.25), 0.25, 0.8)),
            head_gain=float(np.clip(spread(1.0, 0.25), 0.5, 1.6)),
            head_coupling=float(random.uniform(0.4, 0.7)),
            nod_gain=float(np.clip(spread(1.0, 0.35), 0.4, 2)),
            gaze_gain=float(np.clip(spread(1.0, 0.25), 0.5, 1.6)),
            articulation=float(np.clip(spread(1.0, 0.12), 0.75, 1.3)),
            smile=float(random.uniform(0.0, 0.14)),
            mouth_skew=float(np.clip(random.normal(0, 0.1), -0.3, 0.3)),
            brow_rest=float(np.clip(random.normal(0.03, 0.04), 0, 0.12)),
        )
