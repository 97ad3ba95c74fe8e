"""The layout of a convolution's kernel in clones, and what may not depend on it.

Clones have kernels as those of `Conv2D`. In Keras' layers, depthwise convolutions have
another axis, and transposed ones have filters before channels. A regularizer or
constraint of single entries, as L2 or non-negativity, does not notice; a norm along an
axis does.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from symclone_tf.types import Array

# A depthwise convolution, then one of 1×1.
SEPARABLE = (keras.layers.SeparableConv2D,)
TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)
# The entries that are compared, far from small enough for a constraint to keep them.
SCALE = 10.0
TOLERANCE = 1e-4


def depthwise_kernel(kernel: Array) -> Array:
    """A depthwise convolution's kernel, in the layout of a `Conv2D` in groups.

    Args:
        kernel: Array of shape `(kh, kw, channels, multiplier)`.

    Returns:
        Array of shape `(kh, kw, 1, channels · multiplier)`: each channel is a group of
        its own, with its filters side by side.
    """
    return kernel.reshape(*kernel.shape[:2], 1, -1)


def transposed_kernel(kernel: Array) -> Array:
    """A transposed convolution's kernel, in the layout of a convolution.

    Args:
        kernel: Array of shape `(*kernel_size, filters, channels)`.

    Returns:
        Array of shape `(*kernel_size, channels, filters)`.
    """
    return kernel.swapaxes(-1, -2)


def kernel_of(layer: keras.layers.Layer) -> Array:
    """A convolution's kernel, in the layout of `Conv2D`.

    Args:
        layer: Built convolution layer.

    Returns:
        Array of shape `(kh, kw, channels / groups, filters)`, for feature maps on a
        group with the axis of the representation before the channels.

    Example:

    >>> layer = keras.layers.Conv2DTranspose(2, 3)
    >>> layer.build((None, 8, 8, 4))
    >>> tuple(layer.kernel.shape), kernel_of(layer).shape
    ((3, 3, 2, 4), (3, 3, 4, 2))
    """
    kernel = ops.convert_to_numpy(layer.kernel)
    if isinstance(layer, TRANSPOSED):
        return transposed_kernel(kernel)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return depthwise_kernel(kernel)
    return kernel


def check_layout(layer: keras.layers.Layer) -> None:
    """Checks that what a kernel is trained with treats it alike in a clone's layout.

    Args:
        layer: Built convolution layer.

    Raises:
        ValueError: If a regularizer or a constraint does not.
    """
    if isinstance(layer, TRANSPOSED):
        _check_part(layer, "kernel", layer.kernel, transposed_kernel)
    elif isinstance(layer, keras.layers.DepthwiseConv2D):
        _check_part(layer, "depthwise", layer.kernel, depthwise_kernel)
    elif isinstance(layer, SEPARABLE):
        _check_part(layer, "depthwise", layer.depthwise_kernel, depthwise_kernel)


def _check_part(layer, part, kernel, to_layout: Callable[[Array], Array]) -> None:
    values = np.random.default_rng(0).normal(0, SCALE, kernel.shape).astype("float32")
    for name in (f"{part}_regularizer", f"{part}_constraint"):
        function = getattr(layer, name)
        if function is None:
            continue
        found, expected = (
            ops.convert_to_numpy(function(ops.convert_to_tensor(v)))
            for v in (to_layout(values), values)
        )
        if expected.ndim:  # a constraint's, not the number of a regularizer
            expected = to_layout(expected)
        if np.abs(found - expected).max() > TOLERANCE * np.abs(expected).max():
            raise ValueError(
                f"its {name} depends on the order of the kernel's axes, which is not "
                "supported"
            )
