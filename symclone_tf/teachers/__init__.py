"""Teachers: the equivariant maps of inputs and a kernel that students imitate.

Only teachers depend on groups. Students depend on the numbers of positions, of kernel
entries, and on the sizes of representations.
"""

from symclone_tf.rooms import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
