"""Whole networks: relaxed, rebuilt, fused, and evaluated layer by layer."""

from symclone_tf.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
