import dataclasses

import pandas as pd
import pytest

from tellbench.datasets import corpus as opening
from tellbench.datasets import manifest
from tellbench.datasets.clip import Clip
from tellbench.datasets.corpus import Corpus
from tellbench.errors import InputError


def _clip(root, name, label=0, split="train", person="p0", generator="", speech=""):
    path = root / "clips" / f"{name}.mp4"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    return Clip(
        clip_id=name,
        path=path,
        label=label,
        split=split,
        identity_id=person,
        generator=generator,
        speech_id=speech or name,
    )


@pytest.fixture(params=["held", "stored"])
def where_rows_are(request, monkeypatch):
    """Rows of an opened corpus: in memory, or in the file as those of a large one are."""
    if request.param == "stored":
        monkeypatch.setattr(opening, "HELD", 0)
        monkeypatch.setattr(manifest, "BATCH", 2)
        monkeypatch.setattr(manifest, "_GROUP", 3)


@pytest.fixture
def corpus(tmp_path):
    clips = [
        _clip(tmp_path, "a", person="p0"),
        _clip(tmp_path, "b", 1, person="p0", generator="meshwarp"),
        _clip(tmp_path, "c", split="test", person="p1"),
        _clip(tmp_path, "d", 1, split="test", person="p1", generator="null"),
    ]
    return Corpus(clips, tmp_path)


@pytest.mark.usefixtures("where_rows_are")
def test_manifest_round_trip(corpus):
    corpus.write_manifest()
    opened = Corpus.open(corpus.root)
    assert opened.clips == corpus.clips
    opened.write_manifest()
    assert Corpus.open(corpus.root).clips == corpus.clips


@pytest.mark.usefixtures("where_rows_are")
def test_views_of_an_opened_corpus(corpus):
    corpus.write_manifest()
    opened = Corpus.open(corpus.root)
    view = opened.against("meshwarp", "null").where(lambda clip: clip.clip_id != "a").split("test")
    assert ([clip.clip_id for clip in view], len(view), view.generators) == (["c", "d"], 2, ("null",))
    assert view.labels.to_dict() == {"c": 0, "d": 1}
    assert view["d"].identity_id == "p1"
    with pytest.raises(InputError, match="no clip 'a'"):
        view["a"]
    assert len(view.where(lambda clip: False).labels) == 0
    assert opened.rows.counted("label") == {(0,): 2, (1,): 2}
    assert list(opened.rows.words("identity_id")) == ["p0", "p0", "p1", "p1"]


def test_manifest_has_the_column_that_video_folder_reads(corpus):
    corpus.write_manifest()
    assert list(pd.read_parquet(corpus.root / "metadata.parquet")["file_name"]) == [f"clips/{c}.mp4" for c in "abcd"]


def test_views(corpus):
    assert [c.clip_id for c in corpus.split("test")] == ["c", "d"]
    assert [c.clip_id for c in corpus.against("meshwarp")] == ["a", "b", "c"]
    assert corpus.generators == ("meshwarp", "null")
    assert corpus.labels.to_dict() == {"a": 0, "b": 1, "c": 0, "d": 1}
    assert corpus["c"].split == "test"


def test_repeated_id_is_refused(tmp_path):
    with pytest.raises(InputError, match="'a' occurs twice"):
        Corpus([_clip(tmp_path, "a"), _clip(tmp_path, "a")], tmp_path)


def test_person_in_two_splits_is_refused(tmp_path):
    with pytest.raises(InputError, match="person 'p0' is in splits test and train"):
        Corpus([_clip(tmp_path, "a"), _clip(tmp_path, "b", split="test")], tmp_path)


def test_donor_counts_as_a_person(tmp_path):
    donor = dataclasses.replace(_clip(tmp_path, "b", 1, split="test", person="p1"), donor_id="p0")
    with pytest.raises(InputError, match="p0"):
        Corpus([_clip(tmp_path, "a"), donor], tmp_path)


def test_shared_speech_in_two_splits_is_refused(tmp_path):
    clips = [_clip(tmp_path, "a", speech="s"), _clip(tmp_path, "b", split="test", person="p1", speech="s")]
    with pytest.raises(InputError, match="speech_id 's'"):
        Corpus(clips, tmp_path)


def test_folder_without_manifest(tmp_path):
    with pytest.raises(InputError, match="no corpus"):
        Corpus.open(tmp_path)


@pytest.mark.usefixtures("where_rows_are")
def test_missing_column_is_named(corpus):
    corpus.write_manifest()
    table = pd.read_parquet(corpus.root / "metadata.parquet").drop(columns="label")
    table.to_parquet(corpus.root / "metadata.parquet")
    with pytest.raises(InputError, match="'label' is missing"):
        Corpus.open(corpus.root)


@pytest.mark.usefixtures("where_rows_are")
def test_path_traversal_in_a_manifest_is_refused(corpus):
    corpus.write_manifest()
    table = pd.read_parquet(corpus.root / "metadata.parquet")
    table.loc[0, "file_name"] = "../../secret.mp4"
    table.to_parquet(corpus.root / "metadata.parquet")
    with pytest.raises(InputError, match="leaves its folder"):
        Corpus.open(corpus.root)


@pytest.mark.usefixtures("where_rows_are")
def test_absent_clip_is_named(corpus):
    corpus.write_manifest()
    (corpus.root / "clips" / "b.mp4").unlink()
    with pytest.raises(InputError, match=r"b\.mp4 is in the manifest"):
        Corpus.open(corpus.root)


@pytest.mark.parametrize(("field", "value"), [("label", 2), ("split", "dev"), ("width", -1), ("fps", float("nan"))])
def test_clip_checks_its_fields(tmp_path, field, value):
    with pytest.raises(InputError, match="clip 'a'"):
        dataclasses.replace(_clip(tmp_path, "a"), **{field: value})


@pytest.mark.usefixtures("where_rows_are")
def test_a_published_corpus_may_share_people_and_says_so(tmp_path):
    clips = [_clip(tmp_path, "a"), _clip(tmp_path, "b", split="test")]
    Corpus(clips, tmp_path, shared=["person"]).write_manifest()
    assert Corpus.open(tmp_path).shared == ("person",)
    with pytest.raises(InputError, match="speech_id 's'"):
        Corpus([dataclasses.replace(clip, speech_id="s") for clip in clips], tmp_path, shared=["person"])


@pytest.mark.usefixtures("where_rows_are")
def test_a_manifest_of_few_columns_gets_defaults(corpus):
    corpus.write_manifest()
    table = pd.read_parquet(corpus.root / "metadata.parquet").drop(columns=["dataset", "emotion", "crf"])
    table.assign(more=1).to_parquet(corpus.root / "metadata.parquet")
    assert Corpus.open(corpus.root).clips == corpus.clips


@pytest.mark.usefixtures("where_rows_are")
def test_a_broken_row_is_named(corpus):
    corpus.write_manifest()
    table = pd.read_parquet(corpus.root / "metadata.parquet")
    table.loc[2, "label"] = 7
    table.to_parquet(corpus.root / "metadata.parquet")
    with pytest.raises(InputError, match="clip 'c': label 7"):
        Corpus.open(corpus.root)


@pytest.mark.usefixtures("where_rows_are")
@pytest.mark.parametrize(("column", "message"), [("clip_id", "'clip_id' has empty cells"), ("emotion", "")])
def test_empty_cells(corpus, column, message):
    corpus.write_manifest()
    table = pd.read_parquet(corpus.root / "metadata.parquet")
    table.loc[1, column] = None
    table.to_parquet(corpus.root / "metadata.parquet")
    if message:
        with pytest.raises(InputError, match=message):
            Corpus.open(corpus.root)
    else:
        assert Corpus.open(corpus.root).clips == corpus.clips  # the default stands in


@pytest.mark.usefixtures("where_rows_are")
def test_repeated_words(corpus):
    corpus.write_manifest()
    table = pd.read_parquet(corpus.root / "metadata.parquet").assign(sha256=["x", "", "x", ""])
    table.to_parquet(corpus.root / "metadata.parquet")
    rows = Corpus.open(corpus.root).rows
    assert rows.repeated("sha256", ("label", "clip_id")) == {"x": [(0, "a"), (0, "c")]}
    assert rows.repeated("clip_id") == {}
    table.assign(clip_id=["a", "A", "c", "a"]).to_parquet(corpus.root / "metadata.parquet")
    with pytest.raises(InputError, match="'a' occurs twice"):
        Corpus.open(corpus.root)
