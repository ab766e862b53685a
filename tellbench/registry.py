"""Names of generators and detectors, and where each is defined. Listing imports nothing else."""

from __future__ import annotations

import difflib
import functools
import importlib
import importlib.metadata
import inspect
from collections.abc import Iterator
from typing import Any

from tellbench.errors import InputError


class Registry:
    """Maps a name to the class at `module:attribute`, imported only when asked for.

    A name may carry an argument after a colon, as in `cnn:resnet18`; the class then receives it as the
    keyword named in `argument`. Other packages add names by entry points of the group `group`; a name that is taken
    stays what it was.

    >>> DETECTORS.resolve("blink")[0]
    'blink'
    >>> DETECTORS.resolve("cnn:resnet18")
    ('cnn', {'backbone': 'resnet18'})
    """

    def __init__(
        self,
        kind: str,
        targets: dict[str, tuple[str, str]],
        argument: dict[str, str] | None = None,
        group: str | None = None,
    ) -> None:
        self.kind = kind
        self._own = dict(targets)
        self._argument = dict(argument or {})
        self._group = group

    @functools.cached_property
    def _targets(self) -> dict[str, tuple[str, str]]:
        """Name to target and one line on it: those of the house, then those of installed packages."""
        points = importlib.metadata.entry_points(group=self._group) if self._group else ()
        others = {p.name: (p.value, f"from the package {p.dist.name if p.dist else 'unknown'}") for p in points}
        return {**self._own, **{name: target for name, target in others.items() if name not in self._own}}

    def __iter__(self) -> Iterator[str]:
        """Names in the order they were written, those of other packages last."""
        return iter(self._targets)

    def __contains__(self, name: object) -> bool:
        return name in self._targets

    def about(self, name: str) -> str:
        """One line on what the name stands for."""
        return self._targets[self.resolve(name)[0]][1]

    def resolve(self, spec: str) -> tuple[str, dict[str, str]]:
        """Split `name[:argument]` into the name and constructor keywords.

        Raises:
            InputError: the name is unknown (near names are offered), or it takes no argument.
        """
        name, _, argument = spec.partition(":")
        if name not in self._targets:
            near = difflib.get_close_matches(name, self._targets, n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(self._targets)}"
            raise InputError(f"unknown {self.kind} {spec!r}; {hint} (see `tellbench ls`)")
        if not argument:
            return name, {}
        if name not in self._argument:
            raise InputError(f"{self.kind} {name!r} takes no argument, got {spec!r}; use {name!r}")
        return name, {self._argument[name]: argument}

    def load(self, name: str) -> Any:
        """Import and return the class registered under a bare name.

        Raises:
            InputError: the name is unknown, or another package's class cannot be imported.
        """
        name = self.resolve(name)[0]
        target, about = self._targets[name]
        module, _, attribute = target.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            if name in self._own:
                raise
            raise InputError(
                f"{self.kind} {name!r} {about}: cannot import {target} ({error}); mend or uninstall it"
            ) from error

    def create(self, spec: str, **keywords: Any) -> Any:
        """Construct what `spec` names; `keywords` are its configuration."""
        name, argument = self.resolve(spec)
        return self.load(name)(**{**argument, **keywords})

    def create_with(self, spec: str, **offered: Any) -> Any:
        """Construct what `spec` names with those of the `offered` settings, such as seed and device, that it takes.

        >>> GENERATORS.create_with("null", device="cuda").device
        'cpu'
        """
        taken = inspect.signature(self.load(self.resolve(spec)[0])).parameters
        return self.create(spec, **{name: value for name, value in offered.items() if name in taken})


SOURCES = Registry(
    "source of pristine clip",
    {
        "studio": (
            "tellbench.datasets.studio.film:Take",
            "films procedural virtual humans; alone it makes a pristine corpus with ground truth for every frame",
        ),
    },
)

GENERATORS = Registry(
    "generator",
    {
        "meshwarp": (
            "tellbench.generator.meshwarp:MeshWarp",
            "carries the portrait's own pixels on a 3D face; no training, any portrait",
        ),
        "vasa": (
            "tellbench.generator.vasa:Vasa",
            "VASA-style face model: a canonical 3D appearance, any pose and any dynamics; moved by the voice",
        ),
        "splice": (
            "tellbench.generator.splice:Splice",
            "face swap: another person's skin, nose and brows on the pristine video; its lids, lips and head stay",
        ),
        "null": (
            "tellbench.generator.null:Null",
            "pristine frames through the forged path; every detector must score AUC 0.5 on it",
        ),
    },
)

EXPORTERS = Registry(
    "export format",
    {
        "deepfakebench": (
            "tellbench.datasets.exporters.deepfakebench:DeepfakeBench",
            "folders of face crops and JSON for DeepfakeBench's and DF40's detectors",
        ),
        "av-deepfake1m": (
            "tellbench.datasets.exporters.av_deepfake1m:AvDeepfake1m",
            "a score table as file;score lines",
        ),
        "webdataset": ("tellbench.datasets.exporters.webdataset:WebDataset", "tar shards to stream from"),
        "croissant": (
            "tellbench.datasets.exporters.croissant:Croissant",
            "JSON-LD that describes the corpus to machines (MLCommons Croissant 1.0)",
        ),
    },
)

DETECTORS = Registry(
    "detector",
    {
        "blink": ("tellbench.detectors.blink:Blink", "blink rate, kinematics, completeness and regularity"),
        "brow": ("tellbench.detectors.brow:Brow", "brow raises, and how they go with the voice's pitch"),
        "blink-sequence": ("tellbench.detectors.sequence:BlinkSequence", "a network on the lid track itself"),
        "brow-sequence": ("tellbench.detectors.sequence:BrowSequence", "a network on the brow track and the voice"),
        "lips": ("tellbench.detectors.lips:Lips", "lip kinematics: displacement, velocity, acceleration, jerk"),
        "head": ("tellbench.detectors.head:Head", "head dynamics, and how the head moves with the voice"),
        "sync": (
            "tellbench.detectors.sync:AudioVisualSync",
            "agreement of lips and sound: SyncNet-style, trained here",
        ),
        "pulse": (
            "tellbench.detectors.pulse:Pulse",
            "heartbeat in the skin (rPPG by POS), and where in the face it is",
        ),
        "spectrum": ("tellbench.detectors.spectrum:Spectrum", "azimuthal power spectrum of unresized face crops"),
        "dct": ("tellbench.detectors.dct:Dct", "sizes and tails of 8x8 cosine coefficients of face crops"),
        "residual": ("tellbench.detectors.residual:Residual", "co-occurrence of high-pass residuals (rich model)"),
        "flicker": ("tellbench.detectors.flicker:Flicker", "temporal spectrum of coarse and fine detail of the face"),
        "cnn": ("tellbench.detectors.cnn:Cnn", "frame classifier on face crops; cnn:NAME takes any timm model"),
        "sbi": (
            "tellbench.detectors.sbi:SelfBlended",
            "cnn trained on self-blended pristine images; sbi:NAME takes any timm model",
        ),
        "temporal": (
            "tellbench.detectors.temporal:Temporal",
            "runs of consecutive frames: features of any timm model, convolved over time",
        ),
        "fusion": ("tellbench.detectors.fusion:Fusion", "others stacked on val; fusion:blink+cnn names its parts"),
        "constant": ("tellbench.detectors.sanity:Constant", "sanity row: the same score for all, AUC 0.5"),
        "random": ("tellbench.detectors.sanity:Random", "sanity row: a score by hash of the clip's id, AUC near 0.5"),
        "metadata-only": ("tellbench.detectors.probes:MetadataOnly", "probe: size, rate and length, AUC near 0.5"),
        "silence-only": ("tellbench.detectors.probes:SilenceOnly", "probe: where the sound is silent, AUC near 0.5"),
        "first-frame-only": ("tellbench.detectors.probes:FirstFrameOnly", "probe: look of the first frame"),
        "background-only": ("tellbench.detectors.probes:BackgroundOnly", "probe: look of the upper corners"),
        "oracle": ("tellbench.detectors.sanity:Oracle", "sanity row: reads the label, AUC 1.0"),
    },
    argument={"cnn": "backbone", "sbi": "backbone", "temporal": "backbone", "fusion": "parts"},
    group="tellbench.detectors",
)
