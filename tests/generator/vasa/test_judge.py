import numpy as np
import pytest
import torch

from tellbench.datasets.faces.landmarks import Landmarks
from tellbench.datasets.faces.storage import write_weights
from tellbench.errors import InputError
from tellbench.generator.vasa.data.bank import Bank, film_to
from tellbench.generator.vasa.data.studio import Recipe
from tellbench.generator.vasa.frames import FaceFrames
from tellbench.generator.vasa.judge import Judge, RigNet, crops, read_weights
from tellbench.generator.vasa.judge_fit import Lessons, calibrate, fit, place, skill
from tellbench.generator.vasa.metrics import slope_and_r
from tellbench.generator.vasa.window import STEADY, STEADY_PLACES

RECIPE = Recipe(poses=3, expressions=3, side=64, maps=32)
PEOPLE = range(740_000, 740_016)


def test_crops_lie_about_eyes_mouth_and_face(filmed):
    """A bright spot at each place is in the middle of its crop, whatever the roll."""
    spots = torch.zeros_like(filmed.image)
    mouth = filmed.landmarks[:, 48:68].mean(1)
    column, row = ((mouth + 1) * 48).long().unbind(-1)
    spots[torch.arange(9), :, row, column] = 1
    seen = crops(spots, filmed.landmarks)[2].mean(1)
    brightest = seen.flatten(1).argmax(1)
    assert ((brightest // 48 - 24).abs() <= 2).all() and ((brightest % 48 - 24).abs() <= 2).all()
    assert [tuple(one.shape) for one in crops(spots, filmed.landmarks)] == [(9, 3, 48, 48)] * 4


def test_judge_reads_where_the_landmarker_finds_the_face(filmed):
    truth = filmed.landmarks
    asked = []

    def landmarker(frames: np.ndarray, boxes: np.ndarray) -> Landmarks:
        asked.append(boxes)
        pixels = ((truth + 1) * frames.shape[1] / 2).numpy()
        return Landmarks(pixels[:, :68], pixels[:, 68:], np.full((len(frames), 2), 0.3, np.float32))

    reading = Judge(RigNet(), landmarker)(filmed.image, filmed.pose)
    assert reading.rig.shape == (9, 54) and torch.allclose(reading.landmarks, truth, atol=1e-4)
    assert (reading.pose - filmed.pose)[:, 3:6].abs().median() < 0.1
    middle = (asked[0][:, :2] + asked[0][:, 2:]) / 2
    nose = ((truth[:, 30] + 1) * 48).numpy()
    assert np.abs(middle - nose).max() < 20 and (asked[0][:, 2:] > asked[0][:, :2]).all()


def painted(seed: int, recipe) -> FaceFrames:
    """Faces that are a dark disc at each eye, as large as the blink, and whose landmarks are those of the mean head."""
    random = torch.Generator().manual_seed(seed)
    rows = recipe.poses * recipe.expressions
    rig = torch.zeros(rows, 54)
    blink = torch.rand(rows, generator=random)
    rig[:, 16], rig[:, 17] = blink, blink
    points = torch.zeros(rows, 70, 2)
    points[:, list(STEADY)] = torch.tensor(STEADY_PLACES)[:, :2]
    for start, corner in ((36, 36), (42, 42)):
        points[:, start : start + 6] = points[:, [corner, corner + 3]].mean(1, keepdim=True)
    points[:, 36], points[:, 45] = torch.tensor([-0.352, -0.133]), torch.tensor([0.352, -0.133])
    axis = (torch.arange(recipe.side) + 0.5) * (2 / recipe.side) - 1
    x, y = axis.abs() - 0.235, axis[:, None] + 0.12
    disc = ((x**2 + y**2).sqrt()[None] < 0.02 + 0.1 * blink[:, None, None]).float()[:, None]
    image = 0.7 - 0.5 * disc.expand(-1, 3, -1, -1)
    maps = torch.zeros(rows, 1, recipe.maps, recipe.maps)
    return FaceFrames(
        image=image,
        person=torch.full((rows,), seed),
        pose=torch.zeros(rows, 7),
        rig=rig,
        lids=torch.zeros(rows, 2),
        landmarks=points,
        canonical=maps.expand(-1, 3, -1, -1),
        surface=maps,
        depth=maps,
        labels=maps.byte(),
    )


def test_training_learns_what_can_be_seen(tmp_path):
    for seed in PEOPLE:
        film_to(tmp_path, seed, RECIPE, painted)
    bank = Bank(tmp_path, PEOPLE, RECIPE)
    bank.take_in()
    network = fit(bank, Lessons(steps=30, batch=8))
    assert skill(network, bank, count=50)["eyeBlinkLeft"] > 0.6

    points = painted(0, RECIPE).landmarks[:1].numpy()

    def landmarker(frames: np.ndarray, boxes: np.ndarray) -> Landmarks:
        pixels = (points + 1).repeat(len(frames), 0) * frames.shape[1] / 2
        return Landmarks(pixels[:, :68], pixels[:, 68:], np.full((len(frames), 2), 0.3, np.float32))

    for parameter in network.head[-1].parameters():
        parameter.data *= 20  # so few steps teach too small a slope to be set right
    judge = Judge(network, landmarker)
    calibrate(judge, bank, count=100)
    frames = painted(PEOPLE[7], RECIPE)  # of the people who are not learned
    slope, _ = slope_and_r(judge(frames.image, frames.pose).rig[:, 16], frames.rig[:, 16])
    assert 0.8 < slope < 1.2 and network.gain[16] != 1
    assert network.gain[0] == 1, "nobody shows this number"


def test_the_judge_learns_where_landmarks_are_found(tmp_path):
    for seed in PEOPLE[:2]:
        film_to(tmp_path, seed, RECIPE, painted)
    bank = Bank(tmp_path, PEOPLE, RECIPE)
    bank.take_in()

    def landmarker(frames: np.ndarray, boxes: np.ndarray) -> Landmarks:
        """Everything where the box begins."""
        points = np.repeat(boxes[:, None, :2], 70, 1)
        return Landmarks(points[:, :68], points[:, 68:], np.full((len(frames), 2), 0.3, np.float32))

    place(bank, landmarker)
    frames = bank.frames(torch.tensor([0, 1]), torch.tensor([2, 5]), maps=False)
    assert torch.equal(frames.landmarks[:, 0], frames.landmarks[:, 69])
    truth = painted(PEOPLE[0], RECIPE).at(slice(2, 3))
    assert torch.allclose(frames.rig[:1], truth.rig, atol=1e-3)


def test_weights_come_back_and_broken_ones_are_refused(tmp_path, filmed):
    network = RigNet().eval()
    write_weights(tmp_path / "judge.safetensors", network)
    again = read_weights(tmp_path / "judge.safetensors").eval()
    with torch.no_grad():
        first, second = (net(filmed.image, filmed.landmarks)[0] for net in (network, again))
    assert torch.allclose(first, second, atol=1e-2)
    (tmp_path / "judge.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="judge_fit"):
        read_weights(tmp_path / "judge.safetensors")
