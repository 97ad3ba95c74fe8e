"""Averages of a network over a group: copies of its images, and of its outputs."""

from typing import Any

import keras
import numpy as np
from keras import ops

from symclone_tf.checks import one_of
from symclone_tf.earlier import layer_config
from symclone_tf.layers.image_actions import transform_images
from symclone_tf.symmetry import PointGroup, get_group
from symclone_tf.symmetry.resampling import disc
from symclone_tf.types import Shape, Tensor

# How the outputs of a group's elements become one.
AVERAGES = ("mean", "most-confident")


class _OverGroup(keras.layers.Layer):
    """What the layers on both sides of a network have in common."""

    def __init__(
        self,
        group: str | PointGroup,
        data_format: str = "channels_last",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.group = get_group(group)
        one_of("data_format", data_format, ("channels_last", "channels_first"))
        self.data_format = data_format

    def _transform(self, images: Tensor, element: int) -> Tensor:
        if element == 0:
            return images
        first = self.data_format == "channels_first"
        if first:
            images = ops.transpose(images, (0, 2, 3, 1))
        images = transform_images(images, self.group, element)
        return ops.transpose(images, (0, 3, 1, 2)) if first else images

    def _check_images(self, shape: Shape, what: str) -> None:
        """Checks maps whose size is known."""
        height, width = (
            shape[2:] if self.data_format == "channels_first" else shape[1:3]
        )
        if not self.group.permutes_pixels and None in (height, width):
            raise ValueError(
                f"{self.group.title} interpolates between pixels, and needs {what} of "
                f"known size. Received: {what} of shape {tuple(shape)}"
            )
        if None not in (height, width):
            self.group.check_size((height, width), f"{what} of shape {tuple(shape)}")

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(group=self.group.name, data_format=self.data_format)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**layer_config(config))


@keras.saving.register_keras_serializable(package="symclone_tf")
class GroupCopies(_OverGroup):
    """Copies images, one for each element of a group, as a larger batch.

    Copy h of an image x is h⁻¹·x. The image k·x has the same copies as x, in another
    order, so that a network's mean over the copies is invariant, whatever the network:
    see `GroupAverage`. Inputs without spatial axes are repeated.

    Args:
        group: String, as `"flip"`, `"c4"` or `"d4"`, or a `PointGroup`.
        data_format: String, `"channels_last"` or `"channels_first"`.
        **kwargs: `name`, `trainable`, `dtype`.

    Input shape:
        `(batch, height, width, channels)`, of any size where the group permutes
        pixels; or `(batch, features)`.

    Output shape:
        `(|G|·batch, …)`; copies of the same input are beside each other.

    Raises:
        ValueError: If the group does not act on images of this size, or inputs have
            another number of axes.

    Example:

    >>> images = keras.random.normal((2, 6, 6, 1))
    >>> copies = GroupCopies("flip")(images)
    >>> copies.shape
    TensorShape([4, 6, 6, 1])
    >>> np.array_equal(copies[1], copies[0][:, ::-1])
    True

    Reference:

    - [Basu et al., 2023](https://arxiv.org/abs/2210.06475)
    """

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) not in (2, 4):
            raise ValueError(
                "Inputs must be images, of 4 axes, or features, of 2. "
                f"Received: inputs of shape {tuple(input_shape)}"
            )
        if len(input_shape) == 4:
            self._check_images(input_shape, "images")

    def call(self, inputs: Tensor) -> Tensor:
        order = self.group.order
        if len(inputs.shape) == 2:
            return ops.repeat(inputs, order, axis=0)
        self._check_images(inputs.shape, "images")
        copies = [
            self._transform(inputs, int(self.group.inverse[element]))
            for element in range(order)
        ]
        return ops.reshape(ops.stack(copies, axis=1), (-1, *ops.shape(inputs)[1:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, *rest = input_shape
        return (None if batch is None else batch * self.group.order, *rest)


@keras.saving.register_keras_serializable(package="symclone_tf")
class GroupAverage(_OverGroup):
    """Averages the outputs of a network over the copies of its images.

    Maps are transformed back, each by its element, so that the average is equivariant;
    other outputs' average is invariant. Outside of the largest disc about the centre
    maps are averaged over the elements that permute pixels alone, as others bring
    nothing there.

    Args:
        group: String or `PointGroup`, that of `GroupCopies`.
        average: String, `"mean"`; or `"most-confident"` for the outputs, of shape
            `(batch, classes)`, of the element whose largest output is furthest above
            the others, by the logarithm of the sum of their exponentials: of logits,
            the one with the largest probability.
        data_format: String, `"channels_last"` or `"channels_first"`, of maps.
        **kwargs: `name`, `trainable`, `dtype`.

    Input shape:
        `(|G|·batch, …, channels)`, as of `GroupCopies`: maps of 4 axes, or outputs of
        2.

    Output shape:
        `(batch, …, channels)`.

    Raises:
        ValueError: If an argument is not accepted, the group does not act on maps of
            this size, or outputs have another number of axes.

    Example:

    >>> images = keras.random.normal((2, 6, 6, 3))
    >>> copies = GroupCopies("d4")(images)
    >>> np.allclose(GroupAverage("d4")(copies), images, atol=1e-6)  # there and back
    True

    Reference:

    - [Basu et al., 2023](https://arxiv.org/abs/2210.06475)
    """

    def __init__(
        self,
        group: str | PointGroup,
        average: str = "mean",
        data_format: str = "channels_last",
        **kwargs: Any,
    ):
        one_of("average", average, AVERAGES)
        super().__init__(group, data_format, **kwargs)
        self.average = average

    def build(self, input_shape: Shape) -> None:
        accepted = (2,) if self.average == "most-confident" else (2, 4)
        if len(input_shape) not in accepted:
            maps = "" if accepted == (2,) else "maps, of 4 axes, or "
            raise ValueError(
                f"Outputs to take the {self.average} of must be {maps}of shape (batch, "
                f"units). Received: outputs of shape {tuple(input_shape)}"
            )
        if len(input_shape) == 4:
            self._check_images(input_shape, "maps")

    def call(self, inputs: Tensor) -> Tensor:
        order = self.group.order
        copies = ops.reshape(inputs, (-1, order, *ops.shape(inputs)[1:]))
        if self.average == "most-confident":
            # One of logits' sum is 1 where that element is the surest.
            sure = ops.max(copies, axis=-1) - ops.logsumexp(copies, axis=-1)
            chosen = ops.one_hot(ops.argmax(sure, axis=1), order, dtype=copies.dtype)
            return ops.sum(copies * chosen[..., None], axis=1)
        if len(inputs.shape) == 2:
            return ops.mean(copies, axis=1)
        back = [self._transform(copies[:, h], h) for h in range(order)]
        found = ops.mean(ops.stack(back), axis=0)
        return found if self.group.permutes_pixels else found / self._shares(inputs)

    def _shares(self, maps: Tensor) -> Tensor:
        """The share of elements that bring something to each pixel: others, which
        interpolate, reach the disc only."""
        elements = self.group.plane_elements
        exact = np.mean([element.permutes_pixels for element in elements])
        first = self.data_format == "channels_first"
        size = tuple(maps.shape[2:] if first else maps.shape[1:3])
        shares = np.where(disc(size), 1.0, exact)
        return ops.cast(shares[None] if first else shares[..., None], maps.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, *rest = input_shape
        return (None if batch is None else batch // self.group.order, *rest)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "average": self.average}
