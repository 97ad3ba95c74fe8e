"""Base of spatial pooling layers that commute with the symmetries of the pixel grid."""

from typing import Any

import keras
from keras import ops

from symclone_tf.checks import one_of, one_or_two, positive_pair
from symclone_tf.docstrings import share, with_shared
from symclone_tf.types import Pair, Shape, Tensor

DATA_FORMATS = ("channels_last", "channels_first")


class SpatialPooling2D(keras.layers.Layer):
    """Base of poolings over space whose windows are symmetric about the centre.

    There are as many outputs as of Keras' pooling with `padding="valid"`. A subclass
    implements `pool`.

    Args:
        pool_size: Integer or pair of integers, height and width of a window in pixels.
            Quarter turns need the same of both, as they exchange them.
        strides: Integer or pair of integers, pixels between windows; `None` for
            `pool_size`.
        data_format: String, `"channels_last"` or `"channels_first"`, of images; `None`
            for that of Keras' configuration. Feature maps on a group have their
            channels last.
        **kwargs: `name`, `dtype`.

    Input shape:
        Images, `(batch, height, width, channels)`, or with
        `data_format="channels_first"` `(batch, channels, height, width)`; or feature
        maps on a group, `(batch, height, width, |G|, channels)`, of which each
        element's are pooled for themselves. Height and width may differ, and may be
        unknown.

    Output shape:
        As inputs, with `(size − pool_size) // strides + 1` in place of each size.

    Raises:
        ValueError: If an argument is not accepted, or inputs are smaller than a window,
            or neither images nor feature maps.

    Example:

    >>> class CentredMinPooling2D(SpatialPooling2D):
    ...     def pool(self, images):
    ...         return -CentredMaxPooling2D(self.pool_size, self.strides)(-images)
    >>> CentredMinPooling2D()(keras.random.normal((2, 7, 7, 4, 3))).shape
    TensorShape([2, 3, 3, 4, 3])
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__doc__ = with_shared(cls.__doc__)

    def __init__(
        self,
        pool_size: Pair = 2,
        strides: Pair | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.pool_size = positive_pair("pool_size", pool_size)
        self.strides = self.pool_size
        if strides is not None:
            self.strides = positive_pair("strides", strides)
        self.data_format = data_format or keras.config.image_data_format()
        one_of("data_format", self.data_format, DATA_FORMATS)

    def pool(self, images: Tensor) -> Tensor:
        """Pools images whose channels are last.

        Args:
            images: Tensor of shape `(batch, height, width, channels)`.

        Returns:
            Tensor.
        """
        raise TypeError(f"{type(self).__name__} must implement `pool`")

    def remainder(self, size: Tensor, axis: int) -> Tensor:
        """Pixels that windows of `pool_size` do not reach: `(size − pool_size) %
        strides`.

        Args:
            size: Integer or scalar tensor, pixels along an axis.
            axis: Integer, 0 for height or 1 for width.

        Returns:
            Integer or scalar tensor.
        """
        return (size - self.pool_size[axis]) % self.strides[axis]

    def call(self, inputs: Tensor) -> Tensor:
        self.compute_output_shape(inputs.shape)  # refuses what does not fit
        if self._is_channels_first(inputs.shape):
            return ops.moveaxis(self.pool(ops.moveaxis(inputs, 1, -1)), -1, 1)
        if len(inputs.shape) == 4:
            return self.pool(inputs)
        # The group's elements become channels. One pooling over three axes takes half
        # as long again, and LiteRT has none.
        _, height, width, order, channels = ops.shape(inputs)
        pooled = self.pool(ops.reshape(inputs, (-1, height, width, order * channels)))
        _, height, width, _ = ops.shape(pooled)
        return ops.reshape(pooled, (-1, height, width, order, channels))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        rank = len(input_shape)
        if rank not in (4, 5) or (rank == 5 and self.data_format == "channels_first"):
            raise ValueError(
                f"{type(self).__name__} takes images of four axes, or feature maps of "
                "shape (batch, height, width, |G|, channels) with "
                'data_format="channels_last". Received: inputs of shape '
                f"{tuple(input_shape)}, data_format={self.data_format}"
            )
        first = 2 if self._is_channels_first(input_shape) else 1
        sizes = input_shape[first : first + 2]
        if any(n is not None and n < k for n, k in zip(sizes, self.pool_size)):
            raise ValueError(
                "Inputs must be at least as large as `pool_size`. Received: "
                f"pool_size={one_or_two(self.pool_size)}, inputs of shape "
                f"{tuple(input_shape)}"
            )
        pooled = [
            None if size is None else (size - window) // stride + 1
            for size, window, stride in zip(sizes, self.pool_size, self.strides)
        ]
        return (*input_shape[:first], *pooled, *input_shape[first + 2 :])

    def _is_channels_first(self, shape: Shape) -> bool:
        return len(shape) == 4 and self.data_format == "channels_first"

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(
            pool_size=one_or_two(self.pool_size),
            strides=one_or_two(self.strides),
            data_format=self.data_format,
        )
        return config


share("spatial poolings", SpatialPooling2D.__doc__, "data_format:", "Example:")
