from types import SimpleNamespace

import pytest
import torch

from tellbench.datasets.studio.labels import Label
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.skin import Skin
from tellbench.errors import InputError
from tellbench.generator.vasa.data.studio import Head, Recipe
from tellbench.generator.vasa.frames import RIG_NAMES
from tellbench.generator.vasa.pose import project
from tellbench.generator.vasa.window import STEADY, STEADY_PLACES, pose_of

AT_REST = slice(0, None, 3)
"""Rows of the neutral expression."""


def lattice(side: int) -> torch.Tensor:
    axis = (torch.arange(side) + 0.5) * (2 / side) - 1
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)


def test_canonical_places_project_to_where_they_are_seen(filmed):
    rest = filmed.at(AT_REST)
    seen = project(rest.canonical.permute(0, 2, 3, 1), rest.pose)
    for row in range(3):
        head = torch.isin(rest.labels[row, 0], torch.tensor([Label.EYES, Label.BROWS_LASHES, Label.LIPS]))
        error = (seen[row, ..., :2] - lattice(48)).norm(dim=-1)[head]
        assert head.sum() > 20 and error.median() < 0.01 and error.mean() < 0.02
        assert (seen[row, ..., 2] - rest.depth[row, 0])[head].abs().median() < 0.02


def test_expressions_move_lips_off_their_rigid_place(filmed):
    seen = project(filmed.canonical.permute(0, 2, 3, 1), filmed.pose)
    error = (seen[..., :2] - lattice(48)).norm(dim=-1)
    lips, acting = filmed.labels[:, 0] == Label.LIPS, (torch.arange(9) % 3 > 0)[:, None, None]
    assert error[lips & acting].mean() > 2 * error[lips & ~acting].mean()


def test_pose_read_from_landmarks_agrees(filmed):
    rest = filmed.at(AT_REST)
    off = pose_of(rest.landmarks, perspective=float(rest.pose[0, 6])) - rest.pose
    assert off[:, :3].rad2deg().abs().max() < 8 and off[:, 3:6].abs().max() < 0.06


def test_rows_run_pose_by_pose_and_the_first_of_each_is_neutral(filmed):
    assert filmed.rig[AT_REST].abs().sum() == 0 and filmed.rig[1:3].abs().amax(1).min() > 0.2
    assert torch.equal(filmed.rig[:3], filmed.rig[3:6])
    assert (filmed.pose[:3] - filmed.pose[:1]).abs().max() == 0 and (filmed.pose[3] - filmed.pose[0]).abs().max() > 0.05
    assert filmed.rig.shape[1] == len(RIG_NAMES)


def test_pictures_and_maps_fit(filmed):
    assert filmed.image.shape == (9, 3, 96, 96) and 0.2 < filmed.image.mean() < 0.9
    assert filmed.labels.shape == filmed.surface.shape == filmed.depth.shape == (9, 1, 48, 48)
    assert torch.equal(filmed.labels > 0, filmed.surface > 0)
    eye = filmed.landmarks[0, 36:42].mean(0), filmed.landmarks[0, 42:48].mean(0)
    assert eye[0][0] < -0.1 and eye[1][0] > 0.1 and -0.4 < eye[0][1] < 0.1


def test_steady_places_are_those_of_the_average_person():
    """They are frozen, since all films hang on them; a studio whose people have changed must say so here."""
    skin = Skin(Identity.average())
    head = Head.of(SimpleNamespace(skin=skin))
    rest = head.canonical(skin.landmarks(skin.P0[None])[0, list(STEADY)])
    assert head.unit == pytest.approx(130, abs=4) and head.centre[1] == pytest.approx(-15, abs=3)
    assert (rest - torch.tensor(STEADY_PLACES)).norm(dim=1).max() < 0.04


def test_maps_must_divide_windows():
    with pytest.raises(InputError, match="maps must divide"):
        Recipe(side=100, maps=64)
