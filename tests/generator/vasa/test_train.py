"""A killed run goes on to the very weights that it would have reached, and stages come in order."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from tellbench.errors import InputError
from tellbench.generator.vasa import run, train
from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.train import Plan, Trainer, stage_at

from .killed import DEVICES, check_a_killed_run
from .toys import ToyPairs

PLAN = Plan(size="toy", steps=6, batch=2, save_every=3, panel_every=4)


def _trainer(out, plan=PLAN):
    return Trainer(plan, ToyPairs(), ToyPairs(seed=1).batch(0, 2), out, "cpu")


def test_a_killed_run_reaches_the_same_weights(toy_size, tmp_path):
    _check_whole_run(toy_size, tmp_path / "whole")
    check_a_killed_run(_trainer, tmp_path)


def _check_whole_run(toy_size, out):
    """It changes the weights, and leaves them with panels and its plan."""
    trainer = _trainer(out)
    before = trainer.model.decoder.out[2].weight.clone()
    assert trainer.run()
    assert not torch.equal(before, trainer.model.decoder.out[2].weight)
    assert FaceModel.load(out / train.WEIGHTS).size == toy_size
    assert json.loads((out / run.PLAN).read_text())["steps"] == 6
    assert Image.open(out / "panels" / "0000004.png").size == (8 * 64, 2 * 64)
    assert list((out / "tensorboard").iterdir())


@pytest.mark.parametrize("device", DEVICES)
def test_mixed_precision_stays_finite(toy_size, tmp_path, device):
    plan = Plan(size="toy", steps=3, batch=2, precision="bf16-mixed")
    trainer = Trainer(plan, ToyPairs(), ToyPairs(seed=1).batch(0, 2), tmp_path, device)
    assert trainer.run()
    assert all(parameter.isfinite().all() for parameter in trainer.model.parameters())


def test_another_plan_does_not_touch_a_run(toy_size, tmp_path):
    _trainer(tmp_path)
    with pytest.raises(InputError, match="another plan"):
        _trainer(tmp_path, Plan(size="toy", steps=9, batch=2))


def test_a_state_that_is_none_is_named(toy_size, tmp_path):
    _trainer(tmp_path)
    (tmp_path / run.STATE).write_bytes(b"nothing")
    with pytest.raises(InputError, match="not the state of this training"):
        _trainer(tmp_path)


def test_minutes_end_a_run_early_and_it_goes_on(toy_size, tmp_path):
    trainer = _trainer(tmp_path)
    assert not trainer.run(minutes=0)
    assert (tmp_path / run.STATE).is_file()


def test_training_goes_on_from_weights(toy_size, tmp_path):
    first = _trainer(tmp_path / "first")
    first.ship()
    start = str(tmp_path / "first" / train.WEIGHTS)
    plan = Plan(size="toy", steps=10, batch=2, start=start)
    again = _trainer(tmp_path / "again", plan)
    kept = FaceModel.load(Path(start)).state_dict()
    assert all(torch.equal(value, kept[name]) for name, value in again.model.state_dict().items())
    assert [stage_at(plan, step).name for step in (1, 2, 6, 7)] == ["reader", "joint", "joint", "adversary"]
    with pytest.raises(InputError, match="weights of size 'toy'; give --size toy"):
        _trainer(tmp_path / "other", Plan(size="tiny", steps=10, batch=2, start=start))
    with pytest.raises(InputError, match="not weights of a face model"):
        _trainer(tmp_path / "none", Plan(size="toy", steps=10, batch=2, start=str(tmp_path / "none")))


def test_stages_come_in_order():
    plan = Plan(steps=100)
    names = [stage_at(plan, step).name for step in (0, 20, 70, 99)]
    assert names == ["reader", "taught", "joint", "adversary"]
    assert stage_at(plan, 20).weights.transfer == 0 < stage_at(plan, 70).weights.transfer
    assert stage_at(plan, 70).weights.adversarial == 0 < stage_at(plan, 99).weights.adversarial
    assert not stage_at(Plan(steps=100, off=("adversarial",)), 99).adversary
    assert {stage_at(Plan(steps=9, reader_only=1), step).name for step in range(9)} == {"reader"}
    assert stage_at(Plan(steps=9, reader_only=0, start="before"), 0).name == "joint"
    with pytest.raises(InputError, match=r"reader alone in 1\.5 of the steps; allowed: 0 to 1"):
        Plan(reader_only=1.5)
    with pytest.raises(InputError, match="loss 'beauty'"):
        stage_at(Plan(off=("beauty",)), 0)
