import dataclasses

import numpy as np
import pytest

from tellbench.datasets.emotion import EMOTIONS
from tellbench.datasets.expression import COEFFICIENTS, INDEX, columns
from tellbench.datasets.speech import VISEMES, Utterance
from tellbench.datasets.speech.phonemes import is_sealed
from tellbench.datasets.studio.behaviour import TRACKS, Habits, perform
from tellbench.errors import InputError


def test_shapes_ranges_and_documented_tracks(short_talk):
    shown = perform(short_talk, 200, 25.0, seed=3, habits=Habits.sample(1))
    assert shown.coefficients.shape == (200, 52)
    assert shown.pose.shape == (200, 6)
    assert shown.gaze.shape == (200, 2)
    assert {a.dtype for a in (shown.coefficients, shown.pose, shown.gaze)} == {np.dtype(np.float32)}
    assert shown.coefficients.min() >= 0
    assert shown.coefficients.max() <= 1
    documented = [name for name in TRACKS if "*" not in name]
    documented += [f"viseme_{name}" for name in VISEMES] + [f"coef_{name}" for name in COEFFICIENTS]
    assert set(shown.tracks.columns) == set(documented)
    assert len(shown.tracks) == 200
    assert shown.tracks.drop(columns="f0_hz").notna().all().all()
    np.testing.assert_array_equal(shown.tracks["yaw"], shown.pose[:, 0])
    np.testing.assert_array_equal(shown.tracks["gaze_y"], shown.gaze[:, 1])
    np.testing.assert_array_equal(shown.tracks["coef_jawOpen"], shown.coefficients[:, INDEX["jawOpen"]])


def test_same_arguments_same_bytes_and_seeds_differ(short_talk):
    one, two, other = (perform(short_talk, 100, 25.0, seed=seed) for seed in (5, 5, 6))
    assert one.coefficients.tobytes() == two.coefficients.tobytes()
    assert one.pose.tobytes() == two.pose.tobytes()
    assert one.tracks.equals(two.tracks)
    assert not np.array_equal(one.pose, other.pose)
    visemes = [f"viseme_{name}" for name in VISEMES]
    assert one.tracks[visemes].equals(other.tracks[visemes])


@pytest.mark.parametrize("fps", [25.0, 29.97, 60.0])
def test_lips_seal_on_m_b_p(short_talk, fps):
    n_frames = int(short_talk.audio.duration * fps)
    shown = perform(short_talk, n_frames, fps, seed=0)
    for phoneme in short_talk.phonemes:
        if is_sealed(phoneme.name) and phoneme.end < n_frames / fps - 0.1:
            frame = int((phoneme.start + phoneme.end) / 2 * fps)
            near = slice(max(0, frame - 1), frame + 2)
            assert shown.tracks["viseme_close"].iloc[near].max() > 0.98
            assert shown.coefficients[near, INDEX["jawOpen"]].min() < 0.03


def test_open_lips_dial_prevents_sealing(short_talk):
    gaping = perform(short_talk, 150, 25.0, habits=dataclasses.replace(Habits(), closure=0.3))
    sealed = perform(short_talk, 150, 25.0)
    press = INDEX["mouthPressLeft"]
    assert gaping.coefficients[:, press].max() < 0.4 * sealed.coefficients[:, press].max()
    closed = sealed.tracks["viseme_close"].to_numpy() > 0.98
    jaw = INDEX["jawOpen"]
    assert gaping.coefficients[closed, jaw].mean() >= sealed.coefficients[closed, jaw].mean()


def test_mouth_opens_in_speech_and_rests_in_silence(short_talk):
    spoken = short_talk.audio.duration
    n_frames = int((spoken + 4) * 25)
    shown = perform(short_talk, n_frames, 25.0)
    jaw = shown.coefficients[:, INDEX["jawOpen"]]
    talking = shown.tracks["time_s"] < spoken - 0.2
    after = shown.tracks["time_s"] > spoken + 0.5
    assert jaw[talking].max() > 0.2
    assert jaw[after].max() < 0.02
    assert not shown.tracks.loc[after, ["speaking", "voiced"]].to_numpy().any()
    assert (shown.tracks.loc[after, "phoneme"] == "_").all()
    assert shown.pose[after].std(0)[:3].min() > 0.05  # listeners keep moving


def test_a_clip_shorter_than_the_talk_is_its_beginning(short_talk):
    short, long = perform(short_talk, 50, 25.0), perform(short_talk, 100, 25.0)
    assert list(short.tracks["phoneme"]) == list(long.tracks["phoneme"])[:50]


def test_long_silence_does_not_upset_loudness(short_talk):
    padded = perform(short_talk, int((short_talk.audio.duration * 30) * 25), 25.0)
    assert np.isfinite(padded.coefficients).all()
    talking = padded.tracks["time_s"] < short_talk.audio.duration
    assert padded.tracks.loc[talking, "speaking"].mean() > 0.7
    assert padded.coefficients[talking, INDEX["jawOpen"]].max() > 0.2


def test_viseme_delay_moves_the_mouth_only(short_talk):
    late = perform(short_talk, 150, 25.0, habits=dataclasses.replace(Habits(), viseme_delay_ms=200))
    on_time = perform(short_talk, 150, 25.0)
    jaw = INDEX["jawOpen"]
    correlation = [
        np.corrcoef(late.coefficients[k:, jaw], on_time.coefficients[: 150 - k, jaw])[0, 1] for k in range(9)
    ]
    assert int(np.argmax(correlation)) == 5
    np.testing.assert_array_equal(late.pose, on_time.pose)


def test_lids_follow_gaze_and_blinks(short_talk):
    shown = perform(short_talk, 250, 25.0, seed=1)
    looking_down = -shown.tracks["gaze_y"].to_numpy() / 30
    np.testing.assert_allclose(shown.coefficients[:, INDEX["eyeLookDownLeft"]], looking_down.clip(0, 1), atol=0.03)
    np.testing.assert_allclose(shown.coefficients[:, INDEX["eyeBlinkRight"]], shown.tracks["blink_right"], atol=1e-6)


def test_a_recording_without_phonemes_is_heard(short_talk):
    recording = Utterance(short_talk.audio)
    shown = perform(recording, 150, 25.0)
    known = perform(short_talk, 150, 25.0)
    jaw = INDEX["jawOpen"]
    assert np.corrcoef(shown.coefficients[:, jaw], known.coefficients[:, jaw])[0, 1] > 0.7
    assert (shown.tracks["phoneme"] == "").all()


@pytest.mark.parametrize(("n_frames", "fps"), [(0, 25.0), (10, 0.0), (10, float("nan"))])
def test_impossible_clips_are_refused(short_talk, n_frames, fps):
    with pytest.raises(InputError, match="make no clip"):
        perform(short_talk, n_frames, fps)


def test_one_frame_is_a_clip(short_talk):
    assert perform(short_talk, 1, 25.0).coefficients.shape == (1, 52)


def test_a_listener_hears_but_does_not_speak(short_talk):
    shown = perform(short_talk, 250, 25.0, seed=2, role="listening")
    assert (shown.tracks["role"] == "listening").all()
    assert not shown.tracks["speaking"].any()
    assert shown.tracks["voiced"].any()  # the voice is another's
    assert shown.tracks[[f"viseme_{name}" for name in VISEMES]].to_numpy().max() == 0
    assert shown.coefficients[:, INDEX["jawOpen"]].max() < 0.15
    assert shown.pose[:, :2].std(0).min() > 0.3


def test_turns_alternate(short_talk):
    shown = perform(short_talk, 200, 25.0, role=[(0.0, "listening"), (4.0, "talking")])
    first, second = shown.tracks["time_s"] < 3.8, shown.tracks["time_s"] > 4.2
    assert (shown.tracks.loc[first, "role"] == "listening").all()
    assert (shown.tracks.loc[second, "role"] == "talking").all()
    assert not shown.tracks.loc[first, "speaking"].any()
    assert shown.tracks.loc[second, "speaking"].mean() > 0.5
    jaw = shown.coefficients[:, INDEX["jawOpen"]]
    assert jaw[second].max() > 0.2 > jaw[first].max()


@pytest.mark.parametrize("emotion", sorted(EMOTIONS))
def test_emotions_show_and_lips_still_seal(short_talk, emotion):
    shown = perform(short_talk, 200, 25.0, seed=4, emotion=emotion, intensity=0.9)
    level = shown.tracks["emotion_intensity"]
    assert (shown.tracks["emotion"] == emotion).all()
    assert shown.coefficients.min() >= 0
    assert shown.coefficients.max() <= 1
    if emotion == "neutral":
        assert level.max() == 0
        return
    assert 0.4 < level.max() <= 0.9
    assert level.std() > 0.01  # a mood is not a constant
    plain = perform(short_talk, 200, 25.0, seed=4)
    strongest = np.argmax(EMOTIONS[emotion])
    assert shown.coefficients[:, strongest].mean() > plain.coefficients[:, strongest].mean() + 0.15
    sealed = shown.tracks["viseme_close"].to_numpy() > 0.98
    assert shown.coefficients[sealed, INDEX["jawOpen"]].max() < 0.05
    assert shown.coefficients[sealed][:, columns("mouthLowerDown")].max() < 0.05


def test_sad_people_hang_their_heads_and_angry_ones_blink_less(long_talk):
    shown = {
        name: [perform(long_talk, 1500, 25.0, seed=seed, emotion=name, intensity=1.0) for seed in range(3)]
        for name in ("neutral", "sad", "angry")
    }
    pitch = {name: np.mean([one.pose[:, 1].mean() for one in clips]) for name, clips in shown.items()}
    assert pitch["sad"] > pitch["neutral"] + 4
    moved = {name: np.mean([one.pose[:, 0].std() for one in clips]) for name, clips in shown.items()}
    assert moved["sad"] < 0.8 * moved["neutral"] < moved["angry"]
    blinks = {name: sum(len(one.blinks) for one in clips) for name, clips in shown.items()}
    assert blinks["angry"] < 0.8 * blinks["neutral"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "singing"},
        {"role": [(1.0, "talking")]},
        {"role": []},
        {"emotion": "bored"},
        {"emotion": "sad", "intensity": 1.5},
    ],
)
def test_unknown_roles_and_emotions_are_refused(short_talk, wrong):
    with pytest.raises(InputError, match=r"role|turns|emotion"):
        perform(short_talk, 10, **wrong)
