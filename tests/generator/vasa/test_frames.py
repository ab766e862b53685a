import torch

from tellbench.datasets.expression import COEFFICIENTS, INDEX, expression
from tellbench.generator.vasa.frames import RIG_NAMES, FaceFrames, mirror_rig, rig_of
from tellbench.generator.vasa.pose import project


def known(count: int) -> FaceFrames:
    random = torch.Generator().manual_seed(count)
    return FaceFrames(
        image=torch.rand(count, 3, 8, 8, generator=random),
        person=torch.arange(count),
        pose=torch.randn(count, 7, generator=random) * 0.2,
        rig=torch.rand(count, 54, generator=random),
        lids=torch.rand(count, 2, generator=random),
        landmarks=torch.rand(count, 70, 2, generator=random),
        canonical=torch.rand(count, 3, 4, 4, generator=random),
        surface=torch.ones(count, 1, 4, 4),
    )


def test_rows_move_together():
    frames = known(5).at(torch.tensor([3, 1]))
    assert len(frames) == 2 and frames.person.tolist() == [3, 1] and frames.depth is None
    assert torch.equal(frames.pose, known(5).pose[[3, 1]])


def test_joined_frames_keep_what_all_know():
    joined = FaceFrames.join([known(2), FaceFrames(image=torch.zeros(1, 3, 8, 8), person=torch.tensor([9]))])
    assert joined.person.tolist() == [0, 1, 9] and joined.pose is None


def test_two_mirrors_change_nothing_and_one_only_the_chosen():
    frames, all_of_them = known(3), torch.ones(3, dtype=torch.bool)
    twice = frames.mirrored(all_of_them).mirrored(all_of_them)
    once = frames.mirrored(torch.tensor([False, True, False]))
    for name in ("image", "pose", "rig", "lids", "landmarks", "canonical"):
        assert torch.allclose(getattr(twice, name), getattr(frames, name))
        assert torch.equal(getattr(once, name)[0], getattr(frames, name)[0])
        assert not torch.equal(getattr(once, name)[1], getattr(frames, name)[1])


def test_a_mirrored_head_projects_to_the_mirrored_place():
    frames = known(3)
    points = torch.rand(3, 6, 3) - 0.5
    mirrored = frames.mirrored(torch.ones(3, dtype=torch.bool))
    seen = project(points * torch.tensor([-1.0, 1, 1]), mirrored.pose)
    assert torch.allclose(seen, project(points, frames.pose) * torch.tensor([-1.0, 1, 1]), atol=1e-6)


def test_mirrored_rig_swaps_sides_and_turns_the_gaze():
    rig = torch.zeros(1, 54)
    rig[0, INDEX["mouthSmileLeft"]], rig[0, INDEX["jawRight"]], rig[0, RIG_NAMES.index("gazeRight")] = 0.7, 0.4, 0.5
    mirrored = mirror_rig(rig)[0]
    assert mirrored[INDEX["mouthSmileRight"]] == 0.7 and mirrored[INDEX["jawLeft"]] == 0.4
    assert mirrored[RIG_NAMES.index("gazeRight")] == -0.5 and mirrored.abs().sum() == rig.abs().sum()


def test_rig_shows_lids_that_follow_the_gaze():
    rig = rig_of(torch.as_tensor(expression(jawOpen=0.5))[None], torch.tensor([[10.0, -15.0]]))[0]
    assert rig[len(COEFFICIENTS) :].tolist() == [0.5, -0.75]
    assert rig[INDEX["jawOpen"]] == 0.5 and rig[INDEX["eyeLookDownLeft"]] == 0.5
