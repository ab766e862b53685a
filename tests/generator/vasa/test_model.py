"""The face model's parts fit together, and do nothing where nothing is asked."""

import pytest
import torch

from tellbench.errors import InputError
from tellbench.generator.vasa import decoder
from tellbench.generator.vasa.decoder import KEPT, LAYERS, MOVED, PAINTED, ROOM, mix, needed
from tellbench.generator.vasa.metrics import fine_detail, psnr
from tellbench.generator.vasa.model import SHIPPED, FaceModel
from tellbench.generator.vasa.rig import teach
from tellbench.generator.vasa.sizes import N_RIG, SIZES, size_named
from tellbench.generator.vasa.warps import resized, warped


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return FaceModel(SIZES["tiny"]).eval()


def _some(model, count=2, side=128):
    random = torch.Generator().manual_seed(1)
    window = torch.rand(count, 3, 8, 8, generator=random)
    window = torch.nn.functional.interpolate(window, (side, side), mode="bicubic").clamp(0, 1)
    pose = torch.randn(count, 7, generator=random) * torch.tensor([0.2, 0.1, 0.1, 0.05, 0.05, 0.05, 0.02])
    rig = torch.rand(count, N_RIG, generator=random) * 0.5
    return window, pose, teach(rig, model.size.dynamics)


def _without_motion(model):
    """The same model with displacement fields that are nought."""
    still = FaceModel(model.size).eval()
    still.load_state_dict(model.state_dict())
    for fields in (still.express, still.relax):
        torch.nn.init.zeros_(fields.basis)
    return still


@torch.no_grad()
def test_shapes_from_window_to_frame(model):
    window, pose, dynamics = _some(model)
    size = model.size
    source = model.encode_source(window)
    assert source.volume.shape == (2, size.volume, size.depth, size.grid, size.grid)
    assert source.pose.shape == (2, 7)
    assert source.dynamics.shape == (2, size.dynamics)
    frame = model.drive(source, pose, dynamics)
    assert frame.image.shape == (2, 3, 128, 128)
    assert frame.mask.shape == (2, LAYERS, 128, 128)
    assert frame.flow.shape == (2, 2, 64, 64)
    assert torch.allclose(frame.mask.sum(1), torch.ones(2, 128, 128), atol=1e-5)
    assert frame.image.min() >= 0
    assert frame.image.max() <= 1


@torch.no_grad()
@pytest.mark.parametrize("side", [96, 256, 320])
def test_frames_have_the_source_s_resolution(model, side):
    window, pose, dynamics = _some(model, side=side)
    frame = model.drive(model.encode_source(window, pose, dynamics), pose, dynamics)
    assert frame.image.shape == (2, 3, side, side)
    assert frame.mask.shape[-1] == 128


@torch.no_grad()
def test_a_frame_alone_is_the_frame_in_a_batch(model):
    window, pose, dynamics = _some(model, 3)
    source = model.encode_source(window, pose, dynamics)
    together = model.drive(source, pose.flip(0), dynamics).image
    alone = model.drive(source.at(slice(1, 2)), pose.flip(0)[1:2], dynamics[1:2]).image
    assert torch.allclose(together[1:2], alone, atol=1e-5)


@torch.no_grad()
def test_same_pose_and_expression_carry_the_source_over_unchanged(model):
    still = _without_motion(model)
    window, pose, dynamics = _some(model, side=256)
    torch.nn.init.zeros_(still.decoder.out[-1].weight)  # no correction of the flow
    frame = still.drive(still.encode_source(window, pose, dynamics), pose, dynamics)
    assert frame.flow.abs().max() < 1e-5
    assert torch.allclose(frame.moved, window, atol=1e-4)
    painted = frame.mask[0, PAINTED, 0, 0]
    expected = (1 - painted) * window + painted * 0.5  # paint starts grey
    assert torch.allclose(frame.image, expected, atol=1e-4)


@torch.no_grad()
def test_the_flow_is_smooth_but_for_eyes_and_mouth(model, monkeypatch):
    """Depth comes in coarse steps, which would serrate outlines; irises are too small to be smoothed."""
    window, pose, dynamics = _some(model)
    source = model.encode_source(window, pose, dynamics)
    steps = 0.1 * torch.randn(2, 1, model.size.grid, model.size.grid)
    turned = pose + 0.3 * torch.eye(7)[0]
    field = model.relax(dynamics, source.identity)
    canonical, flow = model.decoder.surface(source, field, turned, steps)
    monkeypatch.setattr(decoder, "_SMOOTH", 1)
    _, raw = model.decoder.surface(source, field, turned, steps)
    away = canonical[:, :2].norm(dim=1, keepdim=True).expand_as(flow)
    assert torch.equal(flow[away < 0.45], raw[away < 0.45])
    assert torch.allclose(flow[away > 0.55], decoder.smoothed(raw, 5)[away > 0.55], atol=1e-5)
    assert (flow - raw).abs().amax() > 0.01


@torch.no_grad()
def test_a_portrait_shown_as_it_is_is_the_portrait(filmed):
    """What the shipped model errs by and paints without need is taken out, whatever is asked of it later."""
    model, still = FaceModel.load(SHIPPED), filmed.at(slice(0, 1))
    source = model.encode_portrait(still.image, still.pose)
    naive = model.encode_source(still.image, still.pose, source.dynamics)
    raw, frame = (model.drive(one, still.pose, source.dynamics) for one in (naive, source))
    face = (slice(None), slice(None), slice(24, 72), slice(24, 72))
    error, before = ((one.image - still.image)[face].square().mean() for one in (frame, raw))
    assert error < 0.1 * before and psnr(frame.image[face], still.image[face]) > 38
    painted, before = (one.mask[:, PAINTED] for one in (frame, raw))
    assert painted.mean() < 0.2 * before.mean() and before.max() > 0.5


@torch.no_grad()
def test_paint_that_covers_all_stays_and_shares_add_up():
    mask = torch.tensor([[0.6, 0.1, 0.2, 0.1], [0.2, 0.1, 0.6, 0.1], [0, 0, 1, 0]]).T[None, :, None]  # (1, 4, 1, 3)
    habit = torch.tensor([0.2, 0.2, 0.2])[None, None, None]
    fewer = needed(mask, habit)
    assert fewer[0, PAINTED, 0].tolist() == pytest.approx([0, 0.5, 1])
    assert torch.allclose(fewer.sum(1), torch.ones(1, 1, 3)) and torch.equal(
        fewer[:, [KEPT, ROOM]], mask[:, [KEPT, ROOM]]
    )
    assert torch.equal(needed(mask, 0 * habit), mask)


@torch.no_grad()
def test_a_source_moved_by_half_a_pixel_keeps_its_detail():
    picture = resized(torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(0)), 128, "bicubic").clamp(0, 1)
    flow, mask = torch.full((1, 2, 64, 64), 1 / 128), torch.zeros(1, LAYERS, 128, 128)
    mask[:, MOVED] = 1
    whole = torch.ones(1, 1, 128, 128)
    moved, _ = mix(picture, picture, flow, mask, 0 * picture)
    assert fine_detail(moved, whole) > 0.97 * fine_detail(picture, whole)
    assert fine_detail(warped(picture, resized(flow, 128)), whole) < 0.95 * fine_detail(picture, whole)


@torch.no_grad()
def test_a_shift_of_the_head_moves_the_source_s_pixels_as_far(model):
    still = _without_motion(model)
    window, pose, dynamics = _some(model)
    moved = pose.clone()
    moved[:, 3] += 0.125  # 8 of 128 pixels
    pose[:, 6] = moved[:, 6] = 0  # no perspective: every depth shifts alike
    torch.nn.init.zeros_(still.decoder.out[-1].weight)
    frame = still.drive(still.encode_source(window, pose, dynamics), moved, dynamics)
    assert torch.allclose(frame.moved[:, :, :, 16:], window[:, :, :, 8:-8], atol=1e-3)


def test_displacement_is_linear_in_the_rig(model):
    _, _, dynamics = _some(model)
    identity = torch.randn(2, model.size.identity)
    half = model.express(dynamics / 2, identity)
    assert half.abs().max() > 1e-4
    assert torch.allclose(2 * half, model.express(dynamics, identity), atol=1e-6)


@torch.no_grad()
def test_dynamics_windows_take_the_pose_out(model):
    """A picture moved, rolled and magnified shows the same eyes and mouth once its pose is known."""
    still = _without_motion(model)
    torch.nn.init.zeros_(still.decoder.out[-1].weight)
    window, pose, dynamics = _some(model, side=256)
    other = pose.clone()
    other[:, 2] += 0.3
    other[:, 3:6] += torch.tensor([0.05, -0.05, 0.1])
    moved = still.drive(still.encode_source(window, pose, dynamics), other, dynamics).moved
    before, after = still.reader.parts(window, pose), still.reader.parts(moved, other)
    unturned = still.reader.parts(moved, pose)
    assert (before - after).abs().mean() < 0.3 * (before - unturned).abs().mean()


@torch.no_grad()
def test_saved_model_is_the_model(model, tmp_path):
    model.save(tmp_path / "face.safetensors")
    again = FaceModel.load(tmp_path / "face.safetensors")
    window, pose, dynamics = _some(model)
    one, two = (m.drive(m.encode_source(window, pose, dynamics), pose, dynamics).image for m in (model, again))
    assert again.size == model.size
    assert (one - two).abs().max() < 0.02


def test_other_files_are_no_face_model(tmp_path):
    (tmp_path / "no.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="not weights of a face model"):
        FaceModel.load(tmp_path / "no.safetensors")
    with pytest.raises(InputError, match="not weights of a face model"):
        FaceModel.load(tmp_path / "absent.safetensors")


PARAMETERS = {"tiny": 3.8, "small": 6.6, "base": 26.2, "paper": 231.3}


@pytest.mark.parametrize("name", list(SIZES))
def test_sizes_have_their_parameters(name):
    with torch.device("meta"):
        count = sum(p.numel() for p in FaceModel(size_named(SIZES, name)).parameters())
    assert round(count / 1e6, 1) == PARAMETERS[name]
    if name in ("tiny", "small"):
        assert 2 * count <= 14e6  # bytes in half precision


def test_unknown_size_is_refused():
    with pytest.raises(InputError, match="'huge'; allowed: tiny"):
        size_named(SIZES, "huge")
