import pytest

from tellbench.datasets.files import atomic_folder, atomic_path, inside, inside_all, read_json, sha256, write_json
from tellbench.errors import InputError


def test_atomic_path_keeps_the_old_file_when_the_block_fails(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(target) as part:
        part.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_atomic_path_replaces(tmp_path):
    with atomic_path(tmp_path / "deep" / "a.txt") as part:
        part.write_text("new")
    assert (tmp_path / "deep" / "a.txt").read_text() == "new"


def test_full_disk_is_one_clear_line(tmp_path):
    with (
        pytest.raises(InputError, match=r"cannot write .*a\.txt: No space left on device"),
        atomic_path(tmp_path / "a.txt"),
    ):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_atomic_folder_is_whole_or_absent(tmp_path):
    with pytest.raises(RuntimeError), atomic_folder(tmp_path / "model") as part:
        (part / "x").write_text("1")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with atomic_folder(tmp_path / "model") as part:
        (part / "x").write_text("1")
    assert (tmp_path / "model" / "x").read_text() == "1"


def test_json_round_trip_and_nan_refused(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1, "a": [1.5, None]})
    assert read_json(tmp_path / "a.json") == {"b": 1, "a": [1.5, None]}
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "b.json", float("nan"))
    assert not (tmp_path / "b.json").exists()


def test_broken_json_names_the_file(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match=r"a\.json"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x"])
def test_names_that_climb_out_are_refused(tmp_path, name):
    with pytest.raises(InputError, match="leaves its folder"):
        inside(tmp_path, name)


def test_names_inside_pass(tmp_path):
    assert inside(tmp_path, "clips/a.mp4") == tmp_path / "clips" / "a.mp4"


def test_sha256_of_known_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a").startswith("ba7816bf8f01cfea")  # FIPS 180-2, appendix B.1


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "..", "a/..", "media/../../x", "out/x"])
def test_many_names_are_checked_like_one(tmp_path, name):
    (tmp_path / "corpus" / "a").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "corpus" / "media").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "corpus" / "media2").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "corpus" / "out").symlink_to(tmp_path / "elsewhere")
    if name == "a/..":
        assert inside_all(tmp_path / "corpus", [name], linked="media")
        return
    with pytest.raises(InputError, match="leaves its folder"):
        inside_all(tmp_path / "corpus", ["b", "a/b", "media/b", name], linked="media")
    assert inside_all(tmp_path / "corpus", ["a/b", "media2/c/d"], linked="media")[1].endswith("corpus/media2/c/d")
