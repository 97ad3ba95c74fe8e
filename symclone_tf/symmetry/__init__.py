"""Symmetry: groups, how their elements move data, and how far from it a map is.

Knows nothing of layers, of cloning, or of what is learned.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
