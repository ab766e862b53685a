"""Toy talks: the jaw follows the loudness of the sound, the gaze what is asked."""

import torch

from tellbench.generator.vasa.motion.data.talks import Talk
from tellbench.generator.vasa.motion.frontends import N_HEARD, STEPS
from tellbench.generator.vasa.motion.script import Script
from tellbench.generator.vasa.motion.sizes import Size
from tellbench.generator.vasa.motion.space import COLUMNS, N_MOTION, RATE

TOY = Size(name="toy", layers=1, width=32, heads=2, ear=16)
JAW, GAZE, BLINK = (COLUMNS.index(name) for name in ("jawOpen", "gazeRight", "eyeBlinkLeft"))


def toy_talk(seed, frames=80):
    random = torch.Generator().manual_seed(seed)
    t = torch.arange(frames) / RATE
    loud = (1 + torch.sin(2 * torch.pi * (1 + torch.rand(1, generator=random)) * t)) / 2
    motion = 0.01 * torch.randn(frames, N_MOTION, generator=random)
    motion[:, JAW] = 0.5 * loud
    look = 20 * (torch.rand(1, generator=random) - 0.5)
    motion[:, GAZE] = look / 20
    heard = torch.zeros(frames, STEPS, N_HEARD)
    heard[..., :-2] = (8 * loud - 8)[:, None, None]
    return Talk(motion, heard, Script.of((float(look), 0.0)).rows(0, frames))
