"""Experiments: does a network preserve a symmetry, or break it?

Tasks of transformed images, networks whose convolution is a parameter, one training
of one network, and the table of all.
"""

from symclone_tf.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
