"""How long a corpus of a million clips takes to import, filter, split and audit, and how much memory. Never asserted.

Each size runs in a process of its own, so that its peak memory is its own. The files are empty: reading and hashing
real ones takes as long as the disk does.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, resource, sys, time
from pathlib import Path
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.importers.build import Wish, import_corpus, survey
from tellbench.datasets.importers.layout import load_layout

root, out = Path(sys.argv[1]), Path(sys.argv[2])
times, began = {}, time.perf_counter()
def lap(name):
    global began
    times[name], began = round(time.perf_counter() - began, 2), time.perf_counter()
    times[f"peak MB after {name}"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
lap("imports")
with survey(Wish(layout=load_layout("avdeepfake1m"), roots=(root,), splits="disjoint")) as found:
    lap("survey: names, lists, splits, counts")
    n = len(import_corpus(found, out, check=False))
lap("import")
corpus = Corpus.open(out)
lap("open: ids, people across splits, files there")
test = corpus.split("test")
forged = test.where(lambda clip: clip.label == 1 and clip.duration_s == 0)
views = len(test), len(corpus.against("both_modified")), len(forged), int(corpus.labels.sum())
lap("filter")
print(json.dumps({"rows": n, "views": views, **times}))
"""
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


@pytest.mark.parametrize("rows", [10_000, 100_000, 1_000_000])
def test_import(benchmark, tmp_path, rows):
    (tmp_path / "root").mkdir()
    plant(tmp_path / "root", rows)
    words = [sys.executable, "-c", SCRIPT, str(tmp_path / "root"), str(tmp_path / "out")]
    done = benchmark.pedantic(subprocess.run, (words,), {"capture_output": True, "check": True, "text": True}, rounds=1)
    benchmark.extra_info.update(json.loads(done.stdout))
    print(json.dumps(benchmark.extra_info, indent=1))  # noqa: T201
