"""The skin of one person: a grid wrapped round the sculpture and cut between the lids and between the lips."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from scipy.interpolate import PchipInterpolator
from torch import Tensor
from torch.nn import functional

from tellbench.datasets.studio.people import landmarks, lids, relief, sculpture
from tellbench.datasets.studio.people.grid import (
    BACK,
    INNER_CORNER,
    MOUTH_CORNER,
    OUTER_CORNER,
    Density,
    GridLayout,
    cylinder_rays,
    grid_normals,
    unit,
)
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.jawline import JawLine
from tellbench.datasets.studio.people.sculpture import smoothstep

Array = npt.NDArray[np.floating]

_NECK_END = (-252.0, -184.0)
"""Height of the lowest row of skin on the breastbone and at the back, mm; it lies under the clothes."""


class Skin:
    """The skin at rest and what is known about each of its vertices.

    Every person at one density has the same layout, triangles and vertex meanings, so positions can be averaged.

    Attributes:
        identity: The person.
        layout: Rows, columns and triangles; see GridLayout.
        P0: Rest vertices in mm, shape (rows, columns, 3).
        azimuth: Ray azimuths in radians, shape (rows, columns).
        height: Height parameters of the rays, shape (rows, columns); see `cylinder_rays`.
        coarse: Vertices on the bare sculpture, before lips and relief, shape (rows, columns, 3).
        curves: Heights of the named lines that rows follow, each of shape (columns,).
        eye_x: Distance of each eyeball centre from the midline, mm; the centres are (-eye_x, 0, 0) and (eye_x, 0, 0).
        mouth_y: Height of the mouth line, mm.
        mouth_half: Half the mouth width, mm.
        t_eye, tau: Positions across eye and mouth, see GridLayout; shape (columns,).
        eye_open, mouth_open: Columns where the skin is cut, bool, shape (columns,).
        lid_window: Weight of the upper lid region by column, 0 to 1, shape (columns,).
        upper_lip_height, lower_lip_height: True heights of the vermilion by column in mm, shape (columns,); the grid
            rows spare at least 1.6 mm.
        up_edge, lo_edge: Rows of the upper and lower lid edges.
        ul_edge, ll_edge: Rows of the upper and lower lip where they meet.
        upper_lid, lower_lid: Shares with which rows follow the lid edges, 0 to 1, each of shape (rows, 1).
        triangles: Faces, int32, shape (n, 3).
        lid_rows: Their sum, shape (rows, 1).
        lid_mid: Vertices at the middle of upper and lower lid, shape (2 eyes, 2); eye 0 is the subject's right.
        jaw: Where the camera may see the edge of the face, for landmarks 0-16.
        ibug68: The 68 landmarks in iBUG order at rest from the front, between vertices; use `landmarks` to locate them.
        lid_contours, lip_contours: Dense edges of lids and lips, see `landmarks.lid_contours` and `lip_contours`.
        lm68: The vertex nearest to each landmark, shape (68,).
    """

    def __init__(self, identity: Identity, density: Density = "half", device: str | torch.device = "cpu") -> None:
        self.identity = identity
        self.device = torch.device(device)
        self.layout = layout = GridLayout(density)
        self.eye_x = identity.eye_distance / 2
        self.mouth_half = identity.mouth_width / 2
        self.mouth_y = mouth_height(identity)
        self.t_eye, self.tau, self.side = self._own(layout.t_eye), self._own(layout.tau), self._own(layout.side)
        self.eye_open, self.mouth_open = self._own(layout.eye_open), self._own(layout.mouth_open)
        self.triangles = self._own(layout.triangles)
        self.lid_window = smoothstep(-0.12, 0.12, self.t_eye) * (1 - smoothstep(0.75, 1.1, self.t_eye))
        self.up_edge, self.lo_edge = layout.last("upper_lid"), layout.first("under_eye")
        self.ul_edge, self.ll_edge = layout.last("upper_lip"), layout.first("lower_lip")
        self.upper_lid, self.lower_lid = self._own(lids.upper_share(layout)), self._own(lids.lower_share(layout))
        self._wrap()
        self._shape()
        self.jaw = JawLine.build(self)
        self.ibug68 = self.jaw.at_rest(self.P0).followed_by(landmarks.ibug51(self))
        self.lm68 = self.ibug68.vertices()
        self.lid_contours, self.lip_contours = landmarks.lid_contours(self), landmarks.lip_contours(self)
        self._lid_middles, self._eye_corners = landmarks.lids_and_corners(self)
        self.lid_mid = self._lid_middles.vertices().view(2, 2)
        self.lid_rows = (self.upper_lid + self.lower_lid).clamp(max=1)

    def _own(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device)

    # --- wrapping ---------------------------------------------------------------------------------------------------

    def _wrap(self) -> None:
        """Place every row and column and cast them onto the sculpture."""
        layout = self.layout
        eye_azimuth, mouth_azimuth = self._azimuths()
        self._trace_curves(mouth_azimuth)
        self.azimuth = eye_azimuth.repeat(layout.rows, 1)
        between = layout.rows_of("nose", "nose_tip")
        ramp = torch.linspace(0, 1, between.stop - between.start, device=self.device)
        weight = smoothstep(0.0, 1.0, ramp)[:, None]
        self.azimuth[between] = eye_azimuth * (1 - weight) + mouth_azimuth * weight
        self.azimuth[between.stop :] = mouth_azimuth
        self.height = torch.zeros(layout.rows, layout.columns, device=self.device)
        for name, (above, below) in _SEGMENTS.items():
            share = _spacing(name, layout.count(name), self.device)[:, None]
            start, end = self.curves[above], self.curves[below]
            self.height[layout.rows_of(name)] = start + (end - start) * share
        self._cast_rows()

    def _cast_rows(self) -> None:
        """Cast all rows; steep segments get theirs re-spaced by arc length, half-way, twice."""
        layout = self.layout
        self.P0 = torch.empty(layout.rows, layout.columns, 3, device=self.device)
        depth = torch.full((layout.rows, layout.columns), FAR, device=self.device)
        depth[layout.rows_of("jaw", "neck")] = NECK_NEAR
        self._cast(torch.arange(layout.rows), depth, FIRST_STEPS)
        steep = torch.cat([torch.arange(*layout.rows_of(name).indices(layout.rows)) for name in _RESPACED])
        for _ in range(2):
            for name in _RESPACED:
                rows = layout.rows_of(name)
                self.height[rows] = self._respace(self.P0[rows], self.height[rows])
            depth[steep] += 6
            self._cast(steep, depth, NEXT_STEPS)

    def _cast(self, rows: Tensor, depth: Tensor, steps: int) -> None:
        """Cast some rows from `depth` mm, in place; only those from the jaw downward meet the trunk."""
        low = rows >= self.layout.first("jaw")
        for some, body in ((rows[~low], sculpture.head), (rows[low], sculpture.figure)):
            rays = cylinder_rays(self.azimuth[some], self.height[some])
            self.P0[some], depth[some] = body(self.identity).cast(*rays, start=depth[some], steps=steps)

    def _respace(self, points: Tensor, height: Tensor) -> Tensor:
        """New heights at even arc length, keeping 35 % of the old spacing; neighbours share theirs."""
        gaps = (points[1:] - points[:-1]).norm(dim=-1)  # (rows - 1, columns)
        gaps = gaps + 0.35 * gaps.mean(0, keepdim=True)
        taps = 8 // self.layout.step + 1
        padded = functional.pad(gaps[None], (taps // 2, taps // 2), mode="replicate")
        gaps = functional.avg_pool1d(padded, taps, 1)[0]
        length = torch.cat([torch.zeros_like(gaps[:1]), gaps.cumsum(0)])
        return resample_rows(length / length[-1:], height)

    def _azimuths(self) -> tuple[Tensor, Tensor]:
        """Azimuth of each column in the rows of the eyes and in those of the mouth, each of shape (columns,).

        Columns are bent so that the same ones meet the eye and mouth corners of every person.
        """
        theta = torch.linspace(0, 1.45, 240, device=self.device)
        heights = torch.tensor([[0.0], [-68 + self.identity.mouth_shift]], device=self.device).expand(2, len(theta))
        rays = cylinder_rays(theta.expand(2, -1), heights)
        rings, _ = sculpture.head(self.identity).cast(*rays, start=140.0, steps=30)
        ring_x = rings[..., 0].cpu().numpy()
        width = self.identity.eye_width
        inner, outer = self.eye_x - 0.52 * width, self.eye_x + 0.48 * width
        eye_t, mouth_t = np.linspace(-0.25, 1.2, 9), np.linspace(0.2, 1.3, 8)
        angles, offset = theta.cpu().numpy(), self.layout.offset.numpy()
        eye_columns = INNER_CORNER + eye_t * (OUTER_CORNER - INNER_CORNER)
        eye = _bend(offset, eye_columns, np.interp(inner + eye_t * (outer - inner), ring_x[0], angles))
        mouth = _bend(offset, mouth_t * MOUTH_CORNER, np.interp(mouth_t * self.mouth_half, ring_x[1], angles))
        return self._own(eye), self._own(mouth)

    def _trace_curves(self, azimuth: Tensor) -> None:
        """Heights of the lines that rows follow: brows, lid crease, lid edges, lip borders, chin."""
        identity = self.identity
        upper_lid, lower_lid, crease = self._lid_curves()
        mouth, upper, lower = self._lip_curves()
        nose = sculpture.nose_base(identity) - 10
        chin = sculpture.chin_height(identity) + 1
        level = {"crown": 189.0, "hairline": 64.0, "brow": identity.brow_height, "cheek": -20.0}
        level |= {"nose_tip": nose + 12, "nose_base": nose, "chin": chin, "under_chin": chin - 20}
        self.curves = {
            **{name: torch.full_like(self.t_eye, y) for name, y in level.items()},
            **{"crease": crease, "upper_lid": upper_lid, "lower_lid": lower_lid},
            **{"upper_border": upper, "mouth": mouth, "lower_border": lower},
            "neck_end": _NECK_END[1] + (_NECK_END[0] - _NECK_END[1]) * azimuth.cos().clamp(min=0) ** 2,
        }

    def _lid_curves(self) -> tuple[Tensor, Tensor, Tensor]:
        identity, t = self.identity, self.t_eye
        axis = -0.7 + identity.eye_tilt * t.clamp(-0.6, 1.6)
        inside = t.clamp(0, 1)
        arch = 4 * inside * (1 - inside)
        # the upper arch peaks towards the nose, the lower one towards the ear
        up = arch.pow(0.62) * (1 + 0.16 * (0.45 - inside))
        low = arch.pow(0.72) * (1 + 0.3 * (inside - 0.55))
        upper = axis + 0.45 * identity.eye_height * up - 1.1 * identity.epicanthus * relief.bump(t, 0.1, 0.13)
        lower = axis - 0.52 * identity.eye_height * low
        crease = upper + identity.lid_crease * (0.75 + 0.25 * up) + 0.6
        return upper, lower, torch.maximum(crease, upper + 1.5)

    def _lip_curves(self) -> tuple[Tensor, Tensor, Tensor]:
        identity, tau = self.identity, self.tau
        inside, x = tau.clamp(max=1), tau * self.mouth_half
        line = self.mouth_y + 1.2 * identity.mouth_curve * inside**2
        line = line - 0.8 * torch.exp(-((x / 5) ** 2)) + 0.5 * torch.exp(-(((x - 10) / 6) ** 2))
        arch = 1 - inside**2
        up = identity.upper_lip * (1 - inside.pow(1.5)).pow(0.85)
        up = up - identity.cupid_bow * torch.exp(-((x / 3.8) ** 2)) + 0.5 * torch.exp(-(((x - 6.5) / 4) ** 2))
        low = identity.lower_lip * arch.pow(0.8)
        self.upper_lip_height, self.lower_lip_height = up, low
        return line, line + up.clamp(min=1.6), line - low.clamp(min=1.6)

    # --- shaping ----------------------------------------------------------------------------------------------------

    def _shape(self) -> None:
        """Lips, lids, folds and skin relief on top of the bare sculpture."""
        self.coarse = self.P0.clone()
        rng = np.random.default_rng([self.identity.seed, 5])
        relief.add_lips(self)
        relief.add_folds(self)
        relief.add_lid_crease(self)
        relief.roll_edges(self)
        relief.add_asymmetry(self, rng)
        relief.add_pores(self, rng)
        for upper, lower, is_open in self.cuts():
            closed = ~is_open
            self.P0[upper, closed] = self.P0[lower, closed] = (self.P0[upper, closed] + self.P0[lower, closed]) / 2
        lids.meet(self, self.P0[None])
        lids.push_out(self, self.P0[None])

    def cuts(self) -> tuple[tuple[int, int, Tensor], ...]:
        """Upper edge row, lower edge row and open columns of the eye cut and of the mouth cut."""
        return (self.up_edge, self.lo_edge, self.eye_open), (self.ul_edge, self.ll_edge, self.mouth_open)

    # --- use --------------------------------------------------------------------------------------------------------

    def eye_centres(self) -> Tensor:
        """Centre of the eyeball of each column's side, mm, shape (columns, 3)."""
        x = torch.where(self.side < 0, -self.eye_x, self.eye_x)
        return torch.stack([x, torch.zeros_like(x), torch.zeros_like(x)], -1)

    def normals(self, points: Tensor) -> Tensor:
        """Unit normals of posed vertices (B, rows, columns, 3), same shape; differences never cross the cuts."""
        layout = self.layout
        top = grid_normals(points[:, : layout.first("upper_lid_roll")])
        top[:, 0] = unit(top[:, 1].mean(1, keepdim=True))  # the crown is one point
        middle = grid_normals(points[:, self.lo_edge : layout.first("upper_lip_roll")])
        bottom = grid_normals(points[:, self.ll_edge :])
        _join(top, middle, ~self.eye_open)
        _join(middle, bottom, ~self.mouth_open)
        lid, lip = layout.count("upper_lid_roll"), layout.count("upper_lip_roll")
        rolls = (
            *(_roll_normals(top[:, -1], lid, -1.0), _roll_normals(middle[:, 0], lid, 1.0).flip(1)),
            *(_roll_normals(middle[:, -1], lip, -1.0), _roll_normals(bottom[:, 0], lip, 1.0).flip(1)),
        )
        return torch.cat([top, rolls[0], rolls[1], middle, rolls[2], rolls[3], bottom], 1)

    def landmarks(self, points: Tensor) -> Tensor:
        """The 68 iBUG landmarks in mm of posed vertices (B, rows, columns, 3), shape (B, 68, 3).

        Those of the jaw are fixed places of the skin here; `jaw` finds what the camera sees.
        """
        return self.ibug68.locate(points)

    def aperture(self, points: Tensor) -> Tensor:
        """Lid opening over eye width of posed vertices (B, rows, columns, 3), shape (B, 2); 0 is closed.

        Eye 0 is the subject's right.
        """
        edges = self._lid_middles.locate(points).view(-1, 2, 2, 3)  # (B, eyes, upper and lower, 3)
        corners = self._eye_corners.locate(points).view(-1, 2, 2, 3)  # (B, eyes, outer and inner, 3)
        opening = (edges[:, :, 0, 1] - edges[:, :, 1, 1]).clamp(min=0)
        width: Tensor = (corners[:, :, 0] - corners[:, :, 1]).norm(dim=-1)
        return opening / width


FAR = 260.0
"""mm from the axis at which rays start; outside every head."""
NECK_NEAR = 110.0
"""The same for the rows of the neck: inside the shoulders, which hide it from afar."""
FIRST_STEPS, NEXT_STEPS = 36, 10
"""Marching steps from afar and after a small move of the ray."""

_SEGMENTS = {
    **{"scalp": ("crown", "hairline"), "forehead": ("hairline", "brow"), "brow": ("brow", "crease")},
    **{"upper_lid": ("crease", "upper_lid"), "under_eye": ("lower_lid", "cheek"), "nose": ("cheek", "nose_tip")},
    **{"nose_tip": ("nose_tip", "nose_base"), "philtrum": ("nose_base", "upper_border")},
    **{"upper_lip": ("upper_border", "mouth"), "lower_lip": ("mouth", "lower_border")},
    **{"chin": ("lower_border", "chin"), "jaw": ("chin", "under_chin"), "neck": ("under_chin", "neck_end")},
}
"""Line above and line below each segment; the four roll segments hang on their edges instead."""
_RESPACED = ("brow", "under_eye", "nose", "nose_tip", "philtrum", "chin", "jaw")
_BOTH_ENDS = frozenset({"upper_lid", "upper_lip", "lower_lip"})
_LOWER_END = frozenset({"chin", "jaw", "neck"})


def mouth_height(identity: Identity) -> float:
    """Height of the mouth line in mm."""
    below_nose = identity.philtrum + identity.upper_lip
    return -43.5 - 0.7 * identity.nose_length - below_nose + identity.mouth_shift + 0.3 * identity.face_length


def _spacing(name: str, count: int, device: torch.device) -> Tensor:
    """Shares of a segment's rows between its two lines; a line that two segments share belongs to one of them."""
    if name in _BOTH_ENDS:
        return torch.linspace(0, 1, count, device=device)
    first = 1 if name in _LOWER_END else 0
    return (torch.arange(count, device=device) + first) / count


def _bend(offset: Array, knots: Array, azimuths: Array) -> Tensor:
    """Smooth monotone azimuths of the columns at `offset`, through knots on one side; shape (columns,)."""
    knots = np.concatenate([[0], knots, [0.75 * BACK, BACK]])
    angles = np.concatenate([[0], azimuths, [math.radians(75), math.pi]])
    return torch.from_numpy(np.sign(offset) * PchipInterpolator(knots, angles)(np.abs(offset))).float()


def resample_rows(position: Tensor, values: Tensor) -> Tensor:
    """Values at evenly spaced positions, column by column.

    Args:
        position: Increasing from 0 to 1 down the rows, shape (rows, columns).
        values: Shape (rows, columns).

    Returns:
        Shape (rows, columns).
    """
    rows = len(position)
    wanted = torch.linspace(0, 1, rows, device=position.device).expand(position.shape[1], -1).contiguous()
    right = torch.searchsorted(position.T.contiguous(), wanted).clamp(1, rows - 1).T  # (rows, columns)
    low, high = position.gather(0, right - 1), position.gather(0, right)
    share = ((wanted.T - low) / (high - low).clamp(min=1e-9)).clamp(0, 1)
    before, after = values.gather(0, right - 1), values.gather(0, right)
    return before + (after - before) * share


def _join(upper: Tensor, lower: Tensor, closed: Tensor) -> None:
    """Give both sides of a cut one normal where it is closed, in place."""
    shared = unit(upper[:, -1] + lower[:, 0])
    closed = closed[:, None]
    upper[:, -1] = torch.where(closed, shared, upper[:, -1])
    lower[:, 0] = torch.where(closed, shared, lower[:, 0])


def _roll_normals(edge: Tensor, count: int, vertical: float) -> Tensor:
    """Normals turning from an edge (B, columns, 3) to the inside of a cut, shape (B, count, columns, 3)."""
    share = torch.linspace(0, 1, count + 1, device=edge.device)[1:].view(1, count, 1, 1)
    inside = edge.new_tensor([0.0, vertical, 0.35])
    return unit(edge[:, None] * (1 - share) + inside * share)
