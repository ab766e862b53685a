import dataclasses

import pytest

from tellbench.datasets.corpus import Corpus
from tellbench.datasets.exporters.base import Exporter, claim, folder_names, readable
from tellbench.errors import InputError
from tellbench.registry import EXPORTERS


class Noting(Exporter):
    """Writes one file with its option."""

    name = "noting"

    def __init__(self, word: str = "a") -> None:
        self.word = word

    def write(self, corpus, out, on_clip):
        (out / "note.txt").write_text(self.word)
        return ()


def test_a_folder_belongs_to_one_corpus_and_its_options(small_corpus, corpus_of, tmp_path):
    out = tmp_path / "out"
    Noting("a").export(small_corpus, out)
    Noting("a").export(small_corpus, out)
    with pytest.raises(InputError, match="another export"):
        Noting("b").export(small_corpus, out)
    with pytest.raises(InputError, match="another export"):
        Noting("a").export(corpus_of(tmp_path / "c", ("x", "y", "z")), out)
    assert (out / "note.txt").read_text() == "a"


def test_folders_with_other_files_and_files_are_refused(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    with pytest.raises(InputError, match="not empty"):
        claim(tmp_path / "mine", {})
    with pytest.raises(InputError, match="is a file"):
        claim(tmp_path / "mine" / "thesis.tex", {})
    assert len(list((tmp_path / "mine").iterdir())) == 1


def test_names_are_safe_and_never_meet(small_corpus):
    ids = ("ok-1_X", "a/b", "a.b", "a b", "../../up", "", "ä", "frames")
    clips = [dataclasses.replace(small_corpus["a-1"], clip_id=name) for name in ids]
    names = folder_names(Corpus(clips, small_corpus.root))
    assert names["ok-1_X"] == "ok-1_X"
    assert len({name.casefold() for name in names.values()}) == len(ids)
    assert all(name and set(name) <= set("abcdefghijklmnopqrstuvwxyzXok0123456789-_") for name in names.values())


def test_corrupt_clips_are_left_out_aloud(small_corpus):
    clips = [
        dataclasses.replace(c, status="corrupt: cut short" if i == 0 else "ok") for i, c in enumerate(small_corpus)
    ]
    kept, lines = readable(Corpus(clips, small_corpus.root))
    assert len(kept) == 5 and "1 clips" in lines[0] and "a-1" in lines[0]
    assert readable(small_corpus) == (small_corpus, ())


@pytest.mark.parametrize("name", list(EXPORTERS))
def test_registered_formats_carry_their_name(name):
    assert EXPORTERS.load(name).name == name
