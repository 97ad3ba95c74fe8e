"""Teachers: what is imitated, an equivariant map of inputs and a kernel.

All that knows of groups. What imitates them sees points, maps and kernel entries.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
