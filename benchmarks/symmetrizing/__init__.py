"""Trained networks that get a symmetry, with and without further training."""
