"""Outside judges of faces: MTCNN and MediaPipe's FaceLandmarker as their makers set them, on whole frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt

from tellbench.datasets.faces.landmarks import Floats, Frames
from tellbench.datasets.faces.mediapipe_backend import TO_IBUG, open_task

_MOST_FACES: Final = 4
_MESH_WIDTH: Final = 200
"""Width in pixels at which the outline of a mesh is drawn: distances err by about 0.3 % of its width."""
_MARGIN: Final = 50
_BROWS: Final = ((17, (70, 63, 105, 66, 107)), (22, (336, 296, 334, 293, 300)))
"""First landmark and mesh vertices of each brow, image left to right."""
_BROW_SHARES: Final = (0.0, 0.26, 0.54, 0.81, 1.0)
"""Where the five points lie between inner and outer end in the mean annotation of 300-W."""
_BRIDGE: Final = (168, 6, 197, 195, 5, 4)
"""Mesh vertices down the bridge of the nose."""


class FaceCounter:
    """MTCNN (Zhang et al., IEEE SPL 2016) as facenet-pytorch ships it, at its default thresholds."""

    def __init__(self) -> None:
        from facenet_pytorch import MTCNN

        mtcnn: Any = MTCNN(keep_all=True).eval()
        self._mtcnn = mtcnn.to(memory_format=torch.channels_last)

    def __call__(self, frames: Frames) -> npt.NDArray[np.int64]:
        """Faces found in each of the frames (T, H, W, 3), shape (T,)."""
        boxes, _ = self._mtcnn.detect(torch.as_tensor(np.array(frames)))
        return np.array([0 if found is None else len(found) for found in boxes])


@dataclasses.dataclass(frozen=True)
class Sighting:
    """What MediaPipe says about one frame."""

    n_faces: int
    """Different faces: one that is found twice counts once."""
    mesh: Floats
    """Vertices of the first face in pixels, shape (478, 2); NaN without a face."""
    scores: dict[str, float]
    """Expression scores of the first face by name, 0 to 1; empty without a face."""

    @property
    def points(self) -> Floats:
        """The 68 points by the vertices in common use for them, shape (68, 2)."""
        points: Floats = self.mesh[TO_IBUG]
        return points

    @property
    def spaced_points(self) -> Floats:
        """As `points`, but brows and bridge spaced along the mesh as iBUG spaces them; its vertices lie unevenly."""
        points = self.points.copy()
        for first, vertices in _BROWS:
            inward = vertices[::-1] if first == 17 else vertices
            spaced = _along(self.mesh[list(inward)], _BROW_SHARES)
            points[first : first + 5] = spaced[::-1] if first == 17 else spaced
        points[27:31] = _along(self.mesh[list(_BRIDGE)], (0, 1 / 3, 2 / 3, 1))
        return points

    def outline_distance(self, points: Floats) -> Floats:
        """Distance of points (N, 2) in pixels from the edge of the face as the mesh shows it, shape (N,).

        The edge is that of everything the mesh covers in the picture, so it follows the view.
        """
        scale = _MESH_WIDTH / max(float(np.ptp(self.mesh[:, 0])), 1e-6)
        origin = self.mesh.min(0) - _MARGIN / scale
        size = (np.ptp(self.mesh, 0) * scale + 2 * _MARGIN).astype(int)
        covered = _cover((self.mesh - origin) * scale, (int(size[0]), int(size[1])))
        distance = distance_transform_edt(covered) + distance_transform_edt(~covered) - 0.5
        column, row = np.clip(((points - origin) * scale).round().astype(int), 0, size - 1).T
        return np.asarray(distance[row, column] / scale, np.float32)


class FaceMesher:
    """MediaPipe's FaceLandmarker at its default thresholds; `FaceMesher.opened` gives one."""

    def __init__(self, task: Any) -> None:
        self._task = task

    @classmethod
    @contextmanager
    def opened(cls, bundle: Path) -> Iterator[Self]:
        """Open the task for a while; it must be closed before the interpreter shuts down."""
        with open_task(bundle, n_faces=_MOST_FACES, scores=True) as task:
            yield cls(task)

    def __call__(self, frame: npt.NDArray[np.uint8]) -> Sighting:
        """Look at one frame (H, W, 3)."""
        import mediapipe

        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(frame))
        result = self._task.detect(picture)
        if not result.face_landmarks:
            return Sighting(0, np.full((478, 2), np.nan, np.float32), {})
        meshes = [_pixels(face, frame) for face in result.face_landmarks]
        scores = {category.category_name: float(category.score) for category in result.face_blendshapes[0]}
        return Sighting(distinct(meshes), meshes[0], scores)


def distinct(meshes: list[Floats]) -> int:
    """How many different faces there are: a mesh in the middle of one before it is the same face seen twice."""
    kept: list[Floats] = []
    for mesh in meshes:
        centre = mesh.mean(0)
        if not any((mesh_before.min(0) < centre).all() and (centre < mesh_before.max(0)).all() for mesh_before in kept):
            kept.append(mesh)
    return len(kept)


def _pixels(face: Any, frame: npt.NDArray[np.uint8]) -> Floats:
    """Vertices (478, 2) of one of MediaPipe's faces in pixels."""
    shares = np.array([(point.x, point.y) for point in face])
    return np.asarray(shares * frame.shape[1::-1], np.float32)


def _along(line: Floats, shares: tuple[float, ...]) -> Floats:
    """Points at shares of the length of a line (N, 2)."""
    length = np.concatenate([[0.0], np.linalg.norm(np.diff(line, axis=0), axis=1).cumsum()])
    return np.stack([np.interp(np.array(shares) * length[-1], length, line[:, k]) for k in range(2)], 1)


def _cover(mesh: Floats, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Pixels (height, width) that a mesh of pixels covers; eyes and mouth count as covered."""
    image = Image.new("1", size)
    draw = ImageDraw.Draw(image)
    triangles, oval = _topology()
    for polygon in (oval, *triangles):
        draw.polygon([tuple(mesh[i]) for i in polygon], fill=1)
    return np.asarray(image)


@cache
def _topology() -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """Triangles of the mesh, and the ring of its rim."""
    from mediapipe.tasks.python.vision import FaceLandmarksConnections

    edges = [edge.start for edge in FaceLandmarksConnections.FACE_LANDMARKS_TESSELATION]
    triangles = tuple(tuple(edges[i : i + 3]) for i in range(0, len(edges), 3))
    after = {edge.start: edge.end for edge in FaceLandmarksConnections.FACE_LANDMARKS_FACE_OVAL}
    ring = [next(iter(after))]
    while len(ring) < len(after):
        ring.append(after[ring[-1]])
    return triangles, tuple(ring)
