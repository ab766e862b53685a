import numpy as np

from tellbench.datasets.studio.behaviour import Habits


def test_habits_stay_with_an_identity():
    assert Habits.sample(7) == Habits.sample(7)
    assert Habits.sample(7) != Habits.sample(8)


def test_population_matches_published_rates():
    people = [Habits.sample(seed) for seed in range(600)]
    rates = np.array([p.blink_rate for p in people])
    rest = np.array([p.blink_rate_listening for p in people])
    assert 23 < rates.mean() < 27  # Bentivoglio 1997: 26 a minute in conversation, 17 at rest
    assert 15.5 < rest.mean() < 18.5
    assert 0.17 < (rest > rates).mean() < 0.29  # Bentivoglio 1997: 23%
    assert 8 <= rates.min() <= rates.max() <= 40
    assert np.log(rates).std() > 0.25
    partial = np.array([p.blink_partial_share for p in people])
    assert 0.5 < partial.mean() < 0.56
    assert all(0.4 <= p.head_coupling <= 0.7 and 6 <= p.brow_rate <= 10 for p in people)
    assert all(p.blink_closing_ms < p.blink_opening_ms for p in people)
