"""How well the motion model moves: `python -m tellbench.generator.vasa.motion.measure --model motion.safetensors`.

Everything is measured on talks of people it has never heard, beside what those people did (`studio`), and read from
the motion alone: what pictures show of it is another matter (`rendered`).
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from tellbench.datasets.emotion import EMOTIONS
from tellbench.datasets.files import atomic_path
from tellbench.errors import run
from tellbench.generator.controls import MOODS
from tellbench.generator.vasa.data.bank import people_of
from tellbench.generator.vasa.motion.agreement import Witness, agreement
from tellbench.generator.vasa.motion.data.talks import HELD_OUT, Talk, acting, path_of, read_talk
from tellbench.generator.vasa.motion.diffusion import Sampling
from tellbench.generator.vasa.motion.frontends import frontend_of
from tellbench.generator.vasa.motion.hearing import Recording
from tellbench.generator.vasa.motion.model import MotionModel
from tellbench.generator.vasa.motion.panels import panel
from tellbench.generator.vasa.motion.script import Script, distance_of, emotion_of, main_gaze
from tellbench.generator.vasa.motion.space import COLUMNS, RATE, columns_of, looking, motion_columns
from tellbench.generator.vasa.motion.stream import Performer
from tellbench.generator.vasa.panels import write_panel

_JAW, _BROW = COLUMNS.index("jawOpen"), COLUMNS.index("browInnerUp")
_LIDS: Final = motion_columns("eyeBlink")
_FACE: Final = columns_of("mouth", "jaw", "brow")
_SHUT: Final = 0.35
"""Lid closure from which it is a blink; half of all blinks are not complete (Ousler 2014)."""
_FARTHEST: Final = 5
"""Frames by which lips may be off for the offset to be found."""
_RISEN: Final = 0.15
"""Intensity that must have risen for an emotion to be read (assumption)."""
_GUIDANCE: Final = ((0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (0.5, 1.0), (1.0, 1.0), (2.0, 1.0))
_STEPS: Final = (5, 25, 50)
"""Rows of VASA-1's ablation: scales of audio and gaze; steps besides the usual."""
_LOOKS: Final = ((-20.0, 0.0), (20.0, 0.0), (0.0, 10.0), (0.0, -10.0))
_DISTANCES: Final = (0.85, 1.15)
"""What is asked for besides what the talks' people were asked for: degrees right and up, distances of the portrait."""


def blinks(motion: Tensor) -> int:
    """Number of blinks in a motion (T, 60)."""
    shut = motion[:, _LIDS].mean(1) > _SHUT
    return int((shut[1:] & ~shut[:-1]).sum())


def lip_agreement(motion: Tensor, truth: Tensor) -> tuple[float, int]:
    """Correlation of the jaw with what it truly did, both (T, 60), and the delay in frames at which it is highest."""
    made, true = motion[:, _JAW].numpy(), truth[:, _JAW].numpy()
    if made.std() < 1e-6 or true.std() < 1e-6:
        return float("nan"), 0
    inner = slice(_FARTHEST, len(true) - _FARTHEST)
    shifts = range(-_FARTHEST, _FARTHEST + 1)
    moved = [np.corrcoef(np.roll(made, -shift)[inner], true[inner])[0, 1] for shift in shifts]
    return float(np.corrcoef(made, true)[0, 1]), int(np.argmax(moved)) - _FARTHEST


def pose_variation(motion: Tensor) -> float:
    """Mean change of yaw, pitch and roll from frame to frame, degrees (VASA-1's delta P)."""
    return float(motion[:, :3].diff(dim=0).abs().mean())


def jerk(motion: Tensor) -> Tensor:
    """Size of the third difference of a motion (T, 60) in units of its columns' spread, (T - 3,): of frames 1.5 on."""
    scale = motion.std(0).clamp(min=1e-2)
    return (motion / scale).diff(n=3, dim=0).square().mean(1).sqrt()


def seam_ratio(motions: Sequence[Tensor], window: int) -> float:
    """Mean jerk across seams against elsewhere, over motions (T, 60)."""
    across, elsewhere = [], []
    for motion in motions:
        rough = jerk(motion)
        first = torch.arange(
            len(rough)
        )  # the third difference of frames i to i + 3 crosses a seam before i + 1 ... i + 3
        at_seam = (first + 3) // window != first // window
        across.append(rough[at_seam])
        elsewhere.append(rough[~at_seam])
    return float(torch.cat(across).mean() / torch.cat(elsewhere).mean())


def figures(talks: Sequence[Talk], motions: Sequence[Tensor], window: int = 50) -> dict[str, float]:
    """One row: what motions (T, 60) made to talks are like, against what they were asked for and what people did."""
    agreement = [lip_agreement(motion, talk.motion) for motion, talk in zip(motions, talks, strict=True)]
    correlation, late = (np.array(column, float) for column in zip(*agreement, strict=True))
    seconds = sum(len(motion) for motion in motions) / RATE
    gaze = [float((looking(m) - talk.script.gaze).norm(dim=1).mean()) for m, talk in zip(motions, talks, strict=True)]
    main = [float((main_gaze(m) - talk.script.gaze.mean(0)).norm()) for m, talk in zip(motions, talks, strict=True)]
    distance = [
        float((distance_of(motion) - talk.script.distance.mean()).abs())
        for motion, talk in zip(motions, talks, strict=True)
    ]
    every = torch.cat(list(motions))
    return {
        "lips_r": float(np.nanmean(correlation)),
        "lips_late_frames": float(np.nanmean(late)),
        "gaze_error_deg": float(np.mean(gaze)),
        "main_gaze_error_deg": float(np.mean(main)),
        "distance_error_percent": 100 * float(np.mean(distance)),
        "delta_p_deg": float(np.mean([pose_variation(motion) for motion in motions])),
        "blinks_a_minute": 60 * sum(blinks(motion) for motion in motions) / seconds,
        "jaw_sd": float(every[:, _JAW].std()),
        "brow_sd": float(every[:, _BROW].std()),
        "face_speed": float(np.mean([float(m[:, _FACE].diff(dim=0).abs().mean()) for m in motions])) * RATE,
        "seam_ratio": seam_ratio(motions, window),
    }


def made(model: MotionModel, talk: Talk, seed: int, sampling: Sampling, script: Script | None = None) -> Tensor:
    """Motion (T, 60) to a talk's sound and wishes, or to others."""
    performer = Performer(model, script or talk.script, seed, sampling=sampling)
    return torch.cat([part.motion for part in performer.ready(Recording(talk.heard, frontend_of(model.kind)))])


def ablation(model: MotionModel, talks: Sequence[Talk], witnesses: Sequence[Witness]) -> pd.DataFrame:
    """Rows of guidance and steps, in the form of VASA-1's table 3, under the row of what people did."""

    def row(motions: Sequence[Tensor]) -> dict[str, float]:
        return {**figures(talks, motions), **agreement(witnesses, motions)}

    usual = Sampling()
    rows = {"studio": row([talk.motion for talk in talks])}
    ways = {f"audio {a:g} gaze {g:g}": dataclasses.replace(usual, audio=a, gaze=g) for a, g in _GUIDANCE}
    ways |= {f"{steps} steps": dataclasses.replace(usual, steps=steps) for steps in _STEPS}
    ways |= {"10 steps ddim": dataclasses.replace(usual, steps=10, solver="ddim")}
    for name, sampling in ways.items():
        rows[name] = row([made(model, talk, i, sampling) for i, talk in enumerate(talks)])
        logging.getLogger(__name__).info("%s: %s", name, {key: round(value, 3) for key, value in rows[name].items()})
    return pd.DataFrame(rows).T


def asked(model: MotionModel, talks: Sequence[Talk]) -> pd.DataFrame:
    """Rows of other wishes than the talks' own: nothing, gazes and distances; `figures` against those wishes.

    `emotion` is the sum of intensities that are read back, of which none was asked for.
    """
    ways = {"nothing": Script.of()}
    ways |= {f"gaze {x:g} {y:g}": Script.of((x, y)) for x, y in _LOOKS}
    ways |= {f"distance {distance:g}": Script.of(distance=distance) for distance in _DISTANCES}
    rows = {}
    for name, script in ways.items():
        told = [dataclasses.replace(talk, script=script.rows(0, len(talk.motion))) for talk in talks]
        motions = [made(model, talk, i, Sampling()) for i, talk in enumerate(told)]
        mood = float(np.mean([float(emotion_of(motion).sum()) for motion in motions]))
        rows[name] = {**figures(told, motions), "emotion": mood}
    return pd.DataFrame(rows).T


def confusion(model: MotionModel, talks: Sequence[Talk], intensity: float = 0.7) -> pd.DataFrame:
    """How often each emotion that is asked for (rows) is read back from the coefficients as which (columns).

    What is read is the emotion whose intensity rises most against the same talk without any.
    """
    names = list(EMOTIONS)
    shares = np.zeros((len(names), len(names)))
    for i, talk in enumerate(talks):
        gaze = talk.script.gaze
        plain = emotion_of(made(model, talk, i, Sampling(), Script.of(gaze)))
        for row, name in enumerate(names):
            script = Script.of(gaze, emotion={name: intensity} if name in MOODS else None)
            risen = emotion_of(made(model, talk, i + 1000, Sampling(), script)) - plain
            read = MOODS[int(risen.argmax())] if float(risen.max()) > _RISEN else "neutral"
            shares[row, names.index(read)] += 1 / len(talks)
    return pd.DataFrame(shares, index=names, columns=names)


def long_clip(model: MotionModel, talk: Talk, seconds: int = 60) -> Mapping[str, float]:
    """A minute of a talk over and over: whether it drifts, and its seams."""
    heard = talk.heard.repeat(-(-seconds * RATE // len(talk.heard)), 1, 1)[: seconds * RATE]
    performer = Performer(model, talk.script.rows(0, 1), 0)
    motion = torch.cat([part.motion for part in performer.ready(Recording(heard, frontend_of(model.kind)))])
    quarters = motion.chunk(4)
    head = torch.stack([part[:, :3].mean(0) for part in quarters])
    return {
        "drift_deg": float((head[-1] - head[0]).norm()),
        "drift_mm": float((quarters[-1][:, 3:6].mean(0) - quarters[0][:, 3:6].mean(0)).norm()),
        "spread_deg": float(head.std(0).norm()),
        "seam_ratio": seam_ratio([motion], performer.window),
        "finite": float(motion.isfinite().all()),
    }


def main() -> None:
    """Measure and write tables and pictures."""
    parser = argparse.ArgumentParser(description="Measure VASA's motion on talks held out.")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--talks", type=Path, required=True, help="folder of acted talks; missing ones are acted")
    parser.add_argument("--people", type=people_of, default=f"{HELD_OUT}:{HELD_OUT + 24}")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    model = MotionModel.load(given.model)
    with acting(given.talks, given.people, 1, model.kind) as jobs:
        for job in jobs:
            job.result()
    talks = [read_talk(path_of(given.talks, seed, model.kind)) for seed in given.people]
    for seed, talk in zip(given.people[:4], talks, strict=False):
        tracks = {"studio": talk.motion, "made": made(model, talk, seed, Sampling())}
        write_panel(given.out / f"talk_{seed}.png", panel(tracks, talk.heard))
    witnesses = [Witness.of(seed, len(talk.motion)) for seed, talk in zip(given.people, talks, strict=True)]
    tables: dict[str, Callable[[], pd.DataFrame]] = {
        "minute": lambda: pd.DataFrame([long_clip(model, talks[0])]),
        "asked": lambda: asked(model, talks),
        "emotions": lambda: confusion(model, talks),
        "ablation": lambda: ablation(model, talks, witnesses),
    }
    for name, measured in tables.items():
        table = measured()
        logging.getLogger(__name__).info("%s\n%s", name, table.round(3).to_string())
        with atomic_path(given.out / f"{name}.csv") as part:
            table.to_csv(part, float_format="%.4f")


if __name__ == "__main__":
    run(main)
