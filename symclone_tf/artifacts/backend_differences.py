"""What Keras computes otherwise on one backend than on the others."""

import math
from collections.abc import Iterator, Sequence

import keras
from keras import layers

from symclone_tf.backends import backend

_AVERAGES = (layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D)


def backend_notes(model: keras.Model) -> list[str]:
    """Says which layers compute something else than on TensorFlow and JAX.

    On PyTorch, Keras 3.15.1 repeats the edge of maps where average pooling pads one end
    more than the other, and averages what is repeated
    (`findings/keras-torch-average-pooling-repeats-the-edge.sh`); and bicubic
    interpolation is that of another curve (`keras-torch-bicubic-is-another-curve.sh`).
    A file does not say which backend trained it.

    Args:
        model: `keras.Model`, built.

    Returns:
        List of strings, sentences; on TensorFlow and JAX it is empty.

    Example:

    >>> inputs = keras.Input((6, 6, 1))
    >>> pooling = keras.layers.AveragePooling2D(3, 2, "same", name="mean")
    >>> len(backend_notes(keras.Sequential([inputs, pooling])))
    0
    """
    if backend().name != "torch":
        return []
    found = list(model._flatten_layers())
    averages = [layer.name for layer in found if _repeats_edges(layer)]
    curves = [layer.name for layer in found if _is_bicubic(layer)]
    notes = []
    if averages:
        notes.append(
            f"On PyTorch, Keras counts edges of maps twice in {', '.join(averages)}, "
            "average pooling with padding `same`; TensorFlow and JAX do not."
        )
    if curves:
        notes.append(
            f"On PyTorch, bicubic interpolation, as of {', '.join(curves)}, is another "
            "one than on TensorFlow and JAX."
        )
    return notes


def _repeats_edges(layer) -> bool:
    if not isinstance(layer, _AVERAGES) or layer.padding != "same":
        return False
    return any(map(_differs, _padded(layer)))


def _padded(layer) -> Iterator[list[tuple[int, int]]]:
    """For each call, the window and the padding in all of each axis."""
    shapes = [node.input_tensors[0].shape for node in layer._inbound_nodes]
    # A layer within another, as TimeDistributed, is not of the graph.
    unknown = (None,) * (2 + len(layer.pool_size))
    for shape in shapes or [unknown]:
        last = layer.data_format == "channels_last"
        sizes = shape[1:-1] if last else shape[2:]
        yield [
            (window, _padding(size, window, stride))
            for size, window, stride in zip(sizes, layer.pool_size, layer.strides)
        ]


def _padding(size: int | None, window: int, stride: int) -> int:
    """How many pixels are padded in all; of sizes that are not known, an odd number if
    there may be."""
    if size is None:
        sizes = range(window, window + stride)
        found = [_padding(each, window, stride) for each in sizes]
        return next((padding for padding in found if padding % 2), max(found))
    return max(0, (math.ceil(size / stride) - 1) * stride + window - size)


def _differs(axes: Sequence[tuple[int, int]]) -> bool:
    """Whether some axis is padded more at one end, and some window is wider than two.

    A window of two is one pixel and its copy, whose mean is the pixel.
    """
    odd = any(padding % 2 for _, padding in axes)
    return odd and any(padding and window > 2 for window, padding in axes)


def _is_bicubic(layer) -> bool:
    if getattr(layer, "interpolation", None) != "bicubic":
        return False
    # What antialiasing computes is the same everywhere.
    resizes = isinstance(layer, layers.Resizing) and not layer.antialias
    return resizes or isinstance(layer, layers.UpSampling2D)
