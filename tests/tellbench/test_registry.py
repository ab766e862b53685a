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


@pytest.fixture
def theirs(tmp_path, monkeypatch) -> Registry:
    """A registry into which an installed package has put two names and tried to take a third."""
    (tmp_path / "their_package.py").write_text("class Theirs:\n    name = 'theirs'\n")
    about = tmp_path / "their_package-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1.0\n")
    lines = ["theirs = their_package:Theirs", "gone = their_package:Gone", "blink = their_package:Theirs"]
    (about / "entry_points.txt").write_text("\n".join(["[tellbench.tests]", *lines]))
    monkeypatch.syspath_prepend(tmp_path)
    return Registry("detector", {"blink": ("builtins:dict", "ours")}, group="tellbench.tests")


def test_other_packages_add_names_and_take_none(theirs):
    assert list(theirs) == ["blink", "theirs", "gone"]
    assert theirs.load("theirs").name == "theirs"
    assert theirs.about("theirs") == "from the package their-package"
    assert theirs.load("blink") is dict and theirs.about("blink") == "ours"


def test_another_package_that_is_broken_is_named(theirs):
    with pytest.raises(InputError, match=r"'gone' from the package their-package: cannot import their_package:Gone"):
        theirs.load("gone")


def test_docstring_examples():
    assert doctest.testmod(registry).failed == 0
