import os

import pytest

from tellbench.datasets.processes import process_pool


def _threads() -> int:
    import torch

    return torch.get_num_threads()


@pytest.mark.parametrize(("asked", "wanted"), [("1", 1), ("", os.cpu_count() or 1), ("none", os.cpu_count() or 1)])
def test_a_worker_takes_no_more_threads_than_were_asked_for(monkeypatch, asked, wanted):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    with process_pool(1) as pool:
        assert pool.submit(_threads).result() == wanted


def test_workers_share_the_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    with process_pool(2) as pool:
        assert pool.submit(_threads).result() == 2
