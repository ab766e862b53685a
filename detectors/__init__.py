"""Cue extraction and every detector; reach a detector by name through `tellbench.registry.DETECTORS`."""
