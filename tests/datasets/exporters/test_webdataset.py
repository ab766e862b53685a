import dataclasses
import json
import tarfile

import pytest

from tellbench.datasets.corpus import Corpus
from tellbench.datasets.exporters.webdataset import WebDataset
from tellbench.datasets.files import sha256
from tellbench.errors import InputError


def test_webdataset_itself_reads_the_shards(small_corpus, tmp_path):
    import webdataset

    lines = WebDataset().export(small_corpus, tmp_path / "out")
    assert len(lines) == 3
    for split in ("train", "val", "test"):
        shard = tmp_path / "out" / f"{split}-000000.tar"
        samples = list(webdataset.WebDataset(str(shard), shardshuffle=False))
        for sample, clip in zip(samples, small_corpus.split(split), strict=True):
            assert sample["mp4"] == clip.path.read_bytes()
            assert int(sample["cls"]) == clip.label
            row = json.loads(sample["json"])
            assert row["clip_id"] == clip.clip_id and row["identity_id"] == clip.identity_id and "path" not in row
            assert "." not in sample["__key__"], "what follows the first dot is the kind of file"


def test_shards_end_where_they_are_full_and_repeat_to_the_byte(small_corpus, tmp_path):
    from tellbench.datasets.exporters import webdataset as module

    sizes = [clip.path.stat().st_size for clip in small_corpus]
    clips = list(small_corpus)
    assert len(next(module._shards(clips, sizes[0] + sizes[1]))) == 2
    assert [len(shard) for shard in module._shards(clips, 1)] == [1] * 6
    assert [len(shard) for shard in module._shards(clips, 1e9)] == [6]
    for name in ("one", "two"):
        WebDataset().export(small_corpus, tmp_path / name)
    assert sha256(tmp_path / "one" / "test-000000.tar") == sha256(tmp_path / "two" / "test-000000.tar")


def test_an_interrupted_export_keeps_whole_shards_only(small_corpus, tmp_path):
    def stop():
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        WebDataset().export(small_corpus, out, stop)
    assert {path.name for path in out.iterdir()} == {"export.json", "train-000000.tar"}
    before = (out / "train-000000.tar").stat().st_mtime_ns
    WebDataset().export(small_corpus, out)
    assert len(list(out.glob("*.tar"))) == 3 and (out / "train-000000.tar").stat().st_mtime_ns == before


def test_clips_without_a_split_go_into_all(small_corpus, tmp_path):
    clips = [dataclasses.replace(clip, split="", clip_id=f"{i}/../x") for i, clip in enumerate(small_corpus)]
    WebDataset().export(Corpus(clips, small_corpus.root), tmp_path / "out")
    with tarfile.open(tmp_path / "out" / "all-000000.tar") as tar:
        assert len(tar.getnames()) == 18
        assert not any("/" in name or name.startswith(".") for name in tar.getnames())


def test_folders_of_pictures_are_refused(small_corpus, tmp_path):
    clip = dataclasses.replace(small_corpus["a-1"], path=tmp_path)
    with pytest.raises(InputError, match="folder of pictures"):
        WebDataset().export(Corpus([clip], small_corpus.root), tmp_path / "out")


def test_shards_of_nothing_are_refused():
    with pytest.raises(InputError, match="at least 1"):
        WebDataset(shard_mb=0)
