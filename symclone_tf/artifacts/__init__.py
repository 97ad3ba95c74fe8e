"""Artifacts: folders of numbered versions that are written whole or not at all.

Clones, layers with fixed kernels and classifiers, as SavedModels that need
TensorFlow alone, and what TensorFlow Serving needs to serve them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
