import json
import os

import pytest

from tellbench.datasets.exporters.croissant import Croissant
from tellbench.errors import InputError


@pytest.mark.parametrize("beside", [False, True])
def test_mlcroissant_validates_it_and_reads_the_records(corpus_of, tmp_path, beside):
    import mlcroissant

    corpus = corpus_of(tmp_path / "corpus")
    out = tmp_path / "meta" if beside else corpus.root
    Croissant(license="CC-BY-4.0", published="2026-01-31").export(corpus, out)
    dataset = mlcroissant.Dataset(jsonld=str(out / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    records = list(dataset.records("clips"))
    for record, clip in zip(records, corpus, strict=True):
        assert record["clips/clip_id"] == clip.clip_id.encode()
        assert record["clips/label"] == clip.label
        assert record["clips/fps"] == 25.0
        assert (corpus.root / record["clips/file_name"].decode()).is_file()


def test_it_says_what_is_in_it_and_how_to_cite(small_corpus, tmp_path):
    (line,) = Croissant().export(small_corpus, tmp_path)
    assert "recommends --license and --published" in line
    about = json.loads((tmp_path / "croissant.json").read_text())
    assert about["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert about["description"].startswith("6 clips") and "Tellbench" in about["citeAs"]
    assert "license" not in about
    assert [part["includes"] for part in about["distribution"][1:]] == [
        (os.path.relpath(small_corpus.root, tmp_path) + "/clips/*.mp4")
    ]


def test_a_day_that_is_none_is_refused():
    with pytest.raises(InputError, match="2026-01-31"):
        Croissant(published="yesterday")
