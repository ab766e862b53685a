"""wav2vec2 (Baevski et al. 2020) as VASA-1 hears: frozen, from weights that the user has; nothing is downloaded.

The network attends both ways, so what it says of a frame depends on how much it hears. Here it hears blocks on a fixed
grid: 0.4 s of sound with 1.6 s before and 0.2 s after them. Streams hear what files do, and memory stays flat, for the
price of hearing everything five and a half times.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any, Final

import safetensors
import torch
from torch import Tensor

from tellbench.datasets.files import sha256
from tellbench.errors import InputError
from tellbench.generator.base import Samples
from tellbench.generator.vasa.motion.frontends import FRAME, WAV2VEC2, Kind

FOLDER_VARIABLE: Final = "TELLBENCH_WAV2VEC2"
WEIGHTS: Final = "model.safetensors"
_STRIDE: Final = 320
"""Samples from one output to the next, in all published sizes."""
_STEPS: Final = FRAME // _STRIDE
_EDGE: Final = 40
"""Samples to either side of a stretch: an output looks at 400, so outputs are centred on their steps."""
BLOCK: Final = 10
PAST: Final = 40
FUTURE: Final = 5
"""Frames of a block, and those heard before and after it (assumption)."""
REACH: Final = (BLOCK - 1 + FUTURE) * FRAME + _EDGE
"""Samples beyond a frame on which its features depend, at most: those of a block's first frame."""
_BATCH: Final = 16
"""Blocks encoded at once."""
_QUIET: Final = 1e-7
"""Least variance of sound that is brought to 1, as the published preprocessor has it."""
_UNUSED: Final = "masked_spec_embed"
"""Weights that only training needs; files may lack them."""


class Wav2Vec2:
    """Features (T, 2, H), the last hidden state at 50 Hz.

    Args:
        folder: `config.json` and `model.safetensors`, as Transformers saves them.
        device: `cpu` or `cuda`.

    Raises:
        InputError: the package is not installed, or the folder holds no such weights.
    """

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self._model = _read(folder).to(device).eval().requires_grad_(False)
        self._device = device
        self.kind = Kind(WAV2VEC2, _STEPS, int(self._model.config.hidden_size), sha256(folder / WEIGHTS))

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Whole blocks with what is heard about them."""
        start, end = first // BLOCK * BLOCK, -(-last // BLOCK) * BLOCK
        return (start - PAST) * FRAME - _EDGE, (end + FUTURE) * FRAME + _EDGE

    def __call__(self, samples: Samples, first: int, last: int) -> Tensor:
        """Features (last - first, 2, H)."""
        width = (PAST + BLOCK + FUTURE) * FRAME + 2 * _EDGE
        blocks = torch.from_numpy(samples).unfold(0, width, BLOCK * FRAME)  # (N, width)
        made = torch.cat([self._encoded(part) for part in torch.split(blocks, _BATCH)]).flatten(0, 1)
        start = first % BLOCK
        return made[start : start + last - first]

    @torch.inference_mode()
    def _encoded(self, blocks: Tensor) -> Tensor:
        """Features (N, 10, 2, H) of the middles of stretches (N, width)."""
        sound = blocks.to(self._device)
        spread = (sound.var(1, correction=0, keepdim=True) + _QUIET).sqrt()
        hidden = self._model((sound - sound.mean(1, keepdim=True)) / spread).last_hidden_state
        middles: Tensor = hidden[:, _STEPS * PAST : _STEPS * (PAST + BLOCK)].float().cpu()
        return middles.reshape(len(blocks), BLOCK, _STEPS, -1)


@functools.cache
def loaded(folder: Path, device: str) -> Wav2Vec2:
    """The front end of a folder, loaded once a process.

    Raises:
        InputError: as `Wav2Vec2`.
    """
    return Wav2Vec2(folder, device)


def weights_folder() -> Path:
    """The folder that TELLBENCH_WAV2VEC2 names.

    Raises:
        InputError: it names none.
    """
    named = os.environ.get(FOLDER_VARIABLE, "")
    if not named:
        raise InputError(
            f"wav2vec2 features need weights: set {FOLDER_VARIABLE} to a folder with config.json and {WEIGHTS}"
        )
    return Path(named)


def _read(folder: Path) -> Any:
    """The network of a folder, from that folder alone.

    Raises:
        InputError: as `Wav2Vec2`.
    """
    try:
        from transformers import Wav2Vec2Model
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise InputError(
            "wav2vec2 features need the package transformers: pip install 'tellbench[wav2vec2]'"
        ) from error
    hint = f"give {FOLDER_VARIABLE} a folder with config.json and {WEIGHTS} of a wav2vec2 model"
    if not (folder / WEIGHTS).is_file() or not (folder / "config.json").is_file():
        raise InputError(f"{folder}: no wav2vec2 weights; {hint}")
    disable_progress_bar()
    try:
        model, report = Wav2Vec2Model.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise InputError(f"{folder}: no readable wav2vec2 weights ({str(error).splitlines()[0]}); {hint}") from error
    lacking = sorted(name for name in report["missing_keys"] if name != _UNUSED)
    if lacking:
        raise InputError(f"{folder}: {len(lacking)} weights are missing, such as {lacking[0]}; {hint}")
    if model.config.inputs_to_logits_ratio != _STRIDE:
        raise InputError(f"{folder}: steps of {model.config.inputs_to_logits_ratio} samples, {_STRIDE} needed; {hint}")
    return model
