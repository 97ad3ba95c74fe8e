"""Experiments: does a network preserve a symmetry, or break it?

Tasks of transformed images, networks whose convolution is a parameter, one training
of one network, and the table of all.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
