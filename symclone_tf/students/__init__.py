"""Students, which imitate teachers: they have no information on groups."""

from symclone_tf.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
