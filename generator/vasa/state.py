"""Weights with the name of their size, and the whole state of a training, as safetensors files. Never pickle."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from tellbench.datasets.files import atomic_path
from tellbench.errors import InputError

Model = TypeVar("Model", bound=nn.Module)
_FACTS: Final = "facts"


def save_state(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
    counters: Mapping[str, Any],
) -> None:
    """Write everything that training needs to go on exactly; a killed run leaves the file before or the file after."""
    tensors = {f"{name}/{key}": value for name, module in modules.items() for key, value in module.state_dict().items()}
    for name, optimiser in optimisers.items():
        for index, slots in optimiser.state_dict()["state"].items():
            tensors |= {f"{name}/{index}/{slot}": value for slot, value in slots.items()}
    tensors = {key: value.detach().cpu().clone().contiguous() for key, value in tensors.items()}
    with atomic_path(path) as part:
        safetensors.torch.save_file(tensors, part, {"counters": json.dumps(dict(counters))})


def load_state(
    path: Path, modules: Mapping[str, nn.Module], optimisers: Mapping[str, torch.optim.Optimizer]
) -> dict[str, Any]:
    """Fill modules and optimisers with what `save_state` wrote; returns the counters.

    Raises:
        InputError: the file holds something else.
    """
    try:
        with safetensors.safe_open(path, "pt") as stream:
            counters: dict[str, Any] = json.loads((stream.metadata() or {})["counters"])
            tensors = {key: stream.get_tensor(key) for key in stream.keys()}  # noqa: SIM118
        for name, module in modules.items():
            module.load_state_dict(_under(name, tensors))
        for name, optimiser in optimisers.items():
            _fill(optimiser, _under(name, tensors))
    except (OSError, KeyError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
        raise InputError(
            f"{path}: not the state of this training ({str(error).splitlines()[0]}); choose another --out"
        ) from error
    return counters


def _under(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors whose name begins so, without it."""
    return {key.removeprefix(f"{name}/"): value for key, value in tensors.items() if key.startswith(f"{name}/")}


def _fill(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, _, slot = key.partition("/")
        state.setdefault(int(index), {})[slot] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def write_weights(path: Path, state: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors by name as safetensors, with what one must know to build the model, such as its size's name.

    The facts are one entry of the file's metadata: several come in any order, and the same weights in other bytes.
    """
    kept = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    with atomic_path(path) as part:
        safetensors.torch.save_file(kept, part, {_FACTS: json.dumps(dict(facts))})


def read_weights(path: Path, build: Callable[[Mapping[str, Any]], Model], what: str, remedy: str) -> Model:
    """The model with what `write_weights` wrote; on the CPU.

    Args:
        path: the file.
        build: facts to a model.
        what: whose weights are wanted, as "a face model".
        remedy: what to do where they are missing.

    Raises:
        InputError: the file is missing or holds something else.
    """
    try:
        with safetensors.safe_open(path, "pt") as stream:
            model = build(json.loads((stream.metadata() or {})[_FACTS]))
            model.load_state_dict({key: stream.get_tensor(key).float() for key in stream.keys()})  # noqa: SIM118
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
        raise InputError(f"{path}: not weights of {what} ({str(error).splitlines()[0]}); {remedy}") from error
    return model.eval()
