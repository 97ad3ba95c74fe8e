"""What all convolution layers share, as `keras.layers.Conv2D` has it."""

import keras
import numpy as np
from keras import ops

from symclone_tf.checks import positive_integer
from symclone_tf.docstrings import share, with_shared


def balanced(entry_gain):
    """Glorot's initializer, with as much of the answers from each entry of the kernel.

    Args:
        entry_gain: Of a `Teacher`.

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
        filters,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
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

    def add_kernel_and_bias(self, kernel_shape, entry_gain=1.0, biases=()):
        """Makes the layer's own weights.

        Args:
            kernel_shape: Tuple.
            entry_gain: Of a `Teacher`, what the default initializer goes by where
                the layer has none.
            biases: Tuple, of how many biases each filter has; empty for one.
        """
        self.kernel = self.add_weight(
            name="kernel",
            shape=kernel_shape,
            initializer=self.kernel_initializer or balanced(entry_gain),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(*biases, self.filters),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def biases(self):
        """What is added to outputs whose channels are last."""
        return self.bias

    def biased_and_activated(self, outputs, data_format="channels_last"):
        """What follows the products of every convolution, whose channels are last.

        Args:
            outputs: Tensor, channels last.
            data_format: String, where the answers have their channels.

        Returns:
            Tensor, with bias and activation.
        """
        if self.use_bias:
            outputs = ops.add(outputs, self.biases())
        if data_format == "channels_first":
            outputs = ops.moveaxis(outputs, -1, 1)
        return self.activation(outputs)

    def get_config(self):
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
