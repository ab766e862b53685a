import json
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tellbench.detectors.cnn import Cnn
from tellbench.detectors.network import Fit
from tellbench.detectors.sanity import Constant, Random
from tellbench.detectors.storage import configuration, load_detector, read_detector, read_detectors, save_detector
from tellbench.errors import InputError


def test_everything_given_comes_back(tmp_path):
    arrays = {"scalar": np.array(3, np.int64), "row": np.array([1.5, np.nan]), "strided": np.arange(12).reshape(3, 4).T}
    fit = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    save_detector(Random(seed=7), tmp_path / "model", {"note": 1}, arrays, fit)
    stored = read_detector(Random, tmp_path / "model")
    assert stored.detector.seed == 7
    assert stored.fitted == {"note": 1}
    for name, values in arrays.items():
        np.testing.assert_array_equal(stored.arrays[name], values)
        assert stored.arrays[name].shape == values.shape
    assert stored.estimator.predict([[0.9]]) == fit.predict([[0.9]])


def test_the_same_fit_is_stored_as_the_same_bytes(tmp_path):
    """Hashes of weights can be compared between runs: no date and no address of an object is kept."""
    for name in ("one", "two"):
        fit = make_pipeline(StandardScaler(), LogisticRegression()).fit([[0.0, 1], [1.0, 3], [2.0, 2]], [0, 1, 1])
        save_detector(Random(), tmp_path / name, {}, {"a": np.zeros(2)}, fit)
        time.sleep(2.1 if name == "one" else 0)  # two seconds are the step of a date in a zip file
    one, two = (
        {path.name: path.read_bytes() for path in sorted((tmp_path / name).iterdir())} for name in ("one", "two")
    )
    assert one == two
    stored = read_detector(Random, tmp_path / "one").estimator
    np.testing.assert_array_equal(stored.predict_proba([[0.5, 2.0]]), fit.predict_proba([[0.5, 2.0]]))


def test_no_pickle_is_written(tmp_path):
    save_detector(Random(), tmp_path / "model", {}, {"a": np.zeros(2)}, LogisticRegression().fit([[0], [1]], [0, 1]))
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert names == {"detector.json", "arrays.safetensors", "estimator.skops"}
    about = json.loads((tmp_path / "model" / "detector.json").read_text())
    assert about["config"] == {"seed": 0}
    assert (about["name"], about["version"]) == ("random", 1)


def test_a_type_that_is_not_trusted_is_refused(tmp_path):
    tree = DecisionTreeClassifier().fit([[0], [1]], [0, 1])  # holds a compiled Tree, which is not on the list
    save_detector(Random(), tmp_path / "model", {}, None, tree)
    with pytest.raises(InputError, match="not trusted"):
        read_detector(Random, tmp_path / "model")


@pytest.mark.parametrize("config", [{"seed": "7"}, {"seed": 1.5}, {"seed": True}, {}, {"seed": 1, "more": 2}])
def test_a_configuration_of_another_shape_is_refused(config, tmp_path):
    save_detector(Random(), tmp_path / "model", {})
    about = json.loads((tmp_path / "model" / "detector.json").read_text())
    (tmp_path / "model" / "detector.json").write_text(json.dumps({**about, "config": config}))
    with pytest.raises(InputError, match="config"):
        read_detector(Random, tmp_path / "model")


def test_configuration_is_the_constructor():
    assert configuration(Random(seed=3)) == {"seed": 3}
    assert configuration(Constant()) == {}


def test_saving_again_replaces(tmp_path: Path):
    save_detector(Random(), tmp_path / "model", {}, {"old": np.zeros(1)})
    save_detector(Random(seed=2), tmp_path / "model", {})
    assert read_detector(Random, tmp_path / "model").arrays == {}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_any_detector_is_loaded_by_the_name_it_was_saved_under(tmp_path):
    save_detector(Random(seed=5), tmp_path / "model", {})
    found = load_detector(tmp_path / "model")
    assert isinstance(found, Random)
    assert found.seed == 5
    for description in ({"name": "os.system"}, {"name": ["random"]}, {}, []):
        (tmp_path / "model" / "detector.json").write_text(json.dumps(description))
        with pytest.raises(InputError, match="known: blink"):
            load_detector(tmp_path / "model")


def test_a_folder_of_detectors_without_sanity_rows_and_broken_ones(tmp_path, caplog):
    Random().save(tmp_path / "random")
    detector = Cnn()
    detector.fitted = Fit(detector.build(), 1.0, {})
    detector.save(tmp_path / "mine")
    (tmp_path / "blink").mkdir()
    (tmp_path / "blink" / "detector.json").write_text("broken")
    assert list(read_detectors(tmp_path)) == ["mine"]
    assert str(tmp_path / "blink") in caplog.text
    assert read_detectors(tmp_path / "absent") == {}
