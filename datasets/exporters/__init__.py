"""Corpora in the formats of the field's other tools: one file a format, one class each, listed in the registry."""
