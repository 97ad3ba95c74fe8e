"""Pooling over windows that lie symmetrically about the centre."""

import math

import keras
from keras import layers, ops

from symclone_tf.layers.base_pooling import SpatialPooling2D
from symclone_tf.types import Shape, Tensor

HALVES = ("float16", "bfloat16")


class CentredPooling2D(SpatialPooling2D):
    """Base of poolings whose windows are enlarged until they reach every pixel.

    The first window begins at the first pixel, and the last one ends at the last, so
    that rotations and reflections of an image map windows to windows.

    Example:

    >>> issubclass(CentredMaxPooling2D, CentredPooling2D)
    True
    """

    # A Keras layer with windows of one size, and what it computes of a window.
    plain: type[keras.layers.Layer]
    # Whether it adds up, which takes single precision.
    adds = False

    @staticmethod
    def pool_windows(
        images: Tensor, pool_size: tuple[int, ...], strides: tuple[int, ...]
    ) -> Tensor:
        """Pools windows of one size, of images whose channels are last."""
        raise TypeError("A centred pooling must implement `pool_windows`")

    @staticmethod
    def reduce(windows: Tensor, axis: int) -> Tensor:
        """Pools along an axis of the pixels of windows."""
        raise TypeError("A centred pooling must implement `reduce`")

    def pool(self, images: Tensor) -> Tensor:
        known, unknown = self._windows(images.shape[1:3])
        pooled = self.pool_windows(images, *known)
        for axis in unknown:
            pooled = self._gathered(pooled, axis)
        return pooled

    def _windows(self, sizes):
        """Sizes and strides of windows, and the axes along which they are unknown."""
        pool_size, strides, unknown = [], [], []
        for axis, (size, stride) in enumerate(zip(sizes, self.strides)):
            if size is None and stride > 1:
                pool_size.append(1)
                strides.append(1)
                unknown.append(axis)
            else:
                rest = 0 if stride == 1 else self.remainder(size, axis)
                pool_size.append(self.pool_size[axis] + rest)
                strides.append(stride)
        return (tuple(pool_size), tuple(strides)), unknown

    def _gathered(self, images, axis):
        """Pools along one axis whose size is known only when the layer is called."""
        size, stride = ops.shape(images)[1 + axis], self.strides[axis]
        window = self.pool_size[axis] + self.remainder(size, axis)
        starts = stride * ops.arange((size - window) // stride + 1)
        pixels = ops.take(images, starts[:, None] + ops.arange(window), axis=1 + axis)
        return self.reduce(pixels, axis=2 + axis)

    def plain_layers(self, input_shape: Shape) -> list[keras.layers.Layer]:
        """The same pooling by Keras' own layers, for inputs of one size.

        A network of these does not need this package.

        Args:
            input_shape: Tuple, the shape of inputs, of which only the batch may be
                `None`.

        Returns:
            List of Keras layers, to be called one after another.

        Raises:
            ValueError: If a size is not known, or is smaller than a window.

        Example:

        >>> pooling = CentredMaxPooling2D(2, data_format="channels_last")
        >>> (layer,) = pooling.plain_layers((None, 7, 7, 3))
        >>> layer.pool_size, layer.strides
        ((3, 3), (2, 2))
        """
        shape = self.compute_output_shape(input_shape)
        known = [size for size in input_shape[1:] if size is not None]
        if len(known) < len(input_shape) - 1:
            raise ValueError(
                "Keras' own layers have windows of one size: all of `input_shape` but "
                f"the batch must be known. Received: input_shape={tuple(input_shape)}"
            )
        sizes = known[1:3] if self._is_channels_first(input_shape) else known[:2]
        (pool_size, strides), _ = self._windows(sizes)
        precision = {"dtype": self.dtype_policy}
        single = self.adds and self.compute_dtype in HALVES
        pooling = self.plain(
            pool_size,
            strides,
            data_format=self.data_format,
            dtype="float32" if single else self.dtype_policy,
        )
        if len(shape) == 4:
            returned = [layers.Reshape(shape[1:], **precision)] if single else []
            return [pooling, *returned]
        stacked = (*sizes, math.prod(known[2:]))
        return [
            layers.Reshape(stacked, **precision),
            pooling,
            layers.Reshape(shape[1:], **precision),
        ]


@keras.saving.register_keras_serializable(package="symclone_tf")
class CentredMaxPooling2D(CentredPooling2D):
    """Max pooling that commutes with rotations and reflections at every image size.

    `keras.layers.MaxPooling2D` begins at the first row and column, and leaves the last
    ones out where strides do not fit. After a rotation these are others, so that an
    equivariant network is no longer equivariant. Here, windows are centred: where
    strides do not fit, windows are enlarged to `pool_size + (size − pool_size) %
    strides`, that is by at most `strides − 1` pixels, and reach every pixel. There are
    as many outputs as of Keras' pooling with `padding="valid"`, and where strides fit
    they are the same.

    Args:
        pool_size: Integer or pair of integers, height and width of a window in pixels,
            before it is enlarged. Quarter turns exchange height and width, so they need
            one integer.
        strides: Integer or pair of integers, pixels between windows; `None` for
            `pool_size`.
        {shared by all spatial poolings}

    Example:

    >>> features = GroupConv2D(10, 3, "c4")(keras.random.normal((2, 9, 9, 1)))
    >>> CentredMaxPooling2D(2)(features).shape  # of 7×7 pixels
    TensorShape([2, 3, 3, 4, 10])
    >>> images = keras.random.normal((2, 7, 7, 1))
    >>> equivariance_error(CentredMaxPooling2D(2), "d4", images)
    0.0
    >>> equivariance_error(keras.layers.MaxPooling2D(2), "d4", images) > 0.1
    True

    Reference:

    - [Cohen & Welling, 2016](https://arxiv.org/abs/1602.07576), section 6.3, for
      poolings that commute with a group
    - Edixhoven et al., 2023, *Using and abusing equivariance*, for image sizes at which
      those that begin at the first pixel do not
    """

    plain = layers.MaxPooling2D

    @staticmethod
    def pool_windows(
        images: Tensor, pool_size: tuple[int, ...], strides: tuple[int, ...]
    ) -> Tensor:
        return ops.max_pool(images, pool_size, strides, data_format="channels_last")

    @staticmethod
    def reduce(windows: Tensor, axis: int) -> Tensor:
        return ops.max(windows, axis)


@keras.saving.register_keras_serializable(package="symclone_tf")
class CentredAveragePooling2D(CentredPooling2D):
    """Average pooling that commutes with rotations and reflections at every image size.

    Windows are those of `CentredMaxPooling2D`. Where strides fit, it is
    `keras.layers.AveragePooling2D`.

    Args:
        pool_size: Integer or pair of integers, height and width of a window in pixels,
            before it is enlarged. Quarter turns exchange height and width, so they need
            one integer.
        strides: Integer or pair of integers, pixels between windows; `None` for
            `pool_size`.
        {shared by all spatial poolings}

    Example:

    >>> images = np.arange(5.0).reshape(1, 1, 5, 1)  # windows of three pixels
    >>> pooling = CentredAveragePooling2D((1, 2), data_format="channels_last")
    >>> pooling(images)[0, 0, :, 0].numpy()
    array([1., 3.], dtype=float32)

    Reference:

    - [Cohen & Welling, 2016](https://arxiv.org/abs/1602.07576), section 6.3, for
      poolings that commute with a group
    """

    plain = layers.AveragePooling2D
    adds = True

    @staticmethod
    def pool_windows(
        images: Tensor, pool_size: tuple[int, ...], strides: tuple[int, ...]
    ) -> Tensor:
        # TensorFlow 2.21 and JAX 0.10 add up in bfloat16, in which sums of more than
        # some hundred numbers stop: findings/keras-average-pooling-in-bfloat16.sh.
        dtype = keras.backend.standardize_dtype(images.dtype)
        if dtype in HALVES:
            images = ops.cast(images, "float32")
        found = ops.average_pool(
            images, pool_size, strides, data_format="channels_last"
        )
        return ops.cast(found, dtype)

    @staticmethod
    def reduce(windows: Tensor, axis: int) -> Tensor:
        return ops.mean(windows, axis)
