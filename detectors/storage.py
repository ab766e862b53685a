"""Fitted detectors on disk: JSON, safetensors and skops, checked before they are believed. Nothing is unpickled."""

from __future__ import annotations

import dataclasses
import inspect
import io
import logging
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tellbench._version import __version__
from tellbench.datasets.files import atomic_folder, read_json, sha256, write_json
from tellbench.detectors.base import Detector
from tellbench.errors import InputError
from tellbench.registry import DETECTORS

SCHEMA: Final = 1
DESCRIPTION, ARRAYS, ESTIMATOR = "detector.json", "arrays.safetensors", "estimator.skops"
TRUSTED: Final = ("numpy.dtype",)
"""Types beyond skops' own list that our estimators contain; a file with any other is refused."""

_SCHEMA_FILE: Final = "schema.json"
_ADDRESS: Final = re.compile(r'(?<="__id__": )\d+|(?<=")\d+(?=\.np[yz]")')
"""An object's address in a skops schema: as its id, and as the name of its file."""

D = TypeVar("D", bound=Detector)
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclasses.dataclass(frozen=True)
class Stored(Generic[D]):
    """What `read_detector` found."""

    detector: D
    """Constructed with its saved configuration, not yet fitted."""
    fitted: dict[str, Any]
    """What `save_detector` was given."""
    arrays: dict[str, npt.NDArray[Any]]
    """Empty where none were saved."""
    estimator: Any
    """A scikit-learn estimator, or None."""


def configuration(detector: Detector) -> dict[str, Any]:
    """Constructor keywords and their values."""
    return {name: getattr(detector, name) for name in inspect.signature(type(detector)).parameters}


def save_detector(
    detector: Detector,
    folder: Path,
    fitted: Mapping[str, Any],
    arrays: Arrays | None = None,
    estimator: Any = None,
    parts: Sequence[Detector] = (),
) -> None:
    """Write a folder that `read_detector` reads; an existing one is replaced at the end.

    Args:
        detector: gives name, version and configuration.
        folder: to be written.
        fitted: JSON-able facts of the fit: what it was fitted on, and small learned numbers.
        arrays: learned arrays.
        estimator: a fitted scikit-learn estimator of types in `TRUSTED` or trusted by skops.
        parts: fitted detectors it consists of, each written to its `part_folder`.

    Raises:
        InputError: the folder cannot be written.
    """
    import skops.io

    with atomic_folder(folder) as part:
        if arrays:
            save_file({name: np.asarray(values, order="C") for name, values in arrays.items()}, part / ARRAYS)
        if estimator is not None:
            (part / ESTIMATOR).write_bytes(_repeatable(skops.io.dumps(estimator)))
        files = {file.name: sha256(file) for file in sorted(part.iterdir())}
        for number, piece in enumerate(parts):
            piece.save(part_folder(part, number))
        kind = {"schema": SCHEMA, "name": detector.name, "version": detector.version, "tellbench": __version__}
        contents = {"config": configuration(detector), "fitted": dict(fitted), "files": files}
        write_json(part / DESCRIPTION, {**kind, **contents})


def part_folder(folder: Path, number: int) -> Path:
    """Where part `number`, from 0 on, of a detector lies within the folder of the whole."""
    return folder / f"part-{number}"


def read_detector(cls: type[D], folder: Path) -> Stored[D]:
    """Read what `save_detector` wrote for the same class.

    Raises:
        InputError: a file is missing, changed, broken, of another detector or version, or holds foreign types.
    """
    folder = Path(folder)
    about = read_json(folder / DESCRIPTION)
    if not isinstance(about, dict) or about.get("schema") != SCHEMA:
        raise InputError(f"{folder / DESCRIPTION}: not a Tellbench detector of schema {SCHEMA}; train it again")
    if about.get("name") != cls.name:
        raise InputError(f"{folder} holds detector {about.get('name')!r}, not {cls.name!r}; load it by its own name")
    if about.get("version") != cls.version:
        raise InputError(
            f"{folder}: {cls.name} version {about.get('version')!r}; this Tellbench reads {cls.version}; train it again"
        )
    files, fitted = about.get("files"), about.get("fitted")
    if not isinstance(files, dict) or not isinstance(fitted, dict) or not set(files) <= {ARRAYS, ESTIMATOR}:
        raise InputError(f"{folder / DESCRIPTION}: broken description; train the detector again")
    for name, digest in files.items():
        _intact(folder / name, digest)
    detector = _construct(cls, about.get("config"), folder)
    arrays = _read_arrays(folder / ARRAYS) if ARRAYS in files else {}
    return Stored(detector, fitted, arrays, _read_estimator(folder / ESTIMATOR) if ESTIMATOR in files else None)


def load_detector(folder: Path) -> Detector:
    """The fitted detector in a folder, whichever it is.

    Raises:
        InputError: the folder holds none, an unknown one, or a broken one.
    """
    about = read_json(Path(folder) / DESCRIPTION)
    name = about.get("name") if isinstance(about, dict) else None
    if str(name) not in DETECTORS:
        raise InputError(f"{folder} holds detector {name!r}; known: {', '.join(DETECTORS)}")
    detector: Detector = DETECTORS.load(str(name)).load(Path(folder))
    return detector


def read_detectors(folder: Path) -> dict[str, Detector]:
    """Trained detectors of a folder by the name of their own, sanity rows left out; what cannot be read is logged."""
    found: dict[str, Detector] = {}
    for path in sorted(folder.glob(f"*/{DESCRIPTION}")):
        try:
            detector = load_detector(path.parent)
        except InputError as error:
            logging.getLogger(__name__).warning("left out: %s", error)
            continue
        if not detector.sanity:
            found[path.parent.name] = detector
    return found


def broken(folder: Path, error: Exception) -> InputError:
    """The error for saved contents that lack a part or have one of another shape."""
    return InputError(f"{folder}: saved contents do not fit the detector ({error}); train it again")


def _repeatable(stored: bytes) -> bytes:
    """The same skops file without what differs each time: dates, and addresses of objects, which become 0, 1, 2, ..."""
    with zipfile.ZipFile(io.BytesIO(stored)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    schema = files.pop(_SCHEMA_FILE).decode()
    number = {address: str(i) for i, address in enumerate(dict.fromkeys(_ADDRESS.findall(schema)))}
    renamed = {f"{number[Path(name).stem]}{Path(name).suffix}": data for name, data in files.items()}
    renamed[_SCHEMA_FILE] = _ADDRESS.sub(lambda found: number[found[0]], schema).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(renamed):
            archive.writestr(zipfile.ZipInfo(name), renamed[name])
    return out.getvalue()


def _intact(file: Path, digest: object) -> None:
    if not file.is_file():
        raise InputError(f"{file} is missing; copy the whole detector folder")
    if sha256(file) != digest:
        raise InputError(f"{file} is not what {DESCRIPTION} describes (its hash differs); copy it again or retrain")


def _construct(cls: type[D], config: object, folder: Path) -> D:
    """The detector with its saved keywords, whose names and types must be those of the defaults."""
    allowed = {name: parameter.default for name, parameter in inspect.signature(cls).parameters.items()}
    if not isinstance(config, dict) or set(config) != set(allowed):
        raise InputError(f"{folder / DESCRIPTION}: config must hold {', '.join(allowed) or 'nothing'}; train it again")
    for name, value in config.items():
        if type(value) is not type(allowed[name]):
            raise InputError(
                f"{folder / DESCRIPTION}: config {name} is {value!r}; a {type(allowed[name]).__name__} is needed"
            )
    return cls(**config)


def _read_arrays(file: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        return dict(load_file(file))
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{file}: not readable safetensors ({error}); train the detector again") from error


def _read_estimator(file: Path) -> Any:
    import skops.io
    from skops.io.exceptions import UnsupportedTypeException, UntrustedTypesFoundException

    refused = (UnsupportedTypeException, UntrustedTypesFoundException)
    broken_file = (zipfile.BadZipFile, OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, EOFError)
    try:
        return skops.io.load(file, trusted=list(TRUSTED))
    except refused as error:
        raise InputError(f"{file}: holds types that are not trusted ({error}); use a file that you trained") from error
    except broken_file as error:
        raise InputError(f"{file}: not a readable skops file ({error}); train the detector again") from error
