"""tellbench studio: look at the virtual people, and let outside judges look at them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tellbench.cli.common import Seed, bar, examples, say
from tellbench.errors import InputError

verbs = typer.Typer(no_args_is_help=True)

KINDS = ("people", "expressions", "poses", "labels", "talking", "styles")


def add_to(app: typer.Typer) -> None:
    """Register the group of verbs."""
    app.add_typer(
        verbs,
        name="studio",
        help="Look at the studio's people, and let outside judges look at them.",
        epilog=examples("tellbench studio sheet --kind people --people 12 --out people.jpg"),
    )


@verbs.command(
    epilog=examples(
        "tellbench studio sheet --kind people --people 24 --size 256 --out people.jpg",
        "tellbench studio sheet --kind expressions --people 3 --seed 100 --out expressions.png",
    )
)
def sheet(
    out: Annotated[Path, typer.Option(help="The PNG or JPEG to write.")],
    kind: Annotated[str, typer.Option(help=", ".join(KINDS) + ".")] = "people",
    people: Annotated[int, typer.Option(min=1, help="How many people; their seeds follow one another.")] = 6,
    size: Annotated[int, typer.Option(help="Width and height of each picture in pixels.")] = 256,
    seed: Seed = 0,
) -> None:
    """Draw a contact sheet."""
    if kind not in KINDS:
        raise InputError(f"sheet {kind!r}; allowed: {', '.join(KINDS)}")
    from tellbench.datasets.studio.review.sheets import SHEETS, picture_format, write_sheet

    picture_format(out)
    write_sheet(SHEETS[kind](range(seed, seed + people), size), out)
    say(f"drawn: {out}")


@verbs.command(epilog=examples("tellbench studio clip --seed 7 --emotion happy --intensity 0.5 --out talk.mp4"))
def clip(
    out: Annotated[Path, typer.Option(help="The MP4 to write.")],
    seconds: Annotated[float, typer.Option(help="Length.")] = 10.0,
    size: Annotated[int, typer.Option(help="Width and height in pixels.")] = 512,
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 25.0,
    language: Annotated[str, typer.Option(help="What is spoken.")] = "en",
    emotion: Annotated[str, typer.Option(help="neutral, happy, sad, angry, surprised, afraid, ...")] = "neutral",
    intensity: Annotated[float, typer.Option(min=0, max=1, help="How strong the emotion gets.")] = 0.0,
    style: Annotated[str, typer.Option(help="photo, painted, drawn or statue.")] = "photo",
    crf: Annotated[int, typer.Option(min=0, max=51, help="x264 quality; lower is better.")] = 23,
    seed: Seed = 0,
) -> None:
    """Film one person's talk; the seed is the person, too."""
    from tellbench.datasets.scene import Scene
    from tellbench.datasets.studio.film import write_clip

    if out.suffix.lower() != ".mp4":
        raise InputError(f"--out {out}; a name ending in .mp4 is needed")
    scene = Scene(
        scene_id=out.stem,
        identity_seed=seed,
        seed=seed,
        language=language,
        size=size,
        fps=fps,
        n_frames=round(seconds * fps),
        emotion=emotion,
        intensity=intensity,
        style=style,
    )
    with bar("filming", scene.n_frames) as advance:
        write_clip(scene, out, crf, advance)
    say(f"filmed: {out}")


@verbs.command(epilog=examples("tellbench studio behaviour --out docs/behaviour.md"))
def behaviour(
    people: Annotated[int, typer.Option(help="How many people; their seeds follow one another.")] = 50,
    minutes: Annotated[float, typer.Option(help="Minutes of each person, half talking and half listening.")] = 30.0,
    out: Annotated[Path | None, typer.Option(help="The Markdown file to write; printed where none is given.")] = None,
    seed: Seed = 0,
) -> None:
    """Compare how the people behave with what is published about people: one table."""
    from tellbench.datasets.files import atomic_path
    from tellbench.datasets.studio.behaviour.census import take_census
    from tellbench.datasets.studio.behaviour.table import compare, markdown

    with bar("people", people) as advance:
        census = take_census(people, minutes, seed, advance)
    command = f"tellbench studio behaviour --people {people} --minutes {minutes:g} --seed {seed}"
    page = markdown(compare(census, seed), people=people, minutes=minutes, command=command)
    if out is None:
        say(page)
        return
    with atomic_path(out) as part:
        part.write_text(page, encoding="utf-8")


@verbs.command(
    epilog=examples(
        "tellbench studio judge --people 200 --model face_landmarker.task --out judges.md",
        "tellbench studio judge --people 8 --every 4 --out judges.md",
    )
)
def judge(
    out: Annotated[Path, typer.Option(help="The Markdown file to write; the worst frames go beside it as JPEG.")],
    people: Annotated[int, typer.Option(min=1, help="How many people; their seeds follow one another.")] = 8,
    size: Annotated[int, typer.Option(help="Width and height of the frames in pixels.")] = 256,
    every: Annotated[int, typer.Option(min=1, help="Each person shows one in so many expressions, in turn.")] = 1,
    first: Annotated[int, typer.Option(help="Seed of the first person.")] = 750_000,
    model: Annotated[
        Path | None, typer.Option(help="MediaPipe's face_landmarker.task; default: $TELLBENCH_MEDIAPIPE_MODEL.")
    ] = None,
    work: Annotated[Path, typer.Option(help="Findings by person; an interrupted run goes on.")] = Path("studio_exam"),
) -> None:
    """Let MTCNN and MediaPipe look at people in every pose and expression."""
    from tellbench.datasets.faces.judges import FaceMesher
    from tellbench.datasets.faces.mediapipe_backend import bundle_path
    from tellbench.datasets.files import atomic_path
    from tellbench.datasets.studio.review.exam import hold
    from tellbench.datasets.studio.review.sheets import write_sheet
    from tellbench.datasets.studio.review.verdict import markdown, worst_sheet

    with FaceMesher.opened(bundle_path(model)) as mesher, bar("examining people", people) as advance:
        table = hold(range(first, first + people), size, work, mesher, every, lambda _seed: advance(1))
    command = f"tellbench studio judge --people {people} --size {size} --every {every} --first {first}"
    page = markdown(table, command)
    with atomic_path(out) as part:
        part.write_text(page, encoding="utf-8")
    write_sheet(worst_sheet(table, size, every), out.with_suffix(".jpg"))
    say(page)
    say(f"written: {out}")
