"""Symmetry: groups, their actions on data, and the equivariance error of a function.

Independent of layers, of cloning and of learning.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
