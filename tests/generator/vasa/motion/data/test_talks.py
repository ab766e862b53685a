import numpy as np
import pytest
import torch

from tellbench.datasets.audio import Audio
from tellbench.datasets.speech import SILENCE, Phoneme, Utterance
from tellbench.errors import InputError
from tellbench.generator.vasa.motion.data.talks import HELD_OUT, _placed, act_talk, act_to, path_of, read_talk
from tellbench.generator.vasa.motion.script import main_gaze
from tellbench.generator.vasa.motion.space import COLUMNS


@pytest.fixture(scope="module")
def talks():
    return [act_talk(HELD_OUT + i) for i in range(900, 904)]


def test_a_seed_is_a_talk(talks):
    again = act_talk(HELD_OUT + 900)
    assert torch.equal(talks[0].motion, again.motion)
    assert torch.equal(talks[0].heard, again.heard)
    assert not torch.equal(talks[0].motion, talks[1].motion)
    assert talks[0].motion.shape == (200, 60)
    assert talks[0].heard.shape == (200, 4, 28)


def test_people_look_at_their_partner(talks):
    for talk in talks:
        asked = talk.script.gaze
        if (asked[0] == asked[-1]).all():
            assert (main_gaze(talk.motion) - asked[0]).norm() < 6


def test_talks_are_kept_once(tmp_path, talks):
    act_to(tmp_path, HELD_OUT + 900)
    path = path_of(tmp_path, HELD_OUT + 900)
    kept, written = read_talk(path), path.stat().st_mtime_ns
    assert torch.allclose(kept.motion, talks[0].motion, atol=0.02)
    assert torch.allclose(kept.script.gaze, talks[0].script.gaze, atol=0.02)
    act_to(tmp_path, HELD_OUT + 900)
    assert path.stat().st_mtime_ns == written
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a talk"):
        read_talk(path)


def test_silence_is_put_around_words():
    words = (Phoneme("a", 0, 1.0), Phoneme("b", 1.0, 2.0), Phoneme("c", 2.0, 3.0))
    said = _placed(Utterance(Audio(np.ones(48_000, np.float32)), words), 1.5, 4.0)
    assert [(p.name, p.start, p.end) for p in said.phonemes] == [
        (SILENCE, 0.0, 1.5),
        ("a", 1.5, 2.5),
        ("b", 2.5, 3.5),
        (SILENCE, 3.5, 8.0),
    ]
    loud = np.flatnonzero(said.audio.samples)
    assert (loud[0], loud[-1] + 1, len(said.audio.samples)) == (24_000, 56_000, 128_000)


def test_lids_follow_the_gaze_in_what_is_learned(talks):
    for talk in talks:
        down = talk.motion[:, COLUMNS.index("gazeUp")] < -0.3
        assert (talk.motion[down, COLUMNS.index("eyeLookDownLeft")] > 0.15).all()
