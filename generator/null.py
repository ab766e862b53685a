"""The `null` generator: pristine frames through the forged path. Every detector must be at chance on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pandas as pd

from tellbench.generator.base import Chunk, Generator, Request


class Null(Generator):
    """Yields the frames of the pair's pristine clip unchanged."""

    name: ClassVar[str] = "null"
    version: ClassVar[str] = "1.0"
    needs_pristine: ClassVar[bool] = True

    def animate(self, request: Request) -> Iterator[Chunk]:
        """Yield the pristine frames, cut to `request.n_frames`; tracks hold the frame index alone.

        Raises:
            InputError: no pristine frames were given, a dial is set, or there are fewer frames than asked for.
        """
        self.check(request)
        done = 0
        for frames in request.pristine_frames():
            yield Chunk(frames, pd.DataFrame({"frame": np.arange(done, done + len(frames))}))
            done += len(frames)
