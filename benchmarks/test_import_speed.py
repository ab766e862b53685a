"""How long a corpus of a million clips takes to import, filter, split and audit, and how much memory. Never asserted.

Each size runs in a process of its own, so that its peak memory is its own. The files are empty: reading and hashing
real ones takes as long as the disk does. `test_manifest` starts from a manifest, `test_import` from files and lists.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tellbench.datasets import manifest
from tellbench.datasets.clip import SPLITS, Clip
from tellbench.datasets.corpus import MANIFEST

HEAD = """
import json, resource, sys, time
from pathlib import Path
from tellbench.datasets.corpus import Corpus
root, out = Path(sys.argv[1]), Path(sys.argv[2])
times = {}
def lap(name):
    global began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    times[name] = f"{wall:.1f} s, {cpu:.1f} s of CPU, peak {peak} MB"
    began = time.perf_counter(), time.process_time()
began = time.perf_counter(), 0.0
"""
VIEWS = """
corpus = Corpus.open(out)
lap("open: ids, people across splits, files there")
test = corpus.split("test")
forged = test.where(lambda clip: clip.label == 1 and clip.duration_s == 0)
times["views"] = len(test), len(corpus.against("both_modified")), len(forged), int(corpus.labels.sum())
lap("filter")
"""
IMPORT = """
from tellbench.datasets.importers.build import Wish, import_corpus, survey
from tellbench.datasets.importers.layout import load_layout
lap("start")
with survey(Wish(layout=load_layout("avdeepfake1m"), roots=(root,), splits="disjoint")) as found:
    lap("survey: names, lists, splits, counts")
    times["rows"] = len(import_corpus(found, out, check=False))
lap("import")
"""
AUDIT = """
from tellbench.datasets.splits import KEYS, assign_to
from tellbench.eval.audits import leaks
lap("start of audits")
times["dealt"] = len(assign_to({key: corpus.rows.words(key) for key in KEYS}))
lap("deal splits")
times["failed"] = sum(row.verdict == "fail" for row in leaks(corpus))
lap("audit for leaks")
"""
END = "print(json.dumps(times))"
KINDS = ("real", "visual_modified", "audio_modified", "both_modified")


def plant(root: Path, rows: int) -> None:
    """Twenty clips of each talk, fifty talks of each person, as AV-Deepfake1M lays them."""
    with (root / "train_metadata.json").open("w") as stream:
        stream.write("[")
        for start in range(0, rows, 20):
            folder = f"id{start // 1000:05}/{start // 20:08}/00001"
            (root / "train" / folder).mkdir(parents=True)
            for i in range(start, min(start + 20, rows)):
                (root / "train" / folder / f"{i}.mp4").touch()
                row = {"file": f"{folder}/{i}.mp4", "modify_type": KINDS[i % 4], "fake_segments": [[0.5, 1.0]]}
                stream.write(("," if i else "") + json.dumps(row))
        stream.write("]")


def plant_manifest(out: Path, rows: int) -> None:
    """A manifest of clips that are there: a thousand files, reached through many linked folders."""
    real = out / "media" / "real"
    real.mkdir(parents=True)
    for i in range(1000):
        (real / f"{i}.mp4").touch()
    with manifest.writer(out / MANIFEST, out) as write:
        for start in range(0, rows, 1000):
            (out / "media" / f"{start}").symlink_to(real, target_is_directory=True)
            write(
                manifest.from_clips(Clip(path=out / f"media/{start}/{i}.mp4", **_row(start + i)) for i in range(1000))
            )


def _row(i: int) -> dict[str, Any]:
    kind = KINDS[i % 4]
    return {
        "clip_id": f"clip-{i}", "label": int(kind != "real"), "generator": "" if kind == "real" else kind,
        "identity_id": f"id{i // 1000}", "pair_id": f"take{i // 20}", "sha256": f"{i:064x}",
        "split": SPLITS[i // 1000 % 3],
    }  # fmt: skip


def timed(benchmark, script: str, *paths: Path) -> None:
    words = [sys.executable, "-c", script, *map(str, paths)]
    done = benchmark.pedantic(subprocess.run, (words,), {"capture_output": True, "check": True, "text": True}, rounds=1)
    benchmark.extra_info.update(json.loads(done.stdout))
    print(json.dumps(benchmark.extra_info, indent=1))  # noqa: T201


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rows", [10_000, 100_000, 1_000_000])
def test_import(benchmark, tmp_path, rows):
    (tmp_path / "root").mkdir()
    plant(tmp_path / "root", rows)
    timed(benchmark, HEAD + IMPORT + VIEWS + END, tmp_path / "root", tmp_path / "out")


@pytest.mark.parametrize("rows", [10_000, 1_000_000])
def test_manifest(benchmark, tmp_path, rows):
    plant_manifest(tmp_path / "out", rows)
    timed(benchmark, HEAD + 'lap("start")' + VIEWS + AUDIT + END, tmp_path, tmp_path / "out")
