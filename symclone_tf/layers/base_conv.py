"""Base of convolution layers: arguments and weights as of `keras.layers.Conv2D`."""

from collections.abc import Callable
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops

from symclone_tf.checks import positive_integer
from symclone_tf.docstrings import share, with_shared
from symclone_tf.types import ArrayLike, Shape, Tensor

Activation: TypeAlias = str | Callable[[Tensor], Tensor] | None
Initializer: TypeAlias = str | dict | Callable | keras.initializers.Initializer | None
Regularizer: TypeAlias = str | dict | Callable | keras.regularizers.Regularizer | None
Constraint: TypeAlias = str | dict | Callable | keras.constraints.Constraint | None


def balanced_glorot(entry_gain: ArrayLike) -> Callable[..., Tensor]:
    """Glorot's uniform initializer, scaled so that all kernel entries contribute alike.

    Args:
        entry_gain: `entry_gain` of a `Teacher`.

    Returns:
        Callable of a shape and a dtype, as `add_weight` takes it.
    """
    scale = 1 / np.sqrt(np.asarray(entry_gain, "float32"))

    def initialize(shape, dtype=None):
        values = keras.initializers.GlorotUniform()(shape, dtype=dtype)
        return values * ops.cast(scale[..., None, None], values.dtype)

    return initialize


class Convolution(keras.layers.Layer):
    """Base of layers with a kernel, a bias and an activation.

    Args:
        filters: Integer, the number of output channels.
        activation: Activation function, or its name.
        use_bias: Boolean, whether to add a bias, one per filter.
        kernel_initializer: Initializer for the kernel.
        bias_initializer: Initializer for the bias.
        kernel_regularizer: Regularizer for the kernel.
        bias_regularizer: Regularizer for the bias.
        activity_regularizer: Regularizer for the output.
        kernel_constraint: Constraint for the kernel.
        bias_constraint: Constraint for the bias.
        **kwargs: `name`, `trainable`, `dtype`.

    Example:

    >>> class Pointwise(Convolution):
    ...     def build(self, input_shape):
    ...         self.add_kernel_and_bias((input_shape[-1], self.filters))
    ...     def call(self, inputs):
    ...         outputs = keras.ops.matmul(inputs, self.kernel)
    ...         return self.biased_and_activated(outputs)
    >>> Pointwise(5, activation="relu")(np.ones((2, 8, 8, 3))).shape
    TensorShape([2, 8, 8, 5])
    """

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        cls.__doc__ = with_shared(cls.__doc__)

    def __init__(
        self,
        filters: int,
        activation: Activation = None,
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None,
        **kwargs: Any,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = positive_integer("filters", filters)
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)

    def add_kernel_and_bias(
        self,
        kernel_shape: Shape,
        entry_gain: ArrayLike = 1.0,
        biases: tuple[int, ...] = (),
    ) -> None:
        """Adds the layer's own weights.

        Args:
            kernel_shape: Tuple.
            entry_gain: `entry_gain` of a `Teacher`, by which Glorot's initializer is
                scaled if the layer has no `kernel_initializer`.
            biases: Tuple, the shape of the biases of one filter; empty for one bias.
        """
        self.kernel = self.add_weight(
            name="kernel",
            shape=kernel_shape,
            initializer=self.kernel_initializer or balanced_glorot(entry_gain),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias: Any = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(*biases, self.filters),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def biases(self) -> Tensor:
        """The bias as it is added to outputs whose channels are last."""
        return self.bias

    def biased_and_activated(
        self, outputs: Tensor, data_format: str = "channels_last"
    ) -> Tensor:
        """Adds the bias and applies the activation.

        Args:
            outputs: Tensor, channels last.
            data_format: String, where the channels of the result are.

        Returns:
            Tensor.
        """
        if self.use_bias:
            outputs = ops.add(outputs, self.biases())
        if data_format == "channels_first":
            outputs = ops.moveaxis(outputs, -1, 1)
        return self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(
            filters=self.filters,
            activation=keras.activations.serialize(self.activation),
            use_bias=self.use_bias,
            kernel_initializer=keras.initializers.serialize(self.kernel_initializer),
            bias_initializer=keras.initializers.serialize(self.bias_initializer),
            kernel_regularizer=keras.regularizers.serialize(self.kernel_regularizer),
            bias_regularizer=keras.regularizers.serialize(self.bias_regularizer),
            activity_regularizer=keras.regularizers.serialize(
                self.activity_regularizer
            ),
            kernel_constraint=keras.constraints.serialize(self.kernel_constraint),
            bias_constraint=keras.constraints.serialize(self.bias_constraint),
        )
        return config


share("convolutions", Convolution.__doc__, "bias_initializer", "Example:")
