"""Curves land where their values say, break where values are unknown, and say what they show."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tellbench.reports.charts import chart


def test_a_curve_fills_its_box_and_breaks_at_nan():
    x = np.linspace(0, 4, 5)
    made = chart("Lids", "time, s", "share", {"lid": (x, np.array([0.0, 1, np.nan, 1, 0]))}, marks={"": [2.0]})
    assert re.findall("[ML]", made.curves[0].path) == ["M", "L", "M", "L"]
    numbers = np.array(re.findall(r"[-\d.]+", made.curves[0].path), float).reshape(-1, 2)
    assert numbers[:, 0].tolist() == [0, 25, 75, 100]
    assert numbers[0, 1] > numbers[1, 1]  # y runs down
    assert 0 <= numbers[:, 1].min() < numbers[:, 1].max() <= 100
    assert made.marks[0].at == 50
    assert made.over_time
    assert made.words == "Lids: lid from 0 to 1."
    assert [text for _, text in made.x_ticks] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("values", [np.full(3, np.nan), np.full(3, 2.0), np.zeros(0)])
def test_nothing_known_and_nothing_changing_still_make_a_chart(values):
    made = chart("t", "cycles", "dB", {"y": (np.arange(len(values), dtype=float), values)})
    assert "nan" not in made.curves[0].path
    assert not made.over_time


def test_values_that_are_all_but_equal_make_a_flat_line_and_different_ticks():
    scores = 1 - 1e-7 * np.array([0.0, 3, 1, 2])
    made = chart("Score", "time, s", "score", {"cnn": (np.arange(4.0), scores)})
    heights = np.array(re.findall(r" ([\d.]+)", made.curves[0].path), float)
    assert len(heights) == 4 and np.ptp(heights) < 0.2
    texts = [text for _, text in made.y_ticks]
    assert len(texts) > 1 and len(set(texts)) == len(texts)


def test_curves_share_one_box():
    x = np.array([0.0, 1])
    made = chart("t", "time, s", "u", {"a": (x, x), "b": (x, 1 - x)}, kinds=["pristine", "forged"])
    assert [curve.kind for curve in made.curves] == ["pristine", "forged"]
    assert made.curves[0].path.split("L")[1].split(" ")[1] == made.curves[1].path[1:].split("L")[0].split(" ")[1]
