import pytest
import torch

from tellbench.generator.vasa.motion.space import COLUMNS, N_MOTION, at_rate, looking, mirrored, motion_columns, split


def test_columns_begin_with_pose_and_end_with_gaze():
    assert COLUMNS[:6] == ("yaw", "pitch", "roll", "x", "y", "z")
    assert [COLUMNS[i] for i in motion_columns("eyeBlink", "jawOpen")] == ["eyeBlinkLeft", "eyeBlinkRight", "jawOpen"]
    pose, coefficients, gaze = split(torch.full((3, N_MOTION), 2.0))
    assert (pose.shape, coefficients.shape, gaze.shape) == ((3, 6), (3, 52), (3, 2))
    assert coefficients.max() == 1
    assert gaze.max() == 40


def test_eyes_and_head_look_together():
    motion = torch.zeros(1, N_MOTION)
    motion[0, :2] = torch.tensor([10.0, 4.0])  # to image right and down
    motion[0, -2:] = torch.tensor([0.5, 0.1])
    assert looking(motion).tolist() == [[20.0, pytest.approx(-2.0)]]


def test_a_mirror_turns_sides_and_back():
    motion = torch.rand(2, 5, N_MOTION)
    seen = mirrored(motion)
    assert torch.equal(seen[..., 0], -motion[..., 0])
    assert torch.equal(seen[..., COLUMNS.index("eyeBlinkLeft")], motion[..., COLUMNS.index("eyeBlinkRight")])
    assert torch.equal(mirrored(seen), motion)


@pytest.mark.parametrize("fps", [25, 24, 29.97, 60, 10])
def test_rates_are_read_off_at_the_middles_of_frames_however_the_motion_is_parted(fps):
    time = (torch.arange(100) + 0.5) / 25
    whole = torch.cat(list(at_rate([time[:, None]], fps)))[:, 0]
    parted = torch.cat(list(at_rate(time[:, None].split([1, 30, 49, 20]), fps)))[:, 0]
    assert len(whole) == round(4 * fps)
    assert torch.allclose(whole, parted, atol=1e-5)
    wanted = ((torch.arange(len(whole)) + 0.5) / fps).clamp(time[0], time[-1])
    assert torch.allclose(whole, wanted, atol=1e-4)
