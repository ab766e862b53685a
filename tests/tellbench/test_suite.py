import pytest

from tellbench.errors import InputError
from tellbench.registry import GENERATORS
from tellbench.suite import load_suite, shipped_suites


def _write(tmp_path, text):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", sorted(shipped_suites()))
def test_shipped_suites_load(name):
    assert load_suite(name).name == name


def test_demo_names_three_detectors_and_every_generator_that_animates():
    suite = load_suite("demo")
    assert {"blink", "spectrum", "cnn", "random", "oracle"} <= set(suite.detectors)
    assert set(suite.generators) == set(GENERATORS) - {"splice"}
    assert set(load_suite("full").generators) == set(GENERATORS)


def test_dials_of_one_generator_alone_are_known_and_have_their_ranges(tmp_path):
    head = "name: a\npeople: 5\nprotocols: [dose-response]\ndials:\n  "
    assert load_suite(_write(tmp_path, head + "opacity: [0.5]")).dials == {"opacity": (0.5,)}
    with pytest.raises(InputError, match="opacity = 2; 0 to 1 is allowed"):
        load_suite(_write(tmp_path, head + "opacity: [2]"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\npeeple: 5", "unknown key 'peeple'; did you mean people"),
        ("name: a\npeople: many", "people is 'many'; int is needed"),
        ("name: a\npeople: 5\nfps: true", "fps is True; a number or a list of them is needed"),
        ("name: a\npeople: 5\ngenerators: meshwarp", "a list of names is needed"),
        ("name: a\npeople: 5\ndetectors: [blnik]", "unknown detector 'blnik'; did you mean blink"),
        ("name: a\npeople: 5\ntrain_on: [null2]", "trains on 'null2', which it does not make"),
        ("name: a\npeople: 5\nprotocols: [launder]", "unknown protocol 'launder'; protocols: leave-one-generator-out"),
        ("name: a\npeople: 5\nprotocols: [laundered]", "'laundered' needs the key 'recipes'"),
        ("name: a\npeople: 5\nprotocols: [leave-one-generator-out]", "needs two generators"),
        ("name: a\npeople: 5\nrecipes: [jpeg=5]", "unknown step 'jpeg'"),
        ("name: a\npeople: 5\nlengths: [2, 9]", "length 9 s of clips of 5 s"),
        ("name: a\npeople: 5\nlengths: [short]", "a list of numbers is needed"),
        ("name: a\npeople: 5\ndials: {blnk: [1]}", "unknown dial 'blnk'"),
        ("name: a\npeople: 5\ndials: {blink_rate: [99]}", "0 to 60 is allowed"),
        ("name: a\npeople: 5\ndials: {sampler_steps: [0]}", "1 to 1000 is allowed"),
        ("name: a\npeople: 5\ndials: {blink_rate: many}", "dials.blink_rate is 'many'; a list of numbers"),
        ("name: a", "'people' is missing"),
        ("- just\n- a list", "holds no keys"),
        ("a: [", "not readable YAML"),
    ],
)
def test_faults_are_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        load_suite(_write(tmp_path, text))


def test_unknown_suite_lists_the_shipped_ones():
    with pytest.raises(InputError, match=r"neither a file nor one of .*demo"):
        load_suite("standrad")
