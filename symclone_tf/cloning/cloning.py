"""Cloning: a student learns a teacher's answers, by training or in closed form."""

import dataclasses
import platform
import time

import keras
import tensorflow as tf

from symclone_tf import __version__
from symclone_tf.checks import one_of, positive_number
from symclone_tf.cloning.cloner import full_float32
from symclone_tf.cloning.closed_form import solve
from symclone_tf.cloning.descent import descend
from symclone_tf.errors import CloningError
from symclone_tf.cloning.memory import check_memory, solving_memory, training_memory
from symclone_tf.cloning.fidelity import nmse, student_equivariance_error
from symclone_tf.cloning.recipes import Recipe
from symclone_tf.cloning.strategies import check_strategy
from symclone_tf.students import DenseStudent
from symclone_tf.teachers import teacher_of

SOLVERS = ("sgd", "closed-form")


@dataclasses.dataclass(frozen=True)
class Report:
    """How a clone was made and how good it is.

    What only one of the solvers has is `None` for the other.

    Attributes:
        solver: String.
        seed: Integer.
        seconds: Float, training or solving time, compilation included.
        nmse: Float, on pairs that training never saw.
        equivariance_error: Float, on images that training never saw.
        steps: Integer, optimizer steps.
        images_per_step: Integer.
        kernels_per_step: Integer.
        learning_rate: Float, the first step's.
        jit: Boolean, whether XLA compiled the training step.
        replicas: Integer, how many devices trained together.
        kept_variance: Float, the share of the teacher's variance that the
            closed form's blocks keep.
        versions: Dictionary of the packages that made the clone.
    """

    solver: str
    seed: int
    seconds: float
    nmse: float
    equivariance_error: float
    steps: int | None = None
    images_per_step: int | None = None
    kernels_per_step: int | None = None
    learning_rate: float | None = None
    jit: bool | None = None
    replicas: int | None = None
    kept_variance: float | None = None
    versions: dict[str, str] = dataclasses.field(default_factory=lambda: versions())


@dataclasses.dataclass(frozen=True)
class Training:
    """What a user may choose about cloning; see `clone` for the fields."""

    solver: str = "sgd"
    steps: int | None = None
    images_per_step: int | None = None
    kernels_per_step: int | None = None
    learning_rate: float | None = None
    seed: int = 0
    jit: bool | None = None
    max_nmse: float | None = None
    strategy: str = "none"
    resume: bool = False

    def check(self, student) -> None:
        """Refuses choices that do not go together, before any work is done.

        Raises:
            ValueError: If a choice is not accepted.
            MemoryError: If cloning would need more memory than there is.
        """
        one_of("solver", self.solver, SOLVERS)
        check_strategy(self.strategy)
        if self.max_nmse is not None:
            positive_number("max_nmse", self.max_nmse)
        if self.resume and self.strategy != "none":
            raise ValueError(
                "`resume` is for `strategy` none: only one process keeps checkpoints. "
                f"Received: strategy={self.strategy}"
            )
        if self.solver == "sgd":
            check_memory(student, training_memory(student, self.recipe(student)))
            return
        if not student.is_linear:
            raise ValueError(
                "`solver` closed-form needs linear blocks; those with hidden layers "
                "have to be trained, with `solver` sgd. "
                f"Received: hidden_units={student.hidden_units}"
            )
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name in _OF_TRAINING and value != field.default:
                raise ValueError(
                    f"`{field.name}` is for `solver` sgd; closed-form does not train. "
                    f"Received: {field.name}={value}"
                )
        check_memory(student, solving_memory(student))

    def identity(self, student) -> dict:
        """All that the trained student depends on, to tell trainings apart."""
        choices = dataclasses.asdict(self)
        del choices["resume"], choices["max_nmse"]
        return {**choices, "student": {**student.get_config(), "name": None}}

    def recipe(self, student) -> Recipe:
        """The student's recipe, with these choices in it.

        Raises:
            ValueError: If a choice is not accepted.
        """
        recipe = student.recipe(self.images_per_step, self.kernels_per_step)
        return recipe.with_options(self.steps, self.learning_rate)


_OF_TRAINING = (
    "steps",
    "images_per_step",
    "kernels_per_step",
    "learning_rate",
    "jit",
    "strategy",
    "resume",
)


def clone(
    group,
    lifting=True,
    image_size=28,
    kernel_size=3,
    padding="valid",
    blocks=None,
    hidden_units=(),
    activation="relu",
    solver="sgd",
    steps=None,
    images_per_step=None,
    kernels_per_step=None,
    learning_rate=None,
    seed=0,
    jit=None,
    max_nmse=None,
    strategy="none",
    verbose=1,
):
    """Makes a student and clones its teacher into it.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        lifting: Boolean, whether the layer reads images rather than feature
            maps on the group.
        image_size: Integer, height and width of the inputs in pixels.
        kernel_size: Integer, height and width of the kernel.
        padding: String, `"valid"` or `"same"`.
        blocks: Integer, or `None` for `kernel_size²`.
        hidden_units: Tuple of integers, see `DenseStudent`.
        activation: Activation of the hidden layers.
        solver: String, `"sgd"`, or `"closed-form"` for linear blocks, which
            needs no training.
        steps: Integer, or `None` for a number that suits the student.
        images_per_step: Integer or `None`, see `Cloner`.
        kernels_per_step: Integer or `None`, see `Cloner`.
        learning_rate: Float, or `None` for one that suits the student.
        seed: Integer, of the initial weights and of all draws.
        jit: Boolean, whether XLA compiles the training step; `None` does where
            there is a GPU.
        max_nmse: Float, the worst NMSE to accept, or `None` for any.
        strategy: String, `"none"`, `"mirrored"` for all GPUs of this machine,
            or `"multi-worker"` for the hosts that TF_CONFIG lists.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.

    Returns:
        Pair of the trained `DenseStudent` and its `Report`.

    Raises:
        ValueError: If an argument is not accepted.
        MemoryError: If cloning would need more memory than there is.
        CloningError: If training diverges, stays above `max_nmse`, or loses a
            worker.

    Example:

    >>> student, report = clone("c4", image_size=8, verbose=0)
    >>> report.nmse < 1e-6
    True

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """
    student = DenseStudent(
        group,
        lifting,
        image_size,
        kernel_size,
        padding,
        blocks,
        hidden_units,
        activation,
        seed=seed,
        dtype="float32",
    )
    options = Training(
        solver=solver,
        steps=steps,
        images_per_step=images_per_step,
        kernels_per_step=kernels_per_step,
        learning_rate=learning_rate,
        seed=seed,
        jit=jit,
        max_nmse=max_nmse,
        strategy=strategy,
    )
    return student, train(student, options, verbose)


def train(student, options: Training, verbose=1, checkpoint=None) -> Report:
    """Clones the teacher that a student's configuration names into it.

    Args:
        student: `DenseStudent`, new or already trained.
        options: `Training`.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.
        checkpoint: `Checkpoint` that keeps the state of a training which takes
            longer than moments, or `None`. With `options.resume`, the training
            goes on from it. Who exports the student then removes it.

    Returns:
        `Report`.

    Raises:
        ValueError, MemoryError, CloningError: See `clone`.
    """
    options.check(student)
    start = time.perf_counter()
    if options.solver == "closed-form":
        with full_float32():
            facts = {"kept_variance": solve(student, teacher_of(student))}
    else:
        facts = descend(student, options, verbose, checkpoint)
    seconds = time.perf_counter() - start

    with full_float32():
        reached = nmse(student, seed=options.seed)
        error = student_equivariance_error(student, seed=options.seed)
    if options.max_nmse is not None and not reached <= options.max_nmse:
        raise CloningError(
            f"Cloning reached an NMSE of {reached:.1e}, and `max_nmse` accepts at "
            f"most {options.max_nmse:.1e}. Raise `steps` or `blocks`. "
            f"Received: steps={facts.get('steps')}, blocks={student.blocks}"
        )
    return Report(
        solver=options.solver,
        seed=options.seed,
        seconds=round(seconds, 3),
        nmse=reached,
        equivariance_error=error,
        **facts,
    )


def versions() -> dict[str, str]:
    """The versions that an artifact records."""
    return {
        "symclone-tf": __version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "python": platform.python_version(),
    }
