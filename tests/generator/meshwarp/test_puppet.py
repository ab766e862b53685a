from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tellbench.datasets.expression import expression

STILL = np.zeros((1, 6))
AHEAD = np.zeros((1, 2))


def _draw(puppet, pool, pose=STILL, gaze=AHEAD, **coefficients):
    return puppet.render(expression(**coefficients)[None], np.asarray(pose, float), np.asarray(gaze, float), pool)[0]


def _box(points, grow=2):
    (x0, y0), (x1, y1) = points.min(0).astype(int) - grow, points.max(0).astype(int) + grow + 1
    return slice(y0, y1), slice(x0, x1)


def test_at_rest_it_is_the_portrait(puppet, pool, portrait):
    difference = np.abs(_draw(puppet, pool).astype(int) - portrait.picture)
    assert difference.mean() < 0.2
    assert (difference.max(-1) > 12).mean() < 0.003


def test_closing_lids_hide_the_eyes(puppet, pool, portrait):
    open_, shut = _draw(puppet, pool).astype(float), _draw(puppet, pool, eyeBlink=1.0).astype(float)
    for eye in (slice(36, 42), slice(42, 48)):
        points = portrait.truth.points[0, eye]
        cheek = shut[_box(points + np.array([0, 1.2 * np.ptp(points[:, 1])]), 0)].mean((0, 1))
        middle = _box(points.mean(0)[None] + [[-2, -1], [2, 1]], 0)
        # skin, not white or iris: nearer to the cheek below than before
        assert np.abs(shut[middle].mean((0, 1)) - cheek).sum() < 0.6 * np.abs(open_[middle].mean((0, 1)) - cheek).sum()
    aperture, _ = puppet.openings(np.stack([expression(), expression(eyeBlink=0.5), expression(eyeBlink=1.0)]))
    np.testing.assert_allclose(aperture[0], portrait.truth.aperture[0], atol=0.08)
    assert (np.diff(aperture, axis=0) < -0.05).all()
    assert aperture[2].max() < 0.02


def test_opening_jaw_shows_the_mouth_and_leaves_the_brows(puppet, pool, portrait):
    rest, wide = _draw(puppet, pool).astype(int), _draw(puppet, pool, jawOpen=0.8).astype(int)
    points = portrait.truth.points[0]
    assert np.abs(wide - rest)[_box(points[60:68])].mean() > 15
    assert np.abs(wide - rest)[_box(points[17:27])].mean() < 2
    _, gap = puppet.openings(np.stack([expression(), expression(jawOpen=0.8)]))
    assert gap[0] < 0.02
    assert gap[1] > 0.15


def test_iris_follows_the_gaze(puppet, pool, portrait):
    def darkness_right_of_centre(frame):
        total = 0.0
        for eye, iris in zip((slice(36, 42), slice(42, 48)), portrait.truth.iris[0], strict=True):
            rows, columns = _box(portrait.truth.points[0, eye], 0)
            dark = 255 - frame[rows, columns].astype(float).mean(-1)
            x = np.arange(columns.start, columns.stop) + 0.5
            total += dark[:, x > iris[0]].sum() - dark[:, x <= iris[0]].sum()
        return total

    right, left = (darkness_right_of_centre(_draw(puppet, pool, gaze=[[g, 0]])) for g in (14, -14))
    assert right > left + 100


def test_turning_moves_the_face_and_tears_nothing(puppet, pool, portrait):
    nose = _box(portrait.truth.points[0, 27:36])
    floor = portrait.picture.reshape(-1, 3).min(0)
    for pose in ([10, 0, 0, 0, 0, 0], [-10, 0, 0, 0, 0, 0], [0, 10, 0, 0, 0, 0], [0, -10, 0, 0, 0, 0]):
        frame = _draw(puppet, pool, pose=[pose])
        assert np.abs(frame.astype(int) - portrait.picture)[nose].mean() > 4
        assert (frame >= floor.astype(int) - 30).all()  # a hole would be black
        for edge in (np.s_[0], np.s_[:, 0], np.s_[:, -1]):
            assert np.abs(frame[edge].astype(int) - portrait.picture[edge]).mean() < 2


def test_true_landmarks_and_irises_follow_the_frame(puppet, portrait):
    poses = np.array([[0.0] * 6, [10, 0, 0, 0, 0, 0]])
    still, turned = puppet.landmarks(np.zeros((2, 52)), poses)
    assert np.linalg.norm(still[17:] - portrait.truth.points[0, 17:], axis=1).mean() < 0.5
    assert turned[30, 0] > still[30, 0] + 3  # the nose goes to the subject's left
    for i, eye in enumerate(puppet.eyes):
        ahead, right = eye.iris(np.zeros(2), poses[0]), eye.iris(np.array([12.0, 0]), poses[0])
        np.testing.assert_allclose(ahead, portrait.truth.iris[0, i], atol=1.5)
        assert right[0] > ahead[0] + 1
        assert eye.iris(np.zeros(2), poses[1])[0] > ahead[0] + 1


def test_threads_do_not_change_the_bytes(puppet, pool):
    random = np.random.default_rng(0)
    coefficients, pose = random.uniform(0, 0.4, (4, 52)), random.normal(size=(4, 6)) * 3
    gaze = random.normal(size=(4, 2)) * 5
    with ThreadPoolExecutor(3) as three:
        assert np.array_equal(
            puppet.render(coefficients, pose, gaze, pool), puppet.render(coefficients, pose, gaze, three)
        )
