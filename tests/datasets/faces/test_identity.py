import numpy as np
import pytest
import torch

from tellbench.datasets.faces.identity import (
    SIDE,
    WIDTH,
    Embedder,
    IdentityNet,
    align,
    inner_only,
    read_weights,
)
from tellbench.datasets.faces.identity_fit import (
    Album,
    CosineLoss,
    Recipe,
    averaged,
    fit,
    keep_faces,
    load_album,
    vary,
    verify,
)
from tellbench.datasets.faces.storage import write_weights
from tellbench.errors import InputError


def test_alignment_levels_the_eyes(renders):
    faces = align(renders.frames, renders.landmarks)
    assert faces.shape == (4, 3, SIDE, SIDE)
    turned = np.rot90(renders.frames, axes=(1, 2)).copy()  # anticlockwise by 90 degrees
    size = renders.frames.shape[1]
    points = np.stack([renders.landmarks[..., 1], size - renders.landmarks[..., 0]], -1)
    again = align(turned, points)
    assert (faces - again).abs().mean() < 1.0


def test_only_the_inner_face_is_looked_at(renders):
    faces = align(renders.frames, renders.landmarks)
    network = IdentityNet().eval()
    hidden = inner_only(faces)
    assert (hidden[:, :, 0, 0] == 128).all() and (hidden[:, :, SIDE // 2, SIDE // 2] != 128).any()
    other_room = torch.where(hidden == 128, 255 * torch.rand(faces.shape), faces)
    embedder = Embedder(network)
    np.testing.assert_allclose(embedder.embed(faces), embedder.embed(other_room), atol=0.05)


def test_embeddings_are_unit_vectors_and_nan_stays_nan(renders):
    points = renders.landmarks.copy()
    points[2] = np.nan
    vectors = Embedder(IdentityNet())(renders.frames, points)
    assert vectors.shape == (4, WIDTH) and np.isnan(vectors[2]).all()
    np.testing.assert_allclose(np.linalg.norm(vectors[[0, 1, 3]], axis=1), 1, rtol=1e-5)


def test_the_margin_makes_the_loss_larger_at_the_same_cosines():
    loss = CosineLoss(4)
    vectors = torch.nn.functional.normalize(loss.centres.detach())
    right, wrong = loss(vectors, torch.arange(4)), loss(vectors, torch.arange(4).roll(1))
    assert right < 0.2 < wrong


def test_variations_keep_shape_and_range_and_repeat():
    faces = torch.rand(3, 3, SIDE, SIDE) * 255
    one, two = (vary(faces, torch.Generator().manual_seed(4)) for _ in range(2))
    torch.testing.assert_close(one, two)
    assert one.shape == faces.shape and one.min() >= 0 and one.max() <= 255


def test_verification_by_hand():
    """Two people, two takes: one impostor pair looks more alike than one genuine pair."""
    people, takes = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    angles = np.deg2rad([0, 10, 90, 100])
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    album = Album(np.zeros((4, 3, 2, 2), np.uint8), people, takes)
    assert verify(vectors, album).eer == 0
    same_take = Album(album.faces, people, np.zeros(4, int))
    with pytest.raises((ZeroDivisionError, ValueError, IndexError)):
        verify(vectors, same_take)
    angles = np.deg2rad([0, 80, 85, 90])
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    assert verify(vectors, album).eer > 0.2


def test_means_are_of_one_take_and_of_unit_length():
    vectors = np.eye(8, dtype=np.float32)
    album = Album(np.zeros((8, 1)), np.repeat([1, 2], 4), np.array([0, 0, 1, 1, 0, 0, 0, 1]))
    means, kept = averaged(vectors, album, 2)
    assert kept.people.tolist() == [1, 1, 2] and kept.takes.tolist() == [0, 1, 0]
    np.testing.assert_allclose(means[0], [np.sqrt(0.5), np.sqrt(0.5), *[0] * 6], rtol=1e-6)


def test_shipped_weights_tell_two_takes_of_one_person_from_another_person(renders):
    from tellbench.datasets.studio import Identity, Person, Studio

    still = np.zeros((1, 52), np.float32), np.array([[12, 0, 0, 0, 0, 0]], np.float32), np.zeros((1, 2), np.float32)
    again = Studio(Person(Identity.sample(11)), seed=12, size=256).render(*still)
    other = Studio(Person(Identity.sample(14)), seed=11, size=256).render(*still)
    embedder = Embedder.load()
    one, same, different = (embedder(shot.frames[:1], shot.landmarks[:1])[0] for shot in (renders, again, other))
    assert one @ same > one @ different + 0.1


def test_training_tells_toy_people_apart(tmp_path):
    """People who differ in one bright square."""
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 90, (48, 3, SIDE, SIDE), dtype=np.uint8)
    people, takes = np.arange(48) % 4, np.arange(48) // 4 % 3
    for face, person in zip(faces, people, strict=True):
        face[:, 30 + 12 * person : 44 + 12 * person, 40:72] += 150
    album = Album(faces, people, takes)
    network = fit(Recipe(steps=25, batch=12), album)
    write_weights(tmp_path / "w.safetensors", network)
    vectors = Embedder(read_weights(tmp_path / "w.safetensors")).embed(torch.as_tensor(faces))
    assert verify(vectors, album).eer < 0.25


def test_faces_are_kept_and_read_back(renders, tmp_path):
    takes = np.array([0, 0, 1, 1])
    keep_faces(tmp_path / "faces_710000.npz", renders.frames, renders.landmarks, takes, 710_000)
    album = load_album(tmp_path, range(710_000, 710_002))
    assert album.faces.shape == (4, 3, SIDE, SIDE) and (album.people == 710_000).all()
    np.testing.assert_array_equal(album.takes, takes)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="identity_fit"):
        read_weights(tmp_path / "x.safetensors")
