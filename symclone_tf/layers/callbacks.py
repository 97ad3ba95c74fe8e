"""Symmetry watched while a network trains."""

import collections
import contextlib
import warnings

import keras
import numpy as np
import tensorflow as tf

from symclone_tf.layers.cloned import Cloned
from symclone_tf.layers.conversion import CONV_1D_3D, teacher_of
from symclone_tf.layers.convolutions import convolution_layers
from symclone_tf.layers.student_layer import Deviation
from symclone_tf.symmetry import (
    PermutationGroup,
    equivariance_error,
    get_group,
    largest_error,
)
from symclone_tf.teachers import TranslationConvTeacher


class EquivarianceErrors(keras.callbacks.Callback):
    """Records how far each convolution is from commuting with a group.

    Before training and after each epoch, every `Conv2D`, `GroupConv2D`,
    `ClonedConv2D`, `OrbitDense` and `Cloned` of the model is put to
    `equivariance_error`, on the inputs that reach it when the model sees `inputs`;
    `Conv1D`, `Conv3D` and their clones, under `"t2"`, to shifts along their axes. The
    errors join the epoch's logs, as `equivariance_error/conv_1`: so they appear in the
    history and, with `keras.callbacks.TensorBoard` further down the list, in
    TensorBoard.

    Args:
        inputs: Array of images, `(batch, size, size, channels)`, or of what else the
            model takes, `(batch, points, channels)`.
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`; or a `PermutationGroup`.
            Layers whose output points it moves otherwise know how.
        max_translation: Integer, how far T(2) moves the layers' inputs, in pixels.

    Of anchored layers it keeps too what of their students moved, and where; the
    norm of all of it joins the logs, as `moved/conv_1`.

    Attributes:
        history: Dictionary from each layer's name to its errors, the first of
            them from before training.
        departures: Dictionary from each anchored layer's name to its
            `Deviation`s, likewise.

    Example:

    >>> conv = GroupConv2D(2, 3, "c4", name="conv_1")
    >>> pool = keras.layers.GlobalAveragePooling3D()
    >>> model = keras.Sequential([conv, pool, keras.layers.Dense(2, "softmax")])
    >>> model.compile("adam", "sparse_categorical_crossentropy")
    >>> images = keras.random.normal((8, 9, 9, 1))
    >>> errors = EquivarianceErrors(images, "c4")
    >>> labels = keras.ops.arange(8) % 2
    >>> history = model.fit(images, labels, callbacks=[errors], verbose=0)
    >>> history.history["equivariance_error/conv_1"][0] < 1e-5
    True
    """

    def __init__(self, inputs, group, max_translation=2):
        super().__init__()
        self.inputs = np.asarray(inputs)
        self.group = _group(group)
        self.max_translation = max_translation
        self.history, self.deviations = {}, {}

    def on_train_begin(self, logs=None):
        self.history, self.deviations = {}, {}
        self._record()

    def on_epoch_end(self, epoch, logs=None):
        errors, moved = self._record()
        if logs is not None:
            logs.update({f"equivariance_error/{k}": v for k, v in errors.items()})
            logs.update({f"moved/{k}": v.norm for k, v in moved.items()})

    def _record(self):
        errors = layer_errors(self.model, self.inputs, self.group, self.max_translation)
        moved = deviations(self.model)
        for kept, found in ((self.history, errors), (self.deviations, moved)):
            for name, value in found.items():
                kept.setdefault(name, []).append(value)
        return errors, moved


def _group(group):
    return group if isinstance(group, PermutationGroup) else get_group(group)


def deviations(model) -> dict[str, Deviation]:
    """How far the anchored layers of a model have left their cloned weights.

    Args:
        model: `keras.Model`, of any kind.

    Returns:
        Dictionary from names, as `layer_errors` gives them, to `Deviation`s.

    Example:

    >>> student, _ = clone("t2", image_size=6, solver="closed-form", verbose=0)
    >>> layer = ClonedConv2D(1, student, "anchored", name="edges")
    >>> model = keras.Sequential([keras.Input((6, 6, 1)), layer])
    >>> {name: moved.norm for name, moved in deviations(model).items()}
    {'edges': 0.0}
    >>> student.set_weights([1.1 * weights for weights in student.get_weights()])
    >>> round(deviations(model)["edges"].norm, 2)  # a tenth of blocks and of encoder
    0.14
    """
    return {
        name: layer.deviation()
        for name, layer in _named(convolution_layers(model))
        if getattr(layer, "anchors", ())
    }


def _named(layers):
    """Layers with their names or, where several share one, their paths."""
    names = collections.Counter(layer.name for layer in layers)
    return [
        (layer.name if names[layer.name] == 1 else layer.path, layer)
        for layer in layers
    ]


def layer_errors(model, inputs, group, max_translation=2) -> dict[str, float]:
    """The equivariance error of each convolution of a model.

    A layer to which this does not apply is left out with a warning: one with
    strides under T(2), with channels first, or of another group.

    Args:
        model: `keras.Model`, of any kind, with one input.
        inputs: Array of images, `(batch, size, size, channels)`, or of what else the
            model takes; each layer is measured on what reaches it of them.
        group: String, `PointGroup` or `PermutationGroup`.
        max_translation: Integer, pixels, for T(2).

    Returns:
        Dictionary from layer names to errors, in the model's order; where
        layers of nested models share a name, from their paths.

    Example:

    >>> layers = [keras.Input((9, 9, 1)), keras.layers.Conv2D(2, 3, name="conv")]
    >>> images = keras.random.normal((4, 9, 9, 1))
    >>> layer_errors(keras.Sequential(layers), images, "c4")["conv"] > 0.1
    True
    """
    layers = convolution_layers(model)
    with contextlib.ExitStack() as stack:
        reached = [stack.enter_context(_inputs_of(layer)) for layer in layers]
        stack.enter_context(_eagerly())
        model(inputs, training=False)
    errors = {}
    for (name, layer), seen in zip(_named(layers), reached):
        if seen:
            try:
                errors[name] = _error(layer, group, seen[0], max_translation)
            except ValueError as error:
                warnings.warn(f"{name} is not measured: {error}", stacklevel=2)
    return errors


def _error(layer, group, inputs, max_translation) -> float:
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise ValueError(f"its data_format is {layer.data_format}.")
    if isinstance(group, PermutationGroup):
        return _error_of_positions(layer, group, inputs)
    source = layer.student.teacher if isinstance(layer, Cloned) else layer
    if isinstance(source, (*CONV_1D_3D, TranslationConvTeacher)):
        return _error_of_translations(layer, source, group, inputs)
    strides = getattr(source, "strides", 1)
    if get_group(group).is_trivial and np.max(strides) > 1:
        raise ValueError(f"its strides are {strides}, so shifts do not remain shifts.")
    return equivariance_error(layer, group, inputs, _border(layer), max_translation)


def _error_of_translations(layer, source, group, inputs) -> float:
    """The error of a convolution of one axis or three, under shifts along them."""
    if not get_group(group).is_trivial:
        raise ValueError(f"{get_group(group).title} does not move its axes.")
    if isinstance(source, CONV_1D_3D):
        source = teacher_of(source, inputs.shape)
    error = largest_error(layer, source.transformations(), inputs)
    if error is None:
        raise ValueError("no part of its outputs is left to compare after shifts.")
    return error


def _error_of_positions(layer, group, inputs) -> float:
    """The error of a layer on points that a group permutes."""
    # Layers of this very group know how it moves their outputs.
    teacher = layer.student.teacher if isinstance(layer, Cloned) else layer
    own = getattr(teacher, "group", None) == group
    out = getattr(teacher, "group_out", None) if own else None
    return equivariance_error(layer, group, inputs, group_out=out)


@contextlib.contextmanager
def _eagerly():
    """Calls what is compiled step by step, so that layers see their inputs."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


@contextlib.contextmanager
def _inputs_of(layer):
    """Collects what a layer is called with, whatever kind of model calls it."""
    seen, call = [], layer.call

    def recording(inputs, *arguments, **options):
        seen.append(keras.ops.convert_to_numpy(inputs))
        return call(inputs, *arguments, **options)

    # Keras tracks what is set on a layer; this is not part of it.
    object.__setattr__(layer, "call", recording)
    try:
        yield seen
    finally:
        object.__delattr__(layer, "call")


def _border(layer) -> int:
    """Pixels that a layer's zero padding reaches."""
    if isinstance(layer, Cloned):
        return layer.student.teacher.border
    if getattr(layer, "padding", "valid") != "same":
        return 0
    return int(np.max(layer.kernel_size)) // 2 * int(np.max(layer.dilation_rate))
