"""The two figures every clone is judged by."""

import itertools

import keras
import numpy as np
from keras import ops

from symclone_tf.symmetry.groups import get_group
from symclone_tf.cloning import HELD_OUT, draw_pairs, stream
from symclone_tf.teachers import teacher_of

# In each direction, that all shifts of T(2) are judged by.
MOST_DISTANCES = 13


@keras.saving.register_keras_serializable(package="symclone_tf")
class NMSE(keras.metrics.Metric):
    """Mean squared error relative to the power of the targets.

    `Σ (y_true − y_pred)² / Σ y_true²`, over everything that was seen: 0 for a
    perfect student, 1 for one that always answers 0.

    Args:
        name: String.
        dtype: The dtype to accumulate in.

    Example:

    >>> metric = NMSE()
    >>> metric.update_state([3.0, 4.0], [3.0, 5.0])
    >>> float(metric.result())
    0.03999999910593033
    """

    def __init__(self, name="nmse", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.error = self.add_variable((), "zeros", name="error")
        self.power = self.add_variable((), "zeros", name="power")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, self.dtype)
        y_pred = ops.cast(y_pred, self.dtype)
        weight = 1.0
        if sample_weight is not None:
            weight = ops.cast(sample_weight, self.dtype)
            missing = len(y_true.shape) - len(weight.shape)
            weight = ops.reshape(weight, (*weight.shape, *[1] * missing))
        self.error.assign_add(ops.sum(weight * ops.square(y_true - y_pred)))
        self.power.assign_add(ops.sum(weight * ops.square(y_true)))

    def result(self):
        return ops.divide_no_nan(self.error, self.power)


def nmse(student, images=256, kernels=32, seed=0) -> float:
    """A student's fidelity on pairs that training never saw.

    Args:
        student: `DenseStudent`.
        images: Integer, how many images N(0, I) to draw.
        kernels: Integer, how many kernels N(0, I) to draw with every 32 of
            them.
        seed: Integer; training with the same seed draws other pairs.

    Returns:
        Float, the normalised mean squared error
        `E‖h(x; ψ) − Φ(x; ψ)‖² / E‖Φ(x; ψ)‖²`.

    Example:

    >>> nmse(DenseStudent("t2", image_size=8))  # untrained: always answers 0
    1.0
    """
    metric = NMSE()
    for batch, start in enumerate(range(0, images, 32)):
        inputs, kernel = draw_pairs(
            student,
            min(32, images - start),
            kernels,
            stream(seed, HELD_OUT, batch),
            orthogonal=False,
        )
        targets = teacher_of(student)(inputs, kernel)
        metric.update_state(targets, student(inputs, kernel))
    return float(metric.result())


def student_equivariance_error(student, images=32, kernels=8, seed=0) -> float:
    """A student's equivariance error, on random images with random kernels.

    Args:
        student: `DenseStudent`.
        images: Integer, how many images N(0, I) to draw.
        kernels: Integer, how many kernels N(0, I) to draw.
        seed: Integer.

    Returns:
        Float, see `equivariance_error`; 0 where outputs are too small for any
        two to show the same piece of a shifted image.
    """
    border = student.kernel_size // 2 if student.padding == "same" else 0
    if student.group.is_trivial and student.output_size - 2 * border < 2:
        return 0.0
    inputs, kernel = draw_pairs(
        student, images, kernels, stream(seed, HELD_OUT, -1), orthogonal=False
    )
    return equivariance_error(
        lambda moved: student(moved, kernel),
        student.group,
        inputs,
        border=border,
    )


def equivariance_error(layer, group, inputs, border=0, max_shift=2) -> float:
    """How far a function is from commuting with a group.

    For a point group, the largest of `‖f(g·x) − g·f(x)‖ / ‖f(x)‖` over its
    elements. For T(2), the largest over all shifts of up to `max_shift` pixels,
    compared where the shifted and the original output are both defined; of
    many shifts, 13 distances in each direction stand for all. Outputs without
    spatial axes are expected to be invariant.

    Args:
        layer: Callable, from images or feature maps to images, feature maps or
            vectors `(batch, …)`; outputs may be smaller than inputs, but one
            step of the output must be one pixel of the input under T(2).
        group: String or `PointGroup`.
        inputs: Array of shape `(batch, size, size, channels)` or
            `(batch, size, size, |G|, channels)`.
        border: Integer, pixels of each edge of the output to leave out under
            T(2): half the kernel's size where a layer pads with zeros.
        max_shift: Integer, pixels.

    Returns:
        Float, 0 for an equivariant function.

    Raises:
        ValueError: If the group does not move such inputs or outputs, or
            nothing is left to compare.

    Example:

    >>> images = keras.random.normal((8, 12, 12, 1))
    >>> equivariance_error(GroupConv2D(4, 3, "c4"), "c4", images) < 1e-5
    True
    """
    group = get_group(group)
    inputs = np.asarray(inputs)
    outputs = _apply(layer, inputs)

    if group.is_trivial:
        pairs = (
            _overlap(_apply(layer, moved), outputs, shift, border)
            for shift, moved in _shifts(inputs, max_shift)
        )
        errors = [_relative(*pair) for pair in pairs if pair[1].size]
        if not errors and max_shift:
            raise ValueError("No part of the outputs is left to compare after shifts.")
    else:
        errors = [
            _relative(
                _apply(layer, group.transform(inputs, element)),
                group.transform(outputs, element) if outputs.ndim > 3 else outputs,
            )
            for element in range(1, group.order)
        ]
    return max(errors, default=0.0)


def _apply(layer, inputs):
    # Squares of float16 would overflow.
    return ops.convert_to_numpy(layer(inputs)).astype("float64")


def _relative(moved, expected) -> float:
    norm = np.linalg.norm(expected)
    difference = np.linalg.norm(moved - expected)
    if not norm:
        return float(np.inf) if difference else 0.0
    return float(difference / norm)


def _shifts(inputs, max_shift):
    """Every shift by up to `max_shift` pixels, zeros moving in."""
    most = min(2 * max_shift + 1, MOST_DISTANCES)
    steps = np.linspace(-max_shift, max_shift, most).round().astype(int).tolist()
    for shift in itertools.product(steps, steps):
        if shift != (0, 0):
            yield shift, shifted(inputs, shift)


def shifted(inputs, shift) -> np.ndarray:
    """A batch moved down and to the right by whole pixels, zeros moving in."""
    moved = np.zeros_like(inputs)
    source, target = windows(shift, inputs.shape[1:3])
    moved[target] = inputs[source]
    return moved


def _overlap(moved, outputs, shift, border):
    """The parts of both outputs that show the same piece of the image."""
    if outputs.ndim < 4:
        return moved, outputs
    if border:
        inner = slice(border, -border)
        moved, outputs = moved[:, inner, inner], outputs[:, inner, inner]
    source, target = windows(shift, outputs.shape[1:3])
    return moved[target], outputs[source]


def windows(shift, sizes):
    """Source and target of a shift, as indices of batches."""
    # Not below zero, which would count from the other end.
    source = (slice(max(0, -s), max(0, n - max(0, s))) for s, n in zip(shift, sizes))
    target = (slice(max(0, s), max(0, n - max(0, -s))) for s, n in zip(shift, sizes))
    return (slice(None), *source), (slice(None), *target)
