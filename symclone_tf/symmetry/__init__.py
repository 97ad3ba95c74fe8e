"""Symmetry: groups, their actions on data, and the equivariance error of a function.

Independent of layers, of cloning and of learning.
"""

from symclone_tf.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
