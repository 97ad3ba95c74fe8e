"""The elements of point groups as permutations of the copies of an image."""

import numpy as np

from symclone_tf.symmetry.named_groups import get_group
from symclone_tf.symmetry.point_groups import PointGroup
from symclone_tf.symmetry.transformations import Transformation
from symclone_tf.types import Array, ArrayLike


class CopiesPermutation(Transformation):
    """An element of a point group, acting on an image's copies.

    Copy h of an image x is h⁻¹·x, and what a network finds in it: copy h of k·x is
    (k⁻¹h)⁻¹·x, so that k only permutes the copies, exactly, in any group.

    Args:
        group: String or `PointGroup`.
        element: Integer, the element's index in the group.

    Example:

    >>> quarter = CopiesPermutation("c4", 1)
    >>> quarter.inputs(np.arange(4).reshape(1, 4, 1)).ravel()  # (batch, |G|, channels)
    array([3, 0, 1, 2])
    """

    def __init__(self, group: str | PointGroup, element: int) -> None:
        self.group = get_group(group)
        self.element = element
        self.title = self.group.element_titles[element]

    def inputs(self, inputs: ArrayLike) -> Array:
        permuted = self.group.representation_permutation(self.element)
        return np.asarray(inputs)[:, permuted]

    def outputs(self, outputs: ArrayLike) -> Array:
        return self.inputs(outputs)

    def inverse(self) -> "CopiesPermutation":
        return CopiesPermutation(self.group, int(self.group.inverse[self.element]))
