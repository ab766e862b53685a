"""The data card and the checksums that complete a corpus."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from typing import Any, Final

from tellbench.datasets.clip import SPLITS
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import atomic_path, sha256, write_json

SCHEMA: Final = 1
"""Version of the corpus layout."""
RECORD: Final = "corpus.json"
"""Plan and checksums; its presence means that the corpus is complete."""


def write_card(corpus: Corpus, plan: Mapping[str, Any]) -> None:
    """Write `README.md`, then `corpus.json` with the plan and the sha256 of every file; the latter marks completion."""
    with atomic_path(corpus.root / "README.md") as part:
        part.write_text(_card(corpus), encoding="utf-8")
    files = sorted(path for path in corpus.root.rglob("*") if path.is_file() and path.name != RECORD)
    digests = {path.relative_to(corpus.root).as_posix(): sha256(path) for path in files}
    write_json(corpus.root / RECORD, {"schema": SCHEMA, "plan": plan, "sha256": digests})


def _card(corpus: Corpus) -> str:
    first = corpus.clips[0]
    seconds = sum(clip.duration_s for clip in corpus)
    return f"""---
pretty_name: Tellbench corpus
task_categories: [video-classification]
tags: [deepfake-detection, talking-face, synthetic]
---
# A Tellbench corpus

{len(corpus)} clips, {seconds / 60:.1f} minutes, {first.width}x{first.height} at {first.fps:g} frames/s,
H.264 CRF {first.crf} + AAC.
Pristine clips are filmed in the Tellbench studio: procedural virtual humans, no real person. Forged clips are made
from the same portrait and the same speech, and share encoder, length, rate, size and sound with their pristine twin.

| split | {" | ".join(_kinds(corpus))} |
|---|{"---|" * len(_kinds(corpus))}
{_rows(corpus)}

- Label: 0 pristine, 1 forged. Splits share no identity, donor, driver or speech.
- `metadata.parquet` has one row a clip; `tracks/` has per-frame ground truth; `corpus.json` the plan and checksums.
- Every clip carries a signed C2PA manifest: forged ones declare that they are synthetic, pristine ones that they are
  renders. `tellbench verify` checks them.
- Detectors should read decoded frames and samples only, never containers.
- Intended use: research on forgery detection. Forged clips with a portrait from outside the studio (empty `pair_id`)
  were made under the rights stated in their manifest; check them before you pass the corpus on.
"""


def _kinds(corpus: Corpus) -> list[str]:
    return ["pristine", *corpus.generators]


def _rows(corpus: Corpus) -> str:
    counts = collections.Counter((clip.split, clip.generator or "pristine") for clip in corpus)
    return "\n".join(f"| {s} | " + " | ".join(str(counts[s, k]) for k in _kinds(corpus)) + " |" for s in SPLITS)
