import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, zoom

from tellbench.detectors.spectrum import BINS, FREQUENCIES, power_spectrum


def textured(side=96, count=3, seed=0) -> np.ndarray:
    """Crops with a 1/f-like texture and a little white noise."""
    rng = np.random.default_rng(seed)
    grey = sum(gaussian_filter(rng.normal(0, s**1.5, (count, side, side)), (0, s, s)) * s for s in (1, 2, 4, 8))
    return colour(128 + 40 * grey / grey.std() + rng.normal(0, 2, grey.shape))


def colour(grey) -> np.ndarray:
    return np.repeat(np.clip(grey, 0, 255)[..., None], 3, -1).astype(np.uint8)


def test_a_sine_peaks_at_its_own_frequency_whatever_its_direction():
    y, x = np.mgrid[:128, :128]
    for angle in (0.0, 0.6, np.pi / 2):
        wave = 128 + 60 * np.sin(2 * np.pi * 0.3 * (x * np.cos(angle) + y * np.sin(angle)))
        curve = power_spectrum(colour(wave[None]))
        assert FREQUENCIES[curve.argmax()] == pytest.approx(0.3, abs=0.012)


def test_white_noise_is_flat_and_the_crop_size_does_not_matter():
    rng = np.random.default_rng(0)
    for side in (64, 96, 150):
        curve = power_spectrum(colour(rng.normal(128, 20, (8, side, side))))
        assert curve.shape == (BINS,)
        assert np.abs(curve).max() < 1.0


def test_exposure_and_contrast_do_not_matter():
    crops = textured()
    dimmer = (crops * 0.6 + 20).astype(np.uint8)
    low = FREQUENCIES < 0.3  # above, rounding to 8 bits shows
    assert np.abs(power_spectrum(crops) - power_spectrum(dimmer))[low].max() < 1.0


def test_resizing_is_what_it_measures():
    crops = textured()
    enlarged = colour(zoom(crops[:, ::2, ::2, 0].astype(float), (1, 2, 2), order=1))
    top = FREQUENCIES > 0.35
    assert (power_spectrum(crops) - power_spectrum(enlarged))[top].mean() > 6


def test_frames_are_averaged():
    crops = textured(count=4)
    order = power_spectrum(crops[::-1])
    np.testing.assert_allclose(power_spectrum(crops), order)
    assert np.isfinite(power_spectrum(np.zeros((1, 64, 64, 3), np.uint8))).all()
