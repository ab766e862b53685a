import numpy as np
import pytest
import torch

from tellbench.datasets.audio import Audio
from tellbench.errors import InputError
from tellbench.generator.controls import POSE
from tellbench.generator.vasa.motion.diffusion import Sampling
from tellbench.generator.vasa.motion.frontends import FRAME, LOG_MEL
from tellbench.generator.vasa.motion.hearing import Recording, features
from tellbench.generator.vasa.motion.measure import seam_ratio
from tellbench.generator.vasa.motion.script import CAMERA_MM, Script
from tellbench.generator.vasa.motion.stream import Performer, look_ahead, perform

from .test_hearing import VOICE

QUICK = Sampling(steps=2)


def _made(model, sound, seed=1, **options):
    performer = Performer(model, Script.of(), seed, sampling=QUICK, **options)
    parts = list(perform(performer, sound))
    firsts = np.cumsum([0, *(len(part.motion) for part in parts[:-1])])
    assert [part.first for part in parts] == firsts.tolist()
    return torch.cat([part.motion for part in parts])


def test_streamed_sound_gives_the_very_motion_of_the_whole(untrained):
    whole = _made(untrained, [VOICE], window=20)
    streamed = _made(untrained, iter(np.array_split(VOICE, 50)), window=20)
    assert len(whole) == 41
    assert torch.equal(whole, streamed)
    assert torch.equal(whole, _made(untrained, [VOICE], window=20))
    assert not torch.allclose(whole, _made(untrained, [VOICE], seed=2, window=20))


def test_a_window_comes_as_soon_as_its_sound_and_the_look_ahead(untrained):
    heard = 0

    def sound():
        nonlocal heard
        for samples in np.array_split(VOICE, 100):
            heard += len(samples)
            yield samples

    performer = Performer(untrained, Script.of(), 0, window=10, sampling=QUICK)
    next(perform(performer, sound()))
    needed = 10 * FRAME + round(look_ahead(LOG_MEL) * 16_000)
    assert needed <= heard <= needed + len(VOICE) / 100 + 1


def test_silence_follows_where_more_frames_are_asked_for(untrained):
    made = _made(untrained, [VOICE[:3000]], n_frames=77, window=50)
    assert made.shape == (77, 60)
    assert made.isfinite().all()


def test_a_window_goes_on_where_the_last_one_ended(untrained):
    """What was made before is seen: another first window changes the second."""
    recording = Recording(features(Audio(VOICE)))
    parts = []
    for script in (Script.of(), Script.of(gaze=torch.tensor([[20.0, 0.0]] * 10 + [[0.0, 0.0]]))):
        performer = Performer(untrained, script, 0, window=10, sampling=QUICK)
        parts.append([part.motion for part in performer.ready(recording)])
    assert not torch.allclose(parts[0][1], parts[1][1])


def test_the_distance_is_exactly_what_is_asked(untrained):
    made = []
    for script in (Script.of(), Script.of(distance=0.9)):
        performer = Performer(untrained, script, 0, window=20, sampling=Sampling(steps=2, audio=0, gaze=0))
        made.append(torch.cat([part.motion for part in performer.ready(Recording(features(Audio(VOICE))))]))
    nearer = (made[1] - made[0])[:, POSE.index("z")]
    assert nearer.mean() == pytest.approx(0.1 * CAMERA_MM, abs=5)


def test_windows_are_joined_as_far_as_is_asked(untrained):
    motions = {}
    for seam in (0.0, 1.0):
        performer = Performer(untrained, Script.of(), 0, window=20, sampling=QUICK, seam=seam)
        parts = [part.motion for part in performer.ready(Recording(features(Audio(VOICE))))]
        motions[seam] = torch.cat(parts[:2])
    assert torch.equal(motions[0.0][:20], motions[1.0][:20])
    assert torch.equal(motions[0.0][28:], motions[1.0][28:])
    assert seam_ratio([motions[0.0]], 20) < seam_ratio([motions[1.0]], 20)
    with pytest.raises(InputError, match="seam 2"):
        Performer(untrained, Script.of(), 0, seam=2.0)


@pytest.mark.parametrize("window", [9, 51])
def test_windows_out_of_range_are_refused(untrained, window):
    with pytest.raises(InputError, match="allowed: 10 to 50"):
        Performer(untrained, Script.of(), 0, window=window)
