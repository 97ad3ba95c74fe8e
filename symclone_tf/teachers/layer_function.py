"""A Keras layer as a function of its inputs and its weights."""

import copy
import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from symclone_tf.types import Tensor


class LayerFunction:
    """A layer as a function of inputs and a kernel, which replaces its weights.

    Args:
        layer: `keras.layers.Layer` with one channel and one filter. It is copied.
        input_shape: Sequence of integers, of its inputs without the batch.

    Call arguments:
        inputs: Tensor of shape `(batch, *input_shape)`, see the attribute.
        kernel: Tensor of shape `kernel_shape`.

    Attributes:
        input_shape: Tuple, without a last axis of size 1, which is the layer's one
            channel.
        kernel_shape: Tuple, the shape of the layer's only weight, without last axes of
            size 1; or the number of entries of several weights, which are concatenated.
            Weights named `"bias"` are not part of the kernel.
        output_shape: Tuple, without a last axis of size 1.

    Raises:
        ValueError: If the layer does not accept such inputs, or has no such weights.
        TypeError: If it is not a layer.
    """

    def __init__(self, layer: keras.layers.Layer, input_shape: Sequence[int]) -> None:
        if not isinstance(layer, keras.layers.Layer):
            raise TypeError(
                "`layer` must be a Keras layer, or a model. "
                f"Received: layer of type {type(layer).__name__}"
            )
        self._layer_input_shape = tuple(input_shape)
        self.layer = copy.deepcopy(layer)
        self.layer.trainable = True
        try:
            outputs = self.layer(np.zeros((1, *self._layer_input_shape), "float32"))
        except Exception as error:  # of any kind, depending on the layer
            line = " ".join(str(error).split())[:200]
            raise ValueError(
                "`layer` must take inputs of shape (batch, *input_shape). Received: "
                f"input_shape={self._layer_input_shape}, for which {layer.name!r} "
                f"raises: {line}"
            ) from error
        weights = self.layer.trainable_variables
        self._is_replaced = [weight.name != "bias" for weight in weights]
        shapes = [
            tuple(weight.shape)
            for weight, replaced in zip(weights, self._is_replaced)
            if replaced
        ]
        if not shapes:
            raise ValueError(
                "`layer` must have trainable weights besides biases, for the kernel to "
                f"replace. Received: layer {layer.name!r}, which has none"
            )
        self._shapes = shapes
        self._ends = np.cumsum([math.prod(shape) for shape in shapes]).tolist()
        self.input_shape = _without_channel(self._layer_input_shape)
        self.output_shape = _without_channel(tuple(outputs.shape[1:]))
        self.kernel_shape = tuple(self._ends[-1:])
        if len(shapes) == 1:
            (shape,) = shapes
            while shape and shape[-1] == 1:
                shape = shape[:-1]
            self.kernel_shape = shape

    def __call__(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        entries = ops.reshape(kernel, (-1,))
        weights = iter(
            [
                ops.reshape(entries[end - math.prod(shape) : end], shape)
                for end, shape in zip(self._ends, self._shapes)
            ]
        )
        variables = self.layer.trainable_variables
        outputs, _ = self.layer.stateless_call(
            [
                next(weights) if replaced else variable
                for variable, replaced in zip(variables, self._is_replaced)
            ],
            self.layer.non_trainable_variables,
            ops.reshape(inputs, (-1, *self._layer_input_shape)),
        )
        return ops.reshape(outputs, (-1, *self.output_shape))


def _without_channel(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:-1] if shape and shape[-1] == 1 else shape
