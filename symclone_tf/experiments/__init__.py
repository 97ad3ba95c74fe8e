"""Experiments: does a network keep a symmetry, or leave it?

Moved images, networks whose convolution is a parameter, one training of one, and
the table of all.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
