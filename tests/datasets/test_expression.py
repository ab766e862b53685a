import doctest

from tellbench.datasets import expression


def test_names_are_the_52_of_arkit():
    assert len(expression.COEFFICIENTS) == len(set(expression.COEFFICIENTS)) == 52


def test_docstring_examples():
    assert doctest.testmod(expression).failed == 0
