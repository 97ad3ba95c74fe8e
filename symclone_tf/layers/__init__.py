"""Keras layers: students that preserve or break equivariance, group convolutions."""

from symclone_tf.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
