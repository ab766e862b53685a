"""Personal habits: what stays the same about a person's behaviour from clip to clip.

Every field is also a dial: `dataclasses.replace(habits, brow_coupling=0.0)` makes brows ignore the voice.
"""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Habits:
    """How one person behaves; the defaults are an average person."""

    blink_rate: float = 24.0
    """Spontaneous blinks a minute while talking. Bentivoglio 1997: mean 26; Doughty 2001: 95% in 10.5 to 32.5."""
    blink_rate_listening: float = 16.5
    """The same while listening, taken as rest. Bentivoglio 1997: mean 17; Doughty 2001: 95% in 8 to 21."""
    blink_irregularity: float = 0.65
    """Sigma of log inter-blink intervals; 0 = a metronome. Nomura 2018: mostly positively skewed; value: assumption."""
    blink_double_share: float = 0.03
    """Share of blinks with a second one on their heels (assumption: rare)."""
    blink_partial_share: float = 0.529
    """Share of blinks that do not close the eye. Ousler 2014: 52.9%."""
    blink_pause_locking: float = 3.0
    """How much likelier blinks are in speech pauses. Nakano & Kitazawa 2010: at pauses and ends; factor: assumption."""
    blink_closing_ms: float = 70.0
    """Typical down-phase. VanderWerf 2003: about 90; voluntary blinks 77.6 +- 10, spontaneous about 66."""
    blink_opening_ms: float = 292.0
    """Typical up-phase with its tail, of which about 200 show. VanderWerf 2003: about 240; 200 +- 50."""
    blink_variation: float = 1.0
    """Scale of blink-to-blink variation in durations, depth and left-right lag; 0 = all blinks alike (assumption)."""
    blink_with_shifts: float = 0.97
    """Share of gaze shifts beyond 33 degrees that carry a blink. Evinger 1994: about 97%."""
    brow_rate: float = 8.0
    """Brow raises a minute; no usable published number exists (assumption: 6 to 10)."""
    brow_amplitude: float = 0.45
    """Typical peak of a raise as a coefficient (assumption)."""
    brow_coupling: float = 0.71
    """Share of brow raises in speech that go with a rise of pitch. Cavé 1996: 71%."""
    brow_lead_ms: float = 100.0
    """Brow onset before the pitch rise. Kim, Cvejic & Davis 2014: before the focused word; value: assumption."""
    brow_outer: float = 0.9
    """Outer part of a raise by its inner part (assumption)."""
    frown_rate: float = 2.0
    """Passing frowns a minute (assumption)."""
    head_gain: float = 1.0
    """Scale of all head motion; 0 = frozen."""
    head_tempo: float = 1.0
    """Speed of slow head motion, 1 = 0.05 to 0.4 Hz (assumption; Busso 2007: velocity differs with emotion)."""
    head_coupling: float = 0.55
    """Correlation of 1-2 Hz head motion with the voice. Munhall 2004: strong; 0.4 to 0.7: assumption."""
    head_pitch: float = 0.0
    """Where the head rests, degrees down (assumption)."""
    nod_gain: float = 1.0
    """Scale of nods on stressed syllables."""
    nod_rate: float = 6.0
    """Backchannel nods a minute while another talks (assumption)."""
    posture_rate: float = 3.0
    """Posture shifts a minute besides those after long pauses (assumption)."""
    breath_rate: float = 15.0
    """Breaths a minute at rest (assumption: 12 to 18, that is 0.2 to 0.3 Hz)."""
    breath_mouth: float = 0.12
    """Mouth opening while drawing breath for a phrase, as jawOpen (assumption)."""
    gaze_gain: float = 1.0
    """Scale of gaze shifts away from the viewer; 0 = a fixed stare."""
    gaze_away: float = 1.0
    """Scale of the time spent looking away (assumption)."""
    gaze_down: float = 0.0
    """Degrees by which averted gaze is lowered (assumption)."""
    articulation: float = 1.0
    """Scale of mouth opening in speech."""
    closure: float = 1.0
    """How far the lips come together on M, B and P; 1 = sealed, as pristine speech requires (Agarwal 2020)."""
    viseme_delay_ms: float = 0.0
    """Mouth after sound. Schwartz & Savariaux 2014: natural chains lie between -20 and 70; 0 is assumed."""
    mouth_lead_ms: float = 200.0
    """Mouth opening before the first sound after a pause. Chandrasekaran 2009: 100 to 300."""
    swallow_rate: float = 1.0
    """Swallows a minute, in pauses only (assumption)."""
    press_rate: float = 1.5
    """Lips pressed together, times a minute, in pauses only (assumption)."""
    smile: float = 0.04
    """Resting smile as a coefficient (assumption)."""
    smile_rate: float = 1.5
    """Passing smiles a minute (assumption)."""
    smile_amplitude: float = 0.35
    """Typical height of a passing smile as a coefficient (assumption)."""
    micro_rate: float = 0.5
    """Micro-expressions a minute (assumption: rare)."""
    mouth_skew: float = 0.0
    """Left minus right strength of smiles and emotions, -0.3 to 0.3 (assumption)."""
    brow_skew: float = 0.0
    """Left minus right strength of brow raises, -0.5 to 0.5 (assumption)."""
    brow_rest: float = 0.0
    """Resting brow lowering (assumption)."""

    @classmethod
    def sample(cls, identity_seed: int) -> Habits:
        """Habits of an identity; the same seed always gives the same person.

        Blink rates are log-normal across people (Bentivoglio 1997), drawn apart for talking and listening with spreads
        that make about one person in five blink more at rest than in conversation (Bentivoglio 1997: 23%), and are kept
        within 8 to 40 (talking) and 4 to 36 a minute (assumption); all other spreads are assumptions.
        """
        random = np.random.default_rng([identity_seed, 0x4AB175])

        def spread(centre: float, sigma: float, low: float, high: float) -> float:
            return float(np.clip(centre * np.exp(random.normal(0, sigma)), low, high))

        def around(centre: float, sd: float, low: float, high: float) -> float:
            return float(np.clip(random.normal(centre, sd), low, high))

        return cls(
            blink_rate=spread(23.5, 0.30, 8, 40),
            blink_rate_listening=spread(16.0, 0.40, 4, 36),
            blink_irregularity=float(random.uniform(0.5, 0.8)),
            blink_double_share=float(random.uniform(0.01, 0.05)),
            blink_partial_share=float(random.beta(9, 8)),
            blink_pause_locking=float(random.uniform(2, 4)),
            blink_closing_ms=around(70, 8, 50, 95),
            blink_opening_ms=around(292, 28, 220, 360),
            brow_rate=float(random.uniform(6, 10)),
            brow_amplitude=spread(0.45, 0.25, 0.25, 0.8),
            brow_lead_ms=around(100, 25, 40, 160),
            brow_outer=float(random.uniform(0.6, 1.1)),
            frown_rate=spread(2.0, 0.5, 0.5, 6),
            head_gain=spread(1.0, 0.25, 0.5, 1.6),
            head_tempo=spread(1.0, 0.15, 0.7, 1.4),
            head_coupling=float(random.uniform(0.4, 0.7)),
            head_pitch=around(0, 1.5, -3, 3),
            nod_gain=spread(1.0, 0.35, 0.4, 2),
            nod_rate=spread(6.0, 0.4, 2, 14),
            posture_rate=spread(3.0, 0.4, 1, 8),
            breath_rate=around(15, 2, 12, 18),
            breath_mouth=float(random.uniform(0.03, 0.2)),
            gaze_gain=spread(1.0, 0.2, 0.6, 1.5),
            gaze_away=spread(1.0, 0.2, 0.6, 1.6),
            articulation=spread(1.0, 0.12, 0.75, 1.3),
            mouth_lead_ms=around(200, 40, 110, 290),
            swallow_rate=spread(1.0, 0.3, 0.4, 2),
            press_rate=spread(1.5, 0.5, 0.3, 4),
            smile=float(random.uniform(0.0, 0.1)),
            smile_rate=spread(1.5, 0.6, 0.2, 5),
            smile_amplitude=spread(0.35, 0.3, 0.15, 0.7),
            micro_rate=spread(0.5, 0.4, 0.2, 1.5),
            mouth_skew=around(0, 0.1, -0.3, 0.3),
            brow_skew=around(0, 0.15, -0.5, 0.5),
            brow_rest=around(0.03, 0.04, 0, 0.12),
        )
