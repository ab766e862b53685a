"""The evidence sheet draws any evidence: many facts, no plots, no score, NaN in curves."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tellbench.datasets.clip import Clip
from tellbench.detectors.base import Evidence, Picture, Plot
from tellbench.errors import InputError
from tellbench.reports.inspection import draw_evidence

TIME = np.arange(50) / 25
APERTURE = np.where(np.arange(50) == 20, np.nan, 0.3)
PLOT = Plot(
    "Lid aperture", "time (s)", "opening / width", TIME, {"right": APERTURE, "left $x": APERTURE - 0.01}, (0.8,)
)
EVIDENCE = [
    Evidence("blink", 0.8, {"blinks a minute": 18.0, "blinks": 3}, (PLOT, PLOT)),
    Evidence("spectrum", None, {f"fact {i}": i / 7 for i in range(30)}, (PLOT,)),
    Evidence("cnn:resnet18", 0.2, {}),
]


@pytest.fixture
def clip(corpus):
    return corpus.clips[0]


def test_sheet_grows_with_the_evidence(clip, tmp_path):
    sizes = []
    for n in (1, len(EVIDENCE)):
        out = draw_evidence(EVIDENCE[:n], clip, tmp_path / f"{n}.png")
        with Image.open(out) as image:
            sizes.append(image.size)
            assert len(image.convert("RGB").resize((200, 200)).getcolors(40_000)) > 5
    assert len({width for width, _ in sizes}) == 1
    assert [height for _, height in sizes] == sorted({height for _, height in sizes})


def test_pictures_are_drawn(clip, tmp_path):
    green = Picture("where it looks", np.full((8, 8, 3), (0, 200, 0), np.uint8))
    out = draw_evidence([Evidence("cnn", 0.9, {"frames": 1}, pictures=(green, green))], clip, tmp_path / "p.png")
    with Image.open(out) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert (np.abs(pixels - (0, 200, 0)).max(-1) < 3).mean() > 0.02


def test_svg_too(clip, tmp_path):
    assert draw_evidence(EVIDENCE[2:], clip, tmp_path / "e.svg").read_text().startswith("<?xml")


def test_unreadable_video_leaves_nothing(tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with pytest.raises(InputError):
        draw_evidence(EVIDENCE, Clip(clip_id="broken", path=broken, label=-1), tmp_path / "out.png")
    assert list(tmp_path.iterdir()) == [broken]
