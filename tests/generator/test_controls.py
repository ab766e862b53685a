"""What may be asked for, in options and in files, and one clear line for all else."""

import json

import numpy as np
import pandas as pd
import pytest

from tellbench.errors import InputError
from tellbench.generator.controls import Controls, read_tracks


def test_nothing_asked_is_nothing():
    assert Controls().asked == []
    assert Controls(gaze=(3.0, 0.0), dials={"x": 1.0}).asked == ["gaze", "dials"]


@pytest.mark.parametrize(
    ("wish", "part"),
    [
        ({"gaze": (50.0, 0.0)}, "gaze_x = 50; -45 to 45"),
        ({"gaze": (0.0, float("nan"))}, "gaze_y = nan"),
        ({"distance": 0.0}, "distance = 0; 0.5 to 2"),
        ({"emotion": {"hungry": 1.0}}, "emotion 'hungry'; choose one of happy"),
        ({"emotion": {"happy": 1.5}}, "happy = 1.5; 0 to 1"),
        ({"pose": (0.0, 31.0, 0.0, 0.0, 0.0, 0.0)}, "pitch = 31"),
        ({"pose": (1.0,)}, "pose of 1 numbers; 6"),
        ({"expressiveness": -1.0}, "expressiveness = -1"),
        ({"head_motion": 4.0}, "head_motion = 4"),
        ({"tracks": {"nose": (1.0,)}}, "no control 'nose' frame by frame"),
        ({"tracks": {"yaw": (0.0, 90.0)}}, "yaw = 90 in row 1"),
    ],
)
def test_what_cannot_be_asked_for(wish, part):
    with pytest.raises(InputError, match=part):
        Controls(**wish)


def test_facts_are_json_and_tracks_a_digest():
    facts = Controls(tracks={"yaw": (0.0, 1.0)}, emotion={"sad": 0.5}).facts()
    assert facts["tracks"]["columns"] == ["yaw"]
    assert facts["tracks"]["frames"] == 2
    assert json.loads(json.dumps(facts))["emotion"] == {"sad": 0.5}
    assert facts["tracks"] != Controls(tracks={"yaw": (0.0, 2.0)}).facts()["tracks"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_gives_its_columns(tmp_path, ending):
    path = tmp_path / f"c.{ending}"
    table = pd.DataFrame({"frame": [0, 1], "time_s": [0.02, 0.06], "yaw": [1.5, 2.0], "happy": [0, 1]})
    table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path)
    assert read_tracks(path) == {"yaw": (1.5, 2.0), "happy": (0.0, 1.0)}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("gaze_x\n1\n", "gaze_x alone; gaze_x and gaze_y go together"),
        ("yaw,nose\n1,2\n", "has a column 'nose'; columns: gaze_x"),
        ("frame\n1\n", "asks for nothing"),
        ("yaw\n1\n\n2\nleft\n", "yaw in row 2 is no number"),
        ("yaw,pitch\n1,\n", "pitch in row 0 is no number"),
        ("yaw\n", "has no rows"),
        ("", "not a readable table"),
        ("\x00\xff", "c.csv"),
    ],
)
def test_files_of_no_use(tmp_path, text, part):
    path = tmp_path / "c.csv"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=part):
        read_tracks(path)


def test_files_that_are_not_there_or_no_tables(tmp_path):
    with pytest.raises(InputError, match="do not exist"):
        read_tracks(tmp_path / "gone.csv")
    (tmp_path / "odd.parquet").write_bytes(bytes(np.arange(64, dtype=np.uint8)))
    with pytest.raises(InputError, match="not a readable table"):
        read_tracks(tmp_path / "odd.parquet")
