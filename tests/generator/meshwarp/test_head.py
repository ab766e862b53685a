import numpy as np
import pytest

from tellbench.datasets.expression import COEFFICIENTS, INDEX
from tellbench.errors import InputError
from tellbench.generator.meshwarp.head import WEIGHTS, HeadModel, mirror


def test_shipped_file_is_small():
    assert WEIGHTS.stat().st_size <= 4_000_000


def test_mean_head_is_symmetric_and_life_sized(model):
    np.testing.assert_allclose(mirror(model.mean), model.mean, atol=1e-4)
    eyes = model.mean.reshape(-1, 3)[model.landmarks[[36, 45]]]
    assert 75 < np.linalg.norm(eyes[1] - eyes[0]) < 105  # mm between the outer corners


def test_every_component_is_symmetric_or_antisymmetric(model):
    for component in model.components:
        inner = np.delete(component, model.shape[1] // 2, axis=1)  # the midline of an odd one may differ
        signs = [np.abs(mirror(inner) - s * inner).max() for s in (1, -1)]
        assert min(signs) < 0.02 < max(signs)


def test_landmarks_lie_on_the_lids_and_lips(model):
    row = model.landmarks // model.shape[1]
    assert set(row[[37, 38, 43, 44]]) == {model.upper_lid_edge}
    assert set(row[[40, 41, 46, 47]]) == {model.lower_lid_edge}
    assert set(row[[61, 62, 63]]) == {model.upper_lip_edge}
    assert set(row[[65, 66, 67]]) == {model.lower_lip_edge}


def test_right_shapes_mirror_left_ones(model):
    assert model.shapes.shape == (len(COEFFICIENTS), *model.mean.shape)
    left, right = model.shapes[INDEX["mouthSmileLeft"]], model.shapes[INDEX["mouthSmileRight"]]
    assert np.abs(left).max() > 3
    assert np.array_equal(mirror(left), right)


def test_missing_and_broken_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="missing"):
        HeadModel.load(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(WEIGHTS.read_bytes()[:1000])
    with pytest.raises(InputError, match="not a head model"):
        HeadModel.load(tmp_path / "bad.safetensors")
