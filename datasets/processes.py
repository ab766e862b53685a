"""The processor, and worker processes that share its cores."""

from __future__ import annotations

import multiprocessing
import os
import platform
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def process_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of fresh processes, each with its share of the threads; what is not begun is dropped when the block fails.

    Processes are spawned: forked numba and torch thread pools deadlock. They end when the process that made them is
    killed: a job that outlived it would write into the folder that a second run is finishing.
    """
    threads = max(1, _cores() // workers)
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(threads,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _cores() -> int:
    """Threads that may run at once: the machine's, or fewer where the usual variable says so.

    More of them than a busy machine has to give wait for each other longer than they work.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "")
    cores = os.cpu_count() or 1
    return min(cores, int(asked)) if asked.isdigit() and int(asked) else cores


def _start(n: int) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _share_threads(n)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _share_threads(n: int) -> None:
    import numba
    import torch

    numba.set_num_threads(min(n, numba.config.NUMBA_NUM_THREADS))
    torch.set_num_threads(n)  # at last: numba's first threads can set torch's number to its own


def cpu_name() -> str:
    """Model name of the processor, as the system states it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
