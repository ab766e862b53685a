"""Where a measurement was made: code, versions and machine, as facts for the results file."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tellbench.datasets.processes import cpu_name

PACKAGES: Final = (
    "tellbench",
    "torch",
    "timm",
    "numpy",
    "scipy",
    "scikit-learn",
    "numba",
    "av",
    "decord",
    "facenet-pytorch",
)
"""Distributions whose version can change a number."""


def git_commit() -> str | None:
    """Commit of the source tree that this package runs from, `+` appended when it has local changes; None elsewhere."""
    folder = Path(__file__).resolve().parent
    head = _git(folder, "rev-parse", "HEAD")
    if not head or "site-packages" in folder.parts:
        return None
    return head + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def versions() -> dict[str, str]:
    """Python and the installed version of each of `PACKAGES`; absent ones are left out."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def n_threads() -> int:
    """Most threads that a numeric library already loaded would use: torch and numba are asked, neither is imported."""
    asked = [
        int(getattr(sys.modules[name], "get_num_threads")())  # noqa: B009  (plain access would need the import)
        for name in ("torch", "numba")
        if hasattr(sys.modules.get(name), "get_num_threads")
    ]
    return max(asked, default=1)


def machine() -> dict[str, Any]:
    """Processor, cores, system, and the CUDA device where torch is loaded and sees one."""
    torch = sys.modules.get("torch")
    cuda = torch.cuda.get_device_name() if torch is not None and torch.cuda.is_available() else None
    return {
        "cpu": cpu_name(),
        "cores": n_cores(),
        "threads": n_threads(),
        "cuda": cuda,
        "system": f"{platform.system()} {platform.machine()}",
    }


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
