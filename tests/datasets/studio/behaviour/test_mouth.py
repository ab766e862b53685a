import numpy as np

from tellbench.datasets.expression import INDEX
from tellbench.datasets.speech.phonemes import CLOSE, JAW, PART, ROUND, TUCK
from tellbench.datasets.studio.behaviour.mouth import articulate


def shaped(**tracks):
    visemes = np.zeros((3, 8))
    for name, value in tracks.items():
        visemes[:, {"jaw": JAW, "close": CLOSE, "part": PART, "round": ROUND, "tuck": TUCK}[name]] = value
    return visemes


def test_rest_is_neutral_and_vowels_open():
    assert articulate(shaped(), np.ones(3)).max() == 0
    opened = articulate(shaped(jaw=1.0), np.ones(3))[:, INDEX["jawOpen"]]
    assert 0.5 < opened[0] < 0.8
    assert articulate(shaped(jaw=1.0), np.zeros(3))[0, INDEX["jawOpen"]] < 0.6 * opened[0] + 0.05


def test_a_sealed_mouth_stays_shut_whatever_the_vowel():
    closed = articulate(shaped(jaw=0.9, close=1.0, part=0.8, round=1.0), np.ones(3))[0]
    assert closed[INDEX["jawOpen"]] < 0.03
    assert closed[INDEX["mouthLowerDownLeft"]] == closed[INDEX["mouthUpperUpRight"]] == 0
    assert closed[INDEX["mouthFunnel"]] < 0.1
    assert closed[INDEX["mouthPressLeft"]] > 0.3


def test_f_rolls_the_lower_lip_in_under_a_raised_upper_lip():
    bitten = articulate(shaped(jaw=0.2, tuck=1.0, part=0.3), np.ones(3))[0]
    assert bitten[INDEX["mouthRollLower"]] > 0.4
    assert bitten[INDEX["mouthUpperUpLeft"]] > 0.15
    assert bitten[INDEX["mouthLowerDownLeft"]] == 0
