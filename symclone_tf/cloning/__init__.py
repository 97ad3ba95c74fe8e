"""Cloning: a student learns a teacher's outputs, by training or in closed form.

It works for all subclasses of `Teacher` and `Student`, through their attributes.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
