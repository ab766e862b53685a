"""The jaw follows the view, brows and nose lie where iBUG puts them, dense contours fit the sparse points."""

import pytest
import torch

from tellbench.datasets.expression import expression
from tellbench.datasets.studio.expressions.blendshapes import ExpressionBasis
from tellbench.datasets.studio.expressions.posing import euler
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.landmarks import LID_POINTS, LIP_POINTS
from tellbench.datasets.studio.people.skin import Skin


@pytest.fixture(scope="module")
def skins():
    return [Skin(Identity.sample(seed)) for seed in (3, 8)]


def seen(skin, yaw=0.0, pitch=0.0, roll=0.0):
    """The turned grid as an orthographic picture in mm, y down, and the contour found in it."""
    turn = euler(*torch.tensor([[yaw], [pitch], [roll]]))[0]
    down = torch.tensor([1.0, -1.0, 1.0])
    grid = skin.P0 @ turn.T * down
    places = skin.jaw.candidates(skin.P0[None]) @ turn.T * down
    eyes = skin.landmarks(skin.P0[None])[0, [36, 45]] @ turn.T * down
    return grid, skin.jaw.outermost(places[..., :2], (eyes[1] - eyes[0])[None, :2])[0]


def sticks_out(skin, grid, point, side):
    """How far the face reaches beyond a point of the contour at its height, mm."""
    face = (skin.layout.offset.abs() < 146).expand(grid.shape[:2])
    level = ((grid[..., 1] - point[1]).abs() < 2.0) & face
    level[skin.layout.first("jaw") :] = False  # neither throat nor neck
    return float((grid[level][:, 0] * side).max() - point[0] * side)


@pytest.mark.parametrize("yaw", [0.0, 15.0, 30.0, 45.0])
def test_the_far_cheek_is_the_silhouette(skins, yaw):
    for skin in skins:
        for turned, side, points in ((yaw, 1, range(13, 16)), (-yaw, -1, range(1, 4))):
            grid, contour = seen(skin, turned)
            for i in points:
                assert sticks_out(skin, grid, contour[i], side) < 2.5


def test_the_near_cheek_is_a_line_before_the_ear(skins):
    for skin in skins:
        ends = skin.jaw.candidates(skin.P0[None]).view(17, -1, 3)[:4, -1]
        turn = euler(*torch.tensor([[30.0], [0.0], [0.0]]))[0]
        _, contour = seen(skin, 30.0)
        torch.testing.assert_close(contour[:4], (ends @ turn.T * torch.tensor([1.0, -1.0, 1.0]))[:, :2])
        assert (ends[:3, 2] > -76).all(), "ears begin further back"


def test_the_contour_runs_in_order_and_turns_with_the_head(skins):
    for skin in skins:
        _, upright = seen(skin)
        assert (upright[:, 0].diff() > 0).sum() >= 13 and (upright[:9, 1].diff() > 0).all()
        _, tipped = seen(skin, roll=15.0)
        turn = euler(*torch.tensor([[0.0], [0.0], [15.0]]))[0, :2, :2]
        mirror = torch.tensor([1.0, -1.0])
        torch.testing.assert_close(tipped, (upright * mirror) @ turn.T * mirror, atol=0.05, rtol=0)


def test_the_chin_is_the_lowest_place_at_every_pitch(skins):
    for skin in skins:
        for pitch in (-15.0, 0.0, 15.0):
            grid, contour = seen(skin, pitch=pitch)
            chin = grid[skin.layout.rows_of("chin"), skin.layout.columns // 2]
            assert contour[8, 1] > chin[:, 1].max() - 0.5


def test_nose_points_are_the_tip_and_the_fold_under_it(skins):
    for skin in skins:
        points = skin.landmarks(skin.P0[None])[0]
        assert (points[27:31, 2].diff() > 0).all(), "the bridge rises to the tip"
        assert (points[27:31, 1].diff() < -5).all()
        between = points[31:36]
        assert between[2, 2] < points[30, 2] - 8, "subnasale lies far behind the tip"
        assert (between[:, 0].diff() > 2).all()


def test_brows_run_along_the_upper_edge_of_the_hair(skins):
    for skin in skins:
        points = skin.landmarks(skin.P0[None])[0]
        assert (points[17:27, 0].diff() > 0).all()
        assert (points[17:27, 1] > points[36:48, 1].max() + 4).all()
        assert points[[18, 19, 20], 1].min() > points[[17], 1].max(), "the tail hangs"


def test_dense_contours_pass_through_the_sparse_points(skins):
    for skin in skins:
        lids = skin.lid_contours.locate(skin.P0[None]).view(2, 2, LID_POINTS, 3)
        lips = skin.lip_contours.locate(skin.P0[None]).view(2, 2, LIP_POINTS, 3)
        points = skin.landmarks(skin.P0[None])[0]
        for contour, members in ((lids[0], range(36, 42)), (lids[1], range(42, 48)), (lips[0], range(48, 60))):
            for i in members:
                assert (contour.reshape(-1, 3) - points[i]).norm(dim=-1).min() < 2.0
        for contour in (lids[0, 0], lids[1, 1], lips[0, 0], lips[1, 1]):
            assert (contour[:, 0].diff() > 0).all(), "image left to right"


def test_dense_contours_open_and_close(skins):
    basis = ExpressionBasis(skins[0])
    still, blink, jaw = (
        basis.deform(torch.from_numpy(e)[None]) for e in (expression(), expression(eyeBlink=1), expression(jawOpen=0.6))
    )

    def gap(anchors, points, group):
        places = anchors.locate(points).view(2, 2, -1, 3)
        return float((places[group, 0] - places[group, 1]).norm(dim=-1).max())

    lids, lips = skins[0].lid_contours, skins[0].lip_contours
    assert gap(lids, still, 0) > 7 and gap(lids, blink, 0) < 0.8
    assert gap(lips, still, 1) < 0.8 and gap(lips, jaw, 1) > 8
