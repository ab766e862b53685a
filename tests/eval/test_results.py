"""results.json: written whole, read strictly."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tellbench.errors import InputError
from tellbench.eval.results import AuditRow, QualityRow, Results, ScoreRow, SpeedRow

SCORE = ScoreRow(
    detector="blink", protocol="within-generator", train_on=("meshwarp",), test_on="meshwarp", n_pristine=9, n_forged=9,
    n_missing=1, auc=0.75, auc_low=0.6, auc_high=None, ap=0.7, eer=0.3, tpr_at_fpr_1=0.1, brier=0.2, ece=0.1,
)  # fmt: skip
SPEED = SpeedRow(
    generator="meshwarp", device="CPU", resolution="256x256", batch=16, precision="float32", fps_offline=30.0,
    fps_streaming=None, first_frame_ms=100.0, p50_ms=None, p95_ms=None, gflops_per_frame=None, peak_memory_mb=None,
)  # fmt: skip
AUDIT = AuditRow(probe="silence", test_on="meshwarp", auc=0.5, auc_low=0.4, auc_high=0.6, verdict="pass")
RESULTS = Results(
    suite="quick", git=None, versions={"numpy": "2"}, device={"cpu": "x", "cores": 2}, seeds={"bootstrap": 0},
    scores=(SCORE,), speed=(SPEED,), audits=(AUDIT,), tables={"blink": "scores/blink.csv"},
    corpus={
        "name": "c", "n_clips": 18, "n_people": 9, "minutes": 1.0, "formats": {}, "splits": {"test": {"people": 9}},
        "groups": {},
    },
)  # fmt: skip


def change(run, **keys):
    value = json.loads((run / "results.json").read_text())
    for path, new in keys.items():
        *parents, last = path.split("__")
        at = value
        for parent in parents:
            at = at[int(parent) if parent.isdigit() else parent]
        if new is ...:
            del at[last]
        else:
            at[last] = new
    (run / "results.json").write_text(json.dumps(value))


def test_round_trip(tmp_path):
    RESULTS.write(tmp_path)
    assert Results.read(tmp_path) == RESULTS


def test_schema_keys_are_those_of_the_design(tmp_path):
    RESULTS.write(tmp_path)
    value = json.loads((tmp_path / "results.json").read_text())
    assert value["schema"] == 1
    assert {"suite", "git", "versions", "device", "seeds", "scores", "speed", "audits"} <= set(value)
    assert {f.name for f in dataclasses.fields(ScoreRow)} == set(value["scores"][0])
    assert value["scores"][0]["train_on"] == ["meshwarp"]
    assert value["speed"][0]["gflops_per_frame"] is None


@pytest.mark.parametrize(("keys", "said"), [
    ({"schema": 2}, "schema 2"),
    ({"schema": ...}, "schema None"),
    ({"suite": ...}, "'suite' is missing"),
    ({"scores": ...}, "'scores' is missing"),
    ({"scores": {}}, "'scores'"),
    ({"scores__0__auc": ...}, r"scores\[0\]: key 'auc' is missing"),
    ({"scores__0__auc": "high"}, r"auc is 'high'"),
    ({"scores__0__auc": True}, r"auc is 'True'"),
    ({"scores__0__n_forged": -1}, "n_forged"),
    ({"scores__0__train_on": "meshwarp"}, "train_on"),
    ({"speed__0__fps_offline": None}, "fps_offline"),
    ({"tables": {"blink": 3}}, "tables"),
    ({"corpus": {"n_clips": 3}}, "corpus"),
    ({"corpus__splits": {"test": 7}}, "corpus"),
    ({"corpus__groups": ...}, "corpus"),
])  # fmt: skip
def test_broken_files_say_what_is_wrong(tmp_path, keys, said):
    RESULTS.write(tmp_path)
    change(tmp_path, **keys)
    with pytest.raises(InputError, match=said):
        Results.read(tmp_path)


def test_unknown_keys_and_absent_optional_ones_are_fine(tmp_path):
    RESULTS.write(tmp_path)
    change(tmp_path, scores__0__new_metric=1.0, later={}, audits=..., tables=..., corpus=..., speed__0__threads=...)
    read = Results.read(tmp_path)
    assert read.scores == RESULTS.scores
    assert (read.audits, read.tables, read.speed[0].threads) == ((), {}, 1)


def test_nan_is_never_written(tmp_path):
    broken = dataclasses.replace(RESULTS, scores=(dataclasses.replace(SCORE, auc=float("nan")),))
    with pytest.raises(ValueError, match="JSON"):
        broken.write(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "[]", "{", '"x"'])
def test_no_object(tmp_path, text):
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(InputError):
        Results.read(tmp_path)


def test_absent(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        Results.read(tmp_path)


def test_quality_of_an_older_version_has_no_fvd(tmp_path):
    row = QualityRow(
        generator="pristine",
        n_clips=6,
        n_judged=6,
        sync_confidence=0.6,
        sync_distance=0.8,
        in_time=1.0,
        capp=0.2,
        delta_p=0.5,
        identity=0.9,
    )
    Results(suite="made up", git=None, versions={}, device={}, seeds={}, quality=(row,)).write(tmp_path)
    written = json.loads((tmp_path / "results.json").read_text())
    written["quality"] = [
        {key: x for key, x in written["quality"][0].items() if "fvd" not in key and key != "n_windows"}
    ]
    (tmp_path / "results.json").write_text(json.dumps(written))
    (old,) = Results.read(tmp_path).quality
    assert old == row and (old.fvd, old.fvd_extractor, old.n_windows) == (None, "", 0)
