import numpy as np

from tellbench.datasets import provenance
from tellbench.datasets.video import VideoWriter, iter_frames


def _clip(path, frames):
    with VideoWriter(path, 64, 48, 25) as out:
        out.write(frames)
    return path


def test_signed_facts_come_back_and_the_picture_is_untouched(tmp_path, frames):
    path = _clip(tmp_path / "a.mp4", frames)
    before = np.concatenate(list(iter_frames(path)))
    provenance.sign(path, {"generator": "meshwarp", "portrait_rights": "public domain"})
    assert provenance.read(path) == {"generator": "meshwarp", "portrait_rights": "public domain"}
    assert np.array_equal(np.concatenate(list(iter_frames(path))), before)


def test_unsigned_and_changed_clips_have_no_facts(tmp_path, frames):
    path = _clip(tmp_path / "a.mp4", frames)
    assert provenance.read(path) is None
    provenance.sign(path, {"generator": "x"})
    data = bytearray(path.read_bytes())
    data[-200] ^= 0xFF
    path.write_bytes(bytes(data))
    assert provenance.read(path) is None
