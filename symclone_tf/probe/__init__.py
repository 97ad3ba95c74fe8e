"""Probe: which symmetries one's own images have, found by training small networks."""

from symclone_tf.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
