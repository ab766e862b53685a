import numpy as np
import torch

from tellbench.datasets.audio import Audio
from tellbench.generator.vasa.motion.frontends import FRAME, MARGIN, LogMel
from tellbench.generator.vasa.motion.hearing import Ear, Recording, features, silence

VOICE = (0.2 * np.random.default_rng(0).normal(size=40 * FRAME + 77)).astype(np.float32)
VOICE += np.sin(np.arange(len(VOICE)) / 16_000 * 2 * np.pi * 180).astype(np.float32) * 0.3


def heard_in(parts, frontend=None):
    ear, got, first = Ear(frontend or LogMel()), [], 0
    for part in [*parts, None]:
        ear.end() if part is None else ear.hear(part)
        while first < 40 and ear.knows(first + 10):
            got.append(ear.features(first, first + 10))
            first += 10
            ear.forget(first)
    return torch.cat(got), ear


def test_sound_may_come_in_any_parts():
    one, ear = heard_in([VOICE])
    many, _ = heard_in(np.array_split(VOICE, 97))
    assert torch.equal(one, many)
    assert ear.n_frames == 41
    assert len(ear._held) <= len(VOICE) - 40 * FRAME + MARGIN  # what is over is forgotten
    assert torch.allclose(one, features(Audio(VOICE))[:40], atol=1e-3)


def test_pitch_is_heard():
    tone = np.sin(np.arange(25 * FRAME) / 16_000 * 2 * np.pi * 300).astype(np.float32)
    height, voicing = features(Audio(tone))[5:20, :, -2:].unbind(-1)
    assert (voicing > 0.9).all()
    assert (height - 1).abs().max() < 0.1  # an octave above 150 Hz


def test_before_and_after_a_recording_is_silence():
    heard = features(Audio(VOICE))
    recording = Recording(heard)
    assert torch.equal(recording.features(5, 9), heard[5:9])
    assert torch.equal(recording.features(-3, 2), torch.cat([silence(3), heard[:2]]))
    assert torch.equal(recording.features(39, 45), torch.cat([heard[39:], silence(4)]))
    assert torch.equal(recording.features(50, 53), silence(3))
