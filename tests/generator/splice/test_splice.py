import dataclasses

import numpy as np
import pytest

from tellbench.datasets.audio import Audio
from tellbench.errors import InputError
from tellbench.generator.base import RefusalError, Request
from tellbench.generator.controls import Controls
from tellbench.generator.splice import Splice
from tellbench.generator.splice import splice as module

REPEATS = 10


@pytest.fixture
def asked(shot, photo, monkeypatch):
    """Forty frames with true landmarks; the donor is photographed once."""
    points = np.tile(shot.landmarks, (REPEATS, 1, 1))
    monkeypatch.setattr(module, "face_points", lambda frames, device: points[: sum(len(part) for part in frames)])
    monkeypatch.setattr(module, "photograph", lambda *_args: photo)
    return Request(
        portrait=shot.frames[0],
        speech=Audio(np.ones(100, np.float32)),
        n_frames=4 * REPEATS,
        seed=12,
        pristine=lambda: iter([np.tile(shot.frames, (REPEATS, 1, 1, 1))]),
    )


def _made(request, **dials):
    chunks = list(Splice().animate(dataclasses.replace(request, controls=Controls(dials=dials))))
    return np.concatenate([chunk.frames for chunk in chunks]), chunks


def _pristine(request):
    return np.concatenate(list(request.pristine()))


def test_only_the_region_changes_and_it_is_as_large_as_the_label_says(asked):
    made, chunks = _made(asked)
    changed = (made != _pristine(asked)).any(-1)
    share = np.concatenate([chunk.tracks["region_share"] for chunk in chunks])
    assert (changed.mean((1, 2)) <= share + 1e-6).all()
    assert (changed.mean((1, 2)) > 0.6 * share).all(), "inside it is another face"
    assert (share > 0.05).all() and (share < 0.3).all()
    assert all(chunk.tracks["spliced"].all() for chunk in chunks)
    assert [f for chunk in chunks for f in chunk.tracks["frame"]] == list(range(asked.n_frames))


def test_eyes_and_mouth_stay_to_the_bit(asked, shot):
    made, _ = _made(asked)
    for before, after, points in zip(shot.frames, made, shot.landmarks, strict=False):
        for part in (points[36:42], points[42:48], points[60:68]):
            x, y = part.mean(0).astype(int)
            assert np.array_equal(before[y - 1 : y + 2, x - 1 : x + 2], after[y - 1 : y + 2, x - 1 : x + 2])


def test_chunks_are_small_however_frames_come(asked):
    _, chunks = _made(asked)
    assert max(len(chunk.frames) for chunk in chunks) <= 16


def test_fewer_frames_are_asked_for_than_there_are(asked):
    made, _ = _made(dataclasses.replace(asked, n_frames=3))
    assert len(made) == 3
    with pytest.raises(InputError, match="40 frames; 50 are needed"):
        _made(dataclasses.replace(asked, n_frames=50))


def test_frame_without_a_face_stays_and_its_label_says_so(asked, shot, monkeypatch):
    points = np.tile(shot.landmarks, (REPEATS, 1, 1))
    points[[1, 20]] = np.nan
    monkeypatch.setattr(module, "face_points", lambda frames, device: points)
    made, chunks = _made(asked)
    same = (made == _pristine(asked)).all((1, 2, 3))
    assert np.flatnonzero(same).tolist() == [1, 20]
    spliced = np.concatenate([chunk.tracks["spliced"] for chunk in chunks])
    assert np.flatnonzero(spliced == 0).tolist() == [1, 20]


def test_clip_without_any_face_is_refused(asked, monkeypatch):
    monkeypatch.setattr(module, "face_points", lambda frames, device: np.full((40, 68, 2), np.nan, np.float32))
    with pytest.raises(RefusalError, match="no face was found"):
        _made(asked)


def test_no_opacity_is_the_pristine_clip(asked):
    made, chunks = _made(asked, opacity=0)
    assert np.array_equal(made, _pristine(asked))
    assert not any(chunk.tracks["spliced"].any() for chunk in chunks)


def _change(asked, **dials):
    return np.abs(_made(asked, **dials)[0].astype(float) - _pristine(asked)).mean()


def test_dials_do_what_they_say(asked):
    natural = _change(asked)
    assert _change(asked, opacity=0.5) == pytest.approx(natural / 2, rel=0.1)
    assert _change(asked, colour_match=0) > 1.1 * natural
    assert _change(asked, blend_width=0) > 1.1 * natural > 1.3 * _change(asked, blend_width=0.5)


def test_jitter_shakes_the_face(asked):
    def flicker(**dials):
        made = _made(asked, **dials)[0][::4].astype(float)  # the same frame again and again
        return np.abs(np.diff(made, axis=0)).mean()

    assert flicker(jitter=0.03, grain=0) > 3 * flicker(grain=0)
    assert flicker(grain=0) == 0


def test_seed_repeats_and_decides(asked):
    assert np.array_equal(_made(asked, jitter=0.02)[0], _made(asked, jitter=0.02)[0])
    other = dataclasses.replace(asked, seed=13)
    assert not np.array_equal(_made(asked, jitter=0.02)[0], _made(other, jitter=0.02)[0])
    assert Splice().donor_id(asked) != Splice().donor_id(other)


def test_dial_out_of_range_is_refused(asked):
    with pytest.raises(InputError, match="opacity = 2; 0 to 1 is allowed"):
        _made(asked, opacity=2)
