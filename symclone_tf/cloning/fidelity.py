"""The two figures every clone is judged by."""

import math

import keras
from keras import ops

from symclone_tf.cloning.sampling import HELD_OUT, draw_pairs, stream
from symclone_tf.symmetry import largest_error

# Inputs that are measured at a time, and maps that are drawn at a time.
BATCH = 32
MOST_ROWS = 4096
# Numbers that are enough to measure, whatever the size of an output.
MOST_OUTPUTS = 2**22
MOST_KERNELS = 256


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


def nmse(student, images=None, kernels=None, seed=0) -> float:
    """A student's fidelity on pairs that training never saw.

    Where student and teacher are linear, inputs and kernels are drawn as
    orthogonal frames, as training draws them: no two pairs ask the same
    question, and whole frames leave nothing to chance. A number of inputs that
    reaches a whole frame is rounded up to whole ones. Others are drawn
    independently.

    Args:
        student: `Student`.
        images: Integer, how many inputs to draw; `None` for 256, or for fewer of
            more than 128×128 pixels.
        kernels: Integer, how many kernels to draw: each meets every input.
            `None` for whole frames of at least 32, or for 256 if one would
            have more.
        seed: Integer; training with the same seed draws other pairs.

    Returns:
        Float, the normalised mean squared error
        `E‖h(x; ψ) − Φ(x; ψ)‖² / E‖Φ(x; ψ)‖²` for entries of N(0, 1).

    Example:

    >>> nmse(DenseStudent(ConvTeacher("t2", 8)))  # untrained: always answers 0
    1.0
    """
    teacher = student.teacher
    outputs = teacher.positions_out * teacher.representation_out
    if images is None:
        images = min(256, max(2, MOST_OUTPUTS // outputs))
    orthogonal = student.is_linear and teacher.is_linear
    if orthogonal:
        images, share = _in_frames(teacher, images)
    else:
        share = BATCH
    if kernels is None:
        kernels = min(_multiple(BATCH, teacher.kernel_entries), MOST_KERNELS)
    metric = NMSE()
    size = min(BATCH, max(1, 4 * MOST_OUTPUTS // (outputs * kernels)))
    for number, start in enumerate(range(0, images, share)):
        count = min(share, images - start)
        state = stream(seed, HELD_OUT, number)
        inputs, kernel = draw_pairs(teacher, count, kernels, state, orthogonal)
        for first in range(0, count, size):
            batch = inputs[first : first + size]
            metric.update_state(teacher(batch, kernel), student(batch, kernel))
    return float(metric.result())


def _in_frames(teacher, images) -> tuple[int, int]:
    """How many inputs to draw, and how many of them at a time: whole frames,
    unless these are too large, or too few inputs are asked for."""
    rows = math.lcm(teacher.positions_in, teacher.representation_in)
    whole = rows // teacher.representation_in
    if images >= whole and rows <= MOST_ROWS:
        return _multiple(images, whole), whole
    return images, max(1, MOST_ROWS // teacher.representation_in)


def _multiple(count: int, of: int) -> int:
    """The count, rounded up."""
    return math.ceil(count / of) * of


def student_equivariance_error(student, images=None, kernels=8, seed=0) -> float:
    """A student's equivariance error, on random inputs with random kernels.

    Args:
        student: `Student`.
        images: Integer, how many inputs N(0, I) to draw; `None` for 32, or for
            fewer of more than 128×128 pixels.
        kernels: Integer, how many kernels N(0, I) to draw.
        seed: Integer.

    Returns:
        Float, see `equivariance_error`, over the moves that the teacher names;
        0 if there are none.

    Example:

    >>> teacher = ConvTeacher("c4", image_size=6)
    >>> exact, rough = DenseStudent(teacher), DenseStudent(teacher, blocks=6)
    >>> [round(solve(student), 2) for student in (exact, rough)]  # variance kept
    [1.0, 0.67]
    >>> round(student_equivariance_error(exact), 2)
    0.0
    >>> student_equivariance_error(rough) > 0.1
    True
    """
    teacher = student.teacher
    if images is None:
        outputs = teacher.positions_out * teacher.representation_out * kernels
        images = min(32, max(2, MOST_OUTPUTS // outputs))
    state = stream(seed, HELD_OUT, -1)
    inputs, kernel = draw_pairs(teacher, images, kernels, state, orthogonal=False)
    transformations = teacher.transformations()
    return (
        largest_error(lambda moved: student(moved, kernel), transformations, inputs)
        or 0.0
    )
