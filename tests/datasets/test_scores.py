import numpy as np
import pandas as pd
import pytest

from tellbench.datasets.scores import ScoreTable
from tellbench.errors import InputError


def test_round_trip_keeps_missing_scores(tmp_path):
    ScoreTable({"a": 0.25, "b": np.nan, "007": 1.0}).write_csv(tmp_path / "s.csv")
    again = ScoreTable.read_csv(tmp_path / "s.csv")
    assert again.series.to_dict()["007"] == 1.0
    assert again.n_missing == 1
    assert len(again) == 3


def test_scores_of_frames_lie_beside_and_go_with_their_table(tmp_path):
    frames = pd.DataFrame({"clip_id": ["007", "007"], "frame": [0, 8], "score": [0.125, 1.0]})
    ScoreTable({"007": 0.5}, frames=frames).write_csv(tmp_path / "s.csv")
    again = ScoreTable.read_csv(tmp_path / "s.csv")
    pd.testing.assert_frame_equal(again.frames, frames)
    again.write_csv(tmp_path / "s.csv")
    ScoreTable({"007": 0.5}).write_csv(tmp_path / "s.csv")
    assert ScoreTable.read_csv(tmp_path / "s.csv").frames.empty
    with pytest.raises(InputError, match="clip '007' has score 2"):
        ScoreTable({"007": 0.5}, frames=frames.assign(score=2.0))


@pytest.mark.parametrize("score", [-0.01, 1.01, 7.0])
def test_scores_outside_the_range_are_named(score):
    with pytest.raises(InputError, match=r"clip 'a' has score"):
        ScoreTable({"a": score})


def test_repeated_clip_is_refused():
    with pytest.raises(InputError, match="'a' occurs twice"):
        ScoreTable(pd.Series([0.1, 0.2], index=["a", "a"]))


def test_missing_column_is_named(tmp_path):
    (tmp_path / "s.csv").write_text("clip_id,value\na,1\n")
    with pytest.raises(InputError, match="'score' is missing"):
        ScoreTable.read_csv(tmp_path / "s.csv")


def test_series_is_a_copy():
    table = ScoreTable({"a": 0.5})
    mine = table.series
    mine.loc["a"] = 9
    assert table.series["a"] == 0.5


def test_raw_scores_stand_beside_and_may_be_missing(tmp_path):
    table = ScoreTable({"a": 0.9, "b": float("nan"), "c": 0.1}, raw={"c": -2.2, "a": 2.2})
    assert table.raw["a"] == 2.2 and np.isnan(table.raw["b"])
    table.write_csv(tmp_path / "scores.csv")
    again = ScoreTable.read_csv(tmp_path / "scores.csv")
    assert again.raw["c"] == -2.2 and np.isnan(again.raw["b"])
    ScoreTable({"a": 0.9}).write_csv(tmp_path / "plain.csv")
    assert ScoreTable.read_csv(tmp_path / "plain.csv").raw is None
