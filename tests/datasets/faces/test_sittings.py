from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np

from tellbench.datasets import studio
from tellbench.datasets.expression import INDEX
from tellbench.datasets.faces.sittings import (
    CACHE_SIDE,
    Sitting,
    cut,
    film_in_studio,
    load_cache,
    random_sitting,
    render_cache,
    sitter,
)
from tellbench.datasets.scene import STYLES

BROWS = np.zeros((2, 2), np.float32)


def fake_shot(count: int = 2) -> SimpleNamespace:
    """Frames with a white dot at landmark 30."""
    rng = np.random.default_rng(1)
    landmarks = rng.uniform(40, 80, (count, 68, 2)).astype(np.float32)
    landmarks[:, 30] = [60.5, 70.5]
    frames = np.zeros((count, 128, 128, 3), np.uint8)
    frames[:, 70, 60] = 255
    mask = np.zeros((count, 128, 128), np.uint8)
    mask[:, 30:90, 30:90] = 1
    return SimpleNamespace(
        frames=frames, landmarks=landmarks, iris=landmarks[:, :2], aperture=landmarks[:, 0] / 200, mask=mask
    )


def test_sitting_is_seeded_and_in_range():
    one, same, other = random_sitting(3, 200), random_sitting(3, 200), random_sitting(4, 200)
    np.testing.assert_array_equal(one.coefficients, same.coefficients)
    assert (one.pose != other.pose).any()
    assert one.coefficients.min() >= 0 and one.coefficients.max() <= 1
    assert np.abs(one.pose[:, 0]).max() <= 50 and np.abs(one.pose[:, 1]).max() <= 20


def test_sitting_shows_every_lid_closure():
    blink = random_sitting(0, 500).coefficients[:, INDEX["eyeBlinkLeft"]]
    counts, _ = np.histogram(blink, bins=5, range=(0, 1))
    assert counts.min() >= 15


def test_brows_are_raised_and_lowered_by_their_own_side():
    coefficients = np.zeros((3, 52), np.float32)
    coefficients[0, INDEX["browInnerUp"]] = 1
    coefficients[1, INDEX["browOuterUpLeft"]] = 1
    coefficients[2, INDEX["browDownRight"]] = 1
    brows = Sitting(coefficients, np.zeros((3, 6), np.float32), np.zeros((3, 2), np.float32)).brows
    np.testing.assert_allclose(brows, [[0.5, 0.5], [0, 0.5], [-1, 0]])


def test_on_request_brows_move_more_and_apart_from_the_head():
    usual, moved = random_sitting(5, 600), random_sitting(5, 600, brows=True)
    assert (usual.brows == 0).all(1).mean() > 0.4 > 0.25 > (moved.brows == 0).all(1).mean()
    assert (moved.brows.mean(1) < -0.2).mean() > 0.15 and (moved.brows.mean(1) > 0.2).mean() > 0.25
    assert abs(np.corrcoef(moved.brows.mean(1), moved.pose[:, 1])[0, 1]) < 0.1
    assert np.median(np.abs(moved.pose[:, 0])) < 0.8 * np.median(np.abs(usual.pose[:, 0]))


def test_more_people_than_usual_have_brows_that_are_hard_to_see():
    people = [sitter(seed) for seed in range(60)]
    assert np.mean([person.glasses for person in people]) > 0.35
    light = [np.mean(person.brow_color) / np.mean(person.skin_color) for person in people]
    assert np.percentile(light, 90) > 0.5
    assert sitter(3) == people[3]


def test_cut_maps_pixels_and_points_alike():
    crops = cut(fake_shot(), BROWS)
    assert crops.planes.shape == (2, 4, CACHE_SIDE, CACHE_SIDE)
    for plane, points in zip(crops.planes[:, 0].astype(float), crops.points, strict=True):
        axis = np.arange(CACHE_SIDE) + 0.5
        seen = [(plane.sum(0) * axis).sum() / plane.sum(), (plane.sum(1) * axis).sum() / plane.sum()]
        np.testing.assert_allclose(seen, points[30], atol=0.1)


def test_cut_marks_the_room():
    crops = cut(fake_shot(), BROWS)
    room = crops.planes[:, 3]
    x, y = crops.points[0, 30].astype(int)
    assert room[0, y, x] == 0 and room[0, 0, 0] == 255


def test_cache_keeps_what_is_filmed(tmp_path):
    calls = []

    def film(seed, sitting):
        calls.append(seed)
        yield fake_shot(len(sitting.pose))

    render_cache(tmp_path, range(2), 3, film)
    render_cache(tmp_path, range(3), 3, film)
    assert calls == [0, 1, 2]
    crops = load_cache(tmp_path, range(3))
    assert len(crops) == 9 and crops.frames.shape == (9, CACHE_SIDE, CACHE_SIDE, 3)
    filmed = [random_sitting(seed, 3, brows=True).brows for seed in range(3)]
    np.testing.assert_array_equal(crops.brows, np.concatenate(filmed))


def test_people_sit_for_photographs_paintings_drawings_and_statues(monkeypatch):
    seen = []
    monkeypatch.setattr(studio, "Person", lambda identity: identity)
    monkeypatch.setattr(studio, "Studio", lambda *_, style, **__: seen.append(style) or MagicMock())
    for seed in range(20):
        assert len(list(film_in_studio(seed, random_sitting(seed, 32)))) == 4
    assert set(seen) == set(STYLES) and len(seen) == 80
    once = list(seen)
    list(film_in_studio(3, random_sitting(3, 32)))
    assert seen[80:] == once[12:16]
