"""Training state in one safetensors file: tensors by name, counters as JSON in its header. Never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from tellbench.datasets.files import atomic_path
from tellbench.errors import InputError


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
