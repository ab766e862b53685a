"""Expressions and poses: coefficients in, positions of every vertex out."""
