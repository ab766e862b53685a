"""A suite names a corpus, generators, detectors and a protocol; running it ends in a leaderboard."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from tellbench.errors import InputError
from tellbench.eval import names
from tellbench.registry import DETECTORS, GENERATORS


@dataclasses.dataclass(frozen=True, kw_only=True)
class Suite:
    """One benchmark. Unknown names and wrong types are refused when it is read.

    Raises:
        InputError: an unknown generator, detector, protocol, recipe or dial, a training generator that the corpus
            lacks, or a protocol without what it needs.
    """

    name: str
    people: int
    takes: int = 1
    seconds: float = 5.0
    size: int = 256
    fps: float | tuple[float, ...] = 25.0
    languages: tuple[str, ...] = ("en",)
    roles: tuple[str, ...] = ("talking",)
    emotions: tuple[str, ...] = ("neutral",)
    styles: tuple[str, ...] = ("photo",)
    generators: tuple[str, ...] = ("meshwarp", "null")
    detectors: tuple[str, ...] = ("blink", "spectrum", "cnn")
    train_on: tuple[str, ...] = ("meshwarp",)
    protocols: tuple[str, ...] = ()
    """Beside the leaderboard's own rows, some of `tellbench.eval.names.PROTOCOLS`."""
    recipes: tuple[str, ...] = ()
    """For `laundered`, as `tellbench.datasets.launder` reads them."""
    lengths: tuple[float, ...] = ()
    """For `clip-length`, seconds."""
    dials: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    """For `dose-response`, values of each dial."""
    folds: int = 5
    """For `leave-one-identity-out`; 0 leaves one person out at a time."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every name now, not after an hour of rendering."""
        for generator in self.generators:
            GENERATORS.resolve(generator)
        for detector in self.detectors:
            DETECTORS.resolve(detector)
        for generator in self.train_on:
            if generator not in self.generators:
                made = ", ".join(self.generators)
                raise InputError(
                    f"suite {self.name!r} trains on {generator!r}, which it does not make; it makes {made}"
                )
        self._check_protocols()

    def _check_protocols(self) -> None:
        needs = {names.LAUNDERED: "recipes", names.LENGTH: "lengths", names.DOSE: "dials"}
        for protocol in self.protocols:
            if protocol not in names.PROTOCOLS:
                known = ", ".join(names.PROTOCOLS)
                raise InputError(f"suite {self.name!r}: unknown protocol {protocol!r}; protocols: {known}")
            if protocol in needs and not getattr(self, needs[protocol]):
                raise InputError(f"suite {self.name!r}: protocol {protocol!r} needs the key {needs[protocol]!r}")
        if names.UNSEEN_GENERATOR in self.protocols and len(self.train_on) < 2:
            raise InputError(f"suite {self.name!r}: {names.UNSEEN_GENERATOR} needs two generators in train_on")
        self._check_values()

    def _check_values(self) -> None:
        """Read recipes, lengths and dials as the protocols will."""
        if self.recipes:
            from tellbench.datasets.launder import parse_recipe

            for recipe in self.recipes:
                parse_recipe(recipe)
        for seconds in self.lengths:
            if not 0.2 <= seconds <= self.seconds:
                raise InputError(
                    f"suite {self.name!r}: length {seconds:g} s of clips of {self.seconds:g} s; cut shorter"
                )
        if self.dials:
            from tellbench.generator.dials import settle
            from tellbench.generator.splice.dials import SPLICE_DIALS
            from tellbench.generator.vasa.dials import VASA_DIALS  # those of all generators, and vasa's own

            known = {**VASA_DIALS, **SPLICE_DIALS}
            for dial, values in self.dials.items():
                if dial not in known:
                    raise InputError(f"suite {self.name!r}: unknown dial {dial!r}; dials: {', '.join(known)}")
                for value in values:
                    settle({dial: value}, known)


def load_suite(source: str) -> Suite:
    """Read a suite from a YAML file, or by the name of one that ships with Tellbench.

    Raises:
        InputError: no such file or name, broken YAML, or an unknown key.
    """
    shipped = shipped_suites()
    if source in shipped:
        return _parse(shipped[source].read_text(encoding="utf-8"), source)
    path = Path(source)
    if not path.is_file():
        raise InputError(f"suite {source!r} is neither a file nor one of {', '.join(shipped)}")
    return _parse(path.read_text(encoding="utf-8", errors="replace"), source)


def shipped_suites() -> dict[str, Any]:
    """Name to readable resource of every suite that comes with Tellbench."""
    folder = resources.files("tellbench").joinpath("suites")
    return {path.name.removesuffix(".yaml"): path for path in folder.iterdir() if path.name.endswith(".yaml")}


def _parse(text: str, source: str) -> Suite:
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"suite {source}: not readable YAML ({' '.join(str(error).split())})") from error
    if not isinstance(values, dict):
        raise InputError(f"suite {source}: holds no keys; `name` and `people` are needed")
    fields = {field.name: field for field in dataclasses.fields(Suite)}
    for key, value in values.items():
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1) or sorted(fields)
            raise InputError(f"suite {source}: unknown key {key!r}; did you mean {', '.join(near)}?")
        values[key] = _typed(source, key, value, str(fields[key].type))
    missing = [n for n in _NEEDED if n not in values]
    if missing:
        raise InputError(f"suite {source}: key {missing[0]!r} is missing")
    return Suite(**values)


def _typed(source: str, key: str, value: Any, kind: str) -> Any:
    """The value in its field's type, or a clear refusal."""
    if kind == "tuple[str, ...]" and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if kind.startswith("float") and _is_number(value):
        return float(value)
    if kind.startswith("Mapping") and isinstance(value, dict):
        return {str(name): _typed(source, f"{key}.{name}", numbers, _NUMBERS) for name, numbers in value.items()}
    if kind.endswith("tuple[float, ...]") and isinstance(value, list) and all(_is_number(v) for v in value):
        return tuple(float(v) for v in value)
    if kind in ("int", "str") and type(value).__name__ == kind:
        return value
    expected = {
        "tuple[str, ...]": "a list of names",
        "float | tuple[float, ...]": "a number or a list of them",
        _NUMBERS: "a list of numbers",
        f"Mapping[str, {_NUMBERS}]": "a name with a list of numbers for each",
    }
    raise InputError(f"suite {source}: {key} is {value!r}; {expected.get(kind, kind)} is needed")


_NEEDED = ("name", "people")
_NUMBERS = "tuple[float, ...]"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
