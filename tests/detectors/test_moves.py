"""Lips, head and sync on tracks whose numbers are known."""

from unittest.mock import patch

import numpy as np
import pytest

from tellbench.datasets.agreement.hearing import N_HEARD, STEPS, Heard
from tellbench.datasets.agreement.measures import MOUTH, Moves
from tellbench.datasets.clip import Clip
from tellbench.datasets.faces.posing import _HEAD, _RIGID, head_angles
from tellbench.detectors.cues import LID_PITCH, Cues
from tellbench.detectors.head import Head, head_statistics, voice_statistics
from tellbench.detectors.lips import Lips, lip_statistics
from tellbench.detectors.sync import AudioVisualSync, sync_statistics
from tellbench.errors import InputError

N = 250
TIMES = np.arange(N) / 25
SYLLABLES = (1 - np.cos(2 * np.pi * 3 * TIMES)) / 2


def moves(opening: np.ndarray, pitch: np.ndarray) -> Moves:
    mouth = np.zeros((N, len(MOUTH)), np.float32)
    mouth[:, list(MOUTH).index("opening")] = opening
    angles = np.stack([0 * pitch, pitch, 0 * pitch], 1).astype(np.float32)
    return Moves(mouth, angles)


def heard(loudness: np.ndarray, speaking: np.ndarray | bool = True) -> Heard:
    features = np.random.default_rng(0).normal(0, 0.1, (N, STEPS, N_HEARD // STEPS)).astype(np.float32)
    features[:, :, 26] = loudness[:, None]
    return Heard(features.reshape(N, N_HEARD), np.broadcast_to(speaking, N).copy())


def test_lip_statistics_of_an_even_mouth():
    found = lip_statistics(moves(0.1 * SYLLABLES, 0 * TIMES))
    assert set(found) == set(Lips.statistics)
    assert found["opening_speed"] == pytest.approx(0.1 * 3 * 2, rel=0.05)  # up and down three times a second
    assert found["syllables"] > 0.9
    assert found["tremble"] < 0.05
    assert found["closing_speed"] == pytest.approx(1, abs=0.05)
    assert found["opening_p95"] == pytest.approx(0.1, rel=0.02)
    assert np.isnan(found["opening_width"])


def test_trembling_lips_are_rough():
    rough = 0.1 * SYLLABLES + 0.01 * np.sin(2 * np.pi * 10 * TIMES)
    smooth, trembling = (lip_statistics(moves(track, 0 * TIMES)) for track in (0.1 * SYLLABLES, rough))
    assert trembling["smoothness"] > 2 * smooth["smoothness"]
    assert trembling["tremble"] > 2 * smooth["tremble"]


def test_head_statistics_of_a_nod_with_the_voice():
    nods = np.sin(2 * np.pi * 1.5 * TIMES)
    moving = moves(SYLLABLES, 2 * np.roll(nods, 3))
    found = head_statistics(moving) | voice_statistics(moving, heard(nods))
    assert set(found) == set(Head.statistics)
    assert found["pitch_loudness"] > 0.9
    assert found["pitch_loudness_late"] == 3
    assert found["delta_p"] == pytest.approx(found["pitch_speed"] / 25 / 3, rel=1e-4)
    assert found["phrase"] > 5 * found["fast"]
    assert head_statistics(moves(SYLLABLES, 0 * TIMES))["still"] == 1


def test_a_blink_is_no_nod(tmp_path):
    """Eye corners that go down with the lids look like a nod by `LID_PITCH`, which the cues take out."""
    face = np.zeros((50, 68, 2), np.float32)
    face[:, _RIGID] = 100 * _HEAD[:, :2] * [1, -1]
    face[20:24, _RIGID] = 100 * (_HEAD @ _nod(LID_PITCH))[:, :2] * [1, -1]
    lids = np.where((np.arange(50) >= 20) & (np.arange(50) < 24), 0.0, 0.3)[:, None].repeat(2, 1)
    cues = Cues(25.0, np.ones(50, bool), np.ones(50, int), np.zeros((50, 4)), face, np.zeros((50, 2, 2)), lids)
    with patch("tellbench.detectors.behaviour.extract", return_value=cues):
        clip = Clip(clip_id="a", path=tmp_path / "a.mp4", label=0)
        nodding = Head(device="cpu").measure(clip).plots[0].series["pitch"]
    assert head_angles(face)[22, 1] == pytest.approx(LID_PITCH, abs=0.01)
    assert np.abs(nodding).max() < 0.1


def _nod(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0], [0, c, s], [0, -s, c]])


def test_opening_after_loudness_is_late():
    late = sync_statistics(
        moves(np.roll(SYLLABLES, 2) + np.random.default_rng(0).normal(0, 0.01, N), 0 * TIMES), heard(SYLLABLES)
    )[0]
    assert set(late) == set(AudioVisualSync.statistics)
    assert late["coupling"] > 0.9
    assert late["coupling_late"] == 2


def test_silence_is_refused_aloud():
    with pytest.raises(InputError, match="voice"):
        sync_statistics(moves(SYLLABLES, 0 * TIMES), heard(SYLLABLES, speaking=False))
