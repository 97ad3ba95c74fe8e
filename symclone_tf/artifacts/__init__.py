"""Artifacts: folders of numbered versions that are written whole or not at all.

They hold clones, layers with fixed kernels, and classifiers, as SavedModels that need
only TensorFlow; `serving` writes the configuration with which TensorFlow Serving
serves them.
"""

from symclone_tf.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
