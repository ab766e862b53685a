import pytest
import torch

from tellbench.datasets.emotion import EMOTIONS
from tellbench.errors import InputError
from tellbench.generator.controls import MOODS
from tellbench.generator.vasa.motion.script import Script, distance_of, emotion_of, main_gaze
from tellbench.generator.vasa.motion.space import N_MOTION, mirrored


def test_asking_for_nothing_is_neutral():
    assert not Script.of().rows(0, 5).conditions.any()


def test_wishes_may_change_and_the_last_is_held():
    script = Script.of(gaze=torch.tensor([[0.0, 0], [10, -5]]), distance=1.1, emotion={"sad": 0.5})
    rows = script.rows(0, 4)
    assert rows.gaze.tolist() == [[0, 0], [10, -5], [10, -5], [10, -5]]
    assert (rows.emotion[:, MOODS.index("sad")] == 0.5).all()
    assert torch.allclose(rows.distance, torch.tensor(1.1))


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"gaze": (40.0, 0.0)}, "gaze 40, 0; allowed: -28, -16 to 28, 16"),
        ({"distance": 2.0}, "distance 2; allowed: 0.8 to 1.2"),
        ({"distance": float("nan")}, "distance nan"),
        ({"emotion": {"glee": 1.0}}, "emotion 'glee'; choose one of neutral, happy"),
        ({"emotion": {"happy": 1.5}}, "emotion 1.5"),
    ],
)
def test_what_cannot_be_asked_is_named(wish, message):
    with pytest.raises(InputError, match=message):
        Script.of(**wish)


def test_what_was_asked_is_read_back_from_motion():
    motion = torch.zeros(100, N_MOTION)
    motion[:, -2] = 0.5
    motion[80:, -2] = -1.0  # glances aside
    motion[:, 5] = 118.0
    motion[:, 6:58] = torch.from_numpy(EMOTIONS["afraid"].copy()) * 0.7
    assert torch.allclose(main_gaze(motion), torch.tensor([10.0, 0.0]), atol=0.1)
    assert distance_of(motion) == pytest.approx(0.9)
    assert emotion_of(motion)[MOODS.index("afraid")] == pytest.approx(0.7, abs=0.02)
    assert emotion_of(motion).sum() == pytest.approx(0.7, abs=0.05)


def test_contempt_is_read_on_either_side_of_the_face():
    motion = torch.zeros(10, N_MOTION)
    motion[:, 6:58] = torch.from_numpy(EMOTIONS["contempt"].copy()) * 0.7
    for shown in (motion, mirrored(motion[None])[0]):
        assert emotion_of(shown)[MOODS.index("contempt")] == pytest.approx(0.7, abs=0.02)
        assert emotion_of(shown).sum() == pytest.approx(0.7, abs=0.05)
