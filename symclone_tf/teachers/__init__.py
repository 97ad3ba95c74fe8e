"""Teachers: the equivariant maps of inputs and a kernel that students imitate.

Only teachers depend on groups. Students depend on the numbers of positions, of kernel
entries, and on the sizes of representations.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
