"""Where torch computes."""

from __future__ import annotations

from tellbench.errors import InputError


def torch_device(name: str) -> str:
    """`cpu` or `cuda` from `auto`, `cpu` or `cuda`; `auto` is CUDA where there is one.

    Raises:
        InputError: another name, or CUDA where there is none.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise InputError(f"device {name!r}; allowed: auto, cpu, cuda")
    if name == "cpu":
        return name
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if name == "cuda":
        raise InputError("device 'cuda' is not available here; use auto or cpu")
    return "cpu"
