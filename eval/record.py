"""What a run was made of, so that its leaderboard can be traced and made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import sha256


def run_record(suite: Mapping[str, Any], corpora: Mapping[str, Corpus], models: Path) -> dict[str, Any]:
    """The suite as it was run, and hashes of the manifests and of every trained detector.

    Args:
        suite: every key of the suite.
        corpora: name to corpus.
        models: folder of trained detectors; each one's `detector.json` holds the hashes of its files.
    """
    trained = sorted(models.rglob("detector.json"))
    return {
        "suite": json.loads(json.dumps(dict(suite))),
        "manifests": {name: manifest_digest(corpus) for name, corpus in corpora.items()},
        "weights": {path.parent.relative_to(models).as_posix(): sha256(path) for path in trained},
    }


def manifest_digest(corpus: Corpus) -> str:
    """Hash of all that the manifest says of its clips but the hashes of their files, which hold signing times."""
    rows = [{key: value for key, value in clip.row(corpus.root).items() if key != "sha256"} for clip in corpus]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
