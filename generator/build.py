"""From a plan to a corpus: pristine takes from the studio and forged clips beside them, resumable clip by clip."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from PIL import Image

from tellbench._version import __version__
from tellbench.datasets import provenance, signing
from tellbench.datasets.audio import Audio, read_audio, write_wav
from tellbench.datasets.card import write_card
from tellbench.datasets.clip import FORGED, PRISTINE, SPLITS, Clip
from tellbench.datasets.corpus import Corpus
from tellbench.datasets.files import atomic_path, read_json, sha256, write_json
from tellbench.datasets.layers import LayerWriter, pack_depth
from tellbench.datasets.processes import process_pool
from tellbench.datasets.scene import Scene
from tellbench.datasets.splits import assign
from tellbench.datasets.studio.film import Take, refilm_of
from tellbench.datasets.video import CODEC, VideoWriter
from tellbench.errors import InputError
from tellbench.generator.base import Frames, RefusalError, Request
from tellbench.generator.controls import MOODS, Controls
from tellbench.generator.forge import controls_text, forge
from tellbench.generator.outside import Outside, outside_request
from tellbench.generator.plan import Plan, fingerprint
from tellbench.registry import GENERATORS

STUDIO_RIGHTS: Final = "virtual human of the Tellbench studio; no person is shown"
REFUSED: Final = "refused.json"
"""Which scenes and portraits were left out, and why; absent where none was."""
_WORK: Final = ".build"


def build(
    plan: Plan, out: Path, *, workers: int = 1, device: str = "cpu", on_clip: Callable[[str], None] | None = None
) -> Corpus:
    """Make the corpus, or finish one that was interrupted, or return it where it is complete.

    Args:
        plan: what to make.
        out: the corpus folder.
        workers: processes side by side, one scene each.
        device: where the studio renders, and generators run that can choose.
        on_clip: called with the id of every clip that is done (for progress).

    Raises:
        InputError: `out` holds another corpus or other files, cannot be written to, or a portrait, a recording or
            the user's signing certificate cannot be used.
    """
    signing.signer()  # refused now, if it is refused
    notify = on_clip or (lambda _clip_id: None)
    _claim(plan, out)
    if (out / "corpus.json").is_file():
        for clip_id in plan.clip_ids:
            notify(clip_id)
        return Corpus.open(out)
    try:
        for clip_id in _run_jobs(plan, out, workers, device):
            notify(clip_id)
        return _finish(plan, out)
    except OSError as error:
        raise InputError(f"cannot write into {out}: {error.strerror}; free space or choose another folder") from error


def _claim(plan: Plan, out: Path) -> None:
    """Take the folder for this plan, or refuse it."""
    mine = fingerprint(plan)
    record = out / "plan.json"
    if record.is_file():
        if (held := read_json(record)) != mine:
            raise InputError(
                f"{out} holds another corpus ({_difference(held, mine)}); choose another --out or delete the folder"
            )
        _sweep(out)
        return
    if out.is_dir() and any(out.iterdir()):
        raise InputError(
            f"{out} is not empty and holds no corpus of this plan; choose another --out or empty the folder"
        )
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; choose a folder for --out")
    write_json(record, mine)


def _difference(held: Mapping[str, Any], mine: Mapping[str, Any]) -> str:
    """What keeps a corpus that was begun from going on: another version, or other wishes."""
    for key, what in (("tellbench", "Tellbench"), ("schema", "form")):
        if held.get(key) != mine[key]:
            return f"begun with {what} {held.get(key)}, this is {mine[key]}; only what began it goes on with it"
    keys = sorted(key for key in {**held, **mine} if held.get(key) != mine.get(key))
    return f"its plan.json differs in {', '.join(keys)}: other options, or a version that plans otherwise"


def _sweep(out: Path) -> None:
    """Remove what a killed build left half-written."""
    for path in out.rglob(".*.part*"):
        path.unlink()
    for folder in (out / _WORK).glob("tmp*"):
        shutil.rmtree(folder)


# --- jobs: one scene, or one outside portrait, each -----------------------------------------------------------------


def _run_jobs(plan: Plan, out: Path, workers: int, device: str) -> Iterator[str]:
    jobs = [(plan, i, out, device) for i in range(len(plan.jobs))]
    if workers <= 1:
        for job in jobs:
            yield from _job(*job)
        return
    with process_pool(workers) as pool:
        for done in as_completed([pool.submit(_job_list, *job) for job in jobs]):
            yield from done.result()


def _job_list(plan: Plan, index: int, out: Path, device: str) -> list[str]:
    return list(_job(plan, index, out, device))


def _job(plan: Plan, index: int, out: Path, device: str) -> Iterator[str]:
    """Ids of the job's clips as they are done; a job that is refused is written down, and the others go on."""
    job = plan.jobs[index]
    left = plan.ids_of(job)
    refusal = out / _WORK / f"{job.scene_id}.refused"
    if refusal.is_file():  # by an earlier, interrupted build
        yield from left
        return
    made = _shoot(plan, job, out, device) if isinstance(job, Scene) else _animate_outside(plan, job, out, device)
    try:
        for clip_id in made:
            left.remove(clip_id)
            yield clip_id
    except RefusalError as error:
        what = job.portrait.name if isinstance(job, Outside) else f"scene {job.scene_id} with both its clips"
        reason = str(error).removeprefix(f"{getattr(job, 'portrait', '')}: ")
        write_json(refusal, f"{what}: {reason}")
        yield from left


def _shoot(plan: Plan, scene: Scene, out: Path, device: str) -> Iterator[str]:
    """The pristine clip of a scene and the forged clips made from the same portrait and speech."""
    ids = plan.ids_of(scene)
    if all(_done(out, clip_id) for clip_id in ids):
        yield from ids
        return
    take = Take(scene, device)
    portrait = take.portrait()
    _save_portrait(out / "portraits" / f"{scene.scene_id}.png", portrait)
    speech = _kept_speech(out / "speech" / f"{scene.speech_id}.wav", take.speech)
    with tempfile.TemporaryDirectory(dir=out / _WORK) as folder:
        spool = Path(folder) / "frames.rgb"
        needs_spool = any(GENERATORS.load(name).needs_pristine for name in plan.generators)
        _film(plan, take, speech, out, spool if needs_spool else None)
        yield ids[0]
        for name, clip_id in zip(plan.generators, ids[1:], strict=True):
            request = Request(
                portrait=portrait,
                speech=speech,
                fps=scene.fps,
                n_frames=scene.n_frames,
                controls=asked_of(name, plan.controls, scene.emotion, scene.intensity),
                seed=scene.seed,
                pristine=lambda: read_spool(spool, scene.size),
            )
            if not _done(out, clip_id):
                _forge_one(plan, name, request, out, _clip(plan, take, name, out), device)
            yield clip_id


def asked_of(name: str, controls: Controls, emotion: str, intensity: float) -> Controls:
    """What a generator is asked for: the controls, and the pristine twin's emotion where it can show one."""
    generator = GENERATORS.load(name)
    if generator.needs_pristine:
        return Controls(dials={dial: value for dial, value in controls.dials.items() if dial in generator.dials})
    if "emotion" not in generator.honours or "emotion" in controls.asked or emotion not in MOODS:
        return controls
    return dataclasses.replace(controls, emotion={emotion: intensity})


def _kept_speech(path: Path, speech: Audio) -> Audio:
    """Write speech, and read it again: clips made from the file later must hear the same, to the last bit."""
    write_wav(path, speech)
    return read_audio(path)


def _film(plan: Plan, take: Take, speech: Audio, out: Path, spool: Path | None) -> None:
    """Write the pristine clip and its truth; keep the uncompressed frames for generators that pass them on."""
    clip = _clip(plan, take, "", out)
    tracks = []
    with contextlib.ExitStack() as files:
        video = files.enter_context(VideoWriter(clip.path, clip.width, clip.height, clip.fps, speech, plan.crf))
        raw = files.enter_context(spool.open("wb")) if spool else None
        layers = [files.enter_context(layer) for layer in _layers(clip)] if plan.masks else []
        for shot, truth in take.shots():
            video.write(shot.frames)
            if raw:
                raw.write(shot.frames.tobytes())
            if layers:
                layers[0].write(shot.mask)
                layers[1].write(pack_depth(shot.depth))
            tracks.append(truth)
    provenance.sign(clip.path, _render_facts(take.scene, out), source_type=provenance.RENDER)
    _save_tracks(clip, pd.concat(tracks, ignore_index=True))
    _record(clip, out)


def _render_facts(scene: Scene, out: Path) -> dict[str, Any]:
    """What the signed manifest of a pristine clip states: that nobody stood before a camera."""
    speech = f"speech/{scene.speech_id}.wav"
    return {
        "source": "studio",
        "source_version": __version__,
        "seed": scene.seed,
        "portrait_rights": STUDIO_RIGHTS,
        "sources": {speech: sha256(out / speech)},
    }


def _layers(clip: Clip) -> tuple[LayerWriter, LayerWriter]:
    """Segmentation (`studio.labels.Label`) and depth beside a clip."""
    return (
        LayerWriter(clip.mask_path, clip.width, clip.fps, "uint8"),
        LayerWriter(clip.depth_path, clip.width, clip.fps, "uint16"),
    )


def read_spool(spool: Path, size: int, chunk: int = 32) -> Iterator[Frames]:
    """Square frames that were kept in a file without compression, chunk by chunk."""
    shape = (-1, size, size, 3)
    frames = np.memmap(spool, np.uint8, "r").reshape(shape)
    for start in range(0, len(frames), chunk):
        yield np.array(frames[start : start + chunk])


def _animate_outside(plan: Plan, outside: Outside, out: Path, device: str) -> Iterator[str]:
    scene = plan.scenes[0]
    for name, clip_id in zip(plan.forging_outside, plan.ids_of(outside), strict=True):
        if not _done(out, clip_id):
            request = outside_request(outside, scene.size, scene.fps, scene.n_frames, plan.controls, plan.seed)
            _save_portrait(out / "portraits" / f"{outside.scene_id}.png", request.portrait)
            speech = _kept_speech(out / "speech" / f"{outside.scene_id}.wav", request.speech)
            request = dataclasses.replace(request, speech=speech)
            clip = Clip(
                clip_id=clip_id,
                path=out / "clips" / f"{clip_id}.mp4",
                label=FORGED,
                identity_id=outside.identity_id,
                speech_id=outside.speech_id,
                width=scene.size,
                height=scene.size,
                fps=scene.fps,
                n_frames=request.n_frames,
                duration_s=request.n_frames / scene.fps,
                split="test",
                codec=CODEC,
                crf=plan.crf,
                seed=plan.seed,
            )
            _forge_one(plan, name, request, out, clip, device, outside)
        yield clip_id


def _forge_one(
    plan: Plan, name: str, request: Request, out: Path, clip: Clip, device: str, outside: Outside | None = None
) -> None:
    """Write one forged clip, of a studio portrait or of one from `outside`, and its row.

    What was made from a studio portrait is filmed by the camera of its pristine twin; pristine frames already were.
    """
    generator = GENERATORS.create_with(name, device=device)
    clip = dataclasses.replace(
        clip,
        generator=name,
        generator_version=generator.version,
        controls=controls_text(request.controls),
        donor_id=generator.donor_id(request) or clip.donor_id,
    )
    rights = outside.rights if outside else STUDIO_RIGHTS
    sources = _sources(clip, out, outside)
    refilm = None if outside or generator.needs_pristine else refilm_of(clip)
    tracks = forge(generator, request, clip.path, rights=rights, sources=sources, crf=plan.crf, refilm=refilm)
    _save_tracks(clip, tracks)
    _record(clip, out)


def _sources(clip: Clip, out: Path, outside: Outside | None) -> dict[str, Path]:
    """Portrait and sound that a forged clip is made from, as the corpus keeps them; and as they came from outside."""
    portrait, speech = (outside.scene_id,) * 2 if outside else (clip.pair_id, clip.speech_id)
    kept = [f"portraits/{portrait}.png", f"speech/{speech}.wav"]
    came = {path.name: path for path in (outside.portrait, outside.speech)} if outside else {}
    return {**{name: out / name for name in kept}, **came}


def _clip(plan: Plan, take: Take, generator: str, out: Path) -> Clip:
    """The manifest row of a scene's clip: the same for both classes but for what names the class."""
    scene, person = take.scene, take.identity
    clip_id = f"{scene.scene_id}-{generator or 'pristine'}"
    return Clip(
        clip_id=clip_id,
        path=out / "clips" / f"{clip_id}.mp4",
        label=FORGED if generator else PRISTINE,
        identity_id=scene.identity_id,
        donor_id=scene.identity_id if generator else "",
        speech_id=scene.speech_id,
        pair_id=scene.scene_id,
        language=scene.language,
        role=scene.role,
        emotion=scene.emotion,
        intensity=scene.intensity,
        style=scene.style,
        sex=person.sex,
        age_band=person.age_band,
        skin_tone=person.skin_tone,
        width=scene.size,
        height=scene.size,
        fps=scene.fps,
        n_frames=scene.n_frames,
        duration_s=scene.duration,
        codec=CODEC,
        crf=plan.crf,
        seed=scene.seed,
    )


# --- files ----------------------------------------------------------------------------------------------------------


def _save_portrait(path: Path, portrait: Frames) -> None:
    with atomic_path(path) as part:
        Image.fromarray(portrait).save(part)


def _save_tracks(clip: Clip, tracks: pd.DataFrame) -> None:
    with atomic_path(clip.track_path) as part:
        tracks.to_parquet(part, index=False)


def _done(out: Path, clip_id: str) -> bool:
    (out / _WORK).mkdir(parents=True, exist_ok=True)
    return (out / _WORK / f"{clip_id}.json").is_file()


def _record(clip: Clip, out: Path) -> None:
    """The clip's row; its presence means that the clip and its tracks are whole."""
    finished = dataclasses.replace(clip, sha256=sha256(clip.path))
    write_json(out / _WORK / f"{clip.clip_id}.json", finished.row(out))


def _finish(plan: Plan, out: Path) -> Corpus:
    """Splits, manifest, card and checksums; `corpus.json` comes last and marks the corpus complete."""
    refused = _drop_refused(plan, out)
    rows = [read_json(out / _WORK / f"{clip_id}.json") for clip_id in plan.clip_ids if _done(out, clip_id)]
    clips = [Clip(path=out / row.pop("file_name"), **row) for row in rows]
    paired = assign([c for c in clips if c.pair_id], seed=plan.seed)
    corpus = Corpus([*paired, *(c for c in clips if not c.pair_id)], out)
    corpus.write_manifest()
    write_json(out / "splits.json", {name: [c.clip_id for c in corpus.split(name)] for name in SPLITS})
    shutil.rmtree(out / _WORK)
    if refused:
        write_json(out / REFUSED, refused)
    write_card(corpus, fingerprint(plan))
    return corpus


def _drop_refused(plan: Plan, out: Path) -> dict[str, str]:
    """Remove every file of a refused job, pristine ones too, so that pairs stay whole; reasons by scene."""
    refused = {path.stem: read_json(path) for path in sorted((out / _WORK).glob("*.refused"))}
    for job in plan.jobs:
        if job.scene_id in refused:
            for path in _files_of(plan, job):
                (out / path).unlink(missing_ok=True)
    return refused


def _files_of(plan: Plan, job: Scene | Outside) -> Iterator[str]:
    """Every file that a job may have left, relative to the corpus."""
    yield f"portraits/{job.scene_id}.png"
    yield f"speech/{job.speech_id if isinstance(job, Scene) else job.scene_id}.wav"
    for clip_id in plan.ids_of(job):
        yield from (f"{_WORK}/{clip_id}.json", f"clips/{clip_id}.mp4", f"tracks/{clip_id}.parquet")
        yield from (f"masks/{clip_id}.mkv", f"depth/{clip_id}.mkv")
