"""tellbench doctor: does this machine have what Tellbench needs?"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from pathlib import Path

import typer

from tellbench.cli.common import examples, say


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("doctor", epilog=examples("tellbench doctor"))(doctor)


def doctor() -> None:
    """Check the installation: versions, device, encoder, speech, weights, disk."""
    from tellbench import __version__

    say(f"tellbench  {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    lines = [_check(name, probe) for name, probe in PROBES.items()]
    broken = [line for line in lines if not line]
    raise typer.Exit(1 if broken else 0)


def _check(name: str, probe: object) -> bool:
    """Print one line; False where the part does not work."""
    try:
        say(f"{name:<10} {probe()}")  # type: ignore[operator]
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        say(f"{name:<10} BROKEN: {' '.join(str(error).split())}")
        return False
    return True


def _torch() -> str:
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {os.cpu_count()} cores"
    return f"{torch.__version__} on {device}"


def _encoder() -> str:
    import av

    av.codec.Codec("libx264", "w")
    av.codec.Codec("aac", "w")
    return f"PyAV {av.__version__} with libx264 and aac"


def _decoder() -> str:
    import decord

    return f"decord {decord.__version__}"


def _speech() -> str:
    from tellbench.datasets.speech.espeak import speak

    said = speak("Hello there.", "en-us")
    return f"espeak-ng says {said.audio.duration:.1f} s with {len(said.phonemes)} phonemes"


def _faces() -> str:
    from tellbench.datasets.faces import load_landmarker

    load_landmarker("network")
    return "MTCNN and the landmark network load"


def _extras() -> str:
    found = [name for name in ("mediapipe", "transformers", "ray") if importlib.util.find_spec(name)]
    return "installed: " + (", ".join(found) or "none (optional)")


def _disk() -> str:
    return f"{shutil.disk_usage(Path.cwd()).free / 1e9:.0f} GB free in this folder"


PROBES = {
    "torch": _torch,
    "encoder": _encoder,
    "decoder": _decoder,
    "speech": _speech,
    "faces": _faces,
    "extras": _extras,
    "disk": _disk,
}
