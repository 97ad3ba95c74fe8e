"""Where the images and maps of a network have their channels."""

from typing import Any

import keras
import numpy as np

from symclone_tf.networks.copies import all_layers
from symclone_tf.networks.reconstruction import is_network
from symclone_tf.networks.selection import flat_shapes

FIRST, LAST = "channels_first", "channels_last"
# More are no channels of an image, where height and width are more.
MOST_CHANNELS = 4


def channel_move(operation: Any) -> str:
    """Where a layer or operation moves the channels of images.

    Args:
        operation: Keras layer or operation.

    Returns:
        String, `"channels_last"` for those that make the second axis of four the last,
        `"channels_first"` for those that make the last axis the second; else `""`.

    Example:

    >>> channel_move(keras.layers.Permute((2, 3, 1)))
    'channels_last'
    >>> channel_move(keras.layers.Permute((2, 1, 3)))  # height and width
    ''
    """
    axes = _order(operation)
    if len(axes) != 4 or axes[0]:
        return ""
    return LAST if axes[3] == 1 else FIRST if axes[1] == 3 else ""


def _order(operation) -> tuple[int, ...]:
    """The axes of four, in their new order; empty if an operation does not say."""
    each: Any = operation
    if isinstance(each, keras.layers.Permute):
        return (0, *each.dims)
    # Operations of `keras.ops` have their arguments, but no names that are public.
    kind = type(each).__name__
    where = np.zeros((1, 2, 3, 4))  # of which each size names its axis
    if kind == "Transpose":
        return tuple(each.axes or (3, 2, 1, 0))
    if kind == "Moveaxis":
        where = np.moveaxis(where, each.source, each.destination)
    elif kind == "Swapaxes":
        where = np.swapaxes(where, each.axis1, each.axis2)
    else:
        return ()
    return tuple(size - 1 for size in where.shape)


def image_channels(model: keras.Model, shapes: dict[int, list[Any]], specs: Any) -> str:
    """Where images that enter a network have their channels.

    Args:
        model: `keras.Model`.
        shapes: See `input_shapes`.
        specs: Inputs of one size, see `input_specs`.

    Returns:
        String, what a layer that takes inputs of the images' shape, and so may take
        the images, says of it: one that moves channels, or the `data_format` of a
        convolution or pooling; `"channels_last"` if there is none.

    Raises:
        ValueError: If there is none, and the shape looks like channels first.
    """
    images = {
        tuple(spec.shape[1:])
        for spec in keras.tree.flatten(specs)
        if len(spec.shape) == 4
    }
    taken = [
        operation
        for operation, given in _operations(model, shapes)
        if any(tuple(shape[1:]) in images for shape in given)
    ]
    for move in filter(None, map(channel_move, taken)):
        return FIRST if move == LAST else LAST
    for layer in taken:
        if hasattr(layer, "kernel_size") or hasattr(layer, "pool_size"):
            # Layers without the attribute, as GroupConv2D, have channels last.
            return str(getattr(layer, "data_format", None) or LAST)
    for first, _, last in images:
        if None not in (first, last) and first <= MOST_CHANNELS < last:
            raise ValueError(
                "No layer tells whether the images have their channels first or last: "
                '`data_format` must be "channels_first" or "channels_last". Received: '
                f"data_format=None, and a model with images of shape {images.pop()}"
            )
    return LAST


def _operations(model, shapes):
    """Layers, and operations of a graph, with the shapes of what they take."""
    for layer in all_layers(model):
        for call in shapes.get(id(layer), ()):
            yield layer, flat_shapes(call)
    nested = [each for each in all_layers(model) if isinstance(each, keras.Model)]
    for network in filter(is_network, [model, *nested]):
        # A Sequential model has layers alone.
        for operation in getattr(network, "operations", ()):
            if not isinstance(operation, keras.layers.Layer):
                for node in operation._inbound_nodes:
                    yield operation, [tensor.shape for tensor in node.input_tensors]


def output_channels(model: keras.Model, of_images: str) -> list[str]:
    """Where the outputs of a network have their channels.

    Args:
        model: `keras.Model`.
        of_images: String, where its images have them.

    Returns:
        List of strings, one for each output; empty for a model that only its class
        knows, whose maps have them where its images do.

    Raises:
        ValueError: If such a model moves channels from one axis to another.

    Example:

    >>> images = keras.Input((8, 8, 3))
    >>> maps = keras.layers.Permute((3, 1, 2))(keras.layers.Conv2D(4, 3)(images))
    >>> output_channels(keras.Model(images, maps), "channels_last")
    ['channels_first']
    """
    if is_network(model):
        outputs = keras.tree.flatten(model.outputs)
        return [_channels_of(tensor, lambda: of_images) for tensor in outputs]
    moving = [layer.name for layer in all_layers(model) if channel_move(layer)]
    if len(moving) > 1:
        raise ValueError(
            "Where the outputs have their channels is known of functional models "
            f"alone, if several layers move them. Received: {type(model).__name__} "
            f"{model.name!r} with layers {', '.join(moving)}"
        )
    return []


def _channels_of(tensor, at_inputs):
    """Where a tensor of a graph has its channels, by what it was made of."""
    operation, _, index = tensor._keras_history
    node = operation._inbound_nodes[tensor._keras_history[1]]
    before = [each for each in node.input_tensors if len(each.shape) == 4]

    def at_input():
        return _channels_of(before[0], at_inputs) if before else at_inputs()

    if isinstance(operation, keras.Model) and is_network(operation):
        inner = keras.tree.flatten(operation.outputs)[index]
        return _channels_of(inner, at_input)
    known = getattr(operation, "data_format", None)
    if len(tensor.shape) == 4 and known in (FIRST, LAST):
        return known
    return channel_move(operation) or at_input()
