"""What the landmark network learns from: random expressions, poses and gazes, and a cache of studio crops on disk."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from tellbench.datasets.expression import COEFFICIENTS, INDEX, columns
from tellbench.datasets.files import atomic_path
from tellbench.datasets.scene import STYLES

if TYPE_CHECKING:
    from tellbench.datasets.studio import Identity

Floats = npt.NDArray[np.float32]

CACHE_SIDE: Final = 176
"""Side of a cached crop in pixels: the network's crop with room for shift, scale and rotation."""
_CACHE_MARGIN: Final = 1.95
"""Side of the cached square in heights of the 68 points: a turn by 35 degrees stays inside."""
_BATCH: Final = 8
_SIZE: Final = 256
"""Side of the studio frames, as of most clips: the face is then about as large as in the network's crop."""
_GLASSES, _FAINT = 0.4, 0.3
"""Shares of people who are given glasses, and grey, thin brows: more than by chance, for such brows are hard to see."""
_STYLE_SHARES: Final = (0.3, 0.4, 0.2, 0.1)
"""Shots that are photographs, paintings, drawings and statues (assumption): portraits to animate are often painted."""
_MOUTH: Final = tuple(
    i for i, name in enumerate(COEFFICIENTS) if name.startswith(("mouth", "jaw", "cheek", "tongue", "nose"))
)
_CALM: Final = (0.35, 0.6, 0.6, 1, 1, 1)
"""Turns and shifts of people who talk over those of a sitting (assumption)."""
_BROWS: Final = tuple(i for i, name in enumerate(COEFFICIENTS) if name.startswith("brow"))


class Filmed(Protocol):
    """The part of a studio shot that is learned from."""

    frames: npt.NDArray[np.uint8]
    landmarks: Floats
    iris: Floats
    aperture: Floats
    mask: npt.NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class Sitting:
    """What one person is asked to show."""

    coefficients: Floats
    """Shape (T, 52), in [0, 1]."""
    pose: Floats
    """Shape (T, 6): yaw, pitch, roll in degrees, shift in mm."""
    gaze: Floats
    """Shape (T, 2): right and up in degrees."""

    @property
    def brows(self) -> Floats:
        """Shape (T, 2): how far each brow is raised or lowered, -1 to 1, the subject's right one first."""
        inner = self.coefficients[:, columns("browInnerUp")]
        outer, down = (self.coefficients[:, columns(name)][:, ::-1] for name in ("browOuterUp", "browDown"))
        return np.asarray((inner + outer) / 2 - down, np.float32)


def random_sitting(seed: int, n_frames: int, brows: bool = False) -> Sitting:
    """Varied faces: every lid closure, open and closed mouths, brows, gaze, yaw to 50 and pitch to 20 degrees.

    The proportions are an assumption: lids are oversampled because blinks are what the aperture must be right on.

    Args:
        seed: of everything random.
        n_frames: how many faces.
        brows: raise or lower the brows of most faces instead of a half, and turn half of the heads no further than
            people do who talk: what brows do must be told from nods.
    """
    rng = np.random.default_rng(seed)
    coefficients = np.zeros((n_frames, len(COEFFICIENTS)))
    for row in coefficients:
        _set_mouth(row, rng)
        (_move_brows if brows else _set_brows)(row, rng)
        _set_lids(row, rng)
    calm = np.where(rng.random((n_frames, 1)) < 0.5, _CALM, 1) if brows else 1
    pose = rng.normal(size=(n_frames, 6)) * [18, 8, 7, 10, 10, 20] * calm
    pose = np.clip(pose, [-50, -20, -20, -25, -25, -60], [50, 20, 20, 25, 25, 60])
    gaze = np.clip(rng.normal(size=(n_frames, 2)) * [11, 6.5], [-28, -18], [28, 18])
    return Sitting(*(array.astype(np.float32) for array in (coefficients.clip(0, 1), pose, gaze)))


def _set_pair(row: npt.NDArray[np.float64], name: str, value: float, rng: np.random.Generator) -> None:
    """A paired coefficient on both sides, now and then unequal."""
    sides = value * (1 + rng.normal(size=2) * 0.08) if rng.random() < 0.85 else value * rng.random(2)
    row[columns(name)] = sides


def _set_mouth(row: npt.NDArray[np.float64], rng: np.random.Generator) -> None:
    if rng.random() < 0.25:
        return
    chosen = rng.choice(_MOUTH, rng.integers(1, 5), replace=False)
    row[chosen] = rng.uniform(0.1, 0.8, len(chosen))
    if rng.random() < 0.6:
        row[INDEX["jawOpen"]] = rng.beta(1.2, 2.0)
    if rng.random() < 0.3:
        _set_pair(row, "mouthSmile", rng.uniform(0.2, 1.0), rng)
    row[INDEX["tongueOut"]] *= rng.random() < 0.3


def _set_brows(row: npt.NDArray[np.float64], rng: np.random.Generator) -> None:
    if rng.random() < 0.5:
        _mix_brows(row, rng)


def _mix_brows(row: npt.NDArray[np.float64], rng: np.random.Generator) -> None:
    chosen = rng.choice(_BROWS, rng.integers(1, len(_BROWS)), replace=False)
    row[chosen] = rng.uniform(0.0, 1.0, len(chosen))


def _move_brows(row: npt.NDArray[np.float64], rng: np.random.Generator) -> None:
    """Raise, lower, or both at once: the three kinds are an assumption."""
    kind = rng.random()
    if kind < 0.35:
        row[INDEX["browInnerUp"]] = raised = rng.random()
        _set_pair(row, "browOuterUp", raised * rng.uniform(0.4, 1.2), rng)
    elif kind < 0.6:
        _set_pair(row, "browDown", rng.uniform(0.1, 0.9), rng)
    elif kind < 0.85:
        _mix_brows(row, rng)


def _set_lids(row: npt.NDArray[np.float64], rng: np.random.Generator) -> None:
    kind = rng.random()
    if kind < 0.45:
        _set_pair(row, "eyeBlink", rng.random(), rng)
    elif kind < 0.55:
        _set_pair(row, "eyeBlink", 1.0, rng)
    elif kind < 0.75:
        _set_pair(row, "eyeSquint" if rng.random() < 0.5 else "eyeWide", rng.uniform(0.2, 1.0), rng)


@dataclasses.dataclass(frozen=True)
class Crops:
    """Square crops about faces with their labels, all in memory.

    Points are in crop pixels; the 70 points are the 68 of iBUG and the two iris centres.
    """

    planes: npt.NDArray[np.uint8]
    """Shape (N, 4, CACHE_SIDE, CACHE_SIDE): red, green, blue, and 255 where the room is seen."""
    points: Floats
    """Shape (N, 70, 2)."""
    apertures: Floats
    """Shape (N, 2)."""
    brows: Floats
    """Shape (N, 2), see `Sitting.brows`."""

    def __len__(self) -> int:
        return len(self.planes)

    @property
    def frames(self) -> npt.NDArray[np.uint8]:
        """The pictures as frames (N, CACHE_SIDE, CACHE_SIDE, 3)."""
        return np.ascontiguousarray(self.planes[:, :3].transpose(0, 2, 3, 1))


def cut(shot: Filmed, brows: Floats) -> Crops:
    """Cut the square about each face, resampled to `CACHE_SIDE`; beyond the frame it is black room."""
    import torch
    from torch.nn import functional

    from tellbench.datasets.faces.geometry import crop_squares, sampling_grid, to_crop

    points = np.concatenate([shot.landmarks, shot.iris], 1).astype(np.float32)
    low, high = shot.landmarks.min(1), shot.landmarks.max(1)
    squares = crop_squares(torch.as_tensor((low + high) / 2), torch.as_tensor((high - low)[:, 1] * _CACHE_MARGIN))
    head = (shot.mask > 0)[..., None] * np.uint8(255)
    pixels = torch.as_tensor(np.concatenate([shot.frames, head], -1)).permute(0, 3, 1, 2).float()
    grid = sampling_grid(squares, CACHE_SIDE, pixels.shape[-2:])
    planes = functional.grid_sample(pixels, grid, align_corners=False).round().byte()
    planes[:, 3] = 255 - planes[:, 3]
    inside = to_crop(torch.as_tensor(points), squares, CACHE_SIDE).numpy()
    return Crops(planes.numpy(), inside, shot.aperture.astype(np.float32), brows)


Film = Callable[[int, Sitting], Iterator[Filmed]]
"""From a person's seed and a sitting to shots of it, batch by batch."""


def film_in_studio(seed: int, sitting: Sitting) -> Iterator[Filmed]:
    """Film one sitting of the studio person `seed`; every few frames in another light, room and style."""
    from tellbench.datasets.studio import Person, Studio

    person, rng = Person(sitter(seed)), np.random.default_rng((seed, 2))
    for start in range(0, len(sitting.pose), _BATCH):
        part = slice(start, start + _BATCH)
        style = str(rng.choice(STYLES, p=_STYLE_SHARES))
        studio: Any = Studio(person, seed=seed * 1000 + start, size=_SIZE, style=style)
        yield studio.render(sitting.coefficients[part], sitting.pose[part], sitting.gaze[part])


def sitter(seed: int) -> Identity:
    """The studio person `seed`, now and then in glasses or with grey, thin brows."""
    from tellbench.datasets.studio import Identity

    rng = np.random.default_rng((seed, 1))
    person = Identity.sample(seed)
    if rng.random() < _GLASSES:
        person = dataclasses.replace(person, glasses=True)
    if rng.random() < _FAINT:
        skin, brow, share = np.array(person.skin_color), np.array(person.brow_color), rng.uniform(0.2, 0.7)
        colour = tuple((brow + share * (skin - brow)).tolist())
        thin = person.brow_density * rng.uniform(0.6, 1.0)
        person = dataclasses.replace(person, brow_color=colour, grey=rng.uniform(0.4, 1.0), brow_density=thin)
    return person


def render_cache(folder: Path, seeds: range, n_frames: int, film: Film = film_in_studio) -> None:
    """Film every person of `seeds` once; persons already in `folder` are kept, so an interrupted run resumes."""
    log = logging.getLogger(__name__)
    for seed in seeds:
        path = folder / f"person_{seed:05d}.npz"
        if path.exists():
            continue
        sitting = random_sitting(seed, n_frames, brows=True)
        shots = list(film(seed, sitting))
        ends = np.cumsum([len(shot.frames) for shot in shots])[:-1]
        parts = [cut(shot, brows) for shot, brows in zip(shots, np.split(sitting.brows, ends), strict=True)]
        fields = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in dataclasses.fields(Crops)}
        with atomic_path(path) as part, part.open("wb") as stream:
            np.savez(stream, **fields)  # type: ignore[arg-type]  # numpy's stub takes no mapping of arrays
        log.info("filmed person %d", seed)


def load_cache(folder: Path, seeds: range) -> Crops:
    """Read the crops of those persons of `seeds` that have been filmed."""
    paths = [path for seed in seeds if (path := folder / f"person_{seed:05d}.npz").exists()]
    persons = []
    for path in paths:
        with np.load(path, allow_pickle=False) as arrays:
            persons.append({f.name: arrays[f.name] for f in dataclasses.fields(Crops)})
    return Crops(**{f.name: np.concatenate([p[f.name] for p in persons]) for f in dataclasses.fields(Crops)})
