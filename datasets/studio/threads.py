"""How the studio uses the processor: frames in parallel, never operations."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def one_thread_an_operation() -> Iterator[None]:
    """Run torch operations on one thread each, then restore what was set.

    The studio's operations are short; threads that share one wait for each other at its end, which on a busy machine
    takes longer than the operation.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
