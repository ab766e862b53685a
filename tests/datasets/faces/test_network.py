import numpy as np
import pytest
import torch

from tellbench.datasets.faces import network
from tellbench.datasets.faces.landmarks import Landmarks, face_boxes, load_landmarker
from tellbench.datasets.faces.network import CROP, N_OUT, LandmarkNet, NetworkLandmarker, level, read_weights
from tellbench.datasets.faces.posing import upright
from tellbench.datasets.faces.storage import write_weights
from tellbench.errors import InputError


@pytest.fixture(scope="module")
def landmarker():
    return load_landmarker("network")


def shaky_boxes(points: np.ndarray) -> np.ndarray:
    boxes = face_boxes(points)
    return boxes + 0.05 * (boxes[:, 2:3] - boxes[:, :1])


def test_shapes_and_that_points_stay_in_the_crop():
    points, apertures, brows = LandmarkNet()(torch.rand(2, 3, CROP, CROP) * 255)
    assert points.shape == (2, N_OUT, 2) and apertures.shape == brows.shape == (2, 2)
    assert points.min() >= 0 and points.max() <= CROP


def test_every_parameter_is_used():
    net = LandmarkNet()
    reading = net(torch.rand(2, 3, CROP, CROP) * 255)
    torch.stack([part.square().mean() for part in reading]).sum().backward()
    learned = {n: p for n, p in net.named_parameters() if not n.endswith("maps.bias")}
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in learned.values())


def test_exposure_does_not_matter():
    net = LandmarkNet().eval()
    crops = torch.rand(1, 3, CROP, CROP) * 200
    with torch.no_grad():
        torch.testing.assert_close(net(crops)[0], net(crops * 0.5 + 40)[0], atol=2.0, rtol=0)


def test_levelled_points_are_those_of_the_head_frame():
    points = np.random.default_rng(0).uniform(0, CROP, (3, 68, 2)).astype(np.float32)
    np.testing.assert_allclose(level(torch.as_tensor(points)), upright(points), atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_points_are_not_rounded_in_half_precision(dtype):
    net = LandmarkNet().eval()
    with torch.no_grad(), torch.autocast("cpu", dtype, enabled=dtype == torch.bfloat16):
        points = net(torch.rand(2, 3, CROP, CROP) * 255).points
    assert (points != points.bfloat16().float()).float().mean() > 0.9


def test_fused_network_computes_the_same():
    torch.manual_seed(0)
    net = LandmarkNet()
    crops = torch.rand(4, 3, CROP, CROP) * 255
    with torch.no_grad():
        net(crops)  # moves the running statistics away from their start
        expected = net.eval()(crops)[0]
        torch.testing.assert_close(network.fuse(net)(crops)[0], expected, atol=1e-2, rtol=0)


def test_weights_survive_the_file(tmp_path):
    net = LandmarkNet()
    write_weights(tmp_path / "w.safetensors", net)
    for name, value in read_weights(tmp_path / "w.safetensors").named_parameters():
        torch.testing.assert_close(value, dict(net.named_parameters())[name], atol=1e-3, rtol=1e-2)


@pytest.mark.parametrize("content", [None, b"", b"not weights at all"])
def test_broken_weights_are_refused(tmp_path, content):
    path = tmp_path / "w.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"faces\.fit"):
        NetworkLandmarker.load(path)


def test_weights_of_another_network_are_refused(tmp_path):
    write_weights(tmp_path / "w.safetensors", LandmarkNet((8, 16, 16)))
    with pytest.raises(InputError, match=r"faces\.fit"):
        NetworkLandmarker.load(tmp_path / "w.safetensors")


def test_shipped_weights_are_small(landmarker):
    assert sum(p.numel() for p in landmarker.network.parameters()) * 2 < 3e6


def test_finds_the_points_of_an_unseen_person(landmarker, renders):
    found = landmarker(renders.frames, shaky_boxes(renders.landmarks))
    unit = Landmarks(renders.landmarks, renders.iris, renders.aperture).outer_distance[:, None]
    distance = np.linalg.norm(found.points - renders.landmarks, axis=-1) / unit
    assert distance[:, 17:].mean() < 0.04
    assert (np.linalg.norm(found.iris - renders.iris, axis=-1) / unit)[:3].mean() < 0.025


def test_tells_open_from_closed_lids(landmarker, renders):
    aperture = landmarker(renders.frames, shaky_boxes(renders.landmarks)).aperture
    assert (aperture[3] < 0.08).all() and (aperture[:3] > 0.18).all()
    np.testing.assert_allclose(aperture, renders.aperture, atol=0.08)


def test_frames_do_not_influence_each_other(landmarker, renders):
    boxes = shaky_boxes(renders.landmarks)
    together = landmarker(renders.frames, boxes)
    for i in range(len(boxes)):
        alone = landmarker(renders.frames[i : i + 1], boxes[i : i + 1])
        np.testing.assert_allclose(alone.points[0], together.points[i], atol=0.05)


def test_points_scale_with_the_frame(landmarker, renders):
    boxes = shaky_boxes(renders.landmarks)
    small = landmarker(renders.frames, boxes).points
    large = landmarker(renders.frames.repeat(5, 1).repeat(5, 2), boxes * 5).points
    assert np.abs(large / 5 - small).mean() < 0.5


def test_unknown_boxes_give_unknown_landmarks(landmarker, renders):
    boxes = shaky_boxes(renders.landmarks)
    boxes[1] = np.nan
    assert landmarker(renders.frames, boxes).known.tolist() == [True, False, True, True]
    assert len(landmarker(renders.frames[:0], boxes[:0])) == 0


@pytest.mark.parametrize("box", [[-300.0, -300, -200, -200], [250, 250, 400, 400], [10, 10, 10, 10]])
def test_odd_boxes_do_no_harm(landmarker, renders, box):
    assert landmarker(renders.frames[:1], np.float32([box])).points.shape == (1, 68, 2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_with_cpu(landmarker, renders):
    boxes = shaky_boxes(renders.landmarks)
    on_gpu = load_landmarker("network", "cuda")(renders.frames, boxes)
    np.testing.assert_allclose(on_gpu.points, landmarker(renders.frames, boxes).points, atol=0.5)
