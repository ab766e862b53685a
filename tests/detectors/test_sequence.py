import numpy as np
import pytest
import torch

from tellbench.detectors.cues import Cues
from tellbench.detectors.sequence import STRIDE, WINDOW, BlinkSequence, BrowSequence, SequenceModel
from tellbench.errors import InputError


def cues(aperture, fps=25.0) -> Cues:
    length = len(aperture)
    found = np.isfinite(aperture)
    points = np.zeros((length, 68, 2), np.float32)
    points[:, 36], points[:, 45], points[:, 17:27] = (0, 0), (100, 0), (50, -25)
    points[~found] = np.nan
    lids = np.repeat(np.asarray(aperture, np.float32)[:, None], 2, 1)
    return Cues(fps, found, found.astype(int), np.zeros((length, 4), np.float32), points, points[:, :2], lids)


def track(length: int, channels=5) -> torch.Tensor:
    return torch.randn(1, channels, length, generator=torch.Generator().manual_seed(0))


def test_lids_are_measured_against_their_own_open_level():
    aperture = np.full(100, 0.3)
    aperture[50:53] = 0.0
    aperture[80] = np.nan
    found = BlinkSequence().sides(cues(aperture))
    assert found[51].tolist() == [1, 1] and abs(found[20]).max() < 1e-6
    assert np.isnan(found[80]).all()


def test_brows_are_about_their_own_middle():
    assert abs(BrowSequence().sides(cues(np.full(50, 0.3)))).max() < 1e-6


@pytest.mark.parametrize(
    ("length", "count"), [(30, 1), (WINDOW, 1), (WINDOW + 1, 2), (WINDOW + STRIDE, 2), (2 * WINDOW, 5)]
)
def test_windows_cover_the_clip_to_its_end(length, count):
    detector = BlinkSequence(device="cpu")
    torch.manual_seed(0)
    model = detector.build().eval()
    found = detector.log_odds(model, track(length))
    assert len(found) == count
    changed = track(length)
    changed[..., -1] += 5
    assert detector.log_odds(model, changed)[-1] != found[-1], "the last frame is seen"


def test_training_windows_are_mirrored_scaled_and_padded():
    detector, generator = BrowSequence(), torch.Generator().manual_seed(0)
    piece = torch.cat([torch.ones(1, 40), -torch.ones(1, 40), torch.ones(3, 40)])
    windows, labels = detector.batch([piece] * 64, torch.ones(64), generator)
    assert windows.shape == (64, 5, WINDOW) and labels.tolist() == [1] * 64
    assert (windows[..., 40:] == 0).all()
    first = windows[:, 0, 0]
    assert (first > 0).any() and (first < 0).any()  # some are mirrored
    assert 0.8 < first.abs().min() < first.abs().max() < 1.2
    assert (windows[:, 2:, :40] == 1).all()
    assert (piece[:, 0] == torch.tensor([1.0, -1, 1, 1, 1])).all()


def test_the_order_of_frames_matters():
    torch.manual_seed(0)
    model = SequenceModel(5).eval()
    with torch.no_grad():
        assert not torch.allclose(model(track(WINDOW)), model(track(WINDOW).flip(2)))


def test_no_epochs_are_refused():
    with pytest.raises(InputError, match="at least 1"):
        BlinkSequence(epochs=0)
