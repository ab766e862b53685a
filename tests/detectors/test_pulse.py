import numpy as np
import pytest

from tellbench.detectors.pulse import STATISTICS, pos, pulse_statistics
from tellbench.detectors.skin import PATCHES, patch_colours, regions

FPS = 25.0
TIMES = np.arange(250) / FPS
SKIN = np.array([150.0, 110.0, 90.0])
BLOOD = np.array([0.33, 0.77, 0.53])
"""How much blood changes red, green and blue (Wang et al. 2017)."""
PLACES = len(regions())


def colours(beat, size=3e-3, noise=2e-4, light=0.0) -> np.ndarray:
    """Skin (T, P, 3) whose blood follows `beat`, (T,) or (T, P), in flickering light."""
    beat = np.broadcast_to(np.reshape(beat, (len(TIMES), -1)), (len(TIMES), PLACES))
    noisy = np.random.default_rng(0).normal(0, noise, (len(TIMES), PLACES, 3))
    lit = 1 + light * np.sin(2 * np.pi * 1.7 * TIMES)[:, None, None]
    return SKIN * lit * (1 + size * beat[..., None] * BLOOD + noisy)


@pytest.mark.parametrize("bpm", [66, 90])
def test_a_heart_is_heard_all_over_the_face(bpm):
    found = pulse_statistics(colours(np.sin(2 * np.pi * bpm / 60 * TIMES)), FPS)
    assert tuple(found) == tuple(STATISTICS)
    assert found["rate"] == pytest.approx(bpm, abs=4)
    assert found["snr"] > 10 and found["share"] > 0.9 and found["entropy"] < 0.5
    assert found["agreement"] > 0.95 and found["same_rate"] == 1 and found["phase"] > 0.98


def test_light_is_no_pulse():
    still, lit = (pulse_statistics(colours(np.sin(2 * np.pi * 1.1 * TIMES), light=light), FPS) for light in (0, 0.02))
    assert lit["rate"] == pytest.approx(still["rate"], abs=4)
    assert lit["snr"] > 6


def test_noise_has_no_rhythm_and_no_agreement():
    found = pulse_statistics(colours(0 * TIMES, noise=3e-3), FPS)
    assert found["snr"] < 0 and abs(found["agreement"]) < 0.1 and found["grain"] > 1
    assert np.isfinite(list(found.values())).all()


def test_patches_with_hearts_of_their_own_do_not_agree():
    phases = np.random.default_rng(3).uniform(0, 2 * np.pi, PLACES)
    found = pulse_statistics(colours(np.sin(2 * np.pi * 1.2 * TIMES[:, None] + phases)), FPS)
    assert found["patch_snr"] > 10 and found["same_rate"] == 1
    assert found["agreement"] < 0.3 and found["phase"] < 0.6


def test_cheeks_that_agree_without_the_forehead_are_seen():
    slow, fast = np.sin(2 * np.pi * 1.1 * TIMES), np.sin(2 * np.pi * 1.9 * TIMES)
    found = pulse_statistics(colours(np.where(regions() == "forehead", fast[:, None], slow[:, None])), FPS)
    assert found["cheeks"] > 0.95 and abs(found["forehead_cheeks"]) < 0.2 and found["near"] > 0.3


def test_all_windows_at_once_are_the_published_loop():
    """Wang et al. 2017, algorithm 1, with a window at every frame."""
    given = colours(np.sin(2 * np.pi * 1.2 * TIMES), noise=1e-3)
    size, summed, count = 41, np.zeros((len(TIMES), PLACES)), np.zeros(len(TIMES))
    for start in range(len(TIMES) - size + 1):
        window = given[start : start + size]
        red, green, blue = np.moveaxis(window / window.mean(0), -1, 0)
        one, two = green - blue, green + blue - 2 * red
        signal = one + one.std(0) / two.std(0) * two
        summed[start : start + size] += signal - signal.mean(0)
        count[start : start + size] += 1
    inner = slice(size, -size)
    looped, boxed = (summed / count[:, None])[inner], pos(given, FPS)[inner]
    np.testing.assert_allclose(boxed - boxed.mean(0), looped - looped.mean(0), atol=2e-5)
    assert looped.std() > 1e-3


def test_patches_lie_on_the_skin_and_are_unknown_without_a_face():
    frames = np.zeros((2, 200, 200, 3), np.uint8)
    frames[:, 40:160, 50:150] = (180, 140, 120)
    frames[:, 95:105, 55:145] = 0  # the eyes
    points = np.zeros((2, 68, 2), np.float32)
    points[:, 36], points[:, 45], points[:, 33] = (65, 100), (135, 100), (100, 140)
    points[1] = np.nan
    found = patch_colours(frames, points)
    assert found.shape == (2, sum(map(len, PATCHES.values())), 3)
    np.testing.assert_allclose(found[0], np.tile([180, 140, 120], (PLACES, 1)))
    assert np.isnan(found[1]).all()
