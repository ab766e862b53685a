import numpy as np
import pytest

from tellbench.datasets.exporters.av_deepfake1m import AvDeepfake1m
from tellbench.datasets.scores import ScoreTable
from tellbench.errors import InputError


@pytest.fixture
def table(tmp_path):
    def write(scores):
        ScoreTable(scores).write_csv(tmp_path / "scores.csv")
        return AvDeepfake1m(tmp_path / "scores.csv")

    return write


def test_file_and_score_a_line(small_corpus, tmp_path, table):
    lines = table({"a-3": 0.25, "a-3.f": np.nan}).export(small_corpus, tmp_path / "out")
    assert (tmp_path / "out" / "prediction.txt").read_text() == "clips/4.mp4;0.25\nclips/5.mp4;0.5\n"
    assert "2 lines, 1 of them without a score" in lines[0]


def test_scores_of_another_corpus_are_refused(small_corpus, tmp_path, table):
    with pytest.raises(InputError, match="'b-1' is not in"):
        table({"b-1": 0.5}).export(small_corpus, tmp_path / "out")
    assert not (tmp_path / "out" / "prediction.txt").exists()


def test_scores_are_needed():
    with pytest.raises(InputError, match="--scores"):
        AvDeepfake1m()
