"""The skin grid: whole, cut in the right places, alike at both densities."""

import pytest
import torch

from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.sculpture import figure
from tellbench.datasets.studio.people.skin import Skin

SEEDS = (0, 1, 2, 3)


@pytest.fixture(scope="module")
def skins():
    return [Skin(Identity.sample(seed)) for seed in SEEDS]


def test_skin_is_finite_and_reproducible(skins):
    for skin in skins:
        assert torch.isfinite(skin.P0).all()
        assert torch.isfinite(skin.normals(skin.P0[None])).all()
    assert torch.equal(Skin(Identity.sample(0)).P0, skins[0].P0)
    assert (skins[0].P0 - skins[1].P0).norm(dim=-1).mean() > 1.0


def test_bare_skin_lies_on_the_sculpture(skins):
    for skin in skins:
        distance = figure(skin.identity).distance(skin.coarse).abs()
        rolls = torch.zeros(skin.layout.rows, dtype=torch.bool)
        rolls[skin.up_edge + 1 : skin.lo_edge] = True
        rolls[skin.ul_edge + 1 : skin.ll_edge] = True
        assert distance[~rolls].mean() < 0.02
        assert distance[~rolls].max() < 2.5


def test_everybody_shares_one_grid(skins):
    assert all(torch.equal(skin.triangles, skins[0].triangles) for skin in skins)
    for skin in skins:
        points = skin.landmarks(skin.P0[None])[0]
        for outer, inner in ((36, 39), (45, 42)):
            assert abs((points[outer] - points[inner]).norm() - skin.identity.eye_width) < 3.5
        assert abs((points[54] - points[48]).norm() - skin.identity.mouth_width) < 4.0


def test_lids_are_open_and_lips_meet_at_rest(skins):
    for skin in skins:
        aperture = skin.aperture(skin.P0[None])
        assert ((aperture > 0.2) & (aperture < 0.5)).all()
        gap = (skin.P0[skin.ul_edge] - skin.P0[skin.ll_edge]).norm(dim=-1)
        assert gap.max() < 0.1


def test_rows_run_downward_on_the_midline(skins):
    for skin in skins:
        height = skin.coarse[: skin.layout.first("jaw"), skin.layout.columns // 2, 1]
        rolls = slice(skin.up_edge + 1, skin.lo_edge), slice(skin.ul_edge + 1, skin.ll_edge)
        keep = torch.ones(len(height), dtype=torch.bool)
        for rows in rolls:
            keep[rows] = False
        assert (height[keep].diff() < 0.3).all()


def test_landmarks_follow_ibug_order(skins):
    mirror = [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    mirror += [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    mirror += [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
    for skin in skins:
        points = skin.landmarks(skin.P0[None])[0]
        # the image's left is the subject's right, x < 0
        assert points[36, 0] < points[39, 0] < 0 < points[42, 0] < points[45, 0]
        assert points[0, 0] < 0 < points[16, 0]
        assert points[48, 0] < 0 < points[54, 0]
        assert (
            points[19, 1] > points[37, 1] > points[41, 1] > points[33, 1] > points[51, 1] > points[57, 1] > points[8, 1]
        )
        flipped = points[mirror] * torch.tensor([-1.0, 1.0, 1.0])
        assert (points - flipped).norm(dim=-1).median() < 2.0
        assert len(set(skin.lm68.tolist())) == 68


def test_densities_agree_at_the_landmarks():
    identity = Identity.sample(4)
    half, full = Skin(identity, "half"), Skin(identity, "full")
    away = (half.landmarks(half.P0[None]) - full.landmarks(full.P0[None]))[0]
    away[:17, 2] = 0  # round the cheek, the outermost place is only sharp as seen from the front
    distance = away.norm(dim=-1)
    assert distance.max() < 2.5
    assert distance[17:].median() < 0.3  # eyes, brows, nose, mouth
    assert full.layout.size > 3.9 * half.layout.size


def test_normals_point_away_from_the_head(skins):
    for skin in skins:
        normals = skin.normals(skin.P0[None])[0]
        front = slice(skin.layout.first("scalp") + 4, skin.layout.first("brow"))
        outward = skin.P0[front] - torch.tensor([0.0, 20.0, -80.0])
        assert ((normals[front] * outward).sum(-1) > 0).float().mean() > 0.999


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_builds_the_same_skin():
    cpu, gpu = Skin(Identity.sample(5)), Skin(Identity.sample(5), device="cuda")
    assert gpu.P0.is_cuda
    assert (cpu.P0 - gpu.P0.cpu()).norm(dim=-1).quantile(0.999) < 0.05
    landmarks = cpu.landmarks(cpu.P0[None]) - gpu.landmarks(gpu.P0[None]).cpu()
    assert landmarks.norm(dim=-1).max() < 0.5
