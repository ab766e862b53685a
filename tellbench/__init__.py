"""Tellbench: a deepfake forgery detection benchmark suite for talking faces."""

from tellbench._version import __version__

__all__ = ["__version__"]
