"""Whether a student's blocks do the same everywhere, as those of a convolution.

Nothing makes them do so but what they have learned: so it is measured, on the
weights that a student has.
"""

import dataclasses

import numpy as np

from symclone_tf.students.receptive_fields import receptive_fields_of
from symclone_tf.students.relative_fields import relative_receptive_field

# How far from their mean the weights of all places may be, relative to them.
TOLERANCE = 1e-5


@dataclasses.dataclass(frozen=True)
class TranslationEquivariance:
    """Whether a student's blocks do the same in all places.

    Attributes:
        deviation: Float, the distance of the blocks' weights from the nearest
            ones that do, relative to their norm; `None` where it cannot be said.
        reason: String, why the student is no convolution; empty if it is one.
    """

    deviation: float | None
    reason: str

    @property
    def is_convolution(self) -> bool:
        """Whether one convolution computes what the student does."""
        return not self.reason


def translation_equivariance(student) -> TranslationEquivariance:
    """Compares what a student's blocks do in all places.

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
        return TranslationEquivariance(None, "its points are seen through no window")
    weights, rest = student.receptive_field_weights()
    inside = receptive_fields_of(student.teacher) >= 0
    # Weights of points that are not there are multiplied with zeros.
    weights = np.where(inside[..., None], weights, 0).astype("float64")
    size = np.sqrt(np.sum(np.square(weights)) + rest)
    if not np.isfinite(size):
        return TranslationEquivariance(None, "its weights are not finite")
    if size == 0:
        return TranslationEquivariance(None, "its blocks are zero, as before cloning")
    mean = weights.sum(axis=0) / inside.sum(axis=0)[:, None]
    away = np.where(inside[..., None], weights - mean, 0)
    deviation = float(np.sqrt(np.sum(np.square(away)) + rest) / size)
    if deviation > TOLERANCE:
        reason = (
            "its blocks do not do the same everywhere: they deviate by "
            f"{deviation:.1e}, of at most {TOLERANCE:.0e}"
        )
        return TranslationEquivariance(deviation, reason)
    return TranslationEquivariance(deviation, "")
