"""Antialiased max pooling, with its outputs symmetric about the centre."""

import math
from typing import Any

import keras
from keras import ops

from symclone_tf.checks import positive_integer
from symclone_tf.layers.base_pooling import SpatialPooling2D
from symclone_tf.types import Pair, Tensor


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
        return self._blurred(self._blurred(maxima, 0), 1)

    def _blurred(self, maxima, axis):
        """Blurs along one axis, where the outputs are."""
        size, stride = maxima.shape[1 + axis], self.strides[axis]
        padded = _reflected(maxima, 1 + axis, self.blur_size // 2)
        # Of n maxima, strides leave (n − 1) % strides out: half of them at each edge.
        known = size is not None or stride == 1
        left_out = 0 if stride == 1 else (ops.shape(maxima)[1 + axis] - 1) % stride
        before, after = left_out // 2, left_out - left_out // 2
        if known:
            taps = self.blur_size + left_out % 2
            return _filtered(padded, 1 + axis, taps, stride, before, before)
        # Between two pixels the filter is the mean of those on them; on a pixel, both
        # terms are the same.
        first = _filtered(padded, 1 + axis, self.blur_size, stride, before, after)
        second = _filtered(padded, 1 + axis, self.blur_size, stride, after, before)
        return (first + second) / 2

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(blur_size=self.blur_size)
        return config


def _reflected(images, axis, margin):
    """Pads an axis by reflection, also by more than its size."""
    known = images.shape[axis]
    if known is not None and known > margin:
        widths = [(margin, margin) if a == axis else (0, 0) for a in range(4)]
        return ops.pad(images, widths, mode="reflect")
    # There and back again, in steps of one pixel.
    last = ops.shape(images)[axis] - 1
    steps = ops.arange(2 * margin + 1 + last) - margin + last
    pixels = ops.abs(steps % ops.maximum(2 * last, 1) - last)
    return ops.take(images, pixels, axis)


def _filtered(images, axis, taps, stride, before, after):
    """A binomial filter along one axis, at every stride between two margins."""
    end = ops.shape(images)[axis] - after

    def pixels(tap):
        index = [slice(None)] * 4
        index[axis] = slice(before + tap, end - (taps - 1 - tap), stride)
        return images[tuple(index)]

    # In pairs, so that the sum is the same, bit for bit, if the axis is reversed.
    terms = [
        (pixels(tap) + pixels(taps - 1 - tap)) * _share(taps, tap)
        for tap in range(taps // 2)
    ]
    if taps % 2:
        terms.append(pixels(taps // 2) * _share(taps, taps // 2))
    return sum(terms[1:], terms[0])


def _share(taps: int, tap: int) -> float:
    """A coefficient of a binomial filter."""
    return math.comb(taps - 1, tap) / 2 ** (taps - 1)
