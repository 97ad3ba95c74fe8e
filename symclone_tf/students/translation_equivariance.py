"""Measures whether a student's blocks are translation equivariant, as a convolution.

Nothing in a student makes them so: they have learned it, and so the weights decide.
"""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from symclone_tf.students.receptive_fields import receptive_fields_of
from symclone_tf.students.relative_fields import relative_receptive_field

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
    if relative_receptive_field(student.teacher) is None:
        return TranslationEquivariance(
            None, "its teacher has no relative receptive field"
        )
    weights, outside = student.receptive_field_weights()
    inside = receptive_fields_of(student.teacher) >= 0
    # The weights of padding are multiplied by zeros.
    weights = np.where(inside[..., None], weights, 0).astype("float64")
    norm = np.sqrt(np.sum(np.square(weights)) + outside)
    if not np.isfinite(norm):
        return TranslationEquivariance(None, "its weights are not finite")
    if norm == 0:
        return TranslationEquivariance(None, "its blocks are zero, as before cloning")
    mean = weights.sum(axis=0) / inside.sum(axis=0)[:, None]
    differences = np.where(inside[..., None], weights - mean, 0)
    deviation = float(np.sqrt(np.sum(np.square(differences)) + outside) / norm)
    if deviation > TOLERANCE:
        reason = (
            "its blocks are not translation equivariant: they deviate by "
            f"{deviation:.1e}, of at most {TOLERANCE:.0e}"
        )
        return TranslationEquivariance(deviation, reason)
    return TranslationEquivariance(deviation, "")
