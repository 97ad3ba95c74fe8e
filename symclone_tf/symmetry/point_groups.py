"""Finite point groups and how they move images, feature maps and kernels.

A group acts on a square pixel grid about its centre, so every action is a
permutation of pixels and is exact on odd and on even sizes. This module knows
nothing of layers: it hands out index arrays, and the layers gather with them.
"""

from functools import cached_property

import numpy as np

from symclone_tf.checks import one_of

# Acting on centred (row, column) coordinates, rows pointing down.
HALF_ROTATION = ((-1, 0), (0, -1))
QUARTER_ROTATION = ((0, -1), (1, 0))  # numpy.rot90(image, 1): counter-clockwise
REFLECTION = ((1, 0), (0, -1))  # left to right


def _key(element: np.ndarray) -> tuple[int, ...]:
    return tuple(element.ravel().tolist())


def _closure(generators: list[np.ndarray]) -> list[np.ndarray]:
    """All products of the generators, those of the first generators first."""
    elements = [np.eye(2, dtype=int)]
    seen = {_key(elements[0])}
    for used in range(1, len(generators) + 1):
        for element in elements:  # grows while it is walked
            for generator in generators[:used]:
                candidate = element @ generator
                if _key(candidate) not in seen:
                    seen.add(_key(candidate))
                    elements.append(candidate)
    return elements


def _element_title(element: np.ndarray) -> str:
    mirrored = round(np.linalg.det(element)) < 0
    turn = element @ np.array(REFLECTION) if mirrored else element
    degrees = round(np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))) % 360
    parts = ["mirrored"] * mirrored + [f"turned {degrees}°"] * bool(degrees)
    return ", ".join(parts) or "original"


class PointGroup:
    """A finite group of rotations and reflections of the pixel grid.

    The elements are listed with the identity first; all other tables use
    positions in that list.

    Args:
        name: String, the name under which `get_group` finds the group.
        title: String, the name to print.
        generators: Tuple of 2×2 integer matrices, signed permutations that act
            on centred (row, column) coordinates.

    Example:

    >>> c4 = get_group("c4")
    >>> c4.order
    4
    >>> c4.product[1, 3]  # a quarter turn and three more: the identity
    np.int64(0)
    """

    def __init__(self, name: str, title: str, generators=()):
        self.name = name
        self.title = title
        self.elements = _closure([np.array(g) for g in generators])

    def __eq__(self, other) -> bool:
        same = isinstance(other, PointGroup) and self.name == other.name
        return same and np.array_equal(self.elements, other.elements)

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
        """Whether the identity is the only element: feature maps of such a
        group have no group axis."""
        return self.order == 1

    @property
    def representation_shape(self) -> tuple[int, ...]:
        """The group axis as a piece of a shape: `(|G|,)`, or `()` if trivial."""
        return () if self.is_trivial else (self.order,)

    @cached_property
    def product(self) -> np.ndarray:
        """Integer array of shape `(|G|, |G|)`: `product[g, h]` is `g·h`."""
        position = {_key(e): i for i, e in enumerate(self.elements)}
        return np.array(
            [[position[_key(g @ h)] for h in self.elements] for g in self.elements]
        )

    @cached_property
    def inverse(self) -> np.ndarray:
        """Integer array of shape `(|G|,)`: `inverse[g]` is `g⁻¹`."""
        return np.argmax(self.product == 0, axis=1)

    @cached_property
    def element_titles(self) -> tuple[str, ...]:
        """What each element does, in a few words: "turned 90°"."""
        return tuple(_element_title(element) for element in self.elements)

    def image_permutations(self, size: int) -> np.ndarray:
        """Where each pixel of a moved image comes from.

        `(g·x).ravel() == x.ravel()[image_permutations(size)[g]]` for every
        element `g` and every image `x` of shape `(size, size)`.

        Args:
            size: Integer, height and width in pixels.

        Returns:
            Integer array of shape `(|G|, size²)`.
        """
        # Doubled coordinates keep the centre of an even grid an integer.
        axis = 2 * np.arange(size) - (size - 1)
        target = np.stack(np.meshgrid(axis, axis, indexing="ij")).reshape(2, -1)
        # The inverse of an orthogonal matrix is its transpose.
        rows, columns = np.stack([e.T @ target for e in self.elements], axis=1)
        return (rows + size - 1) // 2 * size + (columns + size - 1) // 2

    def feature_permutations(self, size: int) -> np.ndarray:
        """Where each entry of a moved feature map comes from.

        An element `s` moves the pixels and shifts the group axis:
        `(s·f)[u, h] = f[s⁻¹u, s⁻¹h]`. Both are one permutation of the flat
        `(size, size, |G|)` array.

        Args:
            size: Integer, height and width in pixels.

        Returns:
            Integer array of shape `(|G|, size²·|G|)`.
        """
        pixels = self.image_permutations(size)
        on_group = self.product[self.inverse]
        moved = pixels[:, :, None] * self.order + on_group[:, None, :]
        return moved.reshape(self.order, -1)

    def kernel_permutations(self, size: int, lifting: bool) -> np.ndarray:
        """Where each entry of a moved kernel comes from.

        The kernel of a lifting convolution moves like an image, that of a
        group convolution like a feature map: entry `[v, g]` of `h·ψ` is
        `ψ[h⁻¹v, h⁻¹g]`, which for C4 is `rot90(ψ[:, :, g−h], h)[v]`.

        Args:
            size: Integer, the kernel's height and width.
            lifting: Boolean, whether the kernel lacks a group axis.

        Returns:
            Integer array of shape `(|G|, size²)` if lifting, else
            `(|G|, size²·|G|)`.
        """
        if lifting:
            return self.image_permutations(size)
        return self.feature_permutations(size)

    def transform(self, inputs, element: int) -> np.ndarray:
        """Moves a batch of images or feature maps by one element.

        Args:
            inputs: Array of shape `(batch, size, size, channels)`, images, or
                `(batch, size, size, |G|, channels)`, feature maps.
            element: Integer, position of the element in `elements`.

        Returns:
            Array of the same shape.

        Raises:
            ValueError: If the images are not square, or the feature maps of
                another group.
        """
        inputs = np.asarray(inputs)
        batch, height, width = inputs.shape[:3]
        if height != width:
            raise ValueError(
                "A point group moves square images only. "
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
"""Point groups by their names."""


def get_group(group: "str | PointGroup") -> PointGroup:
    """Returns the group of a name; a `PointGroup` is returned as it is.

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
