"""A convolution for each region of the outputs, as built-in layers of Keras."""

import itertools
from typing import Any, cast

import keras
import numpy as np
from keras import layers, ops

from symclone_tf.networks.plain_layers import (
    FixedKernel,
    as_images,
    convolution_layer,
    depthwise,
    padding_layer,
)
from symclone_tf.students import RegionalStudent
from symclone_tf.students.interfaces import PlainLayers
from symclone_tf.students.regions import parts_along

# By their number of axes.
CROPPINGS = {1: layers.Cropping1D, 2: layers.Cropping2D, 3: layers.Cropping3D}


def regional_convolutions(fixed: FixedKernel) -> PlainLayers:
    """A convolution for each region of a regional student's outputs.

    The inputs of each region are cropped from all of them, after padding, convolved
    with the region's kernel, and put side by side.

    Args:
        fixed: `FixedKernel` of a `RegionalStudent`, whose sizes are known.

    Returns:
        `PlainLayers`, a layer that reshapes, and a functional model of the others.

    Example:

    >>> teacher = ConvTeacher("t2", image_size=8)
    >>> student = RegionalStudent(teacher, regions=(1, 2), seed=0)
    >>> student.build()
    >>> kernel = np.ones((3, 3, 1, 4), "float32")
    >>> fixed = FixedKernel(student, kernel, (), groups=1, sizes=(8, 8))
    >>> ((model, weights),) = regional_convolutions(fixed)
    >>> [type(layer).__name__ for layer in model.layers[1:3]], model.output_shape
    (['Cropping2D', 'Cropping2D'], (None, 6, 6, 4))
    """
    student = cast(RegionalStudent, fixed.student)
    windows, sizes = student.teacher.windows or (), fixed.sizes
    maps = student.teacher.representation_in * fixed.channels
    images = inputs = keras.Input((*sizes, maps), name="images")
    padding = tuple(window.padding_of(size) for window, size in zip(windows, sizes))
    if np.any(padding):
        images = padding_layer(padding)(images)
    along = [parts_along(*axis) for axis in zip(windows, sizes, student.regions)]
    options = {
        "dilation_rate": tuple(window.dilation_rate for window in windows),
        "padding": "valid",
    }
    kernel = fixed.kernel if depthwise(fixed) else fixed.whole_kernel
    banks = student.region_kernels(kernel)
    parts: list[Any] = []
    weights: dict[int, Any] = {}
    for each in itertools.product(*along):
        region = tuple(part.region for part in each)
        name = f"region_{'_'.join(map(str, region))}"
        bank = banks[np.ravel_multi_index(region, student.regions)]
        bank = ops.convert_to_numpy(bank)
        steps = _strides(windows, each)
        convolution, values = convolution_layer(
            fixed, bank, name, strides=steps, **options
        )
        parts.append(convolution(_cropped(images, [part.inputs for part in each])))
        weights |= {id(w): v for w, v in zip(convolution.weights, values, strict=True)}
    model = keras.Model(
        inputs, _joined(parts, [len(axis) for axis in along]), name="regions"
    )
    return [*as_images(fixed), (model, [weights[id(w)] for w in model.weights])]


def _strides(windows, parts):
    """Strides that differ are 1 along axes with one output.

    With others, oneDNN in TensorFlow 2.21 computes something else of one channel, on
    some CPUs.
    """
    strides = tuple(window.stride for window in windows)
    if len(set(strides)) == 1:
        return strides
    spans = (stop - start for _, (start, stop), _ in parts)
    return tuple(
        1 if span == window.extent else window.stride
        for span, window in zip(spans, windows)
    )


def _cropped(images, span):
    """The part of images between a start and a stop along each axis."""
    sizes = images.shape[1:-1]
    cropping = tuple((start, size - stop) for (start, stop), size in zip(span, sizes))
    if not np.any(cropping):
        return images
    if len(cropping) == 1:
        return layers.Cropping1D(cropping[0])(images)
    return CROPPINGS[len(cropping)](cropping, data_format="channels_last")(images)


def _joined(parts, counts):
    """The outputs of all parts side by side."""
    for axis in reversed(range(len(counts))):
        count = counts[axis]
        if count > 1:
            parts = [
                layers.Concatenate(axis=axis + 1)(parts[i : i + count])
                for i in range(0, len(parts), count)
            ]
    return parts[0]
