import numpy as np
import pytest
import torch

from tellbench.datasets.audio import Audio
from tellbench.generator.vasa.motion.diffusion import Sampling
from tellbench.generator.vasa.motion.play import Wishes, labels, play, play_clip
from tellbench.generator.vasa.motion.script import Script
from tellbench.generator.vasa.motion.space import N_POSE

from .test_hearing import VOICE

QUICK = Sampling(steps=1, audio=0, gaze=0)


@pytest.mark.parametrize("fps", [25.0, 30.0])
def test_a_clip_has_its_frames_and_labels(untrained, fps):
    wishes = Wishes(sampling=QUICK, window=20, script=Script.of((4.0, 2.0)))
    clip = play_clip(untrained, Audio(VOICE), 60, fps, 0, wishes)
    assert len(clip) == 60
    assert clip.coefficients.shape == (60, 52)
    assert clip.coefficients.min() >= 0
    assert clip.coefficients.max() <= 1
    assert np.isfinite(clip.loudness_db).all()
    assert np.isfinite(clip.f0_hz[5:30]).all()
    assert np.isnan(clip.f0_hz[-3:]).all()
    told = labels(wishes, slice(0, 60), fps)
    assert set(told["asked_gaze_x"]) == {4.0}
    seams = np.flatnonzero(told["window_seam"])
    assert seams.tolist() == ([20, 40] if fps == 25 else [24, 48])
    later = labels(wishes, slice(16, 32), fps)
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
        for wish in ({}, {"pose": pose}, {"pose": pose, "replace": True}, {"intensity": 0.0})
    )
    assert torch.allclose(added[:, :N_POSE], plain[:, :N_POSE] + 3, atol=1e-4)
    assert torch.equal(replaced[:, :N_POSE], pose.expand(len(replaced), 6))
    still = calm[:, N_POSE:-2].abs().sum(0) == 0
    assert still.sum() == 52 - 10
