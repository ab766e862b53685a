import numpy as np
import pytest
from PIL import Image

from tellbench.datasets.pictures import RATE
from tellbench.datasets.video import iter_frames, picture_digest, probe, read_frames
from tellbench.errors import InputError


@pytest.fixture
def folder(tmp_path, frames):
    for number, frame in enumerate(frames[:11]):
        Image.fromarray(frame).save(tmp_path / f"{number}.png")
    (tmp_path / "notes.txt").write_text("x")
    return tmp_path


def test_a_folder_of_pictures_reads_like_a_video(folder, frames):
    info = probe(folder)
    assert (info.width, info.height, info.n_frames, info.fps, info.has_audio) == (64, 48, 11, RATE, False)
    assert np.array_equal(np.concatenate(list(iter_frames(folder, 4))), frames[:11])  # 10 comes after 9
    assert np.array_equal(read_frames(folder, [2, 10]), frames[[2, 10]])


def test_digest_is_of_the_pictures(folder):
    before = picture_digest(folder)
    (folder / "notes.txt").write_text("y")
    assert picture_digest(folder) == before
    (folder / "3.png").unlink()
    assert picture_digest(folder) != before


def test_broken_folders(folder, tmp_path):
    with pytest.raises(InputError, match="has 11 frames; frame 11"):
        read_frames(folder, [11])
    Image.new("RGB", (5, 5)).save(folder / "5.png")
    with pytest.raises(InputError, match=r"5\.png: another size"):
        list(iter_frames(folder))
    (folder / "0.png").write_text("no picture")
    with pytest.raises(InputError, match=r"0\.png: not a readable picture"):
        probe(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no pictures"):
        probe(tmp_path / "empty")
