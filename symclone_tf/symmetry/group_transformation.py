"""The elements of point groups as transformations of images and feature maps."""

import math
from collections.abc import Sequence

import numpy as np

from symclone_tf.symmetry.named_groups import get_group
from symclone_tf.symmetry.point_groups import PointGroup
from symclone_tf.symmetry.resampling import MARGIN, disc, resampling
from symclone_tf.symmetry.transformations import Taps, Transformation
from symclone_tf.types import Array, ArrayLike


class GroupTransformation(Transformation):
    """An element of a point group, acting on images and feature maps.

    Elements that do not permute pixels interpolate between them; what is compared of
    their outputs lies 2 pixels, or more, within the disc about the centre.

    Args:
        group: String or `PointGroup`.
        element: Integer, the element's index in the group.

    Example:

    >>> GroupTransformation("c4", 1).title
    'rotated by 90°'
    """

    def __init__(self, group: str | PointGroup, element: int) -> None:
        self.group = get_group(group)
        self.element = element
        self.title = self.group.element_titles[element]

    @property
    def interpolates(self) -> bool:
        return not self.group.plane_elements[self.element].permutes_pixels

    def inputs(self, inputs: ArrayLike) -> Array:
        return self.group.transform(inputs, self.element)

    def outputs(self, outputs: ArrayLike) -> Array:
        outputs = np.asarray(outputs)
        # Outputs without spatial axes are expected to be invariant.
        if outputs.ndim < 4:
            return outputs
        return self.group.transform(outputs, self.element)

    def compared(self, transformed: Array, outputs: Array) -> tuple[Array, Array]:
        transformed, expected = super().compared(transformed, outputs)
        if not self.interpolates or expected.ndim < 4:
            return transformed, expected
        height, width = expected.shape[1:3]
        inside = disc((height, width), margin=MARGIN)
        return transformed[:, inside], expected[:, inside]

    def inverse(self) -> "GroupTransformation":
        return GroupTransformation(self.group, int(self.group.inverse[self.element]))

    def taps(
        self, input_shape: Sequence[int], output_shape: Sequence[int]
    ) -> tuple[Taps, Taps]:
        if not self.interpolates:
            return super().taps(input_shape, output_shape)
        return self._interpolated(input_shape), self._interpolated(output_shape)

    def _interpolated(self, shape: Sequence[int]) -> Taps:
        if len(shape) < 2:  # without spatial axes: invariant
            return Taps.of(np.arange(math.prod(shape)))
        element = self.group.plane_elements[self.element]
        pixels, weights = resampling(element, (shape[0], shape[1]))
        if len(shape) == 2:
            return Taps(pixels, weights)
        # Each pixel of a feature map has an entry for each element of the group.
        order, taps = self.group.order, pixels.shape[1]
        moved = self.group.representation_permutation(self.element)
        entries = pixels[:, None, :] * order + moved[:, None]
        return Taps(entries.reshape(-1, taps), np.repeat(weights, order, axis=0))
