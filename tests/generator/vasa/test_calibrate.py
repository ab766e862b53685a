import pytest
import torch

from tellbench.datasets.faces.landmarks import load_landmarker
from tellbench.generator.vasa import calibrate as module
from tellbench.generator.vasa.calibrate import calibrate
from tellbench.generator.vasa.data.bank import Bank, film_to
from tellbench.generator.vasa.data.studio import Recipe
from tellbench.generator.vasa.frames import RIG_NAMES
from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.sizes import SIZES, size_named

RECIPE = Recipe(poses=3, expressions=3, side=96, maps=48)


@pytest.fixture
def model() -> FaceModel:
    torch.manual_seed(0)
    return FaceModel(size_named(SIZES, "tiny")).eval()


@pytest.fixture
def bank(tmp_path, filmed) -> Bank:
    for seed in (739_900, 739_901):
        film_to(tmp_path, seed, RECIPE, lambda *_: filmed)
    bank = Bank(tmp_path, range(739_900, 739_902), RECIPE)
    bank.take_in()
    return bank


def test_what_was_read_too_small_reads_true_and_all_else_stays(model, bank, filmed, monkeypatch):
    readings = module._readings

    def shrunk(model, bank, landmarker):
        """What it reads, and a truth that is twice that for one number and unlike it for another."""
        read, shown = readings(model, bank, landmarker)
        shown = torch.zeros_like(read)
        shown[:, 9] = 2 * read[:, 9] + 0.1
        shown[:, 10] = torch.randn(len(read), generator=torch.Generator().manual_seed(0))
        return read, shown

    monkeypatch.setattr(module, "_readings", shrunk)
    before = model.read_dynamics(filmed.image, filmed.pose)
    lids = model.reader.dynamics(filmed.image, filmed.pose)[1]
    gain, offset = calibrate(model, bank, load_landmarker("network"))
    after = model.read_dynamics(filmed.image, filmed.pose)
    assert gain[9] == pytest.approx(2, rel=1e-3) and offset[9] == pytest.approx(0.1, abs=1e-3)
    assert torch.allclose(after[:, 9], 2 * before[:, 9] + 0.1, atol=1e-4)
    assert torch.equal(after[:, 10:], before[:, 10:])
    assert torch.equal(model.reader.dynamics(filmed.image, filmed.pose)[1], lids)


def test_both_sides_of_a_face_get_one_gain(model, bank, monkeypatch):
    """One side alone may just be read well enough; its brow would rise further than the other."""
    left, right = RIG_NAMES.index("browDownLeft"), RIG_NAMES.index("browDownRight")

    def uneven(model, bank, landmarker):
        read = torch.rand(40, 54, generator=torch.Generator().manual_seed(0))
        shown = torch.zeros_like(read)
        shown[:, left], shown[:, right] = 2 * read[:, left], 3 * read[:, right]
        return read, shown

    monkeypatch.setattr(module, "_readings", uneven)
    gain, offset = calibrate(model, bank, load_landmarker("network"))
    assert gain[left] == gain[right] and 2 < gain[left] < 3
    assert offset[left] == offset[right]


def test_every_frame_is_read_where_its_landmarks_are(model, bank, filmed):
    placed = []

    class Watching:
        network = load_landmarker("network")

        def __call__(self, frames, boxes):
            placed.append(len(frames))
            return self.network(frames, boxes)

    read, shown = module._readings(model, bank, Watching())
    assert sum(placed) == 18 and read.shape == shown.shape == (18, 54)
    assert torch.allclose(shown[:9], filmed.rig, atol=1e-3)
    assert torch.equal(read[:9], read[9:])  # the same face twice
