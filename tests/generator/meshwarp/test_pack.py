import numpy as np
from safetensors import safe_open

from tellbench.generator.meshwarp.head import WEIGHTS, HeadModel
from tellbench.generator.meshwarp.pack import principal_components, write


def test_components_of_mirrored_heads_span_the_heads():
    heads = np.random.default_rng(0).normal(size=(5, 6, 7, 3))
    mean, components, symmetry, share = principal_components(heads, np.ones((6, 7), bool), 9)
    assert share > 0.999
    assert set(symmetry) == {-1.0, 1.0}
    flat = components.reshape(len(components), -1)
    offset = (heads[0] - mean).ravel()
    solution, *_ = np.linalg.lstsq(flat.T, offset, rcond=None)
    np.testing.assert_allclose(flat.T @ solution, offset, atol=1e-6)


def test_a_written_model_is_read_back(model, tmp_path):
    with safe_open(str(WEIGHTS), "numpy") as stored:
        symmetry = stored.get_tensor("symmetry")
    write(tmp_path / "again.safetensors", model, symmetry, {"people": "test"})
    again = HeadModel.load(tmp_path / "again.safetensors")
    assert np.array_equal(again.mean, model.mean)
    assert np.array_equal(again.components, model.components)
    assert np.array_equal(again.shapes, model.shapes)
    assert again.segments == model.segments
    assert np.array_equal(again.triangles, model.triangles)
