"""Facts about the machine are found without loading anything."""

from __future__ import annotations

import json
import subprocess
import sys

from tellbench.eval import environment


def test_facts_are_json_and_complete():
    facts = {"git": environment.git_commit(), "versions": environment.versions(), "device": environment.machine()}
    assert json.loads(json.dumps(facts)) == facts
    assert {"python", "tellbench", "numpy"} <= set(facts["versions"])
    assert facts["device"]["cpu"]
    assert facts["device"]["cores"] >= 1


def test_commit_is_of_this_source_tree():
    commit = environment.git_commit()
    assert commit is None or (len(commit.rstrip("+")) == 40 and int(commit.rstrip("+"), 16) >= 0)


def test_no_torch_is_loaded():
    code = (
        "import sys; from tellbench.eval import environment as e; e.machine(); e.versions(); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'numba', 'sklearn', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
