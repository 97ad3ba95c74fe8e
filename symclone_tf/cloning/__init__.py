"""Cloning: a student learns a teacher's answers, by training or in closed form.

Asks both what they are, and knows no class of either.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
