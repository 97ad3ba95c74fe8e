"""Antialiased max pooling, with its outputs symmetric about the centre."""

import itertools
import math
from typing import Any

import keras
import numpy as np
from keras import ops

from symclone_tf.checks import positive_integer
from symclone_tf.layers.base_pooling import SpatialPooling2D
from symclone_tf.types import Array, Pair, Tensor


@keras.saving.register_keras_serializable(package="symclone_tf")
class AntialiasedMaxPooling2D(SpatialPooling2D):
    """Max pooling with a blur before its strides, which commutes with rotations and
    reflections at every image size.

    The maximum is taken at every pixel; a binomial filter blurs the maxima, which are
    reflected at the edges, and then the strides select. A blur before the strides makes
    outputs change less when images are translated. As usually implemented, the strides
    begin at the first pixel and leave the last ones out where they do not fit, so that
    quarter turns are kept at even sizes only, or at odd ones only. Here, outputs are
    centred: where these centres are between two pixels, the blur has one pixel more,
    and where they are on pixels, outputs are those of the reference.

    Args:
        pool_size: Integer or pair of integers, height and width in pixels of the
            windows of the maximum. Quarter turns exchange height and width, so they
            need one integer.
        strides: Integer or pair of integers, pixels between outputs; `None` for
            `pool_size`.
        blur_size: Integer, odd, pixels of the binomial filter: 3 for `(1, 2, 1) / 4`,
            or `(1, 3, 3, 1) / 8` between pixels.
        {shared by all spatial poolings}

    Example:

    >>> features = GroupConv2D(10, 3, "c4")(keras.random.normal((2, 9, 9, 1)))
    >>> AntialiasedMaxPooling2D(2)(features).shape  # of 7×7 pixels
    TensorShape([2, 3, 3, 4, 10])
    >>> for size in 7, 8:
    ...     images = keras.random.normal((2, size, size, 1))
    ...     assert equivariance_error(AntialiasedMaxPooling2D(2), "d4", images) < 1e-6

    Reference:

    - [Zhang, 2019](https://arxiv.org/abs/1904.11486), *MaxBlurPool*
    """

    def __init__(
        self,
        pool_size: Pair = 2,
        strides: Pair | None = None,
        blur_size: int = 3,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, data_format, **kwargs)
        self.blur_size = positive_integer("blur_size", blur_size)
        if blur_size % 2 == 0:
            raise ValueError(
                "`blur_size` must be odd; where outputs are between pixels the filter "
                f"has one more. Received: blur_size={blur_size}"
            )

    def pool(self, images: Tensor) -> Tensor:
        maxima = ops.max_pool(
            images, self.pool_size, strides=1, data_format="channels_last"
        )
        filters = [self._filter(maxima, axis) for axis in (0, 1)]
        padded = _reflected(maxima, self.blur_size // 2)
        (rows, row_margins), (columns, column_margins) = filters
        terms = [
            _filtered(padded, (rows, columns), self.strides, margins)
            for margins in itertools.product(row_margins, column_margins)
        ]
        return terms[0] if len(terms) == 1 else sum(terms[1:], terms[0]) / len(terms)

    def _filter(self, maxima, axis):
        """The taps of the blur along an axis, and pixels before and after its outputs:
        one pair of these, or two whose outputs' mean is meant."""
        size, stride = maxima.shape[1 + axis], self.strides[axis]
        if stride == 1:
            return self.blur_size, [(0, 0)]
        # Of n maxima, strides leave (n − 1) % strides out: half of them at each edge.
        left_out = (ops.shape(maxima)[1 + axis] - 1) % stride
        half = left_out // 2
        if size is not None:
            return self.blur_size + left_out % 2, [(half, half)]
        # Between two pixels the filter is the mean of those on them; on a pixel, both
        # are the same.
        margins = half, left_out - half
        return self.blur_size, [margins, margins[::-1]]

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(blur_size=self.blur_size)
        return config


def _reflected(images, margin):
    """Pads height and width by reflection, also by more than their sizes."""
    if not margin:  # by which Keras 3.15.1 cannot pad on PyTorch
        return images
    if all(size is not None and size > margin for size in images.shape[1:3]):
        both = (margin, margin)
        return ops.pad(images, [(0, 0), both, both, (0, 0)], mode="reflect")
    for axis in (1, 2):
        # There and back again, in steps of one pixel.
        last = ops.shape(images)[axis] - 1
        steps = ops.arange(2 * margin + 1 + last) - margin + last
        pixels = ops.abs(steps % ops.maximum(2 * last, 1) - last)
        images = ops.take(images, pixels, axis)
    return images


def _filtered(images, taps, strides, margins):
    """A binomial filter, at every stride between margins."""
    _, height, width, channels = ops.shape(images)
    (top, bottom), (left, right) = margins
    inner = images[:, top : height - bottom, left : width - right]
    kernel = np.outer(*map(_binomial, taps))[:, :, None, None]
    kernel = ops.tile(ops.convert_to_tensor(kernel, images.dtype), (1, 1, channels, 1))
    # TensorFlow's depthwise convolutions have equal strides.
    equal = strides if strides[0] == strides[1] else 1
    outputs = ops.depthwise_conv(inner, kernel, equal, data_format="channels_last")
    if equal == 1:
        # Windows of one pixel select: slices with strides take ten times as long.
        outputs = ops.max_pool(outputs, 1, strides, data_format="channels_last")
    return outputs


def _binomial(taps: int) -> Array:
    """The coefficients of a binomial filter, whose sum is 1."""
    return np.array([math.comb(taps - 1, k) for k in range(taps)]) / 2 ** (taps - 1)
