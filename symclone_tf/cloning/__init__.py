"""Cloning: a student learns a teacher's outputs, by training or in closed form.

It works for all subclasses of `Teacher` and `Student`, through their attributes.
"""

from symclone_tf.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
