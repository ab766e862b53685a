import itertools
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tellbench.datasets.clip import Clip
from tellbench.datasets.splits import assign, overlaps
from tellbench.errors import InputError


def _clips(links):
    return [
        Clip(
            clip_id=f"c{i}",
            path=Path(f"c{i}.mp4"),
            label=0,
            identity_id=f"p{a}",
            donor_id=f"p{b}" if b >= 0 else "",
            speech_id=f"s{s}",
        )
        for i, (a, b, s) in enumerate(links)
    ]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(-1, 30), st.integers(0, 40)), min_size=3, max_size=60),
    st.integers(0, 99),
)
def test_no_person_or_speech_ever_crosses(links, seed):
    clips = _clips(links)
    try:
        done = assign(clips, seed=seed)
    except InputError:
        return  # everything hangs together: refused, and tested below
    assert not list(overlaps(done))
    assert {c.split for c in done} == {"train", "val", "test"}


def test_fractions_are_met_when_people_are_free():
    done = assign(_clips([(i, -1, i) for i in range(100)]), (0.5, 0.2, 0.3))
    assert Counter(c.split for c in done) == {"train": 50, "val": 20, "test": 30}


def test_chain_of_donors_stays_together():
    chain = [(i, i + 1, i) for i in range(5)]
    done = assign(_clips([*chain, (20, -1, 20), (21, -1, 21)]))
    assert len({c.split for c in done[:5]}) == 1


def test_one_linked_group_is_refused():
    with pytest.raises(InputError, match="at least 3"):
        assign(_clips([(0, 1, 0), (1, 2, 1), (2, 0, 2)]))


def test_seed_decides():
    clips = _clips([(i, -1, i) for i in range(40)])
    again = [[c.split for c in assign(clips, seed=s)] for s in (1, 1, 2)]
    assert again[0] == again[1] != again[2]


@pytest.mark.parametrize("fractions", [(0.5, 0.5, 0.5), (1.0, 0.0, 0.0)])
def test_bad_fractions_are_refused(fractions):
    with pytest.raises(InputError, match="sum to 1"):
        assign(_clips([(i, -1, i) for i in range(5)]), fractions)


def test_overlaps_reports_each_once():
    clips = [
        Clip(clip_id=f"{s}{i}", path=Path("x"), label=0, identity_id="p", split=s)
        for s, i in itertools.product(("train", "val"), range(2))
    ]
    assert list(overlaps(clips)) == [("person", "p", ["train", "val"])]
