"""Measures whether a student's blocks are translation equivariant, as a convolution.

Nothing in a student makes them so: they have learned it, and so the weights decide.
"""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from symclone_tf.students.receptive_fields import receptive_fields_of
from symclone_tf.students.relative_fields import relative_receptive_field
from symclone_tf.teachers import Teacher, TransposedConvTeacher
from symclone_tf.types import Array

if TYPE_CHECKING:
    from symclone_tf.students.base import Student

# The largest distance of all weights from their mean over positions, relative to
# their norm.
TOLERANCE = 1e-5


@dataclasses.dataclass(frozen=True)
class TranslationEquivariance:
    """Whether a student's blocks are translation equivariant.

    Attributes:
        deviation: Float, the distance of the blocks' weights from the nearest
            translation equivariant ones, relative to their norm; `None` where it is
            not defined.
        reason: String, why the student is not a convolution; empty if it is one.
    """

    deviation: float | None
    reason: str

    @property
    def is_convolution(self) -> bool:
        """Whether one convolution computes the student's outputs."""
        return not self.reason


def translation_equivariance(student: "Student") -> TranslationEquivariance:
    """Compares the weights of a student's blocks across positions.

    Args:
        student: `Student`.

    Returns:
        `TranslationEquivariance`.

    Example:

    >>> teacher = ConvTeacher("c4", image_size=8)
    >>> student, _ = clone(teacher, solver="closed-form", verbose=0)
    >>> translation_equivariance(student).is_convolution
    True
    """
    if not student.built:
        return TranslationEquivariance(None, "it has no weights yet")
    if not student.is_linear:
        return TranslationEquivariance(None, "its blocks are not linear")
    tied = tied_weights(student.teacher)
    if tied is None:
        return TranslationEquivariance(
            None, "its teacher has no relative receptive field"
        )
    weights, outside = student.receptive_field_weights()
    norm, distance = _norm_and_distance(weights, tied)
    norm = np.sqrt(norm + outside)
    if not np.isfinite(norm):
        return TranslationEquivariance(None, "its weights are not finite")
    if norm == 0:
        return TranslationEquivariance(None, "its blocks are zero, as before cloning")
    deviation = float(np.sqrt(distance + outside) / norm)
    if deviation > TOLERANCE:
        reason = (
            "its blocks are not translation equivariant: they deviate by "
            f"{deviation:.1e}, of at most {TOLERANCE:.0e}"
        )
        return TranslationEquivariance(deviation, reason)
    return TranslationEquivariance(deviation, "")


def tied_weights(teacher: Teacher) -> Array | None:
    """Which weights of receptive fields a convolution has in common.

    Args:
        teacher: `Teacher`.

    Returns:
        Integer array of shape `(positions_out, r)`: the same number where weights are
        the same, −1 for padding; `None` if the teacher is no such convolution.

    Example:

    >>> teacher = TransposedConvTeacher(3, kernel_size=2, strides=2)
    >>> tied_weights(teacher).ravel()
    array([0, 1, 0, 1, 0, 1])
    """
    if isinstance(teacher, TransposedConvTeacher):
        return teacher.field_entries
    if teacher.windows is None and relative_receptive_field(teacher) is None:
        return None
    fields = receptive_fields_of(teacher)
    return np.where(fields >= 0, np.arange(fields.shape[1]), -1)


def _norm_and_distance(weights: Array, tied: Array) -> tuple[float, float]:
    """The squared norm of weights, and their squared distance from the means of those
    that are tied. The weights of padding are multiplied by zeros, and left out."""
    norm = distance = 0.0
    for number in range(tied.max() + 1):
        same = weights[tied == number].astype("float64")
        if len(same):
            norm += float(np.sum(np.square(same)))
            distance += float(np.sum(np.square(same - same.mean(axis=0))))
    return norm, distance
