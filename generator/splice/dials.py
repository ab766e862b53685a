"""The knobs of `splice`: how well the strange face is hidden in the picture."""

from __future__ import annotations

from typing import Final

from tellbench.generator.dials import Dial

SPLICE_DIALS: Final[dict[str, Dial]] = {
    "opacity": Dial("how much of the strange face is seen; 0 leaves the picture as it was", 1, 0, 1),
    "blend_width": Dial(
        "width of the soft edge, in distances of the outer eye corners; 0 cuts with scissors", 0.2, 0, 0.6
    ),
    "colour_match": Dial("how far the strange face takes on the colours of the one that it covers", 1, 0, 1),
    "jitter": Dial("random error of every landmark in every frame, in distances of the outer eye corners", 0, 0, 0.1),
    "grain": Dial("share of the picture's noise that is put on the strange face; 0 leaves it smooth", 1, 0, 2),
}
