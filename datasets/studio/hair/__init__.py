"""Hair of scalp, brows, lashes and beard: how it grows, is cut and answers light."""
