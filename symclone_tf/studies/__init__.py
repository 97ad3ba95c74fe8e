"""Studies: what is measured on clones, also while they are trained."""

from symclone_tf.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
