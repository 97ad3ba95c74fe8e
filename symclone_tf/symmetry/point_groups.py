"""Finite point groups and their actions on images, feature maps and kernels.

A group acts on a pixel grid about its centre. Reflections and quarter turns permute
pixels, exactly, for odd and for even sizes; other rotations interpolate between pixels,
and transform kernels within a steerable basis. The grid is square unless no element
exchanges height and width, as quarter turns do.
"""

from collections.abc import Sequence

import numpy as np

from symclone_tf.checks import positive_pair
from symclone_tf.symmetry.group_tables import GroupTable
from symclone_tf.symmetry.plane_elements import closure, element_of
from symclone_tf.symmetry.resampling import pixel_sources, resampling_matrix
from symclone_tf.symmetry.steerable_basis import (
    kernel_matrices,
    kernel_rank,
    least_kernel,
)
from symclone_tf.types import Array, ArrayLike, Pair

# What takes rectangles, for messages.
RECTANGLES = "t2, flip, c2 and d2"


class PointGroup(GroupTable):
    """A finite group of rotations and reflections of the pixel grid.

    The identity is the first element; all tables refer to elements by their index.

    Args:
        name: String, by which `get_group` finds the built-in groups.
        title: String, shown in tables and figures.
        generators: Sequence of 2×2 matrices of reflections and of rotations by
            multiples of 360°/N, N at most 64, that act on centred (row, column)
            coordinates. Without any, the group is trivial.

    Attributes:
        plane_elements: List of `PlaneElement`, all products of the generators.
        elements: List of their 2×2 matrices, of integers where they permute pixels.

    Raises:
        ValueError: If a generator is no such matrix, or rotations are by less than
            360°/64.

    Example:

    >>> c4 = get_group("c4")
    >>> c4.order
    4
    >>> c4.product[1, 3]  # rotations by 90° and by 270°: the identity
    np.int64(0)

    Reference:

    - [Cohen & Welling, 2016](https://arxiv.org/abs/1602.07576): p4 and p4m
    """

    def __init__(
        self, name: str, title: str, generators: Sequence[ArrayLike] = ()
    ) -> None:
        self.name = name
        self.title = title
        found = list(map(element_of, range(len(generators)), generators))
        self.plane_elements = closure(found)
        super().__init__(self.plane_elements)
        self.elements = [element.matrix for element in self.plane_elements]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PointGroup):
            return False
        return (self.name, self.members) == (other.name, other.members)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<PointGroup {self.name}, order {self.order}>"

    @property
    def rotations(self) -> int:
        """Integer, how many elements do not reflect."""
        return sum(not element.reflected for element in self.plane_elements)

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
    def reversed_axes(self) -> tuple[int, ...]:
        """Tuple of the axes that elements reverse, 0 for height and 1 for width: along
        these, the receptive fields of a convolution must be centred."""
        negative = np.min(self.elements, axis=(0, 2)) < 0
        return tuple(np.flatnonzero(negative).tolist())

    @property
    def permutes_pixels(self) -> bool:
        """Whether every element maps the pixel grid onto itself, so that all actions
        are exact; rotations by other angles than 90° and its multiples do not.

        Example:

        >>> get_group("d4").permutes_pixels, get_group("c8").permutes_pixels
        (True, False)
        """
        return all(element.permutes_pixels for element in self.plane_elements)

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
                f"width; {RECTANGLES} take others. Received: {received}"
            )

    def check_kernel(self, size: Pair) -> None:
        """Refuses kernels that cannot tell the group's rotations apart.

        Args:
            size: Integer or pair of integers, the kernel's height and width.

        Raises:
            ValueError: If there are more rotations than pixels at the edge of the
                kernel. Kernels of one pixel, which no rotation changes, are accepted.
        """
        height, width = positive_pair("kernel_size", size)
        self.check_size((height, width), f"kernel_size={size}")
        least = least_kernel(self.rotations)
        if not self.permutes_pixels and 1 < height < least:
            raise ValueError(
                f"{self.title} has {self.rotations} rotations, which kernels of "
                f"{least} pixels, or more, tell apart. Received: kernel_size={height}"
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
        for element in self.plane_elements:
            if not element.permutes_pixels:
                raise ValueError(
                    f"{self.title} does not permute pixels: `transform` and "
                    "`kernel_matrices` interpolate between them. Received: an element "
                    f"that is {element.title}"
                )
        size = height, width
        return np.stack([pixel_sources(each, size) for each in self.plane_elements])

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
        return self.joint_permutations(self.image_permutations(size))

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
            ValueError: If the group does not act on such kernels, or does not permute
                pixels.
        """
        if lifting:
            return self.image_permutations(size)
        return self.feature_permutations(size)

    def kernel_matrices(self, size: Pair) -> Array:
        """The matrices by which the group acts on kernels without group axis.

        Permutations if the group permutes pixels; otherwise, rotations within a
        steerable basis: the identity's matrix is then the projection on it.

        Args:
            size: Integer or pair of integers, the kernel's height and width.

        Returns:
            Array of shape `(|G|, height·width, height·width)`.

        Raises:
            ValueError: If the group does not act on such kernels, or they cannot tell
                its rotations apart.

        Example:

        >>> c8 = get_group("c8")
        >>> first, second, third = c8.kernel_matrices(5)[:3]
        >>> np.allclose(second @ second, third), round(np.trace(first))
        (True, 17)
        """
        height, width = positive_pair("size", size)
        self.check_kernel((height, width))
        if self.permutes_pixels:
            return np.eye(height * width)[self.image_permutations((height, width))]
        return kernel_matrices(tuple(self.plane_elements), height)

    def kernel_rank(self, size: Pair) -> int:
        """How many dimensions of kernels without group axis the group acts on.

        Args:
            size: Integer or pair of integers, the kernel's height and width.

        Example:

        >>> get_group("c4").kernel_rank(5), get_group("c8").kernel_rank(5)
        (25, 17)
        """
        height, width = positive_pair("size", size)
        return height * width if self.permutes_pixels else kernel_rank(height)

    def transform(self, inputs: ArrayLike, element: int) -> Array:
        """Transforms a batch of images or feature maps by one element.

        Elements that do not permute pixels interpolate within the disc about the
        centre, with 0 outside.

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
            inputs = inputs[:, :, :, self.representation_permutation(element)]
        flat = inputs.reshape(batch, size[0] * size[1], -1)
        moved, pixels = self.plane_elements[element], (size[0], size[1])
        if moved.permutes_pixels:
            return flat[:, pixel_sources(moved, pixels)].reshape(inputs.shape)
        dtype = np.result_type(inputs, np.float32)
        matrix = resampling_matrix(moved, pixels).astype(dtype)
        return np.stack([matrix @ each for each in flat]).reshape(inputs.shape)
