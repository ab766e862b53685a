import subprocess
import sys

import numpy as np
import pytest
import torch

from tellbench.datasets.expression import COEFFICIENTS, expression
from tellbench.datasets.studio import Identity, Person, Studio
from tellbench.datasets.studio.labels import Label
from tellbench.datasets.studio.render.raster import FAR
from tellbench.errors import InputError

SIZE = 128
STILL = {"shake": 0.0}
"""A camera on a rock: what moves is the person."""


@pytest.fixture(scope="module")
def person():
    return Person(Identity.sample(20))


@pytest.fixture(scope="module")
def studio(person):
    return Studio(person, seed=1, size=SIZE, overrides=STILL)


def still(n=1):
    return np.zeros((n, 52), np.float32), np.zeros((n, 6), np.float32), np.zeros((n, 2), np.float32)


def performance(n, seed=0):
    rng = np.random.default_rng(seed)
    coefficients = (rng.random((n, 52)) * 0.4 * (rng.random((n, 52)) < 0.3)).astype(np.float32)
    pose, gaze = rng.normal(size=(n, 6)) * 6, rng.normal(size=(n, 2)) * 6
    return coefficients, pose.astype(np.float32), gaze.astype(np.float32)


@pytest.fixture(scope="module")
def expressions(studio):
    named = [expression(), expression(eyeBlink=1), expression(eyeBlinkLeft=1), expression(jawOpen=0.7)]
    n = len(named)
    return studio.render(np.stack(named), *still(n)[1:])


def test_a_shot_has_the_promised_shapes_and_types(expressions):
    shot, n = expressions, 4
    assert shot.frames.shape == (n, SIZE, SIZE, 3) and shot.frames.dtype == np.uint8
    assert shot.landmarks.shape == (n, 68, 2) and shot.iris.shape == (n, 2, 2) and shot.aperture.shape == (n, 2)
    assert shot.lids.shape == (n, 2, 2, 16, 2) and shot.lips.shape == (n, 2, 2, 20, 2)
    assert shot.mask.shape == shot.depth.shape == (n, SIZE, SIZE) and shot.mask.dtype == np.uint8
    for values in (shot.landmarks, shot.lids, shot.lips, shot.iris, shot.aperture, shot.depth):
        assert values.dtype == np.float32 and np.isfinite(values).all()


def test_landmarks_lie_on_what_they_name(expressions):
    shot = expressions
    seen = np.zeros_like(shot.mask[0], bool)
    column, row = shot.landmarks[0].astype(int).T
    seen[row, column] = True
    assert np.isin(shot.mask[0][seen], (Label.BACKGROUND,)).mean() < 0.05
    right_iris, left_iris = shot.iris[0].astype(int)
    assert shot.mask[0][right_iris[1], right_iris[0]] == Label.EYES
    assert shot.mask[0][left_iris[1], left_iris[0]] == Label.EYES
    assert right_iris[0] < left_iris[0], "the subject's right eye is on image left"
    lips = shot.landmarks[0, 60:68].mean(0).astype(int)
    assert shot.mask[0][lips[1], lips[0]] in (Label.LIPS, Label.MOUTH, Label.HAIR)


def test_each_lid_closes_by_itself_and_eyes_come_right_first(expressions):
    open_, both, left, _ = expressions.aperture
    assert (open_ > 0.25).all()
    assert (both < 0.02).all()
    assert left[1] < 0.02 and left[0] > 0.25
    eyes = [(expressions.mask[i] == Label.EYES).sum() for i in range(3)]
    assert eyes[1] < 0.25 * eyes[0] and eyes[1] < eyes[2] < eyes[0]


def test_an_open_jaw_shows_the_inside_of_the_mouth(expressions):
    inside = (expressions.mask == Label.MOUTH).sum((1, 2))
    assert inside[3] > inside[0] + 20
    gap = expressions.landmarks[:, 66, 1] - expressions.landmarks[:, 62, 1]
    assert gap[3] > gap[0] + 3


def test_no_teeth_show_through_closed_lips():
    person = Person(Identity.sample(83))  # thin lips: the upper teeth used to pierce the skin under the nose
    closed = np.stack([expression(jawOpen=0.45, mouthClose=0.45)])
    shot = Studio(person, 1, 256, overrides={"view": 160.0}).render(closed, *still()[1:])
    row = np.nonzero(shot.mask[0] == Label.MOUTH)[0]
    assert (row > shot.landmarks[0, 51, 1]).all(), "nothing of the mouth's inside above the upper lip"


def test_yaw_turns_to_the_subjects_left_and_gaze_moves_the_iris_the_same_way(studio):
    coefficients, pose, gaze = still(3)
    pose[1, 0], gaze[2, 0] = 20, 15
    shot = studio.render(coefficients, pose, gaze)
    assert shot.landmarks[1, 30, 0] > shot.landmarks[0, 30, 0] + 5, "the nose moves to image right"
    assert (shot.iris[2, :, 0] > shot.iris[0, :, 0] + 0.8).all()
    np.testing.assert_allclose(shot.landmarks[2], shot.landmarks[0], atol=1e-3)


def test_frames_do_not_depend_on_how_a_clip_is_cut(studio):
    inputs = performance(6)
    whole = studio.render(*inputs)
    for first, last in ((0, 1), (1, 4), (4, 6)):
        part = studio.render(*(values[first:last] for values in inputs), first_frame=first)
        np.testing.assert_array_equal(part.frames, whole.frames[first:last])
        np.testing.assert_array_equal(part.landmarks, whole.landmarks[first:last])


def test_threads_change_nothing_but_the_time(studio):
    inputs = performance(3, seed=5)
    threads = torch.get_num_threads()
    try:
        shots = []
        for n in (1, 2):
            torch.set_num_threads(n)
            shots.append(studio.render(*inputs))
            assert torch.get_num_threads() == n
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(shots[0].frames, shots[1].frames)


def test_seeds_repeat_and_noise_differs_between_frames(person, studio):
    coefficients, pose, gaze = still(2)
    shot = studio.render(coefficients, pose, gaze)
    again = Studio(person, seed=1, size=SIZE, overrides=STILL).render(coefficients, pose, gaze)
    other = Studio(person, seed=2, size=SIZE, overrides=STILL).render(coefficients, pose, gaze)
    np.testing.assert_array_equal(shot.frames, again.frames)
    assert np.abs(shot.frames.astype(int) - other.frames).mean() > 5
    difference = np.abs(shot.frames[0].astype(int) - shot.frames[1])
    assert 0 < difference.mean() < 6


def test_both_backends_film_the_same_picture(person, studio):
    inputs = performance(2, seed=3)
    fused, plain = studio.render(*inputs), Studio(person, 1, SIZE, overrides=STILL, backend="torch").render(*inputs)
    assert np.abs(fused.frames.astype(int) - plain.frames).mean() < 0.01
    assert (fused.mask == plain.mask).mean() > 0.9999


def test_every_tensor_is_made_on_the_studios_device(person):
    """A tensor made without a device would land on `meta` here and could not meet the others."""
    studio = Studio(person, 1, 64, backend="torch")
    with torch.device("meta"):
        shot = studio.render(*still())
    assert shot.frames.std() > 10


def test_depth_and_projection_agree(person, studio, expressions):
    nose = expressions.landmarks[0, 30]
    depth = expressions.depth[0, int(nose[1]), int(nose[0])]
    distance = studio.setting.distance
    assert distance - 90 < depth < distance
    assert expressions.depth[0, 2, 2] == FAR
    still = Studio(person, 1, SIZE, overrides={**STILL, "distortion": 0.0})
    pixel = still.project(np.array([[0.0, -30.0, 0.0], [still.setting.view / 2, -30.0, 0.0]]))
    np.testing.assert_allclose(pixel[:, :2].numpy(), [[SIZE / 2, SIZE / 2], [SIZE, SIZE / 2]], atol=1e-3)


def test_inputs_from_users_are_checked(person, studio):
    coefficients, pose, gaze = still(2)
    with pytest.raises(InputError, match="pose"):
        studio.render(coefficients, pose[:1], gaze)
    gaze[0, 0] = np.nan
    with pytest.raises(InputError, match="gaze"):
        studio.render(coefficients, pose, gaze)
    with pytest.raises(InputError, match="size"):
        Studio(person, 1, size=8)
    with pytest.raises(InputError, match="allowed"):
        Studio(person, 1, overrides={"brightness": 2})
    assert len(COEFFICIENTS) == coefficients.shape[1]


def test_importing_the_studio_loads_no_torch():
    code = "import sys, tellbench.datasets.studio as studio; assert 'torch' not in sys.modules; print(studio.Identity)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Identity" in ran.stdout


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_films_what_the_cpu_films(studio):
    inputs = performance(2, seed=3)
    on_cuda = Studio(Person(Identity.sample(20), device="cuda"), 1, SIZE, device="cuda", overrides=STILL).render(
        *inputs
    )
    on_cpu = studio.render(*inputs)
    assert np.abs(on_cpu.frames.astype(int) - on_cuda.frames).mean() < 0.5
    np.testing.assert_allclose(on_cpu.landmarks, on_cuda.landmarks, atol=0.05)


@pytest.mark.parametrize(("axis", "nose_moves"), [(0, (1, 0)), (1, (0, 1))])
def test_positive_yaw_turns_to_image_right_and_pitch_looks_down(studio, axis, nose_moves):
    coefficients, pose, gaze = still(2)
    pose[1, axis] = 15
    tips = studio.render(coefficients, pose, gaze).landmarks[:, 30]
    moved = tips[1] - tips[0]
    assert np.dot(moved, nose_moves) > 2
    assert np.dot(moved, nose_moves) > 3 * abs(np.dot(moved, nose_moves[::-1]))


def test_positive_roll_tips_to_the_subjects_left(studio):
    coefficients, pose, gaze = still(1)
    pose[0, 2] = 12
    right, left = studio.render(coefficients, pose, gaze).landmarks[0, [36, 45]]
    assert np.degrees(np.arctan2(*(left - right)[::-1])) == pytest.approx(12, abs=2.5)  # image right is further down


def test_traced_values_are_those_of_what_is_seen(studio):
    """Traced world coordinates lie behind the pixels that show them; a map half as wide shows the same."""
    rest = studio.at_rest()
    shot = studio.render(*still())
    traced = studio.trace(*still(), rest, SIZE)
    eyes = traced.mask[0] == Label.EYES
    pixels = studio.project(traced.values[0][eyes])
    row, column = (axis + 0.5 for axis in np.nonzero(eyes.numpy()))
    assert np.abs(pixels[:, 0].numpy() - column).max() < 1 and np.abs(pixels[:, 1].numpy() - row).max() < 1
    assert (pixels[:, 2] - traced.depth[0][eyes]).abs().max() < 1
    assert (traced.mask[0].numpy() == shot.mask[0]).mean() > 0.95
    small = studio.trace(*still(), rest, SIZE // 2)
    face = (shot.mask[0] == Label.SKIN).reshape(SIZE // 2, 2, SIZE // 2, 2).all((1, 3))
    apart = (small.values[0] - traced.values[0].view(SIZE // 2, 2, SIZE // 2, 2, 3).mean((1, 3))).norm(dim=-1)
    assert apart[torch.as_tensor(face)].median() < 1.5
