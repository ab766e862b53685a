import hashlib

import av
import numpy as np
import pytest

from tellbench.datasets.audio import RATE, read_audio
from tellbench.datasets.video import VideoWriter, iter_frames, picture_digest, probe, read_frames
from tellbench.errors import InputError


def _write(path, frames, audio=None, fps=25):
    with VideoWriter(path, frames.shape[2], frames.shape[1], fps, audio) as out:
        out.write(frames)
    return path


def test_what_was_written_comes_back(tmp_path, frames, voice):
    path = _write(tmp_path / "a.mp4", frames, voice)
    info = probe(path)
    again = np.concatenate(list(iter_frames(path, chunk=7)))
    assert (info.width, info.height, info.fps, info.n_frames, info.has_audio) == (64, 48, 25, 20, True)
    assert again.shape == frames.shape
    assert np.abs(again.astype(int) - frames).mean() < 6


@pytest.mark.parametrize("fps", [24000 / 1001, 24, 25, 30000 / 1001, 30, 48, 50, 60000 / 1001, 60])
def test_every_rate_of_film_and_television_comes_back(tmp_path, frames, fps):
    path = _write(tmp_path / "a.mp4", frames, fps=fps)
    assert probe(path).fps == pytest.approx(fps, abs=1e-6)
    assert probe(path).n_frames == sum(len(chunk) for chunk in iter_frames(path)) == len(frames)


def test_sound_is_as_long_as_the_picture(tmp_path, frames, voice):
    heard = read_audio(_write(tmp_path / "a.mp4", frames, voice))
    assert abs(heard.duration - 20 / 25) < 1024 * 2 / RATE
    n = min(len(heard.samples), 20 * RATE // 25)
    assert np.corrcoef(heard.samples[:n], voice.samples[:n])[0, 1] > 0.9


def test_same_input_gives_same_bytes(tmp_path, frames, voice):
    digests = {
        hashlib.sha256(_write(tmp_path / name, frames, voice).read_bytes()).hexdigest() for name in ("a.mp4", "b.mp4")
    }
    assert len(digests) == 1


def test_bytes_stay_the_same_over_many_runs(tmp_path):
    """x264's macroblock tree once gave five versions in forty runs."""
    y, x = np.mgrid[:192, :192]
    moving = [127 + 90 * np.sin((x + 3 * t) / 11) * np.cos((y - 2 * t) / 13) for t in range(25)]
    noisy = np.stack(moving) + np.random.default_rng(0).normal(size=(25, 192, 192)) * 6
    frames = np.repeat(noisy.clip(0, 255)[..., None], 3, -1).astype(np.uint8)
    digests = {hashlib.sha256(_write(tmp_path / "a.mp4", frames).read_bytes()).hexdigest() for _ in range(25)}
    assert len(digests) == 1


def test_a_room_keeps_its_detail_whatever_moves_beside_it(tmp_path):
    """The codec's usual rate control tells by the room whether a head beside it is calm (by 8 to 26 % here)."""
    detail = {speed: _detail(_write(tmp_path / "a.mp4", _room_beside(speed))) for speed in (0.0, 0.5, 5.0)}
    assert detail[0.0] == pytest.approx(detail[5.0], rel=0.02)
    assert detail[0.5] == pytest.approx(detail[5.0], rel=0.02)


def _room_beside(speed: float) -> np.ndarray:
    """Frames of a room with grain in the left half, beside a pattern that moves."""
    y, x = np.mgrid[:128, :128]
    room = 127 + 15 * np.sin(x / 9) * np.cos(y / 7) + np.random.default_rng(0).normal(size=(50, 128, 128)) * 4
    head = np.stack([127 + 80 * np.sin((x + speed * t) / 5) * np.cos((y - speed * t) / 6) for t in range(50)])
    return np.repeat(np.concatenate([room, head], 2).clip(0, 255)[..., None], 3, -1).astype(np.uint8)


def _detail(path) -> float:
    room = read_frames(path, list(range(50)))[:, :, :112].astype(float)
    return float(np.abs(np.diff(room, axis=1)).mean())


def test_the_picture_digest_follows_frames_and_rate_and_nothing_else(tmp_path, frames, voice):
    silent, changed = _write(tmp_path / "a.mp4", frames), frames.copy()
    changed[7] = 255 - changed[7]
    assert picture_digest(_write(tmp_path / "b.mp4", frames, voice)) == picture_digest(silent)
    others = [
        _write(tmp_path / "c.mp4", changed),
        _write(tmp_path / "d.mp4", frames, fps=24),
        _turned(tmp_path, silent),
    ]
    assert len({picture_digest(path) for path in (silent, *others)}) == 4


def _turned(folder, path):
    """The same coded pictures, to be shown turned by a quarter."""
    with av.open(str(path)) as container, av.open(str(folder / "turned.mp4"), "w") as out:
        stream = container.streams.video[0]
        copy = out.add_stream_from_template(stream)
        copy.set_display_rotation(90)
        for packet in container.demux(stream):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
    return folder / "turned.mp4"


def test_read_frames_picks_by_index(tmp_path, frames):
    path = _write(tmp_path / "a.mp4", frames)
    every = np.concatenate(list(iter_frames(path)))
    assert np.array_equal(read_frames(path, [0, 9, 19]), every[[0, 9, 19]])


def test_index_beyond_the_end_is_named(tmp_path, frames):
    path = _write(tmp_path / "a.mp4", frames)
    with pytest.raises(InputError, match="has 20 frames; frame 20"):
        read_frames(path, [20])


def test_failed_write_leaves_nothing(tmp_path, frames):
    with pytest.raises(KeyError), VideoWriter(tmp_path / "a.mp4", 64, 48, 25) as out:
        out.write(frames[:3])
        raise KeyError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(63, 48), (64, 47), (0, 48), (64, -2)])
def test_odd_sizes_are_refused(tmp_path, size):
    with pytest.raises(InputError, match="even"):
        VideoWriter(tmp_path / "a.mp4", *size, 25)


def test_wrong_frames_are_refused(tmp_path, frames):
    with pytest.raises(ValueError, match="64x48"), VideoWriter(tmp_path / "a.mp4", 64, 48, 25) as out:
        out.write(frames[:, :32])


def test_text_named_mp4_is_one_clear_line(tmp_path, capfd):
    (tmp_path / "a.mp4").write_text("this is text")
    with pytest.raises(InputError, match="not a readable video"):
        next(iter_frames(tmp_path / "a.mp4"))
    assert capfd.readouterr().err == ""


def test_truncated_mp4_is_refused(tmp_path, frames, voice):
    whole = _write(tmp_path / "a.mp4", np.tile(frames, (4, 1, 1, 1)), voice).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    with pytest.raises(InputError, match=r"cut\.mp4"):
        for _chunk in iter_frames(tmp_path / "cut.mp4"):
            pass


def test_sound_only_file_is_refused(tmp_path, voice):
    from tellbench.datasets.audio import write_wav

    write_wav(tmp_path / "a.wav", voice)
    with pytest.raises(InputError, match="no video stream"):
        probe(tmp_path / "a.wav")


def test_a_real_recording_is_read(shared_assets):
    path = shared_assets / "video" / "grid_bbaf2n.mpg"
    assert probe(path).n_frames == 75
    assert sum(len(chunk) for chunk in iter_frames(path)) == 75
