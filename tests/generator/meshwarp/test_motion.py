import dataclasses

import numpy as np
import pytest

from tellbench.datasets.expression import INDEX, columns
from tellbench.errors import InputError
from tellbench.generator.controls import Controls
from tellbench.generator.meshwarp.behaviour import MOST_DEGREES
from tellbench.generator.meshwarp.motion import perform


def _perform(voice, seed=0, controls=None, **dials):
    return perform(voice, 1000, 25.0, seed, controls or Controls(dials=dials))


def _blinks(motion):
    shut = motion.coefficients[:, INDEX["eyeBlinkLeft"]] > 0.3
    return np.flatnonzero(shut[1:] & ~shut[:-1])


def _brow(motion):
    return motion.coefficients[:, columns("browInnerUp") + columns("browOuterUp")].mean(1)


def test_same_seed_same_motion_other_seed_other(voice):
    one, two, other = _perform(voice, 4), _perform(voice, 4), _perform(voice, 5)
    assert np.array_equal(one.coefficients, two.coefficients)
    assert np.array_equal(one.pose, two.pose)
    assert not np.allclose(one.pose, other.pose)


def test_everything_stays_in_range(voice):
    for seed in range(5):
        motion = _perform(voice, seed, head_gain=3.0)
        assert motion.coefficients.min() >= 0
        assert motion.coefficients.max() <= 1
        assert np.abs(motion.pose[:, :3]).max() <= MOST_DEGREES


def test_a_turned_portrait_does_not_turn_on(voice):
    motion = perform(voice, 1000, 25.0, 1, Controls(dials={"head_gain": 3.0}), turned=-33.0)
    assert motion.pose[:, 0].min() > -3.01
    assert motion.pose[:, 0].max() > 4


def test_blink_rate(voice):
    assert len(_blinks(_perform(voice, blink_rate=0.0))) == 0
    counts = [np.mean([len(_blinks(_perform(voice, s, blink_rate=r))) for s in range(6)]) for r in (12, 24, 40)]
    assert counts == pytest.approx([8, 16, 26.7], rel=0.3)  # in 40 s


def test_blink_regularity(voice):
    def spread(regularity):
        gaps = [np.diff(_blinks(_perform(voice, s, blink_regularity=regularity))) for s in range(6)]
        return np.mean([g.std() / g.mean() for g in gaps])

    assert spread(1.0) < 0.1 < 0.3 < spread(0.0)


def test_blink_completeness(voice):
    half = _perform(voice, blink_completeness=0.5).coefficients[:, INDEX["eyeBlinkLeft"]]
    whole = _perform(voice, blink_completeness=1.0).coefficients[:, INDEX["eyeBlinkLeft"]]
    assert half.max() < 0.65 < 0.9 < whole.max()


def test_brow_gain_and_coupling(voice):
    assert _brow(_perform(voice, brow_gain=0.0)).max() == 0
    assert _brow(_perform(voice, brow_gain=2.0)).mean() > 1.5 * _brow(_perform(voice)).mean()
    accent = voice.accent[2::4][:1000]

    def follows(coupling):
        return np.mean([np.corrcoef(_brow(_perform(voice, s, brow_coupling=coupling)), accent)[0, 1] for s in range(4)])

    assert follows(1.0) > 0.6 > 0.4 > follows(0.0)


def test_head_motion(voice):
    assert np.abs(_perform(voice, head_gain=0.0).pose).max() == 0
    assert np.abs(_perform(voice, controls=Controls(head_motion=0.0)).pose).max() == 0
    calm, lively = (np.abs(np.diff(_perform(voice, head_gain=g).pose[:, 0])).mean() for g in (0.5, 1.5))
    assert lively > 2 * calm


def test_first_frame_is_near_the_portrait_but_not_on_it(voice):
    first = np.array([np.abs(_perform(voice, s).pose[0, :3]).max() for s in range(10)])
    assert (first > 0.005).all()
    assert (first < 2.5).all()


def test_lip_delay_moves_the_mouth_alone(voice):
    prompt, late = _perform(voice), _perform(voice, lip_delay_ms=120.0)
    jaw = [m.coefficients[:, INDEX["jawOpen"]] for m in (prompt, late)]
    np.testing.assert_allclose(jaw[1][3:], jaw[0][:-3], atol=1e-5)  # 120 ms are three frames
    assert np.array_equal(prompt.pose, late.pose)


def test_mouth_follows_the_voice_and_rests_in_pauses(voice):
    motion = _perform(voice)
    jaw = motion.coefficients[:, INDEX["jawOpen"]]
    assert np.corrcoef(jaw, voice.level[2::4][:1000])[0, 1] > 0.6
    pause = (np.arange(1000) + 0.5) / 25 % 5 > 4.5
    assert jaw[pause].max() < 0.02


def test_expressiveness_and_gaze_controls(voice):
    flat = _perform(voice, controls=Controls(expressiveness=0.0))
    assert flat.coefficients[:, INDEX["jawOpen"]].max() == 0
    aside = _perform(voice, controls=Controls(gaze=(12.0, 0.0)))
    assert aside.gaze[:, 0].mean() == pytest.approx(_perform(voice).gaze[:, 0].mean() + 12, abs=0.1)


def test_a_dial_out_of_range_is_refused_with_the_range(voice):
    with pytest.raises(InputError, match=r"blink_rate = 900; 0 to 60 is allowed"):
        _perform(voice, blink_rate=900.0)


def test_blink_speed(voice):
    def shut(speed):
        return np.mean(
            [
                (_perform(voice, s, blink_speed=speed).coefficients[:, INDEX["eyeBlinkLeft"]] > 0.3).sum()
                for s in range(4)
            ]
        )

    assert shut(0.5) > 1.5 * shut(1.0)


def test_gaze_gain(voice):
    stare = _perform(voice, gaze_gain=0.0)
    held = np.stack([-stare.pose[:, 0], stare.pose[:, 1]], -1)
    np.testing.assert_allclose(stare.gaze, 0.75 * held, atol=1e-4)
    assert _perform(voice, gaze_gain=2.0).gaze.std() > 1.5 * _perform(voice).gaze.std()


def test_head_coupling(voice):
    accent = voice.accent[2::4][:1000]

    def follows(coupling):
        return np.mean(
            [np.corrcoef(_perform(voice, s, head_coupling=coupling).pose[:, 1], accent)[0, 1] for s in range(6)]
        )

    assert follows(1.0) > follows(0.0) + 0.15


def test_lip_closure(voice):
    visemes = voice.visemes.copy()
    visemes[100:115, 3] = 1.0
    bilabial = dataclasses.replace(voice, visemes=visemes)
    press = columns("mouthPress")
    assert _perform(bilabial).coefficients[:, press].max() > 0.3
    assert _perform(bilabial, lip_closure=0.0).coefficients[:, press].max() == 0
