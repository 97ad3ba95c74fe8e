"""Finite point groups and their actions on images, feature maps and kernels.

A group acts on a pixel grid about its centre, so every action is a permutation of
pixels, exact for odd and for even sizes. The grid is square unless no element exchanges
height and width, as quarter turns do. Actions are given as index arrays, by which
layers gather.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from symclone_tf.checks import one_of, positive_pair
from symclone_tf.symmetry.signed_permutations import (
    HALF_ROTATION,
    QUARTER_ROTATION,
    REFLECTION,
    closure,
    element_title,
    key,
    signed_permutation,
)
from symclone_tf.types import Array, ArrayLike, Pair


class PointGroup:
    """A finite group of rotations and reflections of the pixel grid.

    The identity is the first element; all tables refer to elements by their index.

    Args:
        name: String, by which `get_group` finds the built-in groups.
        title: String, shown in tables and figures.
        generators: Sequence of 2×2 integer matrices, signed permutations that act
            on centred (row, column) coordinates. Without any, the group is trivial.

    Attributes:
        elements: List of 2×2 integer matrices, all products of the generators.

    Raises:
        ValueError: If a generator is not a signed permutation matrix.

    Example:

    >>> c4 = get_group("c4")
    >>> c4.order
    4
    >>> c4.product[1, 3]  # rotations by 90° and by 270°: the identity
    np.int64(0)

    Reference:

    - [Cohen & Welling, 2016](https://arxiv.org/abs/1602.07576), whose groups p4 and
      p4m these are, together with translations
    """

    def __init__(
        self, name: str, title: str, generators: Sequence[ArrayLike] = ()
    ) -> None:
        self.name = name
        self.title = title
        matrices = [signed_permutation(i, g) for i, g in enumerate(generators)]
        self.elements = closure(matrices)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PointGroup) or self.name != other.name:
            return False
        return np.array_equal(self.elements, other.elements)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<PointGroup {self.name}, order {self.order}>"

    @property
    def order(self) -> int:
        """Integer, the number of elements, |G|."""
        return len(self.elements)

    @property
    def is_trivial(self) -> bool:
        """Whether the identity is the only element: feature maps of such a group
        have no axis for the regular representation."""
        return self.order == 1

    @property
    def keeps_rectangles(self) -> bool:
        """Whether no element exchanges height and width, as quarter turns and diagonal
        reflections do: then the group acts on images that are not square too.

        Example:

        >>> get_group("c2").keeps_rectangles, get_group("c4").keeps_rectangles
        (True, False)
        """
        return not any(element[0, 1] for element in self.elements)

    @property
    def representation_shape(self) -> tuple[int, ...]:
        """The regular representation's axis as part of a shape: `(|G|,)`, or `()` if
        the group is trivial."""
        return () if self.is_trivial else (self.order,)

    @cached_property
    def product(self) -> Array:
        """Integer array of shape `(|G|, |G|)`: `product[g, h]` is `g·h`."""
        index = {key(e): i for i, e in enumerate(self.elements)}
        return np.array(
            [[index[key(g @ h)] for h in self.elements] for g in self.elements]
        )

    @cached_property
    def inverse(self) -> Array:
        """Integer array of shape `(|G|,)`: `inverse[g]` is `g⁻¹`."""
        return np.argmax(self.product == 0, axis=1)

    @cached_property
    def element_titles(self) -> tuple[str, ...]:
        """What each element does to an image, in a few words: "rotated by 90°"."""
        return tuple(element_title(element) for element in self.elements)

    def check_size(self, size: Sequence[int | None], received: str) -> None:
        """Refuses images that are not square, unless the group keeps rectangles.

        Args:
            size: Sequence, height and width.
            received: String, what was received, for the message.

        Raises:
            ValueError: If the group does not act on images of this size.
        """
        if size[0] != size[1] and not self.keeps_rectangles:
            raise ValueError(
                f"{self.title} takes square images only, as it exchanges height and "
                f"width; {rectangle_groups()} take others. Received: {received}"
            )

    def image_permutations(self, size: Pair) -> Array:
        """The pixel that each pixel of a transformed image comes from.

        `(g·x).ravel() == x.ravel()[image_permutations(size)[g]]` for every
        element `g` and every image `x` of shape `(height, width)`.

        Args:
            size: Integer, height and width in pixels; or a pair of them, which may
                differ if the group keeps rectangles.

        Returns:
            Integer array of shape `(|G|, height·width)`.

        Raises:
            ValueError: If the group does not act on such images.
        """
        height, width = positive_pair("size", size)
        self.check_size((height, width), f"size={size}")
        # In doubled coordinates, the centre of an even grid is an integer too.
        axes = [2 * np.arange(n) - (n - 1) for n in (height, width)]
        target = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(2, -1)
        # The inverse of an orthogonal matrix is its transpose.
        rows, columns = np.stack([e.T @ target for e in self.elements], axis=1)
        return (rows + height - 1) // 2 * width + (columns + width - 1) // 2

    def feature_permutations(self, size: Pair) -> Array:
        """The entry that each entry of a transformed feature map comes from.

        An element `s` permutes the pixels and the regular representation:
        `(s·f)[u, h] = f[s⁻¹u, s⁻¹h]`. Both together are one permutation of the
        flattened `(height, width, |G|)` array.

        Args:
            size: Integer or pair of integers, see `image_permutations`.

        Returns:
            Integer array of shape `(|G|, height·width·|G|)`.

        Raises:
            ValueError: If the group does not act on such feature maps.
        """
        pixels = self.image_permutations(size)
        representation = self.product[self.inverse]
        entries = pixels[:, :, None] * self.order + representation[:, None, :]
        return entries.reshape(self.order, -1)

    def kernel_permutations(self, size: Pair, lifting: bool) -> Array:
        """The entry that each entry of a transformed kernel comes from.

        The kernel of a lifting convolution transforms like an image, that of a group
        convolution like a feature map: entry `[v, g]` of `h·ψ` is `ψ[h⁻¹v, h⁻¹g]`,
        which for C4 is `rot90(ψ[:, :, g−h], h)[v]`.

        Args:
            size: Integer or pair of integers, the kernel's height and width, see
                `image_permutations`.
            lifting: Boolean, whether the kernel is that of a lifting convolution,
                without an axis for the regular representation.

        Returns:
            Integer array of shape `(|G|, height·width)` if lifting, else
            `(|G|, height·width·|G|)`.

        Raises:
            ValueError: If the group does not act on such kernels.
        """
        if lifting:
            return self.image_permutations(size)
        return self.feature_permutations(size)

    def transform(self, inputs: ArrayLike, element: int) -> Array:
        """Transforms a batch of images or feature maps by one element.

        Args:
            inputs: Array of shape `(batch, height, width, channels)`, images, or
                `(batch, height, width, |G|, channels)`, feature maps; square unless
                the group keeps rectangles.
            element: Integer, index of the element in `elements`.

        Returns:
            Array of the same shape.

        Raises:
            ValueError: If the group does not act on images of this size, or the feature
                maps are those of another group.
        """
        inputs = np.asarray(inputs)
        if inputs.ndim < 4:
            raise ValueError(
                f"{self.title} acts on images, (batch, height, width, channels), and "
                f"feature maps. Received: inputs of shape {inputs.shape}"
            )
        batch, *size = inputs.shape[:3]
        self.check_size(size, f"inputs of shape {inputs.shape}")
        if inputs.ndim == 5:
            if inputs.shape[3] != self.order:
                raise ValueError(
                    f"Feature maps of {self.title} have {self.order} group elements. "
                    f"Received: feature maps of shape {inputs.shape}"
                )
            permutation = self.feature_permutations(size)[element]
        else:
            permutation = self.image_permutations(size)[element]
        flat = inputs.reshape(batch, permutation.size, -1)
        return flat[:, permutation].reshape(inputs.shape)


GROUPS = {
    group.name: group
    for group in (
        PointGroup("t2", "T(2)"),
        PointGroup("c2", "C2", (HALF_ROTATION,)),
        PointGroup("c4", "C4", (QUARTER_ROTATION,)),
        PointGroup("d4", "D4", (QUARTER_ROTATION, REFLECTION)),
    )
}
"""Built-in point groups by their names."""


def rectangle_groups() -> str:
    """The names of the built-in groups that keep rectangles, for messages."""
    keep = [name for name, group in GROUPS.items() if group.keeps_rectangles]
    return " and ".join(keep)


def get_group(group: str | PointGroup) -> PointGroup:
    """Returns the group with a given name; a `PointGroup` is returned unchanged.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`, or a `PointGroup`.

    Raises:
        ValueError: If there is no group of this name.

    Example:

    >>> get_group("d4")
    <PointGroup d4, order 8>
    >>> get_group(get_group("d4")) is get_group("d4")
    True
    """
    if isinstance(group, PointGroup):
        return group
    one_of("group", group, GROUPS)
    return GROUPS[group]
