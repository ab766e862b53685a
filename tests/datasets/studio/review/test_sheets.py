import numpy as np
import pytest
from PIL import Image

from tellbench.cli.studio import KINDS
from tellbench.datasets.studio.review.sheets import SHEETS, Sheet, write_sheet
from tellbench.errors import InputError

SIZE = 64


def test_the_command_offers_every_sheet():
    assert set(KINDS) == set(SHEETS)


def test_a_sheet_holds_every_picture_unchanged():
    rows = [[np.full((40, 40, 3), 60 * i + 10 * j, np.uint8) for j in range(3)] for i in range(2)]
    picture = np.asarray(Sheet(rows, ["one", "two"], ["a", "b", "c"]).picture())
    for row in rows:
        for part in row:
            assert (picture == part[0, 0]).all(-1).sum() >= 40 * 40


def test_sheets_are_drawn_and_repeat(tmp_path):
    sheets = [SHEETS["labels"](range(5, 6), SIZE) for _ in range(2)]
    np.testing.assert_array_equal(*(np.asarray(sheet.picture()) for sheet in sheets))
    write_sheet(sheets[0], tmp_path / "sheet.jpg")
    assert Image.open(tmp_path / "sheet.jpg").size == sheets[0].picture().size


def test_a_talking_strip_moves(tmp_path):
    (row,) = SHEETS["talking"](range(5, 6), SIZE).rows
    assert len(row) == 10
    assert np.abs(np.diff(np.stack(row).astype(int), axis=0)).mean() > 0.5


def test_other_picture_formats_are_refused(tmp_path):
    sheet = Sheet([[np.zeros((8, 8, 3), np.uint8)]], [""])
    with pytest.raises(InputError, match="png"):
        write_sheet(sheet, tmp_path / "sheet.gif")
    assert not list(tmp_path.iterdir())


def test_sheets_stand_below_one_another():
    rows = [[np.zeros((20, 20, 3), np.uint8)]]
    one, two = Sheet(rows, ["a"]), Sheet(rows, ["b"], below=Sheet(rows * 2, ["c", "d"]))
    assert two.picture().height > 2 * one.picture().height
