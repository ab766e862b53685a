"""How well a face model drives people it has never seen: `python -m tellbench.generator.vasa.measure --model FACE`.

Everything is read back from the pictures by a judge that no generator was trained with. Each table has a row of the
truth, which is what the judge can tell at best, and one of the copied source, which is what doing nothing scores.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.faces.identity import Embedder
from tellbench.datasets.faces.landmarks import Landmarker, load_landmarker
from tellbench.datasets.files import atomic_path
from tellbench.errors import run
from tellbench.generator.vasa.data.bank import Bank, filmed, people_of
from tellbench.generator.vasa.data.studio import Recipe
from tellbench.generator.vasa.decoder import LAYERS, Frame, Source
from tellbench.generator.vasa.frames import FaceFrames, Pairs
from tellbench.generator.vasa.judge import Judge, Read, landmarks_in, motions
from tellbench.generator.vasa.judge_mediapipe import MediaPipeJudge
from tellbench.generator.vasa.metrics import (
    detail_percent,
    identity_cosine,
    landmark_error,
    psnr,
    reach,
    spread,
    ssim,
    strengths,
    turn_between,
)
from tellbench.generator.vasa.model import FaceModel
from tellbench.generator.vasa.moves import carried_pose
from tellbench.generator.vasa.panels import panel, write_panel
from tellbench.generator.vasa.portraits import measure_portraits
from tellbench.generator.vasa.rig import only_rig, teach
from tellbench.generator.vasa.window import pose_of

PEOPLE: Final = range(810_000, 810_020)
"""Held out: neither a generator nor a judge learns them."""
_MEDIAPIPE: Final = "mediapipe"
_BATCH: Final = 16
_SHOWN: Final = 6
"""Pairs in the panel."""


class Driving:
    """The face model as `vasa`, `edit` and `transfer` use it: poses of pictures by landmarks, the rig by its reader."""

    def __init__(self, model: FaceModel, landmarker: Landmarker) -> None:
        self.model, self.landmarker = model, landmarker

    def landmarks(self, frames: FaceFrames) -> Tensor:
        """Landmarks (N, 70, 2) of pictures."""
        return landmarks_in(frames.image, self.landmarker).to(frames.image.device)

    def pose(self, frames: FaceFrames) -> Tensor:
        """Poses (N, 7) of pictures."""
        return pose_of(self.landmarks(frames))

    def dynamics(self, frames: FaceFrames) -> Tensor:
        """What is read of pictures, (N, Z): the rig alone."""
        return only_rig(self.model.read_dynamics(frames.image, self.pose(frames)))

    def drive(self, source: FaceFrames, pose: Tensor, dynamics: Tensor) -> Frame:
        """Portraits in poses (N, 7) with dynamics (N, Z)."""
        return self.model.drive(self._portrait(source), pose, dynamics)

    def by_rig(self, pairs: Pairs) -> Frame:
        """Sources with the known rig of their targets, moved as those are, as by dials or a motion model.

        Moves go from where landmarks put the portrait: what they misread of its pose is not seen.
        """
        source, target = pairs.source, pairs.target
        assert source.pose is not None and target.pose is not None and target.rig is not None
        portrait = self._portrait(source)
        pose = carried_pose(portrait.pose, source.pose, target.pose)
        return self.model.drive(portrait, pose, teach(target.rig, self.model.size.dynamics))

    def _portrait(self, source: FaceFrames) -> Source:
        points = self.landmarks(source)
        return self.model.encode_portrait(source.image, pose_of(points), points)


def of_truth(driving: Driving, pairs: Pairs) -> Tensor:
    """The rendered truth: what the judge makes of it is its ceiling."""
    return pairs.target.image


def of_copy(driving: Driving, pairs: Pairs) -> Tensor:
    """The source as it is."""
    return pairs.source.image


def of_same(driving: Driving, pairs: Pairs) -> Tensor:
    """Driven by another picture of the person: self-reenactment."""
    return driving.drive(pairs.source, driving.pose(pairs.target), driving.dynamics(pairs.target)).image


def of_cross(driving: Driving, pairs: Pairs) -> Tensor:
    """Driven by two pictures of another person, one for the pose, one for the dynamics."""
    return driving.drive(pairs.source, driving.pose(pairs.pose_driver), driving.dynamics(pairs.dynamics_driver)).image


def of_rig(driving: Driving, pairs: Pairs) -> Tensor:
    """Driven by the known motion: moves of the head and the rig."""
    return driving.by_rig(pairs).image


WAYS: Final[dict[str, Callable[[Driving, Pairs], Tensor]]] = {
    "truth": of_truth,
    "copy": of_copy,
    "same": of_same,
    "cross": of_cross,
    "rig": of_rig,
}
"""Rows of the table: how frames come about."""


@torch.no_grad()
def made(driving: Driving, pairs: Pairs, way: str) -> Tensor:
    """Frames (N, 3, S, S) of one way, on the CPU."""
    return torch.cat([WAYS[way](driving, part).float().cpu() for part in _parts(pairs)])


def _parts(pairs: Pairs) -> Iterator[Pairs]:
    """The pairs in batches."""
    for start in range(0, len(pairs), _BATCH):
        part = slice(start, start + _BATCH)
        yield Pairs(*(getattr(pairs, field.name).at(part) for field in dataclasses.fields(Pairs)))


def figures(frames: Tensor, pairs: Pairs, judge: Read, embedder: Embedder) -> dict[str, float]:
    """One row: pictures against the truth, what is read back against what drove, and who it is against the source."""
    target, source = pairs.target.to("cpu"), pairs.source.to("cpu")
    assert target.pose is not None and target.rig is not None and target.landmarks is not None
    assert target.surface is not None
    read, start = judge(frames, target.pose), judge(source.image, source.pose)
    return {
        "psnr": float(psnr(frames, target.image).mean()),
        "ssim": float(ssim(frames, target.image).mean()),
        "detail_percent": detail_percent(frames, target.image, target.surface),
        "landmarks_percent": float(landmark_error(read.landmarks, target.landmarks).mean()),
        "pose_degrees": float(turn_between(read.pose, target.pose).mean()),
        "identity": float(identity_cosine(embedder, frames, read.landmarks, source.image, start.landmarks).mean()),
        "expression_error": _expression_error(read.rig, target.rig),
        **strengths(read.rig, target.rig),
    }


def _expression_error(read: Tensor, driven: Tensor) -> float:
    """Root mean square error of the rig in its own standard deviations; 1 is what the mean face scores."""
    varying = driven.var(0) > 1e-4
    return float(((read - driven)[:, varying].square() / driven[:, varying].var(0)).mean().sqrt())


def measure_people(
    driving: Driving, bank: Bank, judge: Read, embedder: Embedder, count: int, portraits: bool
) -> pd.DataFrame:
    """All ways on random pairs of a bank's people, from portraits or from any face; one row a way."""
    pairs = _pairs(bank, count, portraits)
    rows = {way: figures(made(driving, pairs, way), pairs, judge, embedder) for way in WAYS}
    return pd.DataFrame.from_dict(rows, orient="index")


def _pairs(bank: Bank, count: int, portraits: bool) -> Pairs:
    """The same pairs for every model."""
    return bank.draw(count, torch.Generator().manual_seed(5), crossed=1.0, portraits=portraits)


@torch.no_grad()
def measure_layers(driving: Driving, bank: Bank, count: int) -> dict[str, float]:
    """Of the pixels that show a person driven by the known rig, from portraits: percent of each layer."""
    shares = torch.zeros(LAYERS)
    for part in _parts(_pairs(bank, count, portraits=True)):
        mask, person = driving.by_rig(part).mask, part.target.surface
        assert person is not None
        shares += (mask * functional.interpolate(person, mask.shape[-2:])).sum((0, 2, 3)).cpu()
    return dict(zip(("moved", "kept", "painted", "room"), (100 * shares / shares.sum()).tolist(), strict=True))


# --- disentanglement -------------------------------------------------------------------------------------------------


def measure_disentanglement(driving: Driving, bank: Bank, judge: Read) -> dict[str, float]:
    """What one code moves of the other, read back from whole grids of frames, with the judge's own floor.

    `rig_by_pose` is how far the rig that is read wanders while the head is put into every pose of the grid, in percent
    of the rig's range, averaged over the motions; `pose_by_rig` how far the pose that is read wanders while the face
    goes through every expression, in degrees. `by_picture`: the dynamics are read from another person's pictures, in
    whose poses the expression is seen in turn, and the frame's own pose stays. `range_percent` is how much of the range
    the expressions fill: without it, a face that does not move at all would score best.
    """
    result: dict[str, float] = {}
    for way, grids in (
        ("truth", _truth_grids),
        ("rig", _rig_grids),
        ("by_picture", _picture_grids),
    ):
        moved = [_wander(judge, *grid) for grid in grids(driving, bank)]
        for name in moved[0]:
            result[f"{way}_{name}"] = sum(one[name] for one in moved) / len(moved)
    return result


Grid = tuple[Tensor, FaceFrames]
"""Frames (P * E, 3, S, S) of one person, and the truth whose rig (and, but by picture, pose) they should show."""


def _truth_grids(driving: Driving, bank: Bank) -> Iterator[Grid]:
    for person in range(len(bank)):
        truth = bank.grid(person)
        yield truth.image, truth


def _rig_grids(driving: Driving, bank: Bank) -> Iterator[Grid]:
    for person in range(len(bank)):
        truth = bank.grid(person)
        yield made(driving, Pairs(_source(truth), truth, truth, truth), "rig"), truth


def _picture_grids(driving: Driving, bank: Bank) -> Iterator[Grid]:
    """The source's own resting pose throughout; the dynamics off every picture of the other person's grid."""
    for person in range(len(bank)):
        source, driver = _source(bank.grid(person)), bank.grid(int(bank.mates[person]))
        frames = made(driving, Pairs(source, source, source, driver), "cross")
        yield frames, dataclasses.replace(source, rig=driver.rig)


def _source(grid: FaceFrames) -> FaceFrames:
    """The resting frame of a grid, as often as the grid has rows."""
    return grid.at(torch.zeros(len(grid), dtype=torch.long, device=grid.image.device))


def _wander(judge: Read, frames: Tensor, truth: FaceFrames) -> dict[str, float]:
    """See `measure_disentanglement`."""
    assert truth.rig is not None and truth.pose is not None
    rig, length = truth.rig.cpu(), _expressions_of(truth.rig)
    read = judge(frames, truth.pose)
    seen, driven = motions(read.rig), motions(rig)
    grid, whole = seen.view(-1, length, seen.shape[1]), reach(driven).clamp(min=0.1)
    poses = read.pose.view(-1, length, 7)
    mean = poses.mean(1, keepdim=True).expand_as(poses)
    return {
        "rig_by_pose_percent": float(100 * (spread(grid, 0) / whole).mean()),
        "range_percent": float(100 * (reach(seen) / whole).mean()),
        "pose_by_rig_degrees": float(turn_between(poses.flatten(0, 1), mean.flatten(0, 1)).mean()),
    }


def actors_of(bank: Bank) -> list[FaceFrames]:
    """What each pair of mates acts, once: both go through the same poses and expressions."""
    return [bank.grid(person) for person, mate in enumerate(bank.mates.tolist()) if person <= mate]


def _expressions_of(rig: Tensor) -> int:
    """Expressions of a grid (P * E, 54): the neutral one comes back after so many rows."""
    again = (rig[1:] - rig[0]).abs().amax(1) < 1e-6
    return int(again.nonzero()[0, 0]) + 1 if bool(again.any()) else len(rig)


# --- command ---------------------------------------------------------------------------------------------------------


def main() -> None:
    """Measure a model on held-out people and on portraits; log tables and write them as JSON."""
    parser = argparse.ArgumentParser(description="Measure a face model on people it has never seen.")
    parser.add_argument("--model", type=Path, required=True, help="weights of `tellbench fit-generator face`")
    parser.add_argument("--judge", required=True, help=f"weights of `judge_fit`, or {_MEDIAPIPE}")
    parser.add_argument("--films", type=Path, required=True, help="folder of filmed people")
    parser.add_argument("--people", type=people_of, default=PEOPLE)
    parser.add_argument("--count", type=int, default=240, help="pairs to measure")
    parser.add_argument("--workers", type=int, default=0, help="processes that film whoever is missing")
    parser.add_argument("--portraits", type=Path, help="folder of portraits to drive")
    parser.add_argument("--out", type=Path, required=True, help="folder for figures.json and panels")
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with opened_judge(given.judge, given.device) as judge:
        result = measure(given, judge)
    with atomic_path(given.out / "figures.json") as part:
        part.write_text(json.dumps(result, indent=1), encoding="utf-8")


@contextmanager
def opened_judge(name: str, device: str) -> Iterator[Read]:
    """The judge of these weights, or MediaPipe."""
    if name == _MEDIAPIPE:
        with MediaPipeJudge.opened() as judge:
            yield judge
    else:
        yield Judge.load(Path(name), device)


def measure(given: argparse.Namespace, judge: Read) -> dict[str, Any]:
    """All tables of the command, and its panel."""
    log = logging.getLogger(__name__)
    model = FaceModel.load(given.model).to(given.device)
    driving = Driving(model, load_landmarker("network", given.device))
    embedder, recipe = Embedder.load(device=given.device), Recipe.for_windows(model.size.window)
    bank = filmed(given.films, given.people, recipe, given.workers, given.device)
    log.info("%d held-out people", len(bank))
    shown = bank.draw(_SHOWN, torch.Generator().manual_seed(1), crossed=1.0, portraits=True)
    write_panel(given.out / "people.png", panel(model, shown))
    result: dict[str, Any] = {}
    for name, portraits in (("from_portraits", True), ("from_any_face", False)):
        table = measure_people(driving, bank, judge, embedder, given.count, portraits)
        log.info("\n%s\n%s", name, table.to_string(float_format="%.3f"))
        result[name] = table.to_dict("index")
    for name, row in (
        ("layers", measure_layers(driving, bank, given.count)),
        ("disentanglement", measure_disentanglement(driving, bank, judge)),
    ):
        log.info("\n%s\n%s", name, pd.Series(row).to_string(float_format="%.2f"))
        result[name] = row
    if given.portraits is not None:
        table = measure_portraits(model, judge, embedder, given.portraits, actors_of(bank), given.out)
        log.info("\n%s", table.to_string(float_format="%.3f"))
        result["portraits"] = table.to_dict("index")
    return result


if __name__ == "__main__":
    run(main)
