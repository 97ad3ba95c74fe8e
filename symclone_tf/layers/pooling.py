"""Group pooling, a weighted mean over the elements of a group."""

from typing import Any

import keras
from keras import ops

from symclone_tf.checks import one_of
from symclone_tf.earlier import layer_config
from symclone_tf.layers.anchors import strength_of
from symclone_tf.layers.decoupled_anchors import (
    DECOUPLED,
    DecoupledAnchor,
    training_optimizer,
)
from symclone_tf.layers.shared_students import SYMMETRIES
from symclone_tf.types import Shape, Tensor


@keras.saving.register_keras_serializable(package="symclone_tf")
class GroupPooling(keras.layers.Layer):
    """Pools feature maps over the group, with a weight for each element and channel.

    All weights are initially 1/|G|, which is the mean: the part of a feature map that
    is invariant under rotations and reflections of the group. All layers before may
    then be exactly equivariant, while the few weights of this layer may break the
    symmetry. They are

    - `"frozen"`: always those of the mean;
    - `"trainable"`: trained, which may break the symmetry where the data does;
    - `"anchored"`: trained, and regularised towards the mean.

    Args:
        symmetry: String, `"frozen"`, `"trainable"` or `"anchored"`.
        anchor: String, `"decoupled-l2-sp"` or `"proximal"`, see `ClonedConv2D`.
        anchor_strength: Float, λ; `None` for 30 (`"decoupled-l2-sp"`) or 0.5
            (`"proximal"`).
        **kwargs: `name`, `trainable`, `dtype`.

    Input shape:
        `(batch, height, width, |G|, channels)`, or, of volumes,
        `(batch, depth, height, width, |G|, channels)`.

    Output shape:
        The same without the axis of the group.

    Raises:
        ValueError: If an argument is not accepted, or inputs are not feature maps on
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
        symmetry: str = "frozen",
        anchor: str = "decoupled-l2-sp",
        anchor_strength: float | None = None,
        **kwargs: Any,
    ):
        one_of("symmetry", symmetry, SYMMETRIES)
        one_of("anchor", anchor, DECOUPLED)
        super().__init__(**kwargs)
        self.symmetry = symmetry
        self.anchor = anchor
        self.anchor_strength = strength_of(anchor, anchor_strength)

    def build(self, input_shape: Shape) -> None:
        self.compute_output_shape(input_shape)
        if self.symmetry == "frozen":
            return
        shape = order, _ = input_shape[-2:]
        mean = keras.initializers.Constant(1 / order)  # type: ignore[operator]
        self.shares = self.add_weight(name="shares", shape=shape, initializer=mean)
        if self.symmetry == "anchored":
            anchor = self.add_weight(
                name="anchor", shape=shape, initializer=mean, trainable=False
            )
            self.shares.constraint = DecoupledAnchor(
                self.anchor, self.anchor_strength, anchor
            )

    def call(self, inputs: Tensor) -> Tensor:
        if self.symmetry == "frozen":
            return ops.mean(inputs, axis=-2)
        self.hold(training_optimizer())
        return ops.sum(inputs * self.shares, axis=-2)

    def hold(self, optimizer: Any) -> None:
        """Sets the optimizer whose learning rate the anchor follows.

        Only custom training loops need it: in `fit` it is that of the compiled model.

        Args:
            optimizer: Keras optimizer that trains the layer; `None` for the last one.
        """
        if self.symmetry == "anchored":
            self.shares.constraint.hold(optimizer)

    def plain_layer(self) -> keras.layers.Layer:
        """The same weighted mean, with the current weights, by a layer of Keras' own.

        Returns:
            `keras.layers.EinsumDense`, of the same name, for images of any size; not
            trainable where this layer's weights are frozen.

        Example:

        >>> pooling = GroupPooling(name="over_group")
        >>> features = keras.random.normal((2, 6, 6, 4, 10))
        >>> means = pooling(features)
        >>> np.allclose(pooling.plain_layer()(features), means, atol=1e-6)
        True
        """
        shape = self.get_build_config()["input_shape"]
        sizes, (order, channels) = self._sizes(shape[1:-2]), shape[-2:]
        # With an ellipsis, Keras takes height and width for each other.
        axes = "dhw"[-len(sizes) :]
        plain = keras.layers.EinsumDense(
            f"b{axes}gc,gc->b{axes}c",
            (*sizes, channels),
            name=self.name,
            dtype=self.dtype_policy,
        )
        plain.build((shape[0], *sizes, order, channels))
        frozen = self.symmetry == "frozen"
        mean = ops.full((order, channels), 1 / order)
        plain.kernel.assign(mean if frozen else self.shares)
        plain.trainable = self.trainable and not frozen
        return plain

    def _sizes(self, built: Shape) -> Shape:
        """Of inputs, along each axis; `None` for those that differ between calls."""
        nodes = self._inbound_nodes
        calls = [tensor.shape[1:-2] for node in nodes for tensor in node.input_tensors]
        several = map(set, zip(built, *calls))
        return tuple(one.pop() if len(one) == 1 else None for one in several)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) not in (5, 6):
            raise ValueError(
                "Group pooling takes feature maps of shape (batch, height, width, "
                "|G|, channels), or with a depth before the height. "
                f"Received: inputs of shape {tuple(input_shape)}"
            )
        return (*input_shape[:-2], input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(
            symmetry=self.symmetry,
            anchor=self.anchor,
            anchor_strength=self.anchor_strength,
        )
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "GroupPooling":
        return cls(**layer_config(config))
