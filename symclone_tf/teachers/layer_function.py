"""A Keras layer as a function of its inputs and of its weights."""

import copy
import math

import keras
import numpy as np
from keras import ops


class LayerFunction:
    """What a layer computes with a kernel in the place of its weights.

    Args:
        layer: `keras.layers.Layer`, of one channel and one filter; it is copied.
        input_shape: Tuple, of its inputs without the batch.

    Call arguments:
        inputs: Tensor of shape `(batch, *input_shape)`, see below.
        kernel: Tensor of shape `kernel_shape`.

    Attributes:
        input_shape: Tuple, without a last axis of size 1, the layer's one channel.
        kernel_shape: Tuple, of the one weight, likewise; or the number of entries of
            several weights, one after the other. Those named `"bias"` are left out.
        output_shape: Tuple, likewise.

    Raises:
        ValueError: If the layer does not take such inputs, or has no such weights.
        TypeError: If it is no layer.
    """

    def __init__(self, layer, input_shape):
        if not isinstance(layer, keras.layers.Layer):
            raise TypeError(
                "`layer` must be a Keras layer, or a model. "
                f"Received: layer of type {type(layer).__name__}"
            )
        self._takes = tuple(input_shape)
        self.layer = copy.deepcopy(layer)
        self.layer.trainable = True
        try:
            answers = self.layer(np.zeros((1, *self._takes), "float32"))
        except Exception as error:  # whatever a layer may raise
            line = " ".join(str(error).split())[:200]
            raise ValueError(
                "`layer` must take inputs of `input_shape`, behind the batch. "
                f"Received: input_shape={self._takes}, of which {layer.name!r} says: "
                f"{line}"
            ) from error
        weights = self.layer.trainable_variables
        self._free = [weight.name != "bias" for weight in weights]
        shapes = [tuple(w.shape) for w, free in zip(weights, self._free) if free]
        if not shapes:
            raise ValueError(
                "`layer` must have trainable weights besides biases, in whose place "
                f"the kernel stands. Received: layer {layer.name!r}, which has none"
            )
        self._shapes = shapes
        self._ends = np.cumsum([math.prod(shape) for shape in shapes]).tolist()
        self.input_shape = _without_channel(self._takes)
        self.output_shape = _without_channel(tuple(answers.shape[1:]))
        self.kernel_shape = tuple(self._ends[-1:])
        if len(shapes) == 1:
            (shape,) = shapes
            while shape and shape[-1] == 1:
                shape = shape[:-1]
            self.kernel_shape = shape

    def __call__(self, inputs, kernel):
        entries = ops.reshape(kernel, (-1,))
        pieces = iter(
            [
                ops.reshape(entries[end - math.prod(shape) : end], shape)
                for end, shape in zip(self._ends, self._shapes)
            ]
        )
        variables = self.layer.trainable_variables
        answers, _ = self.layer.stateless_call(
            [
                next(pieces) if free else variable
                for variable, free in zip(variables, self._free)
            ],
            self.layer.non_trainable_variables,
            ops.reshape(inputs, (-1, *self._takes)),
        )
        return ops.reshape(answers, (-1, *self.output_shape))


def _without_channel(shape) -> tuple[int, ...]:
    return shape[:-1] if shape and shape[-1] == 1 else shape
