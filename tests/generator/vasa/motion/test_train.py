"""A killed run goes on to the very weights that it would have reached, and a model learns what a toy talk does."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from tellbench.errors import InputError
from tellbench.generator.vasa.motion import train
from tellbench.generator.vasa.motion.data.bank import TalkBank
from tellbench.generator.vasa.motion.model import MotionModel
from tellbench.generator.vasa.motion.space import COLUMNS
from tellbench.generator.vasa.motion.train import Plan, Trainer

from ..killed import DEVICES, check_a_killed_run
from .toys import TOY, toy_talk

PLAN = Plan(size="toy", steps=6, batch=4, save_every=3, panel_every=4)


def _trainer(out, plan=PLAN):
    return Trainer(plan, TalkBank(toy_talk(seed) for seed in range(3)), toy_talk(9), out, "cpu")


def test_a_killed_run_reaches_the_same_weights(toy_size, tmp_path):
    assert _trainer(tmp_path / "whole").run()
    check_a_killed_run(_trainer, tmp_path)
    assert MotionModel.load(tmp_path / "whole" / train.WEIGHTS).size == TOY
    assert Image.open(tmp_path / "whole" / "panels" / "0000004.png").width > 400


def test_a_run_of_another_plan_is_left_alone(toy_size, tmp_path):
    _trainer(tmp_path)
    with pytest.raises(InputError, match="another plan"):
        _trainer(tmp_path, Plan(size="toy", steps=9))


def test_training_goes_on_from_weights(toy_size, tmp_path):
    _trainer(tmp_path / "first").ship()
    start = str(tmp_path / "first" / train.WEIGHTS)
    again = _trainer(tmp_path / "again", Plan(size="toy", steps=6, batch=4, start=start))
    kept = MotionModel.load(Path(start)).state_dict()
    assert all(torch.equal(value, kept[name]) for name, value in again.model.state_dict().items())
    again.advance()
    assert not torch.equal(again.model.denoiser.out.weight, kept["denoiser.out.weight"])
    with pytest.raises(InputError, match="size 'toy', hears log-mel; give --size toy and --hearing log-mel"):
        _trainer(tmp_path / "other", Plan(size="tiny", start=start))


def test_what_shows_most_and_what_has_little_noise_count_more():
    little, much = train.weights(torch.tensor([0.1, 0.9]))[:, 0]
    yaw, jaw, lid, look, cheek = (
        COLUMNS.index(name) for name in ("yaw", "jawOpen", "eyeBlinkLeft", "gazeUp", "cheekPuff")
    )
    for row in (little, much):
        assert (row[[yaw, jaw, lid, look]] / row[cheek]).tolist() == pytest.approx([4, 4, 16, 8])
    assert little[yaw] > 5 * much[yaw] and much.mean() == pytest.approx(1, abs=0.3)


def test_the_loss_falls(toy_size, tmp_path):
    trainer = _trainer(tmp_path, Plan(size="toy", steps=150, batch=8, rate=4e-3))
    losses = [float(trainer.advance()["frames"]) for _ in range(150)]
    assert sum(losses[-20:]) / 20 < 0.6 * sum(losses[:5]) / 5


@pytest.mark.parametrize("device", DEVICES)
def test_mixed_precision_stays_finite(toy_size, tmp_path, device):
    plan = Plan(size="toy", steps=3, batch=4, precision="bf16-mixed", panel_every=3)
    talks = TalkBank((toy_talk(seed) for seed in range(3)), device)
    trainer = Trainer(plan, talks, toy_talk(9), tmp_path, device)
    assert trainer.run()
    assert all(parameter.isfinite().all() for parameter in trainer.model.parameters())


def test_conditions_are_dropped_as_often_as_in_the_paper():
    known = TalkBank([toy_talk(0)]).draw(4000, 20, torch.Generator().manual_seed(0)).known
    kept = train.dropped(known, torch.Generator().manual_seed(1))
    assert (~kept.minded).float().mean(0).tolist() == pytest.approx([0.1] * 3, abs=0.02)
    assert (~kept.heard).all(1).float().mean() == pytest.approx(0.1, abs=0.02)
    assert kept.follows.sum() / known.follows.sum() == pytest.approx(0.5, abs=0.03)
    ends = kept.heard.any(1) & ~kept.heard[:, -1]
    assert ends.float().mean() == pytest.approx(0.09, abs=0.02)
