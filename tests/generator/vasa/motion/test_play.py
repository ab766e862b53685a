import dataclasses

import numpy as np
import pytest
import torch

from tellbench.datasets.expression import INDEX
from tellbench.errors import InputError
from tellbench.generator.controls import POSE, Controls
from tellbench.generator.motion import Motion
from tellbench.generator.vasa.motion.diffusion import Sampling
from tellbench.generator.vasa.motion.hearing import Ear
from tellbench.generator.vasa.motion.play import CHUNK, Wishes, follow, labels, performed, play
from tellbench.generator.vasa.motion.script import Script
from tellbench.generator.vasa.motion.space import N_POSE, RATE

from .test_hearing import VOICE

QUICK = Sampling(steps=1, audio=0, gaze=0)


def _performed(model, sound, fps, wishes, n_frames=None):
    ear = Ear()

    def told():
        for samples in sound:
            ear.hear(samples)
            yield samples

    return performed(play(model, told(), fps, 0, wishes, n_frames), ear, fps, n_frames)


def _whole(parts):
    parts = list(parts)
    return Motion(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in dataclasses.fields(Motion)))


@pytest.mark.parametrize("fps", [25.0, 30.0])
def test_a_clip_has_its_frames_and_labels(untrained, fps):
    wishes = Wishes(sampling=QUICK, window=20, script=Script.of((4.0, 2.0)))
    parts = list(_performed(untrained, [VOICE], fps, wishes, 60))
    assert max(len(part) for part in parts) <= CHUNK
    clip = _whole(parts)
    assert len(clip) == 60
    assert clip.coefficients.shape == (60, 52)
    assert clip.coefficients.min() >= 0
    assert clip.coefficients.max() <= 1
    assert np.isfinite(clip.loudness_db).all()
    assert np.isfinite(clip.f0_hz[5:30]).all()
    assert np.isnan(clip.f0_hz[-3:]).all()
    told = labels(wishes, 0, 60, fps)
    assert set(told["asked_gaze_x"]) == {4.0}
    assert not labels(wishes, 0, 60, fps, seams=False)["window_seam"].any()
    seams = np.flatnonzero(told["window_seam"])
    assert seams.tolist() == ([20, 40] if fps == 25 else [24, 48])
    later = labels(wishes, 16, 16, fps)
    assert np.array_equal(later["window_seam"], told["window_seam"][16:32])


def test_streams_are_edited_as_clips_are(untrained):
    pose = torch.zeros(30, 6)
    pose[:, 0] = torch.linspace(0, 10, 30)
    wishes = Wishes(sampling=QUICK, window=10, pose=pose, dials={"lip_delay_ms": -100.0, "head_gain": 0.0})
    whole = torch.cat(list(play(untrained, [VOICE], 30.0, 0, wishes)))
    streamed = torch.cat(list(play(untrained, iter(np.array_split(VOICE, 9)), 30.0, 0, wishes)))
    assert torch.allclose(whole, streamed, atol=1e-5)
    assert whole[-1, 0] == pytest.approx(10, abs=1e-4)


def test_pose_is_replaced_or_added_and_expression_scaled(untrained):
    pose = torch.full((1, 6), 3.0)
    plain, added, replaced, calm = (
        torch.cat(list(play(untrained, [VOICE], 25.0, 0, Wishes(sampling=QUICK, **wish))))
        for wish in ({}, {"pose": pose}, {"pose": pose, "replace": True}, {"intensity": torch.zeros(1)})
    )
    assert torch.allclose(added[:, :N_POSE], plain[:, :N_POSE] + 3, atol=1e-4)
    assert torch.equal(replaced[:, :N_POSE], pose.expand(len(replaced), 6))
    still = calm[:, N_POSE:-2].abs().sum(0) == 0
    assert still.sum() == 52 - 10


def test_what_is_heard_is_the_same_in_a_stream(untrained):
    wishes = Wishes(sampling=QUICK, window=10)
    whole, streamed = (
        _whole(_performed(untrained, sound, 30.0, wishes)) for sound in ([VOICE], iter(np.array_split(VOICE, 9)))
    )
    assert np.array_equal(whole.loudness_db, streamed.loudness_db)
    assert np.array_equal(whole.f0_hz, streamed.f0_hz, equal_nan=True)


def test_controls_become_wishes_of_the_clip_s_own_rate():
    tracks = {"gaze_x": tuple(np.linspace(0, 20, 50)), "gaze_y": (1.0,) * 50, "happy": (0.5,) * 50}
    dials = {"sampler_steps": 25.0, "guidance_gaze": 2.0, "window": 20.0, "seam": 1.0, "blink_rate": 5.0}
    wishes = Wishes.of(Controls(tracks=tracks, distance=0.9, dials=dials, solver="ddim", head_motion=0.5), fps=50.0)
    assert wishes.script.gaze.shape == (25, 2)
    assert float(wishes.script.gaze[-1, 0]) == pytest.approx(20, abs=0.5)
    assert float(wishes.script.distance[0]) == pytest.approx(0.9)
    assert wishes.script.emotion.sum(1).tolist() == pytest.approx([0.5] * 25)
    assert (wishes.sampling.steps, wishes.sampling.gaze, wishes.sampling.solver) == (25, 2, "ddim")
    assert (wishes.window, wishes.seam, wishes.dials) == (20, 1, {"blink_rate": 5, "head_gain": 0.5})
    assert wishes.pose is None


@pytest.mark.parametrize(
    ("controls", "part"),
    [
        ({"gaze": (40.0, 0.0)}, "gaze 40"),
        ({"distance": 0.6}, "distance 0.6"),
        ({"solver": "euler"}, "solver 'euler'"),
        ({"dials": {"window": 5}}, "window = 5"),
        ({"dials": {"sampler_steps": 0}}, "sampler_steps = 0"),
    ],
)
def test_more_than_vasa_can_do_is_refused(controls, part):
    with pytest.raises(InputError, match=part):
        Wishes.of(Controls(**controls))


def test_followed_motion_is_shown_as_it_was_and_under_wishes(untrained):
    made = _whole(_performed(untrained, [VOICE], RATE, Wishes(sampling=QUICK)))
    asked = Controls(gaze=(8.0, 0.0), emotion={"happy": 1.0}, distance=0.9, pose=(5.0, 0, 0, 0, 0, 0))
    ear = Ear()
    ear.hear(VOICE)
    plain, edited = (
        _whole(performed(follow(made, RATE, 0, Wishes.of(controls)), ear, RATE, lowest=-1))
        for controls in (Controls(), asked)
    )
    assert np.allclose(plain.pose, made.pose, atol=1e-4)
    assert np.allclose(plain.coefficients, made.coefficients, atol=1e-6)
    change = edited.pose - plain.pose
    assert np.allclose(change[:, 0], 5, atol=1e-4)
    assert np.allclose(change[:, POSE.index("z")], 118, atol=1e-3)
    assert np.allclose(edited.gaze[:, 0] - plain.gaze[:, 0], 8 - 5, atol=1e-4)
    assert (edited.coefficients >= plain.coefficients)[:, INDEX["mouthSmileLeft"]].all()


@pytest.mark.parametrize("sound", [VOICE[:3200], np.zeros(3200, np.float32), VOICE[:1]])
def test_a_fifth_of_a_second_silence_and_a_single_sample_are_enough(untrained, sound):
    clip = _whole(_performed(untrained, [sound], RATE, Wishes(sampling=QUICK), 5))
    assert len(clip) == 5
    assert np.isfinite(clip.pose).all()


def test_sound_that_is_no_number_is_refused(untrained):
    with pytest.raises(InputError, match="NaN"):
        list(_performed(untrained, [np.full(16_000, np.nan, np.float32)], RATE, Wishes(sampling=QUICK, window=10)))
