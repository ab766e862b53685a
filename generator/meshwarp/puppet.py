"""A portrait made ready once, then drawn in any expression, pose and gaze."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from tellbench.generator.meshwarp.arrays import Floats
from tellbench.generator.meshwarp.backdrop import Backdrop
from tellbench.generator.meshwarp.basis import carry_shapes, join_cuts
from tellbench.generator.meshwarp.camera import neck_share, place
from tellbench.generator.meshwarp.compose import compose
from tellbench.generator.meshwarp.eyes import Eye
from tellbench.generator.meshwarp.face_layer import FaceLayer
from tellbench.generator.meshwarp.fit import Fit
from tellbench.generator.meshwarp.head import HeadModel
from tellbench.generator.meshwarp.mouth import Mouth
from tellbench.generator.meshwarp.surface import look


class Puppet:
    """The portrait's own pixels on the fitted mesh.

    Three pictures make a frame: the backdrop (the whole portrait, softly moved), the face (the cut skin grid) and
    what shows through its openings (eyes, mouth).
    """

    def __init__(self, model: HeadModel, fit: Fit, picture: npt.NDArray[np.uint8], iris: Floats) -> None:
        """`picture` is RGB (H, W, 3); `iris` (2, 2) holds the iris centres in pixels, subject's right eye first."""
        self.picture = np.ascontiguousarray(picture, np.float32)
        size = (picture.shape[0], picture.shape[1])
        vertices = join_cuts(model, fit.vertices)
        shapes = carry_shapes(model, vertices)
        surface = look(model, fit.camera, vertices, size)
        self.model, self.fit, self.vertices, self.shapes = model, fit, vertices, shapes
        self.face = FaceLayer(surface, shapes, self.picture)
        self.backdrop = Backdrop(surface, shapes, size)
        self.eyes = tuple(Eye(surface, self.picture, iris[i], side) for i, side in enumerate((-1, 1)))
        self.mouth = Mouth(surface, self.picture, self.face.opacity)

    def openings(self, coefficients: Floats) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """True openings under expressions (B, 52), on the head itself, before any turn.

        Returns:
            lid opening over eye width (B, 2), subject's right eye first; gap of the inner lips over mouth width (B,).
        """
        points = self._marks(coefficients)
        eyes = [_gap(points, (e + 1, e + 2), (e + 5, e + 4), (e, e + 3)) for e in (36, 42)]
        return np.stack(eyes, -1), _gap(points, (61, 62, 63), (67, 66, 65), (48, 54))

    def landmarks(self, coefficients: Floats, pose: Floats) -> npt.NDArray[np.float32]:
        """True pixels (B, 68, 2) of the 68 points under expressions (B, 52) and poses (B, 6)."""
        points = self._marks(coefficients)
        frames = zip(points, neck_share(points), pose, strict=True)
        return np.stack([place(self.fit.camera, p, share, q)[:, :2] for p, share, q in frames])

    def _marks(self, coefficients: Floats) -> npt.NDArray[np.float32]:
        """The 68 points (B, 68, 3) on the head, before any turn."""
        marks = self.model.landmarks
        still = self.vertices.reshape(-1, 3)[marks].astype(np.float32)
        moves = self.shapes.reshape(len(self.shapes), -1, 3)[:, marks].reshape(len(self.shapes), -1)
        return np.asarray(still + (np.asarray(coefficients, np.float32) @ moves).reshape(-1, 68, 3))

    def render(
        self, coefficients: Floats, pose: Floats, gaze: Floats, pool: ThreadPoolExecutor
    ) -> npt.NDArray[np.uint8]:
        """Frames (B, H, W, 3), drawn side by side in the threads of `pool`.

        Args:
            coefficients: expression (B, 52), relative to the portrait.
            pose: (B, 6) yaw, pitch, roll in degrees and shifts in mm, relative to the portrait.
            gaze: (B, 2) degrees right of the image and up, relative to the portrait.
            pool: threads to draw in; the kernels release the GIL.
        """
        skin, backdrop = self.face.moved(coefficients), self.backdrop.moved(coefficients)
        frames = np.empty((len(coefficients), *self.picture.shape), np.uint8)

        def draw(i: int) -> None:
            source, still = self.backdrop.draw(backdrop[i], pose[i])
            face = self.face.draw(skin[i], coefficients[i], pose[i])
            mouth = self.mouth.draw(face, coefficients[i], pose[i])
            eyes = tuple(eye.picture(gaze[i]) for eye in self.eyes)
            to_eyes = np.stack([eye.placement(pose[i]) for eye in self.eyes])
            compose(self.picture, source, still, face.values, face.label, mouth, eyes, to_eyes, face.corner, frames[i])

        list(pool.map(draw, range(len(coefficients))))
        return frames


def _gap(
    points: Floats, upper: tuple[int, ...], lower: tuple[int, ...], ends: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Mean height (B,) of upper over lower points of (B, 68, 3), not below 0, over the distance of the two ends."""
    height = (points[:, list(upper), 1] - points[:, list(lower), 1]).mean(1)
    return np.asarray(
        np.maximum(height, 0) / np.linalg.norm(points[:, ends[0]] - points[:, ends[1]], axis=-1), np.float32
    )
