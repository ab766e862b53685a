"""Pictures beside a clip that must not lose a bit: one channel a pixel, FFV1 in Matroska, every frame seekable."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import av
import numpy as np
import numpy.typing as npt

from tellbench.errors import InputError

DEPTH_STEP: Final = 0.1
"""Millimetres of one step of a depth layer; 65535 stands for further than 6.5 m: the room."""
_FORMATS: Final = {"uint8": "gray", "uint16": "gray16le"}

Layer = npt.NDArray[Any]


def pack_depth(depth: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """Millimetres as steps of `DEPTH_STEP`; what is further away than they reach becomes 65535."""
    return np.clip(np.round(depth / DEPTH_STEP), 0, 65535).astype(np.uint16)


class LayerWriter:
    """Writes frames [T,S,S], atomically: the file appears when the block ends well.

    Args:
        path: the .mkv to write.
        size: width and height.
        fps: frames per second.
        dtype: `uint8` or `uint16`.
    """

    def __init__(self, path: Path, size: int, fps: float, dtype: str) -> None:
        self.path, self._n_frames = path, 0
        self._format, self._dtype = _FORMATS[dtype], dtype
        self._rate, self._size = Fraction(fps).limit_denominator(1001), size
        self._part = path.with_name(f".{path.stem}.part{path.suffix}")

    def __enter__(self) -> Self:
        """Open the temporary file."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._part), "w", options={"fflags": "+bitexact"})
        except (av.FFmpegError, OSError) as error:
            raise self._full(error) from error
        self._stream = self._container.add_stream("ffv1", rate=self._rate)
        self._stream.width = self._stream.height = self._size
        self._stream.pix_fmt = self._format
        self._stream.codec_context.gop_size = 1
        self._stream.options = {"level": "3", "threads": "1"}
        return self

    def write(self, frames: Layer) -> None:
        """Append frames of the writer's type and size."""
        if str(frames.dtype) != self._dtype or frames.shape[1:] != (self._size, self._size):
            raise ValueError(f"layer {frames.dtype} {frames.shape}; {self._dtype} of side {self._size} is needed")
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format=self._format)
            picture.pts, picture.time_base = self._n_frames, 1 / self._rate
            self._container.mux(self._stream.encode(picture))
            self._n_frames += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file and give it its name, or remove it when the block failed."""
        try:
            if kind is None:
                self._container.mux(self._stream.encode(None))
            self._container.close()
            if kind is None:
                self._part.replace(self.path)
        except (av.FFmpegError, OSError) as failure:
            if kind is None:
                raise self._full(failure) from failure
        finally:
            self._part.unlink(missing_ok=True)
        if isinstance(error, av.FFmpegError):
            raise self._full(error) from error

    def _full(self, error: OSError) -> InputError:
        return InputError(f"cannot write {self.path}: {error.strerror}; free space or choose another folder")


def read_layer(path: Path, indices: Sequence[int]) -> Layer:
    """The frames at ascending `indices`, [len(indices), S, S], each found by seeking.

    Raises:
        InputError: no such file, not a layer, or an index beyond its end.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist; make the corpus with --masks")
    try:
        with av.open(str(path)) as container:
            return np.stack([_frame(container, index) for index in indices])
    except (av.FFmpegError, StopIteration) as error:
        raise InputError(f"{path}: frames {list(indices)[:3]} ... cannot be read; it may be cut short") from error


def _frame(container: av.container.InputContainer, index: int) -> Layer:
    stream = container.streams.video[0]
    assert stream.time_base is not None and stream.average_rate is not None
    wanted = round(index / stream.average_rate / stream.time_base)
    container.seek(wanted, stream=stream)
    step = 1 / stream.average_rate / stream.time_base
    while (frame := next(container.decode(stream))).pts + step / 2 <= wanted:
        pass
    return np.asarray(frame.to_ndarray())
