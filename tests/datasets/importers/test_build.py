"""Writing an imported corpus: files linked or copied, hashed, looked into; nothing lost, nothing half-written."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import sha256
from tellbench.datasets.importers import build
from tellbench.datasets.importers.build import Wish, import_corpus, survey
from tellbench.datasets.importers.layout import load_layout
from tellbench.datasets.video import VideoWriter
from tellbench.errors import InputError


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """UADFV in little: four people, real and fake, of which one is cut short and one is no video."""
    root = tmp_path_factory.mktemp("uadfv")
    for number in range(5):
        for name in (f"real/{number:04}.mp4", f"fake/{number:04}_fake.mp4"):
            with VideoWriter(root / name, 32, 32, 25) as out:
                frame = Image.effect_noise((32, 32), 20 + number + 40 * name.startswith("fake")).convert("RGB")
                out.write(np.stack([frame] * 10))
    whole = (root / "real" / "0001.mp4").read_bytes()
    (root / "real" / "0001.mp4").write_bytes(whole[: len(whole) * 8 // 10])
    (root / "fake" / "0002_fake.mp4").write_text("no video")
    (root / "real" / "0003.mp4").write_bytes((root / "fake" / "0003_fake.mp4").read_bytes())
    return root


def bring(root, out, **how):
    with survey(Wish(layout=load_layout("uadfv"), roots=(root,))) as found:
        return import_corpus(found, out, workers=2, **how), found


def findings(out):
    with (out / "findings.csv").open() as stream:
        return [row["kind"] for row in csv.DictReader(stream)]


@pytest.mark.parametrize("copy", [False, True])
def test_import(videos, tmp_path, copy):
    corpus, found = bring(videos, tmp_path / "c", copy=copy)
    assert len(corpus) == len(found) == 10
    assert (tmp_path / "c" / "media").is_symlink() is not copy
    clip = corpus["fake-0000_fake"]
    assert (clip.width, clip.height, clip.fps, clip.n_frames, clip.duration_s) == (32, 32, 25.0, 10, 0.4)
    assert clip.sha256 == sha256(videos / "fake" / "0000_fake.mp4")
    assert clip.pair_id == corpus["real-0000"].pair_id
    assert {clip.split for clip in corpus} == {"train", "val", "test"}
    record = json.loads((tmp_path / "c" / "import.json").read_text())
    assert record["differences"] == found.differences != []
    assert "Imported from UADFV" in (tmp_path / "c" / "README.md").read_text()
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == [
        "README.md",
        "findings.csv",
        "import.json",
        "media",
        "metadata.parquet",
    ]


def test_corrupt_files_keep_their_rows(videos, tmp_path):
    corpus, found = bring(videos, tmp_path / "c")
    assert "cut short" in corpus["real-0001"].status
    assert corpus["fake-0002_fake"].status.startswith("corrupt: ")
    assert [clip.status for clip in corpus].count("ok") == 8
    assert findings(tmp_path / "c").count("corrupt (kept, counts as not scored)") == 2
    assert found.findings.of("same bytes, different labels") == ("fake-0003_fake, real-0003",)


def test_unchecked_files_are_not_opened(videos, tmp_path):
    corpus, _ = bring(videos, tmp_path / "c", check=False)
    assert {clip.sha256 for clip in corpus} == {""}
    assert not any(clip.n_frames for clip in corpus)


def test_an_interrupted_import_goes_on(videos, tmp_path, monkeypatch):
    def stop(_n):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(videos, tmp_path / "c", on_clips=stop)
    assert not (tmp_path / "c" / "metadata.parquet").exists()
    monkeypatch.setattr(build, "facts", lambda path: pytest.fail(f"{path} was read again"))
    corpus, _ = bring(videos, tmp_path / "c")
    assert corpus["real-0000"].n_frames == 10
    with pytest.raises(InputError, match="holds a corpus"):
        bring(videos, tmp_path / "c")


def test_places_that_will_not_do(videos, tmp_path):
    with pytest.raises(InputError, match="lies within"):
        bring(videos, videos / "corpus")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "media").symlink_to(tmp_path)
    with pytest.raises(InputError, match="media leads to"):
        bring(videos, tmp_path / "c")


def test_published_splits_that_share_people_can_be_opened(tmp_path):
    root = tmp_path / "root"
    for name in ("Celeb-real/id1_0000.mp4", "Celeb-synthesis/id1_id2_0000.mp4"):
        (root / name).parent.mkdir(parents=True)
        (root / name).touch()
    (root / "List_of_testing_videos.txt").write_text("0 Celeb-synthesis/id1_id2_0000.mp4\n")
    with survey(Wish(layout=load_layout("celebdf-v2"), roots=(root,))) as found:
        import_corpus(found, tmp_path / "c")
    assert Corpus.open(tmp_path / "c").shared == ("person",)


def test_a_folder_of_frames_is_a_clip(tmp_path, frames):
    for number in range(3):
        path = tmp_path / "root" / "sora" / "1_fake" / "v" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(frames[number]).save(path)
    Image.fromarray(frames[0]).save(tmp_path / "root" / "sora" / "x.png")
    (tmp_path / "root" / "sora" / "0_real").mkdir()
    (tmp_path / "root" / "sora" / "x.png").rename(tmp_path / "root" / "sora" / "0_real" / "x.png")
    with survey(Wish(layout=load_layout("folders"), roots=(tmp_path / "root",))) as found:
        corpus = import_corpus(found, tmp_path / "c", copy=True)
    assert {clip.clip_id: (clip.label, clip.n_frames) for clip in corpus} == {
        "sora-0_real-x": (0, 1),
        "sora-1_fake-v": (1, 3),
    }
