"""Who is compared with whom, and when nothing can be said."""

from pathlib import Path

import numpy as np
import pytest

from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.eval.fvd import CONTROL, FEWEST, fvd_rows
from tellbench.eval.looks import WIDTH

EACH = 10


def corpus(people: int = 6) -> Corpus:
    clips = [
        Clip(
            clip_id=f"{maker}-{i}",
            path=Path(f"/nowhere/{maker}-{i}.mp4"),
            label=int(maker != CONTROL),
            generator="" if maker == CONTROL else maker,
            identity_id=f"person {i}",
        )
        for maker in (CONTROL, "same", "shifted", "still")
        for i in range(people)
    ]
    return Corpus(clips, Path("/nowhere"))


def windows(people: int = 6, each: int = EACH) -> dict[str, np.ndarray]:
    """A shift of 2 in one number is a distance of 4; numbers that never vary miss their own variances."""
    random = np.random.default_rng(0)
    found = {}
    for i in range(people):
        seen = random.normal(size=(each, WIDTH))
        found |= {f"{CONTROL}-{i}": seen, f"same-{i}": seen, f"shifted-{i}": seen + 2 * np.eye(WIDTH)[0]}
        found[f"still-{i}"] = np.zeros((each, WIDTH))
    return found


def test_generators_beside_the_halves_of_pristine_people():
    seen = windows()
    rows = fvd_rows(corpus(), seen)
    assert list(rows) == [CONTROL, "same", "shifted", "still"]
    same, shifted, control = rows["same"], rows["shifted"], rows[CONTROL]
    assert (same.fvd, same.fvd_low, same.fvd_high) == pytest.approx((0, 0, 0), abs=1e-9)
    assert (shifted.fvd, shifted.fvd_low, shifted.fvd_high) == pytest.approx((4, 4, 4))  # the same for everybody
    pristine = np.concatenate([seen[f"{CONTROL}-{i}"] for i in range(6)])
    expected = np.square(pristine.mean(0)).sum() + np.trace(np.cov(pristine.T))
    assert rows["still"].fvd == pytest.approx(expected)
    assert rows["still"].fvd_low < expected < rows["still"].fvd_high
    assert 0 < control.fvd_low < control.fvd < control.fvd_high
    assert {row.n_windows for row in rows.values()} == {6 * EACH}
    assert not any(row.fvd_note for row in rows.values())
    assert fvd_rows(corpus(), seen) == rows  # the same seed


def test_the_control_is_what_strangers_differ_by():
    alike = fvd_rows(corpus(), windows())[CONTROL].fvd
    seen = {name: found + 3 * int(name[-1]) for name, found in windows().items()}  # everybody looks different
    assert fvd_rows(corpus(), seen)[CONTROL].fvd > 10 * alike


def test_too_few_windows_give_none_and_say_why(caplog):
    rows = fvd_rows(corpus(3), windows(3))  # 30 windows: enough for a side, not for a half
    control = rows[CONTROL]
    assert (control.fvd, control.fvd_low, control.n_windows) == (None, None, 30)
    assert control.fvd_note == f"30 pristine windows of 3 people; {FEWEST} in each half of the people are needed"
    assert "no FVD of pristine: 30 pristine windows" in caplog.text
    assert rows["shifted"].fvd == pytest.approx(4)
    few = fvd_rows(corpus(), windows() | {f"same-{i}": np.zeros((0, WIDTH)) for i in range(5)})["same"]
    assert (few.fvd, few.fvd_high, few.n_windows) == (None, None, EACH)
    assert few.fvd_note == f"{EACH} forged and 60 pristine windows; {FEWEST} of each are needed"


def test_one_person_has_a_distance_and_no_interval():
    row = fvd_rows(corpus(1), windows(1, 40))["shifted"]
    assert (row.fvd, row.fvd_low, row.fvd_high) == (pytest.approx(4), None, None)


def test_nothing_pristine_or_nothing_at_all_is_said():
    forged = corpus().where(lambda clip: clip.label == 1)
    assert "no pristine clips" in fvd_rows(forged, windows())["same"].fvd_note
    assert {row.fvd for row in fvd_rows(corpus(), {}).values()} == {None}
    assert fvd_rows(corpus().where(lambda clip: False), {}) == {}
