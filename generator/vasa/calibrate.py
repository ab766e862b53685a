"""Set the slopes of a face model's reader to one: `python -m tellbench.generator.vasa.calibrate --model M --out M`.

A regression shrinks towards the mean what it cannot tell for sure: least wrong on average is too small, and a face that
is driven by pictures moves too little. On people who were not learned, each number of the rig is read as a known share
of what was shown; the reader's last layer is scaled such that the share is one. Nothing else of the model changes.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from tellbench.datasets.faces.landmarks import Landmarker, load_landmarker
from tellbench.errors import run
from tellbench.generator.vasa.data.bank import Bank, filmed, people_of
from tellbench.generator.vasa.data.studio import Recipe
from tellbench.generator.vasa.frames import mirror_rig
from tellbench.generator.vasa.judge import landmarks_in
from tellbench.generator.vasa.metrics import slopes_to_one
from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.rig import read_rig
from tellbench.generator.vasa.sizes import N_RIG
from tellbench.generator.vasa.window import pose_of

PEOPLE: Final = range(739_900, 739_924)
"""People to calibrate on; a training that reaches them needs others."""
_BATCH: Final = 50


@torch.no_grad()
def calibrate(model: FaceModel, bank: Bank, landmarker: Landmarker) -> tuple[Tensor, Tensor]:
    """Scale the reader such that all frames of a bank's people, placed by their landmarks, read true on average.

    Frames and their mirror images count alike, so that both sides of a face get one gain.

    Returns:
        The gain and the offset (54,) of each number of the rig; numbers that are hardly read keep 1 and 0.
    """
    read, shown = _readings(model, bank, landmarker)
    gain, offset = slopes_to_one(*(torch.cat([rig, mirror_rig(rig)]) for rig in (read, shown)))
    last = model.reader.part_head[-1]
    assert isinstance(last, nn.Linear)
    last.weight[:N_RIG] *= gain[:, None].to(last.weight)
    last.bias[:N_RIG] = last.bias[:N_RIG] * gain.to(last.bias) + offset.to(last.bias)
    return gain, offset


def _readings(model: FaceModel, bank: Bank, landmarker: Landmarker) -> tuple[Tensor, Tensor]:
    """The rig that is read in every frame of a bank, and the one that is shown, (N, 54) each, on the CPU."""
    read, shown = [], []
    for person in range(len(bank)):
        frames = bank.grid(person)
        assert frames.rig is not None
        for image in torch.split(frames.image, _BATCH):
            pose = pose_of(landmarks_in(image, landmarker)).to(image.device)
            read.append(read_rig(model.read_dynamics(image, pose)).cpu())
        shown.append(frames.rig.cpu())
    return torch.cat(read), torch.cat(shown)


def main() -> None:
    """Calibrate a model on filmed people and write it."""
    parser = argparse.ArgumentParser(description="Set the slopes of a face model's reader to one.")
    parser.add_argument("--model", type=Path, required=True, help="weights of `tellbench fit-generator face`")
    parser.add_argument("--films", type=Path, required=True, help="folder of filmed people")
    parser.add_argument("--people", type=people_of, default=PEOPLE, help="FIRST:END, people who were not trained on")
    parser.add_argument("--workers", type=int, default=0, help="processes that film whoever is missing")
    parser.add_argument("--out", type=Path, required=True, help="where to write the weights")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    model = FaceModel.load(given.model)
    bank = filmed(given.films, given.people, Recipe.for_windows(model.size.window), given.workers, "cpu")
    gain, _ = calibrate(model, bank, load_landmarker("network"))
    set_right = [round(value, 2) for value in gain[gain != 1].tolist()]
    logging.getLogger(__name__).info("%d of %d numbers set right, by gains of %s", len(set_right), N_RIG, set_right)
    model.save(given.out)


if __name__ == "__main__":
    run(main)
