"""Strong mixes: correctives vanish with either factor, lips seal and never cross, skin never spikes."""

import itertools

import numpy as np
import pytest
import torch

from tellbench.datasets.expression import COEFFICIENTS, INDEX, expression
from tellbench.datasets.studio.expressions import correctives
from tellbench.datasets.studio.expressions.blendshapes import ExpressionBasis
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.skin import Skin


@pytest.fixture(scope="module")
def bases():
    return [ExpressionBasis(Skin(Identity.sample(seed))) for seed in (7, 12)]


@pytest.fixture(scope="module")
def mirrored():
    """Expressions of a symmetric person."""
    skin = Skin(Identity.average())
    flipped = skin.P0.flip(1) * torch.tensor([-1.0, 1.0, 1.0])
    skin.P0 = (skin.P0 + flipped) / 2
    return ExpressionBasis(skin)


def mixes(rng, count, active):
    """Random expressions of shape (count, 52) with a share of coefficients active, strong ones."""
    values = rng.random((count, len(COEFFICIENTS))) ** 0.5 * (rng.random((count, len(COEFFICIENTS))) < active)
    return torch.from_numpy(values.astype(np.float32))


def pose(basis, **values):
    return basis.deform(torch.from_numpy(expression(**values))[None])[0]


def lip_gap(basis, points):
    skin = basis.skin
    return (points[..., skin.ul_edge, :, :] - points[..., skin.ll_edge, :, :])[..., skin.mouth_open, :]


def test_a_corrective_is_zero_when_either_factor_is(bases):
    pairs = bases[0].pairs
    for k, (first, second) in enumerate(pairs):
        both = correctives.scales(pairs, torch.from_numpy(expression(**{first: 0.5, second: 0.5}))[None])
        assert both[0, k] > 0
        for alone in {first, second} if first != second else ():
            assert correctives.scales(pairs, torch.from_numpy(expression(**{alone: 1.0}))[None])[0, k] == 0
        if first == second:  # a path bends between its ends only
            assert correctives.scales(pairs, torch.from_numpy(expression(**{first: 1.0}))[None])[0, k] == 0


def test_jaw_follows_an_arc(bases):
    chin = bases[0].skin.lm68[8]
    path = torch.stack([pose(bases[0], jawOpen=o).flatten(0, 1)[chin] for o in (0.0, 0.5, 1.0)])
    sagitta = (path[1] - (path[0] + path[2]) / 2).norm()
    assert 0.5 < sagitta < 3


def test_lips_seal_whenever_mouth_close_equals_jaw_open(bases):
    for basis, jaw in itertools.product(bases, np.linspace(0, 1, 11)):
        assert lip_gap(basis, pose(basis, jawOpen=jaw, mouthClose=jaw)).norm(dim=-1).max() < 0.01
        sealed = pose(basis, jawOpen=jaw, mouthClose=jaw, mouthSmile=0.6, mouthUpperUp=0.4, mouthLowerDown=0.3)
        assert jaw == 0 or lip_gap(basis, sealed).norm(dim=-1).max() < 0.01


def test_lips_part_in_the_middle_first_and_at_the_corners_last(bases):
    for basis in bases:
        tau = basis.skin.tau[basis.skin.mouth_open]
        widths = []
        for jaw in (0.025, 0.07, 0.12, 0.25, 0.5):
            parted = lip_gap(basis, pose(basis, jawOpen=jaw))[:, 1] > 0.3
            widths.append(float(tau[parted].max()) if parted.any() else 0.0)
        assert widths == sorted(widths)
        assert widths[0] < 0.6 < widths[-1]


def test_lips_never_cross_in_strong_mixes(bases):
    rng = np.random.default_rng(1)
    for basis in bases:
        gap = lip_gap(basis, basis.deform(mixes(rng, 60, 0.4)))
        assert gap[..., 1].min() > -0.1


def test_pressed_and_rolled_lips_do_not_leak(bases):
    for basis in bases:
        points = pose(basis, mouthPress=1.0, mouthRollUpper=1.0, mouthRollLower=1.0)
        assert lip_gap(basis, points).norm(dim=-1).max() < 0.3
        skin = basis.skin
        lips = points[skin.layout.first("upper_lip") : skin.ul_edge + 1, skin.mouth_open, 1]
        assert lips.diff(dim=0).max() < 0.05  # rows keep their order: no roll shows through the lip


@pytest.mark.parametrize("gaze", ["eyeLookDown", "eyeLookUp", "eyeLookIn", "eyeLookOut"])
def test_a_blink_closes_the_eye_whatever_else_the_lids_do(bases, gaze):
    for basis in bases:
        others = itertools.product((0.0, 0.5, 1.0), repeat=4)
        rows = [
            expression(eyeBlink=1.0, eyeSquint=squint, eyeWide=wide, mouthSmile=smile, **{gaze: amount})
            for amount, squint, wide, smile in others
        ]
        assert basis.skin.aperture(basis.deform(torch.from_numpy(np.stack(rows)))).max() < 1e-5


def test_an_open_smile_widens_less_than_a_smile_and_an_open_jaw_alone(bases):
    for basis in bases:
        corners = basis.skin.lm68[[48, 54]]

        def width(corners=corners, basis=basis, **values):
            right, left = pose(basis, **values).flatten(0, 1)[corners]
            return float((left - right).norm())

        rest = width()
        assert width(mouthSmile=1.0) > rest + 3
        assert width(mouthSmile=1.0, jawOpen=1.0) < width(mouthSmile=1.0)
        assert width(mouthPucker=1.0) < 0.75 * rest


def test_a_smile_raises_corners_cheeks_and_lower_lids(bases):
    for basis in bases:
        rise = (pose(basis, mouthSmile=1.0) - pose(basis)).flatten(0, 1)
        corner = rise[basis.skin.lm68[54]]
        assert corner[1] > 4  # up
        assert corner[0] > 2  # out, on the subject's left
        assert corner[2] < -1  # and back
        assert rise[basis.skin.lid_mid[1, 1]][1] > 0.1


def test_shapes_of_the_two_sides_mirror_each_other(mirrored):
    shapes = mirrored.basis
    mirror = torch.tensor([-1.0, 1.0, 1.0])
    for name, k in INDEX.items():
        if name.endswith("Left"):
            other = shapes[INDEX[name.removesuffix("Left") + "Right"]].flip(1) * mirror
            # lines on a forehead are not symmetric
            assert (shapes[k] - other).abs().max() < (0.4 if "brow" in name else 0.05), name


def test_skin_never_spikes(bases):
    rng = np.random.default_rng(2)
    for basis in bases:
        skin = basis.skin
        rest = skin.P0[:, 1:] - skin.P0[:, :-1]
        for batch in mixes(rng, 100, 0.3).split(25):
            points = basis.deform(batch)
            assert torch.isfinite(points).all()
            stretch = (points[:, :, 1:] - points[:, :, :-1] - rest).norm(dim=-1)
            assert stretch.max() < 7.5  # mm between columns, at the corner of a gaping mouth
            assert stretch.quantile(0.99) < 1.6
