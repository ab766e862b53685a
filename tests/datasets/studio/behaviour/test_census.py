import numpy as np
import pytest

from tellbench.datasets.studio.behaviour.census import take_census
from tellbench.datasets.studio.behaviour.published import QUANTITIES, Quantity
from tellbench.datasets.studio.behaviour.table import Row, compare, markdown
from tellbench.errors import InputError


@pytest.fixture(scope="module")
def census():
    """Four people, four minutes each."""
    return take_census(4, 4.0, seed=3)


@pytest.fixture(scope="module")
def rows(census):
    return {row.quantity.name: row for row in compare(census)}


def test_every_person_is_measured_in_both_roles(census):
    assert len(census) == 4
    for person in census:
        assert len(person["talking"]["rate"]) == len(person["listening"]["rate"]) == 1
        assert "led" not in person["listening"]  # brows and voice are compared where there is a voice
    rates = [person["talking"]["rate"].mean() for person in census]
    assert np.ptp(rates) > 1


@pytest.mark.parametrize(
    "name",
    [
        "closing time, ms",
        "opening time, ms",
        "partial, %",
        "rate in own pauses and 0.3 s after, by elsewhere",
        "at the viewer, talking, s",
        "peak speed at 10 degrees, degrees/s",
        "duration at 10 degrees, ms",
        "below 15 degrees, %",
        "raises in speech led to a rise of F0, %",
        "most coherent with the voice at, Hz",
        "M, B, P with sealed lips, %",
        "opens before the voice, ms",
        "breaths a minute, listening",
    ],
)
def test_few_people_already_behave_as_published(rows, name):
    assert rows[name].verdict in ("yes", "interval"), rows[name]


def test_rows_outside_are_explained(rows):
    outside = [row.quantity for row in rows.values() if row.verdict == "no"]
    assert len(outside) < 10
    with_notes = sum(bool(quantity.note) for quantity in outside)
    assert with_notes >= len(outside) - 2  # so few people miss a range by chance now and then


def test_page_names_its_command_and_every_row(census):
    page = markdown(compare(census), people=4, minutes=4, command="tellbench studio behaviour --people 4")
    assert "`tellbench studio behaviour --people 4`" in page
    assert all(quantity.name in page for quantity in QUANTITIES)
    assert f"Of {len(QUANTITIES)} rows" in page
    assert {line.count("|") for line in page.splitlines() if line.startswith("|")} == {9}
    assert "| 66 to 90 |" in page
    assert "| over 1 |" in page


def test_census_repeats(census):
    again = take_census(2, 4.0, seed=3)
    for one, two in zip(again, census[:2], strict=True):
        for name, values in one["talking"].items():
            np.testing.assert_array_equal(values, two["talking"][name])


@pytest.mark.parametrize(
    ("value", "low", "high", "allowed", "verdict"),
    [
        (5, 4, 6, (4.5, 9), "yes"),
        (4, 3, 5, (4.5, 9), "interval"),
        (4, 3, 4.2, (4.5, 9), "no"),
        (4, 3, 5, None, "-"),
        (4, np.nan, np.nan, (5, 6), "no"),
    ],
)
def test_verdicts(value, low, high, allowed, verdict):
    quantity = Quantity("Topic", "name", lambda person: 0.0, "", allowed, "")
    assert Row(quantity, value, low, high).verdict == verdict


@pytest.mark.parametrize(("people", "minutes"), [(1, 30.0), (5, 3.0)])
def test_too_few_to_compare(people, minutes):
    with pytest.raises(InputError, match="at least 2 people and 4 minutes"):
        take_census(people, minutes)
