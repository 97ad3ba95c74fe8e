"""Operations that tf2onnx does not know, by others that it knows."""

import contextlib
import functools
import inspect
import pathlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

# Conv1D convolves in `call` alone.
_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.Conv3D)


@contextlib.contextmanager
def convolutions_by_groups(model: keras.Model) -> Iterator[None]:
    """Lets convolutions with groups of channels be a convolution for each group.

    Keras 3.15 computes them by a function that is compiled with XLA, whose call stays
    in the ONNX file. As many groups as channels are one depthwise convolution.

    Args:
        model: `keras.Model`, whose layers are as before afterwards.

    Example:

    >>> grouped = keras.layers.Conv2D(4, 3, groups=2)
    >>> model = keras.Sequential([keras.Input((5, 5, 4)), grouped])
    >>> images = keras.random.normal((1, 5, 5, 4))
    >>> expected = model(images)
    >>> with convolutions_by_groups(model):
    ...     bool(np.allclose(model(images), expected, atol=1e-5))
    True
    """
    found = [
        layer
        for layer in model._flatten_layers(include_self=False)
        if any(_computes_as(layer, kind) for kind in _CONVOLUTIONS) and layer.groups > 1
    ]
    try:
        for layer in found:
            layer.convolution_op = functools.partial(_by_groups, layer)
        yield
    finally:
        for layer in found:
            del layer.convolution_op


def _computes_as(layer, kind) -> bool:
    """Whether a layer is a convolution, and its class does not convolve otherwise."""
    return isinstance(layer, kind) and type(layer).convolution_op is kind.convolution_op


def _by_groups(layer, inputs, kernel) -> Any:
    """What `layer.convolution_op` computes."""
    if _is_depthwise(layer, kernel):
        shape = (*layer.kernel_size, layer.groups, layer.filters // layer.groups)
        return ops.depthwise_conv(
            inputs,
            ops.reshape(kernel, shape),
            layer.strides,
            layer.padding,
            layer.data_format,
            layer.dilation_rate,
        )
    axis = 1 if layer.data_format == "channels_first" else -1
    convolve = functools.partial(type(layer).convolution_op, layer)
    parts = (ops.split(inputs, layer.groups, axis), ops.split(kernel, layer.groups, -1))
    return ops.concatenate(list(map(convolve, *parts)), axis)


def _is_depthwise(layer, kernel) -> bool:
    """Whether TensorFlow's depthwise convolution computes a layer."""
    strides, dilation = set(layer.strides), set(layer.dilation_rate)
    return (
        kernel.shape[-2] == 1
        and layer.rank == 2
        and len(strides) == 1
        and (strides == {1} or dilation == {1})
    )


@contextlib.contextmanager
def without_augmentation(model: keras.Model) -> Iterator[None]:
    """Lets layers that train unless they are told otherwise leave images alone.

    `call` of Keras' layers of augmentation, as `RandomFlip`, has `training=True` by
    default, which Keras' exports leave as it is: a file would transform images at
    random.

    Args:
        model: `keras.Model`, whose layers are as before afterwards.

    Example:

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Reshape((2, 2, 1))])
    >>> model.add(keras.layers.RandomRotation(0.5))
    >>> inputs = np.ones((3, 4), "float32") * [1, 2, 3, 4]
    >>> with without_augmentation(model):
    ...     bool(np.array_equal(keras.ops.reshape(model(inputs), (3, 4)), inputs))
    True
    """
    found = [
        layer
        for layer in model._flatten_layers(include_self=False)
        if _trains_by_default(layer) and "call" not in vars(layer)
    ]
    try:
        for layer in found:
            # Past `Layer.__setattr__`, by which Keras tracks what belongs to the layer.
            object.__setattr__(layer, "call", functools.partial(_inferring, layer.call))
        yield
    finally:
        for layer in found:
            if "call" in vars(layer):
                object.__delattr__(layer, "call")


def _trains_by_default(layer) -> bool:
    training = inspect.signature(layer.call).parameters.get("training")
    return training is not None and training.default is True


def _inferring(call, *arguments, training=None, **options) -> Any:
    """`call`, as in inference, whatever `training` says."""
    return call(*arguments, training=False, **options)


def replace_erfc(file: pathlib.Path) -> None:
    """Writes `erfc(x)`, which ONNX has not, as `1 − erf(x)`, which it has.

    `tf.nn.gelu` computes with `erfc` since TensorFlow 2.21.

    Args:
        file: `pathlib.Path` of an ONNX file, which is written anew if it has any.
    """
    import onnx

    proto = onnx.load(file)
    if not any(node.op_type == "Erfc" for node in proto.graph.node):
        return
    nodes = []
    for node in proto.graph.node:
        if node.op_type != "Erfc":
            nodes.append(node)
            continue
        (source,), (target,) = node.input, node.output
        one, erf = f"{target}/one", f"{target}/erf"
        array = onnx.numpy_helper.from_array(np.float32(1), f"{one}/float32")
        proto.graph.initializer.append(array)
        nodes += [
            onnx.helper.make_node("Erf", [source], [erf]),
            onnx.helper.make_node("CastLike", [array.name, erf], [one]),
            onnx.helper.make_node("Sub", [one, erf], [target]),
        ]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    onnx.save(proto, file)
