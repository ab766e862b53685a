"""Expressions: names, sides, and contacts of lids, eyeballs, lips and teeth."""

import pytest
import torch

from tellbench.datasets.expression import COEFFICIENTS, INDEX, expression
from tellbench.datasets.studio.expressions.blendshapes import ExpressionBasis
from tellbench.datasets.studio.expressions.jaw import jaw_move, jaw_rotate
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.skin import Skin


@pytest.fixture(scope="module")
def bases():
    return [ExpressionBasis(Skin(Identity.sample(seed))) for seed in (0, 1, 2, 3, 4, 5)]


def pose(basis, **values):
    return basis.deform(torch.from_numpy(expression(**values))[None])


def test_neutral_expression_is_the_skin_at_rest(bases):
    for basis in bases:
        assert (pose(basis) - basis.skin.P0).norm(dim=-1).max() < 0.35


def test_only_gaze_and_tongue_have_no_shape(bases):
    largest = bases[0].basis.flatten(1).abs().amax(1)
    still = {name for name, size in zip(COEFFICIENTS, largest.tolist(), strict=True) if size < 0.1}
    assert still == {"tongueOut", *(f"eyeLook{d}{s}" for d in ("In", "Out") for s in ("Left", "Right"))}


def test_sides_are_the_subjects(bases):
    for basis in bases:
        x = basis.skin.P0[..., 0]
        for name in ("eyeBlink", "mouthSmile", "browOuterUp", "cheekSquint"):
            amount = basis.basis[INDEX[name + "Left"]].norm(dim=-1)
            assert (amount * (x > 0)).sum() > 4 * (amount * (x < 0)).sum()


@pytest.mark.parametrize(
    "extra", [{}, {"eyeSquint": 1.0}, {"eyeLookDown": 1.0}, {"cheekSquint": 1.0, "mouthSmile": 1.0}]
)
def test_lids_close_and_lie_on_the_eyeball(bases, extra):
    for basis in bases:
        skin, points = basis.skin, pose(basis, eyeBlink=1.0, **extra)[0]
        gap = (points[skin.up_edge] - points[skin.lo_edge])[skin.eye_open]
        assert gap.norm(dim=-1).max() < 0.4
        assert gap[:, 1].min() > -0.15  # nor do they cross
        lids = points[skin.up_edge, skin.eye_open] - skin.eye_centres()[skin.eye_open]
        assert lids.norm(dim=-1).min() > skin.identity.eye_radius + 0.5


def test_aperture_falls_steadily_to_zero(bases):
    for basis in bases:
        coefficients = torch.stack([torch.from_numpy(expression(eyeBlink=k / 10)) for k in range(11)])
        aperture = basis.skin.aperture(basis.deform(coefficients))
        assert (aperture.diff(dim=0) < 0).all()
        assert aperture[-1].max() < 0.02


def test_winking_leaves_the_other_eye_open(bases):
    aperture = bases[0].skin.aperture(pose(bases[0], eyeBlinkLeft=1.0))[0]
    assert aperture[0] > 0.2  # subject's right
    assert aperture[1] < 0.02


def lip_gap(basis, points):
    skin = basis.skin
    return (points[0, skin.ul_edge] - points[0, skin.ll_edge])[skin.mouth_open]


def test_jaw_opens_the_mouth_and_mouth_close_shuts_it(bases):
    for basis in bases:
        assert lip_gap(basis, pose(basis, jawOpen=0.6))[:, 1].max() > 8
        assert lip_gap(basis, pose(basis, jawOpen=0.6, mouthClose=0.6)).norm(dim=-1).max() < 0.5
        half = lip_gap(basis, pose(basis, jawOpen=0.6, mouthClose=0.3))[:, 1].max()
        assert 3 < half < 0.75 * lip_gap(basis, pose(basis, jawOpen=0.6))[:, 1].max()


def test_lips_never_cross_nor_sink_into_the_teeth(bases):
    for basis in bases:
        points = pose(basis, mouthPress=1.0, mouthRollUpper=1.0, mouthRollLower=1.0)
        assert lip_gap(basis, points)[:, 1].min() > -0.1
        skin = basis.skin
        rows = slice(skin.layout.first("upper_lip"), skin.ul_edge + 1)
        near = (skin.P0[rows, :, 0].abs() < 10) & (skin.P0[rows, :, 2] > 0)
        assert points[0, rows][near][:, 2].min() > 5.5


def test_jaw_carries_the_chin_and_the_lower_teeth():
    skin = Skin(Identity.sample(6))
    basis = ExpressionBasis(skin)
    chin = skin.lm68[8]
    moved = pose(basis, jawOpen=1.0).flatten(1, 2)[0, chin] - skin.P0.flatten(0, 1)[chin]
    assert moved[1] < -15
    rest = torch.tensor([[0.0, skin.mouth_y, 8.0]])
    teeth = jaw_move(rest, torch.from_numpy(expression(jawOpen=1.0))[None])[0]
    assert torch.allclose(teeth, jaw_rotate(rest), atol=1e-4)


def test_batch_gives_the_same_as_one_by_one(bases):
    torch.manual_seed(0)
    coefficients = torch.rand(4, len(COEFFICIENTS))
    together = bases[1].deform(coefficients)
    assert torch.isfinite(together).all()
    for one, row in zip(coefficients, together, strict=True):
        assert torch.allclose(bases[1].deform(one[None])[0], row, atol=1e-3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_makes_the_same_expression():
    coefficients = torch.from_numpy(expression(jawOpen=0.5, eyeBlink=0.7, mouthSmile=0.4))[None]
    cpu = ExpressionBasis(Skin(Identity.sample(5))).deform(coefficients)
    gpu = ExpressionBasis(Skin(Identity.sample(5), device="cuda")).deform(coefficients.cuda())
    assert (cpu - gpu.cpu()).norm(dim=-1).quantile(0.999) < 0.1
