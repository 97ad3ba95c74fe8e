"""Kernels projected to those that an element of a group changes little.

[Rahman et al., 2026](https://arxiv.org/abs/2603.26657), with weights projected to the
right singular vectors of a constraint whose singular values are small: here, of a
convolution between maps that the group rotates and does not mix, `ρ(g) − 1` for each
generator g of the group, with ρ(g) the rotation or reflection of a kernel. Softness 0
leaves the kernels that no element changes, 1 leaves all.
"""

import keras
import numpy as np
from keras import ops

import symclone_tf as sc

# Of singular values that are zero but for rounding, relative to the largest.
ZERO = 1e-6


@keras.saving.register_keras_serializable(package="benchmarks")
class ProjectedConv2D(keras.layers.Conv2D):
    """A convolution whose kernel is projected whenever it is called.

    Args:
        group: String.
        softness: Float from 0 to 1, by the largest singular value.
    """

    def __init__(self, *args, group, softness=0.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.group, self.softness = group, softness
        self.projection = projection(group, self.kernel_size[0], softness)

    def convolution_op(self, inputs, kernel):
        flat = ops.reshape(kernel, (len(self.projection), -1))
        matrix = ops.cast(self.projection, kernel.dtype)
        projected = ops.reshape(ops.matmul(matrix, flat), kernel.shape)
        return super().convolution_op(inputs, projected)

    def get_config(self):
        own = {"group": self.group, "softness": self.softness}
        return {**super().get_config(), **own}


def projection(group, size, softness):
    """Projects kernels to those that the generators of a group change little.

    Args:
        group: String.
        size: Integer, the height and width of kernels.
        softness: Float from 0 to 1, by the largest singular value.

    Returns:
        Array of shape `(size², size²)`.

    >>> projection("c4", 3, 1.0).trace().round(6), projection("c4", 3, 0.0).trace()
    (9.0, 3.0)
    """
    whole, pixels = sc.get_group(group), size**2
    kernels = np.eye(pixels).reshape(pixels, size, size, 1)
    constraint = np.concatenate(
        [
            whole.transform(kernels, element).reshape(pixels, pixels).T - np.eye(pixels)
            for element in generators(whole)
        ]
    )
    _, values, vectors = np.linalg.svd(constraint)
    kept = vectors[values <= max(softness, ZERO) * values.max() + ZERO]
    return kept.T @ kept


def generators(group) -> list[int]:
    """The rotation by the smallest angle, and the first reflection.

    >>> generators(sc.get_group("d4")), generators(sc.get_group("flip"))
    ([1, 4], [1])
    """
    first = [title.startswith("reflected") for title in group.element_titles]
    return sorted({1, first.index(True)} if any(first) else {1})


def soft_projection(model, group, softness=0.0) -> keras.Model:
    """A network whose convolutions have projected kernels.

    Args:
        model: `keras.Model`, whose convolutions have square kernels; it does not
            change.
        group: String.
        softness: Float from 0 to 1.
    """

    def projected(layer):
        if not isinstance(layer, keras.layers.Conv2D):
            return None
        config = {**layer.get_config(), "group": group, "softness": softness}
        made = ProjectedConv2D.from_config(config)
        made.build((None, None, None, layer.kernel.shape[-2] * layer.groups))
        made.set_weights(layer.get_weights())
        return made

    return sc.networks.rebuilt(model, projected)
