"""Elements of groups of volumes, acting on volumes and on feature maps of them."""

import numpy as np

from symclone_tf.symmetry.transformations import Transformation
from symclone_tf.symmetry.volume_groups import VolumeGroup, get_volume_group
from symclone_tf.types import Array, ArrayLike


class VolumeTransformation(Transformation):
    """An element of a group of volumes, acting on volumes and feature maps.

    Args:
        group: String or `VolumeGroup`.
        element: Integer, the element's index in the group.

    Example:

    >>> VolumeTransformation("d2h", 1).title
    'reflected along width'
    """

    def __init__(self, group: str | VolumeGroup, element: int) -> None:
        self.group = get_volume_group(group)
        self.element = element
        self.title = self.group.element_titles[element]

    def inputs(self, inputs: ArrayLike) -> Array:
        return self.group.transform(inputs, self.element)

    def outputs(self, outputs: ArrayLike) -> Array:
        outputs = np.asarray(outputs)
        # Outputs without spatial axes are expected to be invariant.
        if outputs.ndim < 5:
            return outputs
        return self.group.transform(outputs, self.element)

    def inverse(self) -> "VolumeTransformation":
        return VolumeTransformation(self.group, int(self.group.inverse[self.element]))
