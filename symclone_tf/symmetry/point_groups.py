"""Finite point groups and their actions on images, feature maps and kernels.

A group acts on a square pixel grid about its centre, so every action is a permutation
of pixels, exact for odd and for even sizes. Actions are given as index arrays, by which
layers gather.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from symclone_tf.checks import one_of
from symclone_tf.types import Array, ArrayLike

# Acting on centred (row, column) coordinates, rows pointing down.
HALF_ROTATION = ((-1, 0), (0, -1))
QUARTER_ROTATION = ((0, -1), (1, 0))  # numpy.rot90(image, 1): counter-clockwise
REFLECTION = ((1, 0), (0, -1))  # left to right


def _key(element: Array) -> tuple[int, ...]:
    return tuple(element.ravel().tolist())


def _signed_permutation(number: int, generator: ArrayLike) -> Array:
    """A generator as a matrix.

    Raises:
        ValueError: If it is not a signed permutation of the two axes. The products of
            other matrices may be infinitely many.
    """
    try:
        matrix = np.asarray(generator)
    except ValueError:  # rows of different lengths
        matrix = np.empty(0)
    integers = matrix.shape == (2, 2) and matrix.dtype.kind in "iu"
    # Products of large integers overflow, so that they may look orthogonal.
    entries = integers and np.isin(matrix, (-1, 0, 1)).all()
    # Integer matrices are orthogonal if and only if they are signed permutations.
    if not entries or not np.array_equal(matrix @ matrix.T, np.eye(2)):
        received = " ".join(str(generator).split())
        raise ValueError(
            "`generators` must be signed permutation matrices of integers, as "
            f"((0, -1), (1, 0)). Received: generators[{number}]={received}"
        )
    return matrix.astype(int)


def _closure(generators: list[Array]) -> list[Array]:
    """All products of the generators, those of the first generators first."""
    elements: list[Array] = [np.eye(2, dtype=int)]
    seen = {_key(elements[0])}
    for used in range(1, len(generators) + 1):
        for element in elements:  # the list grows during iteration
            for generator in generators[:used]:
                candidate = element @ generator
                if _key(candidate) not in seen:
                    seen.add(_key(candidate))
                    elements.append(candidate)
    return elements


def _element_title(element: Array) -> str:
    reflected = round(np.linalg.det(element)) < 0
    rotation = element @ np.array(REFLECTION) if reflected else element
    degrees = round(np.degrees(np.arctan2(rotation[1, 0], rotation[0, 0]))) % 360
    parts = ["reflected"] * reflected + [f"rotated by {degrees}°"] * bool(degrees)
    return ", ".join(parts) or "original"


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
        matrices = [_signed_permutation(i, g) for i, g in enumerate(generators)]
        self.elements = _closure(matrices)

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
    def representation_shape(self) -> tuple[int, ...]:
        """The regular representation's axis as part of a shape: `(|G|,)`, or `()` if
        the group is trivial."""
        return () if self.is_trivial else (self.order,)

    @cached_property
    def product(self) -> Array:
        """Integer array of shape `(|G|, |G|)`: `product[g, h]` is `g·h`."""
        index = {_key(e): i for i, e in enumerate(self.elements)}
        return np.array(
            [[index[_key(g @ h)] for h in self.elements] for g in self.elements]
        )

    @cached_property
    def inverse(self) -> Array:
        """Integer array of shape `(|G|,)`: `inverse[g]` is `g⁻¹`."""
        return np.argmax(self.product == 0, axis=1)

    @cached_property
    def element_titles(self) -> tuple[str, ...]:
        """What each element does to an image, in a few words: "rotated by 90°"."""
        return tuple(_element_title(element) for element in self.elements)

    def image_permutations(self, size: int) -> Array:
        """The pixel that each pixel of a transformed image comes from.

        `(g·x).ravel() == x.ravel()[image_permutations(size)[g]]` for every
        element `g` and every image `x` of shape `(size, size)`.

        Args:
            size: Integer, height and width in pixels.

        Returns:
            Integer array of shape `(|G|, size²)`.
        """
        # In doubled coordinates, the centre of an even grid is an integer too.
        axis = 2 * np.arange(size) - (size - 1)
        target = np.stack(np.meshgrid(axis, axis, indexing="ij")).reshape(2, -1)
        # The inverse of an orthogonal matrix is its transpose.
        rows, columns = np.stack([e.T @ target for e in self.elements], axis=1)
        return (rows + size - 1) // 2 * size + (columns + size - 1) // 2

    def feature_permutations(self, size: int) -> Array:
        """The entry that each entry of a transformed feature map comes from.

        An element `s` permutes the pixels and the regular representation:
        `(s·f)[u, h] = f[s⁻¹u, s⁻¹h]`. Both together are one permutation of the
        flattened `(size, size, |G|)` array.

        Args:
            size: Integer, height and width in pixels.

        Returns:
            Integer array of shape `(|G|, size²·|G|)`.
        """
        pixels = self.image_permutations(size)
        representation = self.product[self.inverse]
        entries = pixels[:, :, None] * self.order + representation[:, None, :]
        return entries.reshape(self.order, -1)

    def kernel_permutations(self, size: int, lifting: bool) -> Array:
        """The entry that each entry of a transformed kernel comes from.

        The kernel of a lifting convolution transforms like an image, that of a group
        convolution like a feature map: entry `[v, g]` of `h·ψ` is `ψ[h⁻¹v, h⁻¹g]`,
        which for C4 is `rot90(ψ[:, :, g−h], h)[v]`.

        Args:
            size: Integer, the kernel's height and width.
            lifting: Boolean, whether the kernel is that of a lifting convolution,
                without an axis for the regular representation.

        Returns:
            Integer array of shape `(|G|, size²)` if lifting, else
            `(|G|, size²·|G|)`.
        """
        if lifting:
            return self.image_permutations(size)
        return self.feature_permutations(size)

    def transform(self, inputs: ArrayLike, element: int) -> Array:
        """Transforms a batch of images or feature maps by one element.

        Args:
            inputs: Array of shape `(batch, size, size, channels)`, images, or
                `(batch, size, size, |G|, channels)`, feature maps.
            element: Integer, index of the element in `elements`.

        Returns:
            Array of the same shape.

        Raises:
            ValueError: If the images are not square, or the feature maps are those of
                another group.
        """
        inputs = np.asarray(inputs)
        batch, height, width = inputs.shape[:3]
        if height != width:
            raise ValueError(
                "A point group acts on square images only. "
                f"Received: inputs of shape {inputs.shape}"
            )
        if inputs.ndim == 5:
            if inputs.shape[3] != self.order:
                raise ValueError(
                    f"Feature maps of {self.title} have {self.order} group elements. "
                    f"Received: feature maps of shape {inputs.shape}"
                )
            permutation = self.feature_permutations(height)[element]
        else:
            permutation = self.image_permutations(height)[element]
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
