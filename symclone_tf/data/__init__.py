"""Data: any source of labelled images, as arrays or `tf.data`."""

from symclone_tf.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
