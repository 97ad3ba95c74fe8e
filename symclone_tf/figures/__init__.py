"""Figures: what clones learned, and how, drawn for people; and a page of all."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
