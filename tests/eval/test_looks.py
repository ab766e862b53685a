"""What the numbers of a window see: a studio person films, and the film is spoilt in one way at a time."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from tellbench.datasets.agreement.measures import Moves
from tellbench.datasets.clip import Clip
from tellbench.datasets.expression import expression
from tellbench.detectors.cues import Cues
from tellbench.eval import looks
from tellbench.eval.frechet import Sums, frechet_distance
from tellbench.eval.looks import COUNT, LENGTH, STRIDE, WIDTH, look, windows_of

N, RENDERED = 168, 24
"""Frames of the film, and those of them that are rendered: it plays to and fro, as rendering costs most."""
CLIP = Clip(clip_id="clip", path=Path("/nowhere/clip.mp4"), label=0)


def smooth(random: np.random.Generator, reach: float) -> np.ndarray:
    """A wandering value, (RENDERED,), that changes as slowly as a jaw or a head."""
    steps = np.convolve(random.normal(size=RENDERED + 12), np.hanning(13), "valid")
    return np.asarray(reach * steps / steps.std(), np.float32)


@pytest.fixture(scope="module")
def film():
    """Frames (N, S, S, 3) of a person who talks and moves, and their landmarks (N, 68, 2)."""
    from tellbench.datasets.studio import Identity, Person, Studio

    random = np.random.default_rng(0)
    coefficients = np.stack([expression(jawOpen=x) for x in np.clip(0.25 + smooth(random, 0.15), 0, 1)])
    pose = np.zeros((RENDERED, 6), np.float32)
    pose[:, 0], pose[:, 1] = smooth(random, 4.0), smooth(random, 3.0)
    shot = Studio(Person(Identity.sample(11)), seed=11, size=96).render(coefficients, pose, np.zeros((RENDERED, 2)))
    order = RENDERED - 1 - np.abs(np.arange(N) % (2 * RENDERED - 2) - (RENDERED - 1))
    return shot.frames[order], shot.landmarks[order]


@pytest.fixture
def seen(monkeypatch, film):
    """Looks at frames with landmarks, without a file."""

    def at(frames: np.ndarray, points: np.ndarray, chunk: int = 32, fps: float = 25.0) -> looks.Looks:
        found = np.isfinite(points).all((1, 2))
        unknown = np.zeros((len(points), 1), np.float32)
        cues = Cues(fps, found, found.astype(int), unknown, points.astype(np.float32), unknown, unknown)
        monkeypatch.setattr(looks, "extract", lambda *_: cues)
        monkeypatch.setattr(
            looks, "iter_frames", lambda _: (frames[i : i + chunk] for i in range(0, len(frames), chunk))
        )
        return look(CLIP, device="cpu")

    return at


def distance(first: np.ndarray, second: np.ndarray) -> float:
    a, b = (Sums.of([[x.astype(float)]], WIDTH).gaussians(np.ones((1, 1))) for x in (first, second))
    return float(frechet_distance(a, b)[0])


def blurred(frames: np.ndarray) -> np.ndarray:
    planes = torch.as_tensor(frames).permute(0, 3, 1, 2).float()
    return functional.avg_pool2d(planes, 5, 1, 2, count_include_pad=False).byte().permute(0, 2, 3, 1).numpy()


def test_each_kind_of_damage_moves_the_distance(film, seen):
    frames, points = film
    pristine = seen(frames, points).windows
    assert distance(pristine, seen(frames, points).windows) == pytest.approx(0, abs=1e-6)
    control = distance(pristine[::2], pristine[1::2])
    still = np.repeat(np.arange(0, N, 42), 42)
    shuffled = np.random.default_rng(1).permutation(N)
    damaged = {
        "frozen": (frames[still], points[still]),
        "shuffled": (frames[shuffled], points[shuffled]),
        "blurred": (blurred(frames), points),
    }
    found = {name: seen(*film_).windows for name, film_ in damaged.items()}
    for name, windows in found.items():
        assert distance(pristine, windows) > 3 * control, name
    appearance = np.abs(pristine.mean(0) - found["blurred"].mean(0))[:4]
    assert appearance.max() > 1  # deviations between windows: seen in how the face looks, not only in how it moves


def test_chunks_do_not_matter_and_faces_are_spread_over_the_clip(film, seen):
    frames, points = film
    whole, parts = seen(frames, points, N), seen(frames, points, 7)
    assert whole.windows.shape == ((N - LENGTH) // STRIDE + 1, WIDTH)
    np.testing.assert_allclose(parts.windows, whole.windows, atol=1e-3)
    np.testing.assert_allclose(parts.faces, whole.faces, atol=1e-5)
    assert whole.faces.shape == (COUNT, 128)
    np.testing.assert_allclose(np.linalg.norm(whole.faces, axis=1), 1, atol=1e-5)


def test_windows_without_a_face_are_left_out(film, seen):
    frames, points = film
    lost = points.astype(np.float32).copy()
    lost[80:100] = np.nan
    some = seen(frames, lost).windows
    every = seen(frames, points).windows
    assert 0 < len(some) < len(every)
    np.testing.assert_allclose(some[0], every[0], atol=1e-3)
    nothing = seen(frames, np.full_like(lost, np.nan))
    assert nothing.windows.shape == (0, WIDTH) and not len(nothing.faces)
    assert not len(seen(frames[: COUNT - 1], points[: COUNT - 1]).faces)
    assert not len(seen(frames[:0], points[:0]).windows)


def test_the_rate_of_the_film_matters_little(film, seen):
    frames, points = film
    twice = seen(np.repeat(frames, 2, 0), np.repeat(points, 2, 0), fps=50.0).windows
    once = seen(frames, points).windows
    assert len(twice) == len(once)
    np.testing.assert_allclose(twice[:, :4], once[:, :4], atol=0.2)
    assert np.abs(twice - once).mean() < 0.5


def test_the_extractor_is_named_with_its_weights(monkeypatch):
    name = looks.extractor()
    assert looks.extractor("mediapipe") != name
    monkeypatch.setattr(looks, "weights_digest", lambda: "0123456789abcdef")
    assert looks.extractor() == "face-windows-1/network/01234567" != name


def test_numbers_of_a_window():
    levels = np.tile(np.arange(20.0)[:, None], (1, 4))
    changes = np.tile([[4.0, 9.0, 16.0, 25.0]], (20, 1))
    changes[0] = 1e6  # into the first frame: no part of its window
    moves = Moves(np.arange(20.0)[:, None] * np.full(8, 0.04), np.arange(20.0)[:, None] * np.full(3, 0.25))
    (found,) = windows_of(levels, changes, moves) * looks._SCALES
    assert found == pytest.approx([7.5] * 4 + [2, 3, 4, 5, 0.2, 0.5], rel=1e-5)
    assert windows_of(levels[:15], changes[:15], Moves(moves.mouth[:15], moves.angles[:15])).shape == (0, WIDTH)
