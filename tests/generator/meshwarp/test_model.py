import pytest

from tellbench.generator.meshwarp.head import HeadModel
from tellbench.generator.meshwarp.model import main


@pytest.mark.slow
def test_command_builds_a_model_that_loads(tmp_path):
    main(["--people", "3", "--out", str(tmp_path / "model.safetensors")])
    model = HeadModel.load(tmp_path / "model.safetensors")
    assert model.shape == HeadModel.load().shape
