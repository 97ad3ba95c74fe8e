"""Probe: which symmetries one's own images have, found by training small networks."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
