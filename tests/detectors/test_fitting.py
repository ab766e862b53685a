import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from tellbench.detectors.fitting import choose, fit_temperature, log_loss, logistic


class Backwards(LogisticRegression):
    """A candidate that is always wrong."""

    def decision_function(self, rows):
        return -super().decision_function(rows)


def test_the_candidate_that_does_best_on_val_is_chosen_and_calibrated():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    rows = rng.normal(0, 1, (60, 3)) + labels[:, None] * [2.0, 0, 0]
    train, val = (rows[:40], labels[:40]), (rows[40:], labels[40:])
    choice = choose({"wrong": Backwards(), "right": LogisticRegression()}, train, val)
    assert choice.name == "right"
    scores = logistic(choice.estimator.decision_function(val[0]), choice.temperature)
    assert choice.val_log_loss == pytest.approx(log_loss(scores, val[1]))
    assert choice.val_log_loss <= log_loss(logistic(choice.estimator.decision_function(val[0])), val[1])


def test_without_both_classes_in_val_the_first_candidate_is_taken_unjudged():
    rows, labels = np.arange(6.0)[:, None], np.array([0, 0, 0, 1, 1, 1])
    choice = choose(
        {"first": LogisticRegression(), "second": DummyClassifier()}, (rows, labels), (rows[:3], labels[:3])
    )
    assert (choice.name, choice.temperature, choice.val_log_loss) == ("first", 1.0, None)


def test_temperature_undoes_overconfidence_and_keeps_the_order():
    rng = np.random.default_rng(0)
    true_logits = rng.normal(0, 1.5, 4000)
    labels = (rng.random(4000) < logistic(true_logits)).astype(int)
    temperature = fit_temperature(5 * true_logits, labels)
    assert temperature == pytest.approx(5, rel=0.2)
    scores = logistic(5 * true_logits, temperature)
    assert (np.argsort(scores) == np.argsort(true_logits)).all()


def test_log_loss_weighs_the_classes_equally():
    scores = np.array([0.1, 0.1, 0.1, 0.1, 0.2])
    labels = np.array([0, 0, 0, 0, 1])
    assert log_loss(scores, labels) == pytest.approx((-np.log(0.9) - np.log(0.2)) / 2)


def test_extreme_log_odds_stay_finite():
    assert logistic([-1e9, 0, 1e9]).tolist() == pytest.approx([0, 0.5, 1])
