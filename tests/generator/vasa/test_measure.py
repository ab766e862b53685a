import dataclasses
from types import SimpleNamespace

import pytest
import torch

from tellbench.datasets.expression import INDEX
from tellbench.datasets.faces.framing import read_portrait
from tellbench.datasets.faces.identity import Embedder
from tellbench.datasets.faces.landmarks import load_landmarker
from tellbench.errors import InputError
from tellbench.generator.meshwarp.quality import portrait_finder, portrait_landmarker, trusted_landmarks
from tellbench.generator.vasa.data.bank import Bank, film_to
from tellbench.generator.vasa.data.studio import Recipe
from tellbench.generator.vasa.decoder import KEPT, LAYERS, MOVED, PAINTED, ROOM
from tellbench.generator.vasa.frames import RIG_NAMES, FaceFrames, Pairs
from tellbench.generator.vasa.judge import Reading
from tellbench.generator.vasa.measure import (
    WAYS,
    Driving,
    actors_of,
    figures,
    measure_disentanglement,
    measure_layers,
    measure_people,
)
from tellbench.generator.vasa.metrics import strengths
from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.portraits import measure_portraits, read_window
from tellbench.generator.vasa.sizes import SIZES, size_named
from tellbench.generator.vasa.window import face_squares, pose_of, to_window

RECIPE = Recipe(poses=3, expressions=3, side=96, maps=48)


class Knowing:
    """A judge that knows what the frames of a person show, or reads less of it, or lets the pose leak into it."""

    def __init__(self, frames: FaceFrames, strength: float = 1.0, leak: float = 0.0) -> None:
        self._frames, self._strength, self._leak = frames, strength, leak

    def __call__(self, windows: torch.Tensor, expected: torch.Tensor | None = None) -> Reading:
        apart = (windows[:, None] - self._frames.image[None]).abs().mean((2, 3, 4))
        seen = self._frames.at(apart.argmin(1))
        leak = self._leak * seen.pose[:, :1]
        return Reading(self._strength * seen.rig + leak, seen.lids, seen.pose, seen.landmarks)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder.load()


@pytest.fixture
def bank(tmp_path, filmed) -> Bank:
    """Two people who look alike."""
    for seed in (810_000, 810_001):
        film_to(tmp_path, seed, RECIPE, lambda seed, _: dataclasses.replace(filmed, person=filmed.person * 0 + seed))
    bank = Bank(tmp_path, range(810_000, 810_002), RECIPE)
    bank.take_in()
    return bank


@pytest.fixture(scope="module")
def model() -> FaceModel:
    torch.manual_seed(0)
    return FaceModel(size_named(SIZES, "tiny")).eval()


@pytest.fixture(scope="module")
def driving(model) -> Driving:
    return Driving(model, load_landmarker("network"))


def test_the_truth_scores_full_marks_and_the_source_does_not(filmed, embedder):
    rows = torch.arange(9)
    pairs = Pairs(filmed.at(torch.zeros(9, dtype=torch.long)), *(filmed.at(rows) for _ in range(3)))
    truth = figures(filmed.image, pairs, Knowing(filmed), embedder)
    copy = figures(pairs.source.image, pairs, Knowing(filmed), embedder)
    weak = figures(filmed.image, pairs, Knowing(filmed, strength=0.5), embedder)
    assert truth["detail_percent"] == pytest.approx(100)
    assert truth["psnr"] == 60 and truth["pose_degrees"] < 0.1 and truth["landmarks_percent"] < 1e-3
    assert truth["expression_error"] < 1e-3 and copy["expression_error"] > 0.7 and copy["landmarks_percent"] > 3
    assert copy["identity"] == pytest.approx(1, abs=1e-3) and copy["psnr"] < 40
    for name in ("blink", "jaw"):
        driven = filmed.rig[:, INDEX["jawOpen" if name == "jaw" else "eyeBlinkLeft"]]
        if driven.max() > 0.1:
            assert truth[f"{name}_slope"] == pytest.approx(1) and weak[f"{name}_slope"] == pytest.approx(0.5)


def test_every_way_is_measured(bank, driving, filmed, embedder):
    table = measure_people(driving, bank, Knowing(filmed), embedder, count=4, portraits=True)
    assert list(table.index) == list(WAYS) and (table.loc["truth", "psnr"] > table.loc["same", "psnr"])
    assert table.loc["copy", "ssim"] < 1 and 0 < table.loc["rig", "psnr"] < 50


@pytest.mark.parametrize(("layer", "name"), [(MOVED, "moved"), (KEPT, "kept"), (PAINTED, "painted"), (ROOM, "room")])
def test_layers_are_told_by_the_mask(bank, driving, monkeypatch, layer, name):
    whole = torch.zeros(1, LAYERS, 8, 8)
    whole[:, layer] = 1
    monkeypatch.setattr(driving, "by_rig", lambda pairs: SimpleNamespace(mask=whole.expand(len(pairs), -1, -1, -1)))
    shares = measure_layers(driving, bank, count=5)
    assert list(shares) == ["moved", "kept", "painted", "room"] and shares.pop(name) == pytest.approx(100)
    assert not any(shares.values())


def test_layers_are_those_of_the_person_alone(bank, driving, monkeypatch):
    def painted_room(pairs):
        person = pairs.target.surface
        return SimpleNamespace(mask=torch.cat([person, 0 * person, 0 * person, 1 - person], 1))

    monkeypatch.setattr(driving, "by_rig", painted_room)
    assert measure_layers(driving, bank, count=5)["moved"] == pytest.approx(100)


def test_a_pose_that_leaks_into_the_rig_is_seen(bank, driving, filmed):
    clean = measure_disentanglement(driving, bank, Knowing(filmed))
    leaky = measure_disentanglement(driving, bank, Knowing(filmed, leak=2.0))
    assert clean["truth_rig_by_pose_percent"] < 0.1 < 5 < leaky["truth_rig_by_pose_percent"]
    assert clean["truth_range_percent"] > 50 and clean["truth_pose_by_rig_degrees"] < 0.1
    assert {name.split("_rig_by")[0] for name in clean if "_rig_by" in name} == {"truth", "rig", "by_picture"}


def test_a_known_motion_starts_where_the_portrait_was_placed(driving, filmed, monkeypatch):
    """A head that does not move is shown where landmarks put it, wrong or not: in its own picture."""
    shown = []
    drive = driving.model.drive
    monkeypatch.setattr(
        driving.model, "drive", lambda source, pose, code: shown.append(pose) or drive(source, pose, code)
    )
    still = filmed.at(slice(0, 2))
    driving.by_rig(Pairs(still, still, still, still))
    placed = driving.pose(still)
    assert (placed - still.pose).abs().amax() > 1e-2
    assert torch.allclose(shown[-1], placed, atol=1e-4)


def test_portraits_are_placed_as_vasa_places_them(shared_assets):
    path = shared_assets / "portraits" / "monalisa_256.png"
    picture = read_portrait(path)
    trusted = trusted_landmarks(picture, portrait_finder(), portrait_landmarker())
    square = face_squares(torch.from_numpy(trusted.points))
    expected = pose_of(to_window(torch.from_numpy(trusted.points), square))
    single = portrait_landmarker()(picture[None], portrait_finder()(picture[None])[0][0].box[None]).points
    found = read_window(path, 96, portrait_finder(), portrait_landmarker()).pose
    assert torch.allclose(found[:, :3], expected[:, :3], atol=1e-4)
    assert not torch.allclose(found[:, :3], pose_of(to_window(torch.from_numpy(single), square))[:, :3], atol=1e-3)


def test_portraits_are_driven_and_shown(model, filmed, embedder, shared_assets, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.png").symlink_to(shared_assets / "portraits" / "monalisa_256.png")
    actors = [filmed.at(slice(0, 3)), filmed.at(slice(3, 6))]
    table = measure_portraits(model, Knowing(filmed), embedder, tmp_path / "in", actors, tmp_path, 96)
    assert list(table.index) == ["one", "mean"] and table.loc["one", "found_percent"] >= 0
    assert 10 < table.loc["one", "detail_percent"] < 130
    assert (tmp_path / "portraits.png").stat().st_size > 10_000
    with pytest.raises(InputError, match="no portraits"):
        measure_portraits(model, Knowing(filmed), embedder, tmp_path / "none", actors, tmp_path)


def test_portraits_are_read_over_all_actors_together(model, filmed, embedder, shared_assets, tmp_path):
    actors = [filmed.at(slice(0, 5)), filmed.at(slice(5, 9))]
    parts = iter(actors)

    def half_of_the_first_actor(windows: torch.Tensor, expected: torch.Tensor | None = None) -> Reading:
        seen = next(parts)
        return Reading(seen.rig * (0.5 if seen is actors[0] else 1), seen.lids, seen.pose, seen.landmarks)

    path = shared_assets / "portraits" / "monalisa_256.png"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.png").symlink_to(path)
    table = measure_portraits(model, half_of_the_first_actor, embedder, tmp_path / "in", actors, tmp_path, 96)
    read = torch.cat([actors[0].rig * 0.5, actors[1].rig])
    expected = strengths(read, torch.cat([actor.rig for actor in actors]))
    for name, value in expected.items():
        assert table.loc["one", name] == pytest.approx(value, nan_ok=True)
    assert any(0.5 < value < 1 for name, value in expected.items() if "slope" in name)


def test_mates_act_alike_so_one_of_each_pair_drives(bank):
    (actor,) = actors_of(bank)
    assert torch.equal(actor.rig, bank.grid(0).rig)


def test_motions_name_columns_of_the_rig():
    from tellbench.generator.vasa.judge import MOTIONS

    assert {RIG_NAMES[i] for i in MOTIONS["blink"]} == {"eyeBlinkLeft", "eyeBlinkRight"}
    assert RIG_NAMES[MOTIONS["gaze"][0]] == "gazeRight"
