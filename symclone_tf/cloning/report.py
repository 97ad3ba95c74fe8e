"""The report of a clone."""

import dataclasses
import platform

import keras

from symclone_tf import __version__
from symclone_tf.backends import backend


@dataclasses.dataclass(frozen=True)
class Report:
    """How a clone was made and how good it is.

    Attributes of one solver are `None` for the other.

    Attributes:
        solver: String.
        seed: Integer.
        seconds: Float, training or solving time, compilation included.
        nmse: Float, on pairs that training never draws.
        equivariance_error: Float, on images that training never draws.
        teacher_equivariance_error: Float, the teacher's own on the same images, where
            transformations interpolate, as rotations by 45° do; `None` where they are
            exact, and it has none.
        steps: Integer, optimizer steps.
        images_per_step: Integer.
        kernels_per_step: Integer.
        learning_rate: Float, the first step's.
        jit: Boolean, whether XLA compiled the training step.
        replicas: Integer, the number of devices that trained together.
        kept_variance: Float, the share of the teacher's variance that the
            blocks of the closed form reproduce.
        caveat: String, why such a student cannot copy its teacher, however it is
            cloned; `None` if no reason is known.
        versions: Dictionary of the packages' versions.

    Example:

    >>> _, report = clone("c2", image_size=8, solver="closed-form", verbose=0)
    >>> report.nmse < 1e-10, round(report.kept_variance, 4)
    (True, 1.0)
    >>> report.steps is None  # no training
    True
    """

    solver: str
    seed: int
    seconds: float
    nmse: float
    equivariance_error: float
    teacher_equivariance_error: float | None = None
    steps: int | None = None
    images_per_step: int | None = None
    kernels_per_step: int | None = None
    learning_rate: float | None = None
    jit: bool | None = None
    replicas: int | None = None
    kept_variance: float | None = None
    caveat: str | None = None
    versions: dict[str, str] = dataclasses.field(default_factory=lambda: versions())


def versions() -> dict[str, str]:
    """The versions that an artifact records.

    Example:

    >>> list(versions())
    ['symclone-tf', 'tensorflow', 'keras', 'python']
    """
    return {
        "symclone-tf": __version__,
        backend().name: backend().version(),
        "keras": keras.__version__,
        "python": platform.python_version(),
    }
