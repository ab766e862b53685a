"""The losses reach what they are to teach, each can be switched off, and truth costs nothing."""

import dataclasses

import pytest
import torch

from tellbench.datasets.faces.identity import IdentityNet
from tellbench.generator.vasa import losses
from tellbench.generator.vasa.decoder import KEPT, MOVED, PAINTED, ROOM
from tellbench.generator.vasa.frames import RIG_NAMES, FaceFrames, Pairs
from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.objective import LATE, Lesson, Objective, Weights
from tellbench.generator.vasa.pose import PERSPECTIVE
from tellbench.generator.vasa.rig import teach
from tellbench.generator.vasa.visibility import visible_in

from .toys import JAW, ToyPairs


@pytest.fixture
def objective(toy_size):
    torch.manual_seed(0)
    return Objective(FaceModel(toy_size), IdentityNet().eval().requires_grad_(False))


def _judged(objective, weights=None, pairs=None, **options):
    random = torch.Generator().manual_seed(0)
    lesson = Lesson(
        pairs or ToyPairs().batch(0, 4), weights or Weights(), options.pop("teacher", 1.0), random, **options
    )
    return objective(lesson)


def _framed(size, pairs):
    """The sources as a new model makes them again."""
    model = FaceModel(size)
    source = model.encode_source(pairs.source.image)
    return model.drive(source, source.pose, source.dynamics)


def test_every_loss_has_its_switch(objective):
    critic = losses.PatchDiscriminator()
    _, everything = _judged(objective, discriminator=critic)
    names = [field.name for field in dataclasses.fields(Weights)]
    assert sorted(everything.parts) == sorted(names)
    assert all(torch.isfinite(value) for value in everything.parts.values())
    off = Weights().without(*(name for name in names if name not in ("picture", "flow")))
    total, few = _judged(objective, off, discriminator=critic)
    assert set(few.parts) == {"picture", "flow", "visibility"}  # flow and visibility are found together
    assert torch.allclose(total, few.parts["picture"] + few.parts["flow"])


def test_every_weight_is_taught(objective):
    total, _ = _judged(objective, teacher=0.5)
    total.backward()
    blind = [name for name, p in objective.model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert not blind
    assert all(p.grad is None for p in objective.judge.parameters())


def test_the_reader_alone_leaves_the_decoder_alone(objective):
    total, verdict = _judged(objective, Weights().without(*LATE), pictures=False)
    total.backward()
    assert verdict.image is None
    assert set(verdict.parts) == {"pose", "rig", "lids", "match", "free"}
    assert all(p.grad is None for p in objective.model.decoder.parameters())


def test_video_without_truth_is_learned_from_as_well(objective):
    pairs = ToyPairs().batch(0, 4)

    def seen(frames):
        return FaceFrames(image=frames.image, person=frames.person, landmarks=frames.landmarks)

    video = Pairs(*(seen(frames) for frames in (pairs.source, pairs.target, pairs.target, pairs.target)))
    total, verdict = _judged(objective, pairs=video)
    total.backward()
    assert {"picture", "paint", "landmarks", "transfer", "identity", "amplitude"} <= set(verdict.parts)
    assert not {"pose", "rig", "geometry", "flow"} & set(verdict.parts)


def test_the_true_flow_costs_nothing(toy_size):
    pairs = ToyPairs().batch(3, 2)
    frame = _framed(toy_size, pairs)
    there, shown = visible_in(pairs.source, pairs.target)
    true = there - losses.pixel_grid(64, there).movedim(-1, 0)
    assert shown.mean() > 0.2
    right = losses.flow_losses(dataclasses.replace(frame, flow=true), pairs.target, pairs.source)[0]
    wrong = losses.flow_losses(dataclasses.replace(frame, flow=0 * true), pairs.target, pairs.source)[0]
    assert right < 1e-4 < 0.02 < wrong


def test_exact_displacements_cost_nothing(toy_size):
    """A model that moves every point as the renderer does has no geometry loss; one that holds the jaw has."""
    pairs = ToyPairs().batch(0, 4)
    model = FaceModel(toy_size)
    source = model.encode_source(pairs.source.image, pairs.source.pose, teach(pairs.source.rig, toy_size.dynamics))
    frame = model.drive(source, pairs.target.pose, teach(pairs.target.rig, toy_size.dynamics))

    def cost(source_field, frame_field):
        made = dataclasses.replace(frame, field=frame_field), dataclasses.replace(source, field=source_field)
        return float(losses.geometry_loss(*made, pairs.target, pairs.source))

    still = torch.zeros_like(frame.field)
    xy = losses.pixel_grid(64, frame.field)
    drop = 0.15 * torch.sigmoid((xy[..., 1] - 0.2) * 12)

    def jaw(rig, sign):
        field = torch.zeros(4, 3, 2, 64, 64)
        field[:, 1] = sign * rig[:, JAW, None, None, None] * drop
        return field

    moved = cost(jaw(pairs.source.rig, 1), jaw(pairs.target.rig, -1))
    assert moved < 0.4 * cost(still, still)


def test_hidden_skin_of_lids_is_painted_only_where_paint_is_much_better(toy_size):
    """Elsewhere what the source hides is to be painted."""
    pairs = ToyPairs().batch(0, 2)
    frame = _framed(toy_size, pairs)
    hiding = dataclasses.replace(pairs.source, surface=torch.zeros_like(pairs.source.surface))
    truth, head = pairs.target.image, pairs.target.surface > 0.5
    lids = losses._lids(pairs.target.landmarks, head.shape[-1]) == 1
    below = lids.roll(head.shape[-1] // 4, -2)

    def price(spot, moved, paint):
        """What it costs more not to paint a spot than to paint all that is hidden."""

        def cost(painted):
            mask = torch.zeros_like(frame.mask)
            mask[:, PAINTED : PAINTED + 1], mask[:, MOVED : MOVED + 1] = painted.float(), (~painted).float()
            layers = dataclasses.replace(frame, mask=mask, moved=moved, paint=paint)
            return losses.flow_losses(layers, pairs.target, hiding)[1]

        return cost(head & ~spot) - cost(head)

    assert (head & lids).any()
    assert price(lids, truth + 0.1, truth) > 0.05
    assert price(lids, truth + 0.1, truth + 0.1) < -0.05
    assert price(below, truth + 0.1, truth + 0.1) > 0.05


def test_what_is_seen_of_a_turned_head_is_moved_not_kept_in_place(toy_size):
    pairs = ToyPairs().batch(3, 2)
    frame = _framed(toy_size, pairs)

    def cost(target, moved, kept):
        mask = torch.zeros_like(frame.mask)
        mask[:, MOVED], mask[:, KEPT], mask[:, ROOM] = moved, kept, 1 - moved - kept
        return losses.flow_losses(dataclasses.replace(frame, mask=mask), target, pairs.source)[1]

    def extra(target):
        """What a ghost of the source in its place costs beside the source moved, on the head and off it."""
        head = torch.nn.functional.interpolate(target.surface, size=frame.mask.shape[-1])[:, 0]
        return cost(target, moved=0.5 * head, kept=0.5 * head) - cost(target, moved=head, kept=0 * head)

    assert extra(pairs.target) > 0.1
    assert abs(extra(pairs.source)) < 0.02  # nothing moved: both are right


def test_where_nobody_is_there_is_the_room_even_where_the_source_hides_it(toy_size):
    pairs = ToyPairs().batch(3, 2)
    frame = _framed(toy_size, pairs)
    empty = dataclasses.replace(pairs.target, surface=torch.zeros_like(pairs.target.surface))
    costs = []
    for layer in (ROOM, PAINTED, KEPT, MOVED):
        mask = torch.zeros_like(frame.mask)
        mask[:, layer] = 1
        costs.append(losses.flow_losses(dataclasses.replace(frame, mask=mask), empty, pairs.source)[1])
    assert abs(costs[0]) < 1e-6 and min(costs[1:]) > 1


def test_the_moved_source_is_judged_at_the_eyes(toy_size):
    pairs = ToyPairs().batch(0, 2)
    frame = _framed(toy_size, pairs)
    truth = pairs.target
    near = losses._lids(truth.landmarks, truth.image.shape[-1])
    far = losses.pixel_grid(near.shape[-1], near)[..., 1] > 0.3

    def cost(error):
        return losses.carried_loss(dataclasses.replace(frame, moved=truth.image + error), truth)

    assert cost(0) == 0
    assert cost(0.2 * near) > 20 * cost(0.2 * far) > 0


def test_eyes_and_mouth_count_most():
    points = ToyPairs().batch(0, 1).target.landmarks
    weight = losses.region_weight(points, 64)
    assert 1 <= weight.min() < 1.1
    for part in (slice(36, 42), slice(42, 48), slice(48, 68)):
        column, row = ((points[0, part].mean(0) + 1) * 32).long().tolist()
        assert 15 < weight[0, 0, row, column] <= 16


def test_the_frozen_reader_sees_no_colours(objective, monkeypatch):
    """Else paint learns those that it likes best: yellow lids and purple lips."""
    pairs, seen, look = ToyPairs().batch(0, 4), [], objective.judge.parts
    monkeypatch.setattr(objective.judge, "parts", lambda window, pose: (seen.append(window), look(window, pose))[1])
    _judged(objective, pairs=pairs)
    assert len(seen) == 4  # features and amplitude, of the frame and of the truth
    assert all(torch.equal(window[:, :1].expand_as(window), window) for window in seen)


def test_tones_of_lids_do_not_get_past_the_frozen_reader():
    truth = ToyPairs().batch(0, 1).target
    column, row = ((truth.landmarks[0, 36:42].mean(0) + 1) * 32).long().tolist()
    jaw = ((truth.landmarks[0, 48:68].mean(0) + 1) * 32).long().tolist()[1]

    def told(made):
        return (losses.as_readers_see(made, truth) - losses.as_readers_see(truth.image, truth))[0, 0]

    brighter, detailed = told(truth.image + 0.2), told(truth.image + 0.2 * (torch.arange(64) % 2))
    assert brighter[row, column].abs() < 0.01
    assert torch.isclose(brighter[jaw, 32], torch.tensor(0.2), atol=0.01)
    assert detailed[row, column : column + 2].diff().abs() > 0.1
    assert torch.equal(
        losses.as_readers_see(truth.image, dataclasses.replace(truth, landmarks=None)).var(1).max(), torch.zeros(())
    )


def test_lids_and_jaw_count_most():
    off = torch.eye(54)
    costs = torch.stack([losses.rig_loss(row[None], torch.zeros(1, 54), torch.ones(54)) for row in off])
    loud = {name for name, cost in zip(RIG_NAMES, costs, strict=True) if cost > 2 * costs.median()}
    assert loud == {"eyeBlinkLeft", "eyeBlinkRight", "jawOpen"}
    assert torch.isclose(losses.rig_loss(torch.ones(1, 54), torch.zeros(1, 54), torch.ones(54)), torch.tensor(1.0))


def test_sources_lie_where_landmarks_would_put_them(objective, monkeypatch):
    """Portraits are placed by landmarks: what is learned must bear their errors, and their ignorance of perspective."""
    poses = []
    encode = objective.model.encode_source
    monkeypatch.setattr(
        objective.model, "encode_source", lambda image, *known: (poses.append(known), encode(image, *known))[1]
    )
    pairs = ToyPairs().batch(0, 4)
    _judged(objective, Weights().without("transfer"), pairs)
    ((pose, _),) = poses
    assert (pose[:, -1] == PERSPECTIVE).all()
    assert 0 < (pose - pairs.source.pose)[:, :6].abs().max() < 0.5


def test_same_pictures_cost_nothing():
    picture, weight = torch.rand(2, 3, 32, 32), torch.ones(2, 1, 32, 32)
    assert losses.picture_loss(picture, picture, weight) == 0
    dim, off = losses.picture_loss(picture * 0.9, picture, weight), losses.picture_loss(picture * 0.5, picture, weight)
    assert 0 < dim < off


def test_a_toy_head_is_learned(objective):
    """Seconds of training: pixels go where they belong, and the jaw opens as far as it should."""
    pairs, optimiser = ToyPairs(people=2), torch.optim.Adam(objective.model.parameters(), 4e-3)
    weights = Weights().without(*LATE)
    held_out = pairs.batch(10_000, 6)
    before = _judged(objective, weights, held_out)[1].parts
    for step in range(25):
        total, _ = _judged(objective, weights, pairs.batch(step, 3))
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
    after = _judged(objective, weights, held_out)[1].parts
    assert after["geometry"] < 0.6 * before["geometry"]
    assert after["flow"] < 0.7 * before["flow"]
    assert after["picture"] < 0.75 * before["picture"]
    assert after["rig"] < 0.8 * before["rig"]
