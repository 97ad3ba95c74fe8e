"""Pooling over a group, that may learn to weigh the group's elements."""

import keras
from keras import ops

from symclone_tf.checks import one_of
from symclone_tf.earlier import layer_config
from symclone_tf.layers.anchors import strength_of
from symclone_tf.layers.decoupled_anchors import (
    DECOUPLED,
    Decoupled,
    training_optimizer,
)
from symclone_tf.layers.shared_students import SYMMETRIES


@keras.saving.register_keras_serializable(package="symclone_tf")
class GroupPooling(keras.layers.Layer):
    """Sums feature maps over the group, with a weight for each element and channel.

    All weights are 1/|G| at first: the mean, which is all of a feature map that turns
    and mirrors leave as it is. Everything before it may then keep the symmetry
    exactly, while the few weights here say how much of it the network keeps. They are

    - `"frozen"`: the mean, always;
    - `"trainable"`: free to tell the elements apart where the data does;
    - `"anchored"`: trainable, and held at the mean.

    Args:
        symmetry: String, `"frozen"`, `"trainable"` or `"anchored"`.
        anchor: String, `"decoupled-l2-sp"` or `"proximal"`, see `ClonedConv2D`.
        anchor_strength: Float, λ; `None` for 30 (decay) or 0.5 (threshold).
        **kwargs: `name`, `trainable`, `dtype`.

    Input shape:
        `(batch, height, width, |G|, channels)`.

    Output shape:
        `(batch, height, width, channels)`.

    Raises:
        ValueError: If an argument is not accepted, or inputs are no feature maps on
            a group.

    Example:

    >>> features = GroupConv2D(10, 3, "c4")(keras.random.normal((2, 8, 8, 1)))
    >>> GroupPooling("anchored")(features).shape
    TensorShape([2, 6, 6, 10])

    Reference:

    - [Cohen & Welling, 2016](https://arxiv.org/abs/1602.07576), section 6.3
    """

    def __init__(
        self,
        symmetry="frozen",
        anchor="decoupled-l2-sp",
        anchor_strength=None,
        **kwargs,
    ):
        one_of("symmetry", symmetry, SYMMETRIES)
        one_of("anchor", anchor, DECOUPLED)
        super().__init__(**kwargs)
        self.symmetry = symmetry
        self.anchor = anchor
        self.anchor_strength = strength_of(anchor, anchor_strength)

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        shape = input_shape[-2:]
        mean = keras.initializers.Constant(1 / shape[0])
        if self.symmetry == "frozen":
            return
        self.shares = self.add_weight(name="shares", shape=shape, initializer=mean)
        if self.symmetry == "anchored":
            anchor = self.add_weight(
                name="anchor", shape=shape, initializer=mean, trainable=False
            )
            self.shares.constraint = Decoupled(
                self.anchor, self.anchor_strength, anchor
            )

    def call(self, inputs):
        if self.symmetry == "frozen":
            return ops.mean(inputs, axis=-2)
        if self.symmetry == "anchored" and (optimizer := training_optimizer()):
            self.hold(optimizer)
        return ops.sum(inputs * self.shares, axis=-2)

    def hold(self, optimizer) -> None:
        """Tells the anchor whose steps it follows, see `ClonedConv2D.hold`.

        Args:
            optimizer: Keras optimizer, that trains the layer.
        """
        if self.symmetry == "anchored":
            self.shares.constraint.optimizer = optimizer

    def compute_output_shape(self, input_shape):
        if len(input_shape) != 5:
            raise ValueError(
                "Pooling over a group takes feature maps of shape (batch, height, "
                f"width, |G|, channels). Received: inputs of shape {tuple(input_shape)}"
            )
        return (*input_shape[:-2], input_shape[-1])

    def get_config(self):
        config = super().get_config()
        config.update(
            symmetry=self.symmetry,
            anchor=self.anchor,
            anchor_strength=self.anchor_strength,
        )
        return config

    @classmethod
    def from_config(cls, config):
        return cls(**layer_config(config))
