"""Workspace: folders of clones and data, and what makes the clones that are missing."""

from symclone_tf.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
