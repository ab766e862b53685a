import numpy as np
import pytest
import torch

from tellbench.datasets.agreement.hearing import N_HEARD, Heard
from tellbench.datasets.agreement.judge import auc, judge, late, together
from tellbench.datasets.agreement.measures import MOUTH, Moves
from tellbench.datasets.agreement.network import MARGIN, Capp, SyncNet
from tellbench.datasets.agreement.scores import Sync, capp_of, local_offsets, pose_variation, sync_of
from tellbench.datasets.agreement.talks import HELD_OUT, Sitter, act_talk
from tellbench.errors import InputError


class Mirror(torch.nn.Module):
    """Embeds lips and sound as their own first numbers: they agree where those are alike."""

    def forward(self, moves, sound):
        return moves[:, MARGIN:-MARGIN, :4], sound[:, MARGIN:-MARGIN, :4]


def pair(n: int = 120, speaking: bool = True) -> tuple[Moves, Heard]:
    """Lips that do exactly what is heard."""
    track = np.random.default_rng(3).normal(size=(n, N_HEARD)).astype(np.float32)
    mouth = track[:, : len(MOUTH)] - np.median(track[:, : len(MOUTH)], 0)
    track[:, : len(MOUTH)] = mouth
    return Moves(mouth, track[:, :3].copy()), Heard(track, np.full(n, speaking))


@pytest.mark.parametrize("frames", [0, 4, -9, 15])
def test_late_lips_have_a_positive_offset(frames):
    found = sync_of(*late(pair(), frames), Mirror())
    assert found.offset == frames
    assert found.confidence > 1
    assert found.distance < 0.3


def test_confidence_is_median_less_minimum():
    distances = np.linspace(1.0, 1.3, 31)
    distances[20] = 0.5
    found = Sync(distances, 40)
    assert (found.offset, found.distance) == (5, 0.5)
    assert found.confidence == pytest.approx(np.median(distances) - 0.5)


@pytest.mark.parametrize("clip", [pair(30), pair(120, speaking=False), pair(5)], ids=["short", "silent", "tiny"])
def test_too_little_to_judge_is_said(clip):
    with pytest.raises(InputError, match="needed"):
        sync_of(*clip, Mirror())
    with pytest.raises(InputError, match="3 s"):
        capp_of(clip[0], Heard(clip[1].features, np.zeros(len(clip[1].speaking), bool)))


def test_frames_without_a_face_are_left_out():
    moves, heard = pair(200)
    moves.mouth[60:80] = np.nan
    found = sync_of(moves, heard, Mirror())
    assert found.offset == 0
    assert found.n_windows == 200 - 2 * MARGIN - 20 - 2 * MARGIN


def test_pose_variation_is_the_mean_change():
    angles = np.cumsum(np.tile([[0.3, -0.6, 0.0]], (50, 1)), 0).astype(np.float32)
    assert pose_variation(Moves(np.zeros((50, len(MOUTH)), np.float32), angles)) == pytest.approx(0.3, abs=1e-4)


def test_auc_counts_ties_half():
    assert auc(np.array([1.0, 2.0]), np.array([1.0, 0.0])) == pytest.approx(0.875)


@pytest.fixture(scope="module")
def talks():
    """Two talks of a person that no network has learned from."""
    sitter = Sitter(HELD_OUT[90])
    return [act_talk(seed, sitter) for seed in HELD_OUT[90:92]]


def test_the_shipped_networks_know_what_belongs_together(talks):
    found = judge([(talk.moves, talk.heard) for talk in talks])
    assert found["shift found within 1"] == 1
    assert found["sync confidence"] > 2 * found["sync confidence, swapped"]
    assert np.median(local_offsets(talks[0].moves, talks[0].heard)) in (-1, 0, 1)


def test_talks_come_out_the_same_and_are_kept(talks, tmp_path):
    talks[0].save(tmp_path / "talk.safetensors")
    kept = type(talks[0]).read(tmp_path / "talk.safetensors")
    np.testing.assert_array_equal(kept.moves.mouth, talks[0].moves.mouth)
    np.testing.assert_array_equal(kept.heard.features, talks[0].heard.features)
    moves, heard = together(talks[0].moves, Heard(talks[0].heard.features[:50], talks[0].heard.speaking[:50]))
    assert len(moves) == len(heard.features) == 50


@pytest.mark.parametrize("kind", [SyncNet, Capp])
def test_networks_are_saved_and_broken_files_refused(kind, tmp_path):
    torch.manual_seed(1)
    network = kind().eval()
    network.save(tmp_path / "n.safetensors")
    assert (tmp_path / "n.safetensors").stat().st_size < 500_000
    moves = torch.randn(1, 75, 8 if kind is SyncNet else 3)
    sound = torch.randn(1, 75, N_HEARD)
    again = kind.load(tmp_path / "n.safetensors")
    torch.testing.assert_close(again(moves, sound)[0], network(moves, sound)[0], atol=5e-3, rtol=0)
    other = SyncNet if kind is Capp else Capp
    with pytest.raises(InputError, match=r"agreement\.fit"):
        other.load(tmp_path / "n.safetensors")
    with pytest.raises(InputError, match="no readable"):
        kind.load(tmp_path / "absent.safetensors")
