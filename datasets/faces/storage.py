"""Weights of small networks on disk: float16 safetensors; and running averages of weights while they are trained."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import safetensors
import safetensors.torch
import torch
from torch import nn

from tellbench.datasets.files import atomic_path
from tellbench.errors import InputError

_Network = TypeVar("_Network", bound=nn.Module)


def write_weights(path: Path, network: nn.Module) -> None:
    """Write the weights atomically as float16 safetensors; counters are left out."""
    state = {k: v.detach().half().cpu().contiguous() for k, v in network.state_dict().items() if v.is_floating_point()}
    with atomic_path(path) as part:
        safetensors.torch.save_file(state, part)


def load_weights(path: Path, network: _Network, kind: str, remedy: str) -> _Network:
    """Fill a network with what `write_weights` wrote.

    Args:
        path: the file.
        network: filled in place and returned.
        kind: what the weights are of, for the message of an error.
        remedy: what to do about it, likewise.

    Raises:
        InputError: the file is missing or holds something else.
    """
    try:
        state = {name: value.float() for name, value in safetensors.torch.load_file(path).items()}
        missing, unexpected = network.load_state_dict(state, strict=False)
    except (OSError, safetensors.SafetensorError, RuntimeError) as error:
        raise InputError(f"{path}: not {kind} weights ({str(error).splitlines()[0]}); {remedy}") from error
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise InputError(f"{path}: weights of another network; {remedy}")
    return network


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, pull: float) -> None:
    """Move a running average of weights, in place, by the share `pull` of the way to a network's."""
    known = [module.state_dict().values() for module in (average, network)]
    mine, theirs = ([value for value in values if value.is_floating_point()] for values in known)
    torch._foreach_lerp_(mine, theirs, pull)
