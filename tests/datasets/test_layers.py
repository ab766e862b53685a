import numpy as np
import pytest

from tellbench.datasets.layers import LayerWriter, pack_depth, read_layer
from tellbench.errors import InputError


@pytest.mark.parametrize(("dtype", "fps"), [("uint8", 25.0), ("uint16", 30000 / 1001)])
def test_every_bit_comes_back_in_any_order(tmp_path, dtype, fps):
    frames = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (40, 64, 64)).astype(dtype)
    with LayerWriter(tmp_path / "a.mkv", 64, fps, dtype) as layer:
        layer.write(frames[:13])
        layer.write(frames[13:])
    assert np.array_equal(read_layer(tmp_path / "a.mkv", range(40)), frames)
    assert np.array_equal(read_layer(tmp_path / "a.mkv", [39, 0, 17]), frames[[39, 0, 17]])
    with pytest.raises(InputError, match="cannot be read"):
        read_layer(tmp_path / "a.mkv", [40])


def test_a_failed_block_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), LayerWriter(tmp_path / "a.mkv", 64, 25.0, "uint8") as layer:
        layer.write(np.zeros((2, 64, 64), np.uint8))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="--masks"):
        read_layer(tmp_path / "a.mkv", [0])


def test_depth_is_kept_to_a_tenth_of_a_millimetre_and_the_room_is_far():
    packed = pack_depth(np.array([812.34, 1e9], np.float32))
    assert packed.tolist() == [8123, 65535]
