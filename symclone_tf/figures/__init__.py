"""Figures: what clones learned, and how, drawn for people; and a page of all."""

from symclone_tf.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
