import doctest

import pytest

from tellbench import registry
from tellbench.errors import InputError
from tellbench.registry import DETECTORS, GENERATORS, Registry


@pytest.mark.parametrize("table", [GENERATORS, DETECTORS], ids=lambda t: t.kind)
def test_every_name_loads_and_knows_its_own_name(table):
    for name in table:
        assert table.load(name).name == name
        assert table.about(name)


@pytest.mark.parametrize(("given", "meant"), [("meshwrap", "meshwarp"), ("nul", "null")])
def test_unknown_generator_offers_near_names(given, meant):
    with pytest.raises(InputError, match=f"unknown generator '{given}'; did you mean {meant}"):
        GENERATORS.resolve(given)


def test_nothing_near_lists_all():
    with pytest.raises(InputError, match="known: blink, brow"):
        DETECTORS.resolve("zzzzzz")


def test_argument_reaches_the_constructor():
    table = Registry("thing", {"d": ("builtins:dict", "a dict")}, argument={"d": "backbone"})
    assert table.create("d:resnet18", seed=1) == {"backbone": "resnet18", "seed": 1}


def test_argument_is_refused_where_none_is_taken():
    with pytest.raises(InputError, match="takes no argument"):
        DETECTORS.resolve("blink:fast")


def test_docstring_examples():
    assert doctest.testmod(registry).failed == 0
