"""Contact sheets: people, expressions, poses, labels and talk of the studio as one labelled picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from tellbench.datasets.emotion import EMOTIONS
from tellbench.datasets.expression import COEFFICIENTS, expression
from tellbench.datasets.files import atomic_path
from tellbench.datasets.scene import STYLES, Scene
from tellbench.datasets.studio.labels import Label
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.renderer import Person, Shot, Studio
from tellbench.errors import InputError

Frames = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

EXPRESSIONS: Final[Mapping[str, Floats]] = {
    **EMOTIONS,
    "laughing": expression(mouthSmile=0.9, jawOpen=0.35, cheekSquint=0.8, eyeSquint=0.5, mouthUpperUp=0.4),
    "blink": expression(eyeBlink=1),
    "wink": expression(eyeBlinkLeft=1, mouthSmileLeft=0.5, cheekSquintLeft=0.6),
    "open": expression(jawOpen=0.7),
    "pucker": expression(mouthPucker=0.9),
    "funnel": expression(mouthFunnel=0.8, jawOpen=0.2),
    "press": expression(mouthPress=0.9, mouthRollUpper=0.5, mouthRollLower=0.5),
    "tongue": expression(tongueOut=0.8, jawOpen=0.35),
}
"""Emotions, and what else a mouth and lids do, as coefficient vectors (52,); the mixes are assumptions."""

YAWS: Final = (-30.0, -15.0, 0.0, 15.0, 30.0)
"""Degrees to the subject's left."""
PITCHES: Final = (-15.0, 0.0, 15.0)
"""Degrees downward."""

_NEAR: Final = 225.0
"""Width of the picture at the eyes in mm where the face is to fill it."""
_INK, _PAPER = (40, 40, 40), (255, 255, 255)
_GAP = 4
_MASK_COLOURS: Final = np.array(
    [
        *((30, 30, 34), (226, 178, 150), (255, 255, 255), (120, 20, 30), (200, 70, 90)),
        *((110, 75, 45), (70, 110, 170), (40, 30, 25), (70, 200, 190)),
    ],
    np.uint8,
)
"""One colour a class, in the order of `Label`."""


@dataclasses.dataclass(frozen=True)
class Sheet:
    """Square pictures of one size in labelled rows."""

    rows: Sequence[Sequence[Frames]]
    """Pictures uint8 (S, S, 3)."""
    row_names: Sequence[str]
    column_names: Sequence[str] = ()
    below: Sheet | None = None
    """What is drawn under it."""

    def picture(self) -> Image.Image:
        """The whole sheet; row names stand above their rows, column names above the first row."""
        own = self._own_picture()
        if self.below is None:
            return own
        other = self.below.picture()
        both = Image.new("RGB", (max(own.width, other.width), own.height + other.height), _PAPER)
        both.paste(own, (0, 0))
        both.paste(other, (0, own.height))
        return both

    def _own_picture(self) -> Image.Image:
        side = len(self.rows[0][0])
        text = max(11, side // 18)
        font = ImageFont.load_default(text)
        head = text + 6 if self.column_names else 0
        pitch = side + text + 8
        columns = max(len(row) for row in self.rows)
        sheet = Image.new("RGB", (columns * (side + _GAP) + _GAP, head + len(self.rows) * pitch + _GAP), _PAPER)
        draw = ImageDraw.Draw(sheet)
        for j, name in enumerate(self.column_names):
            draw.text((_GAP + (j + 0.5) * (side + _GAP), 3), name, _INK, font, anchor="ma")
        for i, (name, row) in enumerate(zip(self.row_names, self.rows, strict=True)):
            draw.text((_GAP, head + i * pitch + 3), name, _INK, font)
            for j, picture in enumerate(row):
                sheet.paste(Image.fromarray(picture), (_GAP + j * (side + _GAP), head + i * pitch + text + 8))
        return sheet


def picture_format(path: Path) -> str:
    """PNG or JPEG, by the name's ending.

    Raises:
        InputError: another ending.
    """
    formats = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
    if path.suffix.lower() not in formats:
        raise InputError(f"sheet {path}; a name ending in .png or .jpg is needed")
    return formats[path.suffix.lower()]


def write_sheet(sheet: Sheet, path: Path, quality: int = 85) -> None:
    """Write a sheet in its `picture_format`; `quality` is that of JPEG, 1 to 95."""
    with atomic_path(path) as part:
        sheet.picture().save(part, picture_format(path), quality=quality, optimize=True)


def portraits(seeds: range, size: int, columns: int = 6) -> Sheet:
    """Each person once, from sober to friendly, a little turned, eyes on the camera."""
    pictures = [_portrait(seed, size) for seed in seeds]
    rows = [pictures[i : i + columns] for i in range(0, len(pictures), columns)]
    starts = list(seeds)[::columns]
    return Sheet(rows, [f"people {a} to {a + len(row) - 1}" for a, row in zip(starts, rows, strict=True)])


def expressions(seeds: range, size: int, columns: int = 8) -> Sheet:
    """Every expression of each person, from the front and near; a few expressions, then the others below."""
    names = list(EXPRESSIONS)
    coefficients = np.stack(list(EXPRESSIONS.values()))
    rows = [list(_film(seed, size, coefficients=coefficients, overrides={"view": _NEAR}).frames) for seed in seeds]
    parts = [slice(start, start + columns) for start in range(0, len(names), columns)]
    sheet = Sheet([row[parts[-1]] for row in rows], _describe(seeds), names[parts[-1]])
    for part in reversed(parts[:-1]):
        sheet = Sheet([row[part] for row in rows], _describe(seeds), names[part], sheet)
    return sheet


def poses(seeds: range, size: int) -> Sheet:
    """Each person turned and tipped; the gaze goes with the head."""
    turns = [(yaw, 0.0) for yaw in YAWS] + [(0.0, pitch) for pitch in PITCHES if pitch]
    turns += [(YAWS[0], PITCHES[0]), (YAWS[-1], PITCHES[-1])]
    pose = np.zeros((len(turns), 6), np.float32)
    pose[:, :2] = turns
    names = [f"yaw {yaw:+.0f}, pitch {pitch:+.0f}" for yaw, pitch in turns]
    return Sheet([list(_film(seed, size, pose=pose).frames) for seed in seeds], _describe(seeds), names)


def labels(seeds: range, size: int) -> Sheet:
    """Picture, landmarks, classes and depth of each person, in a pose and expression of its own."""
    rows = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        pose = np.zeros((1, 6), np.float32)
        pose[0, :3] = rng.uniform(-1, 1, 3) * (30, 12, 8)
        shown = list(EXPRESSIONS.values())[seed % len(EXPRESSIONS)]
        shot = _film(seed, size, coefficients=shown[None].copy(), pose=pose)
        rows.append([shot.frames[0], draw_landmarks(shot, 0), _MASK_COLOURS[shot.mask[0]], _grey_depth(shot, 0)])
    return Sheet(rows, _describe(seeds), ["picture", "landmarks", "classes", "depth"])


def talking(seeds: range, size: int, n_frames: int = 10, every: int = 3, fps: float = 25.0) -> Sheet:
    """Every third frame of a second of each person's talk."""
    from tellbench.datasets.studio.film import Take

    rows = []
    for seed in seeds:
        scene = Scene(
            scene_id="sheet", identity_seed=seed, seed=seed, language="en", size=size, fps=fps, n_frames=round(4 * fps)
        )
        frames = (frame for chunk, _ in Take(scene).frames() for frame in chunk)
        rows.append(list(islice(frames, round(fps), round(fps) + n_frames * every, every)))
    return Sheet(rows, _describe(seeds), [f"{i * every / fps:.2f} s" for i in range(n_frames)])


def styles(seeds: range, size: int) -> Sheet:
    """Each person filmed, painted, drawn and carved."""
    rows = [[_portrait(seed, size, style) for style in STYLES] for seed in seeds]
    return Sheet(rows, _describe(seeds), STYLES)


SHEETS: Final[Mapping[str, Callable[[range, int], Sheet]]] = {
    "people": portraits,
    "expressions": expressions,
    "poses": poses,
    "labels": labels,
    "talking": talking,
    "styles": styles,
}
"""From person seeds and the side of a picture to a sheet, by kind."""


def draw_landmarks(shot: Shot, frame: int) -> Frames:
    """One frame with the 68 landmarks and the irises on it."""
    picture = Image.fromarray(shot.frames[frame])
    draw = ImageDraw.Draw(picture)
    radius = max(1.0, picture.width / 200)
    for points, colour in ((shot.landmarks[frame], (60, 255, 90)), (shot.iris[frame], (255, 70, 70))):
        for x, y in points.tolist():
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)
    return np.asarray(picture)


def _grey_depth(shot: Shot, frame: int) -> Frames:
    """Distances as grey, near is bright; the room is black."""
    depth, seen = shot.depth[frame], shot.mask[frame] != Label.BACKGROUND
    near, far = depth[seen].min(), depth[seen].max()
    grey = np.where(seen, 255 - 200 * (depth - near) / max(far - near, 1.0), 0).clip(0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, -1)


def _portrait(seed: int, size: int, style: str = "photo") -> Frames:
    rng = np.random.default_rng(seed)
    pose = np.zeros((1, 6), np.float32)
    pose[0, :3] = rng.normal(size=3) * (12, 4, 2)
    gaze = np.stack([-pose[:, 0], pose[:, 1]], 1)
    mood = rng.uniform(0, 0.4, (1, 1)).astype(np.float32) * EMOTIONS["happy"]
    return np.asarray(_film(seed, size, mood, pose, gaze, style).frames[0])


def _film(
    seed: int,
    size: int,
    coefficients: Floats | None = None,
    pose: Floats | None = None,
    gaze: Floats | None = None,
    style: str = "photo",
    overrides: Mapping[str, float] | None = None,
) -> Shot:
    """One person in one setting; what is not given is neutral."""
    length = max(len(values) for values in (coefficients, pose, gaze) if values is not None)
    coefficients = np.zeros((length, len(COEFFICIENTS)), np.float32) if coefficients is None else coefficients
    pose = np.zeros((length, 6), np.float32) if pose is None else pose
    gaze = np.zeros((length, 2), np.float32) if gaze is None else gaze
    return Studio(Person(Identity.sample(seed)), seed, size, overrides=overrides, style=style).render(
        coefficients, pose, gaze
    )


def _describe(seeds: range) -> list[str]:
    people = [Identity.sample(seed) for seed in seeds]
    return [f"{p.seed}: {p.sex}, {p.age:.0f}, type {p.skin_tone}, {p.hair_style}" for p in people]
