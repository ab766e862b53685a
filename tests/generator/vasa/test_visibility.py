import dataclasses

import torch
from torch.nn import functional

from tellbench.datasets.studio.labels import Label
from tellbench.generator.vasa.visibility import visible_in


def enlarged(planes: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(planes, size=(96, 96), mode="bilinear", align_corners=False)


def test_a_source_warped_by_the_true_flow_is_the_target_where_it_is_visible(filmed):
    source, target = filmed.at(torch.tensor([0, 3, 7])), filmed.at(torch.tensor([3, 1, 2]))
    flow, visible = visible_in(source, target)
    warped = functional.grid_sample(source.image, enlarged(flow).permute(0, 2, 3, 1), align_corners=False)
    there = enlarged(visible) > 0.99
    for row in range(3):
        error, moved = (
            (picture[row] - target.image[row]).abs().mean(0)[there[row, 0]].mean() for picture in (warped, source.image)
        )
        assert error < 0.6 * moved and error < 0.06
    assert (visible.sum((1, 2, 3)) / target.surface.sum((1, 2, 3))).min() > 0.5


def test_a_face_is_wholly_visible_in_itself_and_lies_where_it_is(filmed):
    flow, visible = visible_in(filmed, filmed)
    assert visible.sum() > 0.9 * filmed.surface.sum()
    axis = (torch.arange(48) + 0.5) / 24 - 1
    here = torch.stack(torch.meshgrid(axis, axis, indexing="xy"))
    assert ((flow - here).norm(dim=1, keepdim=True) * visible).mean() < 0.01


def test_a_mouth_that_opens_was_not_there_before(filmed):
    closed, all_rows = filmed.at(torch.zeros(9, dtype=torch.long)), filmed
    _, visible = visible_in(closed, all_rows)
    mouth = filmed.labels == Label.MOUTH
    shut = (closed.labels == Label.MOUTH).sum() == 0
    assert shut and (mouth.sum() == 0 or visible[mouth].mean() < 0.05)


def test_eyes_that_open_were_not_there_before(filmed):
    """A hand-made pair: the same frame with its eyes relabelled as closed lids."""
    open_eyes = filmed.at(slice(0, 1))
    eyes = open_eyes.labels == Label.EYES
    closed = dataclasses.replace(open_eyes, labels=open_eyes.labels.where(~eyes, Label.SKIN))
    assert eyes.sum() > 3
    assert visible_in(closed, open_eyes)[1][eyes].max() == 0 and visible_in(open_eyes, closed)[1][eyes].max() == 0
    assert visible_in(open_eyes, open_eyes)[1][eyes].mean() > 0.9
