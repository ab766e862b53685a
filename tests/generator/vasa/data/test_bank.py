import pytest
import torch

from tellbench.errors import InputError
from tellbench.generator.vasa.data.bank import Bank, bytes_of, film_to, filming, people_of, restored, stored
from tellbench.generator.vasa.data.studio import Recipe
from tellbench.generator.vasa.frames import FaceFrames

RECIPE = Recipe(poses=3, expressions=2, side=32, maps=16)
PEOPLE = range(10, 14)


def toy(seed: int, recipe: Recipe) -> FaceFrames:
    """Frames whose pose tells the row of the pose and whose rig that of the expression; all of a group alike."""
    rows = recipe.poses * recipe.expressions
    n = torch.arange(rows)
    canonical = torch.full((rows, 3, recipe.maps, recipe.maps), 0.25)
    return FaceFrames(
        image=torch.full((rows, 3, recipe.side, recipe.side), seed / 255),
        person=torch.full((rows,), seed),
        pose=(n // recipe.expressions)[:, None].expand(-1, 7).float(),
        rig=(n % recipe.expressions)[:, None].expand(-1, 54).float(),
        canonical=canonical,
        surface=torch.ones_like(canonical[:, :1]),
        depth=canonical[:, :1],
        labels=torch.ones_like(canonical[:, :1], dtype=torch.uint8),
    )


@pytest.fixture
def folder(tmp_path):
    for seed in PEOPLE:
        film_to(tmp_path, seed, RECIPE, toy)
    return tmp_path


def drawn(bank: Bank, count: int = 64, crossed: float = 0.5, seed: int = 0):
    return bank.draw(count, torch.Generator().manual_seed(seed), crossed)


def test_frames_survive_being_stored(filmed):
    again = restored(stored(filmed))
    assert torch.allclose(again.image, filmed.image, atol=1e-3) and torch.equal(again.labels, filmed.labels)
    assert torch.allclose(again.canonical, filmed.canonical, atol=1e-3) and torch.equal(again.surface, filmed.surface)


def test_drivers_agree_with_the_target_and_mates_drive(folder):
    bank = Bank(folder, PEOPLE, RECIPE)
    assert bank.take_in() == 4 and bank.take_in() == 0
    pairs = drawn(bank)
    assert torch.equal(pairs.target.pose[:, 1], pairs.pose_driver.pose[:, 1])
    assert torch.equal(pairs.target.rig, pairs.dynamics_driver.rig)
    assert torch.equal(pairs.source.person, pairs.target.person)
    for driver in (pairs.pose_driver, pairs.dynamics_driver):
        assert torch.equal(driver.person // 2, pairs.source.person // 2) and driver.canonical is None
        assert 0.2 < (driver.person != pairs.source.person).float().mean() < 0.8
    first = bank.frames(torch.arange(4), torch.zeros(4, dtype=torch.long))
    rest = {*map(tuple, first.pose.tolist())}
    for wanted, low, high in ((0.0, 0.0, 0.5), (0.5, 0.4, 0.8), (1.0, 1.0, 1.0)):
        source = bank.draw(64, torch.Generator().manual_seed(0), portraits=wanted).source
        still = [tuple(row) in rest for row in source.pose.tolist()]
        assert low <= sum(still) / 64 <= high
    assert {*map(tuple, source.rig.tolist())} == {*map(tuple, first.rig.tolist())}
    alone = drawn(bank, crossed=0.0)
    assert torch.equal(alone.pose_driver.person, alone.source.person)
    assert not torch.equal(pairs.source.pose[:, 1], pairs.target.pose[:, 1])


def test_whole_pairs_are_mirrored(folder):
    bank = Bank(folder, PEOPLE, RECIPE)
    bank.take_in()
    pairs = drawn(bank)
    mirrored = pairs.source.canonical[:, 0, 0, 0] < 0
    assert 0.2 < mirrored.float().mean() < 0.8
    assert torch.equal(pairs.target.canonical[:, 0, 0, 0] < 0, mirrored)


def test_the_same_seed_draws_the_same(folder):
    bank = Bank(folder, PEOPLE, RECIPE)
    bank.take_in()
    assert torch.equal(drawn(bank).target.image, drawn(bank).target.image)
    assert not torch.equal(drawn(bank).target.image, drawn(bank, seed=1).target.image)


def test_the_bank_grows_and_stays_within_its_bound(folder):
    bank = Bank(folder, range(10, 30), RECIPE, gigabytes=4.5 * bytes_of(RECIPE) / 1e9)
    bank.take_in()
    assert len(bank) == bank.capacity == 4
    film_to(folder, 14, RECIPE, toy)
    assert bank.take_in() == 1 and bank.people == [14, 11, 12, 13]
    assert set(drawn(bank).source.person.tolist()) == {11, 12, 13, 14}


def test_nobody_is_filmed_twice(folder):
    def never(seed: int, recipe: Recipe) -> FaceFrames:
        raise AssertionError("filmed again")

    film_to(folder, 10, RECIPE, never)
    with filming(folder, PEOPLE, RECIPE, workers=0) as jobs:
        assert jobs == []


def test_errors_say_what_to_do(tmp_path):
    with pytest.raises(InputError, match="nobody filmed"):
        drawn(Bank(tmp_path, PEOPLE, RECIPE))
    with pytest.raises(InputError, match="holds no group"):
        Bank(tmp_path, PEOPLE, RECIPE, gigabytes=0.0)
    with pytest.raises(InputError, match="two seeds"):
        people_of("5")
    film_to(tmp_path, 10, RECIPE, toy)
    next(tmp_path.rglob("*.safetensors")).write_bytes(b"broken")
    with pytest.raises(InputError, match="not a filmed person"):
        Bank(tmp_path, PEOPLE, RECIPE).take_in()
