"""A finite group by its elements: products, inverses and the regular representation."""

from functools import cached_property

import numpy as np

from symclone_tf.symmetry.plane_elements import PlaneElement
from symclone_tf.types import Array


class GroupTable:
    """A finite group of rotations and reflections, whose first element is the identity.

    Args:
        plane_elements: List of `PlaneElement`, closed under products. Tables refer to
            them by their index.

    Example:

    >>> GroupTable(get_group("c2").plane_elements).product
    array([[0, 1],
           [1, 0]])
    """

    def __init__(self, plane_elements: list[PlaneElement]) -> None:
        self.plane_elements = plane_elements

    @property
    def rotations(self) -> int:
        """Integer, how many rotations there are, with and without a reflection.

        Example:

        >>> get_group("d8").rotations, get_group("flip").rotations
        (8, 1)
        """
        return len({element.turn for element in self.plane_elements})

    @property
    def order(self) -> int:
        """Integer, the number of elements, |G|."""
        return len(self.plane_elements)

    @property
    def is_trivial(self) -> bool:
        """Whether the identity is the only element: feature maps of such a group
        have no axis for the regular representation."""
        return self.order == 1

    @property
    def representation_shape(self) -> tuple[int, ...]:
        """The regular representation's axis as part of a shape: `(|G|,)`, or `()` if
        the group is trivial."""
        return () if self.is_trivial else (self.order,)

    @cached_property
    def product(self) -> Array:
        """Integer array of shape `(|G|, |G|)`: `product[g, h]` is `g·h`."""
        index = {element: i for i, element in enumerate(self.plane_elements)}
        return np.array(
            [[index[g @ h] for h in self.plane_elements] for g in self.plane_elements]
        )

    @cached_property
    def inverse(self) -> Array:
        """Integer array of shape `(|G|,)`: `inverse[g]` is `g⁻¹`."""
        return np.argmax(self.product == 0, axis=1)

    @cached_property
    def element_titles(self) -> tuple[str, ...]:
        """What each element does to an image, in a few words: "rotated by 90°"."""
        return tuple(element.title for element in self.plane_elements)

    def representation_permutation(self, element: int) -> Array:
        """How an element permutes the regular representation.

        Args:
            element: Integer, index of the element.

        Returns:
            Integer array of shape `(|G|,)`: `(s·f)[h] = f[s⁻¹h]` is
            `f[representation_permutation(s)][h]`.
        """
        return self.product[self.inverse[element]]
