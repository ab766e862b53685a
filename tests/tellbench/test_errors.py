"""Commands behind `python -m` tell bad input as the command line does."""

import sys
from pathlib import Path

import pytest

from tellbench.detectors import cue_accuracy
from tellbench.errors import EXIT_BAD_INPUT, run

ROOMS = ("datasets", "detectors", "generator", "eval", "reports")
"""Of the packages; their modules may be run by themselves."""


def test_bad_input_is_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["cue_accuracy", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit) as stop:
        run(cue_accuracy.main)
    told = capsys.readouterr().err
    assert stop.value.code == EXIT_BAD_INPUT
    assert told.startswith("error: ") and "nowhere" in told and told.count("\n") == 1


def test_every_module_that_can_be_run_tells_it_so():
    root = Path(__file__).parents[2]
    ends = {
        path: path.read_text().rpartition('if __name__ == "__main__":\n')[2].strip()
        for room in ROOMS
        for path in (root / room).rglob("*.py")
        if '__name__ == "__main__"' in path.read_text()
    }
    assert len(ends) > 10 and set(ends.values()) == {"run(main)"}
