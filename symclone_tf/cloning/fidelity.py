"""The two figures of merit of a clone: NMSE and equivariance error."""

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from symclone_tf.cloning.sampling import HELD_OUT, draw_pairs, stream
from symclone_tf.students import Student
from symclone_tf.symmetry import largest_error
from symclone_tf.teachers import Teacher
from symclone_tf.types import ArrayLike, Tensor

# Inputs of one evaluation, and the most feature maps of one draw.
BATCH = 32
MOST_ROWS = 4096
# The most outputs for one kernel: fewer inputs are drawn of large images.
MOST_OUTPUTS = 2**22
MOST_KERNELS = 256


@keras.saving.register_keras_serializable(package="symclone_tf")
class NMSE(keras.metrics.Metric):
    """Mean squared error relative to the mean square of the targets.

    `Σ (y_true − y_pred)² / Σ y_true²`, over all batches: 0 for an exact copy, 1 for
    outputs that are all 0.

    Args:
        name: String.
        dtype: The dtype of the sums.

    Example:

    >>> metric = NMSE()
    >>> metric.update_state([3.0, 4.0], [3.0, 5.0])
    >>> float(metric.result())
    0.03999999910593033
    """

    def __init__(self, name: str = "nmse", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.error = self.add_variable((), "zeros", name="error")
        self.square = self.add_variable((), "zeros", name="square")

    def update_state(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> None:
        y_true = ops.cast(y_true, self.dtype)
        y_pred = ops.cast(y_pred, self.dtype)
        weight = 1.0
        if sample_weight is not None:
            weight = ops.cast(sample_weight, self.dtype)
            missing = len(y_true.shape) - len(weight.shape)
            weight = ops.reshape(weight, (*weight.shape, *[1] * missing))
        self.error.assign_add(ops.sum(weight * ops.square(y_true - y_pred)))
        self.square.assign_add(ops.sum(weight * ops.square(y_true)))

    def result(self) -> Tensor:
        return ops.divide_no_nan(self.error, self.square)


def nmse(
    student: Student,
    images: int | None = None,
    kernels: int | None = None,
    seed: int = 0,
) -> float:
    """A student's normalised mean squared error on pairs that training never draws.

    If student and teacher are linear, inputs and kernels are drawn as orthogonal
    frames, as in training: the error of whole frames is the same for all draws. At
    least a frame of inputs is rounded up to whole frames. Otherwise, inputs and
    kernels are drawn independently.

    Args:
        student: `Student`.
        images: Integer, the number of inputs; `None` for 256, or fewer if they have
            more than 128×128 pixels.
        kernels: Integer, the number of kernels, each for every input. `None` for
            whole frames of at least 32, and for 256 if a frame has more.
        seed: Integer; training with the same seed draws other pairs.

    Returns:
        Float, the normalised mean squared error
        `E‖h(x; ψ) − Φ(x; ψ)‖² / E‖Φ(x; ψ)‖²` for entries of N(0, 1).

    Example:

    >>> nmse(DenseStudent(ConvTeacher("t2", 8)))  # untrained: outputs are 0
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


def _in_frames(teacher: Teacher, images: int) -> tuple[int, int]:
    """The numbers of all inputs, and of those in one draw: whole frames, unless these
    are too large, or fewer inputs are given."""
    rows = math.lcm(teacher.positions_in, teacher.representation_in)
    whole = rows // teacher.representation_in
    if images >= whole and rows <= MOST_ROWS:
        return _multiple(images, whole), whole
    return images, max(1, MOST_ROWS // teacher.representation_in)


def _multiple(count: int, of: int) -> int:
    """The count, rounded up to a multiple."""
    return math.ceil(count / of) * of


def student_equivariance_error(
    student: Student, images: int | None = None, kernels: int = 8, seed: int = 0
) -> float:
    """A student's equivariance error, on random inputs with random kernels.

    Args:
        student: `Student`.
        images: Integer, the number of inputs from N(0, I); `None` for 32, or fewer if
            they have more than 128×128 pixels.
        kernels: Integer, the number of kernels from N(0, I).
        seed: Integer.

    Returns:
        Float, see `equivariance_error`, over the teacher's transformations; 0 if it
        has none.

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
    return _error_of(student, student.teacher, images, kernels, seed)


def teacher_equivariance_error(
    teacher: Teacher, images: int | None = None, kernels: int = 8, seed: int = 0
) -> float | None:
    """A teacher's own equivariance error, where transformations interpolate.

    No function of pixels is exactly equivariant to rotations that interpolate between
    them. A clone has its teacher's error, which is no flaw of the clone.

    Args:
        teacher: `Teacher`.
        images: Integer, see `student_equivariance_error`.
        kernels: Integer, likewise.
        seed: Integer; with the same one, images and kernels are the student's.

    Returns:
        Float; `None` if all of the teacher's transformations are exact, as it then has
        no error but rounding.

    Example:

    >>> print(teacher_equivariance_error(ConvTeacher("c4", image_size=12)))
    None
    >>> teacher = ConvTeacher("c8", image_size=12)
    >>> _, report = clone(teacher, solver="closed-form", verbose=0)
    >>> own = teacher_equivariance_error(teacher)  # on noise, the hardest images
    >>> round(own, 4) == round(report.equivariance_error, 4)
    True
    """
    if not any(each.interpolates for each in teacher.transformations()):
        return None
    return _error_of(teacher, teacher, images, kernels, seed)


def _error_of(
    layer: Callable[[Tensor, Tensor], Tensor],
    teacher: Teacher,
    images: int | None,
    kernels: int,
    seed: int,
) -> float:
    """The equivariance error of a student or of its teacher, on the same draws."""
    if images is None:
        outputs = teacher.positions_out * teacher.representation_out * kernels
        images = min(32, max(2, MOST_OUTPUTS // outputs))
    state = stream(seed, HELD_OUT, -1)
    inputs, kernel = draw_pairs(teacher, images, kernels, state, orthogonal=False)
    transformations = teacher.transformations()
    error = largest_error(lambda x: layer(x, kernel), transformations, inputs)
    return error or 0.0
