"""Generators of forged clips, and the building of corpora."""
