"""The shipped landmark network on real pictures, where they lie beside the checkout."""

import pytest

from tellbench.datasets.faces import FaceFinder, frame_portrait, read_portrait
from tellbench.errors import InputError
from tellbench.generator.meshwarp import MeshWarp


def _prepare(folder, name):
    picture = frame_portrait(read_portrait(folder / "portraits" / name), 384, FaceFinder())
    return MeshWarp().prepare(picture)


@pytest.mark.parametrize("name", ["sargent_lady_agnew.jpg", "pearl_earring.jpg"])
def test_clear_portraits_are_taken(shared_assets, name):
    puppet = _prepare(shared_assets, name)
    assert puppet.fit.mouth_closed
    assert abs(puppet.fit.camera.euler[0]) < 40


def test_a_portrait_in_broken_strokes_is_refused(shared_assets):
    with pytest.raises(InputError, match="cannot be animated well") as caught:
        _prepare(shared_assets, "vangogh_straw_hat.jpg")
    assert "\n" not in str(caught.value)
