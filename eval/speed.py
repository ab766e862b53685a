"""How fast a generator is: whole clips, streams, first frame, memory; device and settings beside every number.

Four clocks are kept apart. *Offline* divides the frames of a clip by the time from the request to the last chunk, so
what a generator prepares for a portrait counts. *Streaming* starts when the first chunk is out. *First frame* is the
time to that first chunk. *End to end* is offline with the H.264 + AAC encoder running in the same loop; the other
three render only. A generator that streams is also given the voice as if it were spoken now (`eval.live`).
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from tellbench.datasets.processes import cpu_name
from tellbench.datasets.scene import Scene
from tellbench.datasets.studio.film import Take
from tellbench.datasets.video import VideoWriter
from tellbench.errors import InputError
from tellbench.eval import environment
from tellbench.eval.live import run_live
from tellbench.eval.results import SpeedRow
from tellbench.generator.base import Generator, Request

_PROC: Final = Path("/proc/self")
_RESET_PEAK: Final = "5"
"""Written to `clear_refs`, sets the peak resident size back to the current one (Linux, `man 5 proc`)."""

Clock = Callable[[], float]


@dataclasses.dataclass(frozen=True)
class Pass:
    """One clip's chunk deliveries."""

    frames: tuple[int, ...]
    """Frames in each chunk."""
    delivered: tuple[float, ...]
    """Seconds from the request to each delivery."""

    @property
    def n_frames(self) -> int:
        """Frames delivered."""
        return sum(self.frames)

    @property
    def fps(self) -> float:
        """Frames a second over the whole clip."""
        return self.n_frames / self.delivered[-1]

    @property
    def fps_after_first(self) -> float | None:
        """Frames a second once the first chunk is out; None when there is only one chunk."""
        if len(self.frames) < 2:
            return None
        return sum(self.frames[1:]) / (self.delivered[-1] - self.delivered[0])

    @property
    def frame_ms(self) -> list[float]:
        """Time a frame takes, for each chunk after the first."""
        return [1000 * gap / n for gap, n in zip(np.diff(self.delivered), self.frames[1:], strict=True)]


def studio_request(scene: Scene) -> Request:
    """A studio take as a request that any generator can serve; asked for once, pristine frames are held in memory."""
    take = Take(scene)
    filmed = functools.cache(lambda: [chunk for chunk, _ in take.frames()])
    return Request(
        portrait=take.portrait(),
        speech=take.speech,
        fps=scene.fps,
        n_frames=scene.n_frames,
        seed=scene.seed,
        pristine=lambda: iter(filmed()),
    )


def measure_generator(
    generator: Generator,
    request: Request,
    *,
    device: str = "cpu",
    precision: str = "float32",
    repeats: int = 3,
    warm_up: int = 1,
    encode: bool = True,
    live: bool = False,
    clock: Clock = time.perf_counter,
) -> SpeedRow:
    """Measure one generator on one request; medians over `repeats`, after `warm_up` uncounted passes.

    Args:
        generator: what to measure.
        request: one clip; a few seconds give a fair offline rate.
        device: where the generator runs, `cpu` or `cuda[:i]`; CUDA is synchronised before each clock reading.
        precision: what the generator computes in, stated in the row.
        repeats: counted passes.
        warm_up: passes before the clock starts (compilers, caches, first-touch memory).
        encode: whether to measure end to end as well.
        live: whether to measure a live stream as well, where the generator has one.
        clock: seconds; injected by tests.

    Raises:
        InputError: no repeats, or the generator delivers another number of frames than it was asked for.
    """
    if repeats < 1 or warm_up < 0:
        raise InputError(f"{repeats} repeats after {warm_up} warm-up passes; at least 1 repeat is needed")
    generator.check(request)
    timer = _synchronised(clock, device)
    for _ in range(warm_up):
        _run(generator, request, timer)
    resettable = _reset_peak(device)
    passes = [_run(generator, request, timer) for _ in range(repeats)]
    peak = _peak_mb(device) if resettable else None
    end_to_end = [_run_encoded(generator, request, timer) for _ in range(repeats)] if encode else []
    spoken = [run_live(generator, request, timer) for _ in range(repeats)] if live and generator.delay else []
    behind = [1000 * late for each in spoken for late in each.behind]
    frame_ms = [ms for each in passes for ms in each.frame_ms]
    streaming = [each.fps_after_first for each in spoken or passes if each.fps_after_first is not None]
    height, width = request.portrait.shape[:2]
    return SpeedRow(
        generator=generator.name,
        device=device_name(device),
        resolution=f"{width}x{height}",
        batch=max(max(each.frames) for each in passes),
        precision=precision,
        fps_offline=float(np.median([each.fps for each in passes])),
        fps_streaming=float(np.median(streaming)) if streaming else None,
        first_frame_ms=float(np.median([1000 * each.delivered[0] for each in passes])),
        p50_ms=float(np.percentile(frame_ms, 50)) if frame_ms else None,
        p95_ms=float(np.percentile(frame_ms, 95)) if frame_ms else None,
        gflops_per_frame=None,  # no counter sees numba and numpy work, so a number would be a part sold as the whole
        peak_memory_mb=peak,
        fps_end_to_end=float(np.median(end_to_end)) if end_to_end else None,
        delay_ms=float(np.median([1000 * each.delivered[0] for each in spoken])) if spoken else None,
        behind_p50_ms=float(np.percentile(behind, 50)) if behind else None,
        behind_p95_ms=float(np.percentile(behind, 95)) if behind else None,
        threads=environment.n_threads(),
        n_frames=passes[0].n_frames,
        repeats=repeats,
        fps_offline_low=min(each.fps for each in passes),
        fps_offline_high=max(each.fps for each in passes),
    )


def _run(generator: Generator, request: Request, timer: Clock) -> Pass:
    """Render one clip and forget it; the consumer costs nothing."""
    frames: list[int] = []
    delivered: list[float] = []
    start = timer()
    for chunk in generator.animate(request):
        delivered.append(timer() - start)
        frames.append(len(chunk.frames))
    if sum(frames) != request.n_frames or not frames:
        raise InputError(
            f"generator {generator.name!r} gave {sum(frames)} of {request.n_frames} frames; ask for at least 1"
        )
    return Pass(tuple(frames), tuple(delivered))


def _run_encoded(generator: Generator, request: Request, timer: Clock) -> float:
    """Frames a second of rendering and encoding one clip to a file."""
    height, width = request.portrait.shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        start = timer()
        with VideoWriter(Path(folder) / "speed.mp4", width, height, request.fps, request.speech) as writer:
            for chunk in generator.animate(request):
                writer.write(chunk.frames)
        return request.n_frames / (timer() - start)


def _torch() -> Any:
    """Torch where the generator has loaded it; measuring a numpy generator must not load it."""
    return sys.modules.get("torch")


def _is_cuda(device: str) -> bool:
    return device.startswith("cuda") and _torch() is not None


def _synchronised(clock: Clock, device: str) -> Clock:
    """The clock, read only when the device has finished its queue."""
    if not _is_cuda(device):
        return clock

    def read() -> float:
        _torch().cuda.synchronize(device)
        return clock()

    return read


def device_name(device: str) -> str:
    """What `cpu` or `cuda[:i]` is called by its maker."""
    return str(_torch().cuda.get_device_name(device)) if _is_cuda(device) else cpu_name()


def _reset_peak(device: str) -> bool:
    """Forget earlier peaks of memory; False where the system does not let us, and no honest peak can follow."""
    if _is_cuda(device):
        _torch().cuda.reset_peak_memory_stats(device)
        return True
    try:
        (_PROC / "clear_refs").write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


def _peak_mb(device: str) -> float:
    """Peak memory since the reset in MB (10^6 bytes)."""
    if _is_cuda(device):
        return float(_torch().cuda.max_memory_allocated(device)) / 1e6
    lines = (_PROC / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6
