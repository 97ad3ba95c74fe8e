"""A finite group by its elements: products, inverses and the regular representation."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np

from symclone_tf.types import Array


class Element(Hashable, Protocol):
    """An element of a group, as `PlaneElement` and `VolumeElement` are."""

    def __matmul__(self, other: Any, /) -> Any:
        """The product: first the other, then this."""

    @property
    def title(self) -> str:
        """What it does, in a few words."""


E = TypeVar("E", bound=Element)


def closed(
    identity: E, generators: Sequence[E], check: Callable[[E, list[E]], None]
) -> list[E]:
    """All products of generators, those of the first generators first.

    Args:
        identity: `Element`.
        generators: Sequence of `Element`.
        check: Callable of each new element and of all elements so far, which may
            refuse too many.

    Returns:
        List of `Element`, the identity first.

    Example:

    >>> c4 = get_group("c4").plane_elements
    >>> [e.title for e in closed(c4[0], [c4[2]], lambda *found: None)]
    ['original', 'rotated by 180°']
    """
    elements = [identity]
    seen = {identity}
    for used in range(1, len(generators) + 1):
        for element in elements:  # the list grows during iteration
            for generator in generators[:used]:
                candidate = element @ generator
                if candidate not in seen:
                    seen.add(candidate)
                    elements.append(candidate)
                    check(candidate, elements)
    return elements


class GroupTable:
    """A finite group of rotations and reflections, whose first element is the identity.

    Args:
        members: Iterable of `Element`, closed under products. Tables refer to them by
            their index.

    Example:

    >>> GroupTable(get_group("c2").plane_elements).product
    array([[0, 1],
           [1, 0]])
    """

    def __init__(self, members: Iterable[Element]) -> None:
        self.members = tuple(members)

    @property
    def order(self) -> int:
        """Integer, the number of elements, |G|."""
        return len(self.members)

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
        index = {element: i for i, element in enumerate(self.members)}
        return np.array([[index[g @ h] for h in self.members] for g in self.members])

    @cached_property
    def inverse(self) -> Array:
        """Integer array of shape `(|G|,)`: `inverse[g]` is `g⁻¹`."""
        return np.argmax(self.product == 0, axis=1)

    @cached_property
    def element_titles(self) -> tuple[str, ...]:
        """What each element does to an input, in a few words: "rotated by 90°"."""
        return tuple(element.title for element in self.members)

    def representation_permutation(self, element: int) -> Array:
        """How an element permutes the regular representation.

        Args:
            element: Integer, index of the element.

        Returns:
            Integer array of shape `(|G|,)`: `(s·f)[h] = f[s⁻¹h]` is
            `f[representation_permutation(s)][h]`.
        """
        return self.product[self.inverse[element]]

    def joint_permutations(self, positions: Array) -> Array:
        """The permutations of positions and of the regular representation together.

        Args:
            positions: Integer array of shape `(|G|, positions)`, the position that
                each one of a transformed input comes from.

        Returns:
            Integer array of shape `(|G|, positions·|G|)`: the entry that each entry of
            a flattened, transformed feature map, `(s·f)[u, h] = f[s⁻¹u, s⁻¹h]`, comes
            from.
        """
        representation = self.product[self.inverse]
        entries = positions[:, :, None] * self.order + representation[:, None, :]
        return entries.reshape(self.order, -1)
