"""Cloning, from a teacher to a trained student and its report."""

import sys
import time
from collections.abc import Sequence
from typing import Any

from symclone_tf.cloning.caveats import caveat_of, solver_for
from symclone_tf.cloning.checkpoints import Checkpoint
from symclone_tf.cloning.cloner import full_float32
from symclone_tf.cloning.closed_form import solve
from symclone_tf.cloning.fidelity import (
    nmse,
    student_equivariance_error,
    teacher_equivariance_error,
)
from symclone_tf.cloning.gradient_descent import descend
from symclone_tf.cloning.recipes import Recipe
from symclone_tf.cloning.report import Report
from symclone_tf.cloning.training_options import Training
from symclone_tf.errors import CloningError
from symclone_tf.students import Student, make_student
from symclone_tf.students.regions import check_regions_option
from symclone_tf.teachers import ConvTeacher, Teacher
from symclone_tf.types import Pair

TEACHER_DEFAULTS = {
    "lifting": True,
    "image_size": 28,
    "kernel_size": 3,
    "padding": "valid",
}
STUDENT_DEFAULTS = {
    "blocks": None,
    "hidden_units": (),
    "activation": "relu",
    "regions": None,
}


def clone(
    group: str | Teacher,
    lifting: bool = True,
    image_size: Pair = 28,
    kernel_size: Pair = 3,
    padding: str = "valid",
    blocks: int | None = None,
    hidden_units: Sequence[int] = (),
    activation: Any = "relu",
    solver: str | None = None,
    steps: int | None = None,
    images_per_step: int | None = None,
    kernels_per_step: int | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    jit: bool | None = None,
    max_nmse: float | None = None,
    strategy: str = "none",
    verbose: int = 1,
    student: str | Student = "dense",
    regions: int | tuple[int, ...] | list[int] | None = None,
) -> tuple[Student, Report]:
    """Makes a student and clones its teacher into it.

    Args:
        group: String, as `"t2"`, `"flip"`, `"c4"` or `"c8"`, see
            `sc.symmetry.get_group`, for a convolution on the plane; or a `Teacher`,
            without the next four arguments. For functions and layers, it is a
            `FunctionTeacher`.
        lifting: Boolean, whether inputs are images rather than feature maps on the
            group.
        image_size: Integer, height and width of the inputs in pixels, or a pair of
            them for T(2), reflections and half turns.
        kernel_size: Integer, height and width of the kernel, or likewise a pair.
        padding: String, `"valid"` or `"same"`.
        blocks: Integer, or `None` for the teacher's rank, k² for a k×k convolution.
        hidden_units: Tuple of integers, see `DenseStudent` and
            `sc.students.MixerStudent`.
        activation: Activation of the hidden layers.
        solver: String, `"sgd"`, or `"closed-form"` for linear blocks, which
            needs no training; `None` for `"closed-form"` if the blocks are linear and
            the teacher is a `FunctionTeacher` that is found to be linear, and for
            `"sgd"` otherwise.
        steps: Integer, or `None` for the number of the student's recipe.
        images_per_step: Integer or `None`, see `Cloner`.
        kernels_per_step: Integer or `None`, see `Cloner`.
        learning_rate: Float, or `None` for that of the student's recipe.
        seed: Integer, of the initial weights and of all draws.
        jit: Boolean, whether XLA compiles the training step; `None` for `True` if
            there is a GPU.
        max_nmse: Float, the largest NMSE to accept, or `None` for any.
        strategy: String, `"none"`, `"mirrored"` for all GPUs of this machine,
            or `"multi-worker"` for the hosts that TF_CONFIG lists.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.
        student: String, the registered name of a class of students: `"dense"`, as in
            the paper; `"local"`, whose number of weights grows with the pixels;
            `"regional"`, whose number grows with the regions; `"attention"`,
            `"relative-attention"`; or a `Student` of this teacher, whose weights are
            trained on.
        regions: Integer, or one for each axis of a convolution's outputs, as `(rows,
            columns)`, see `sc.students.RegionalStudent`.

    Returns:
        Pair of the trained `Student` and its `Report`.

    Raises:
        ValueError: If an argument is not accepted, or the teacher's outputs are not
            as it declares them.
        MemoryError: If cloning would need more memory than there is.
        CloningError: If training diverges, stays above `max_nmse`, or loses a
            worker.

    Example:

    >>> student, report = clone("c4", image_size=8, verbose=0)
    >>> report.nmse < 1e-6
    True
    >>> teacher = ConvTeacher("c4", image_size=8)
    >>> trained, report = clone(teacher, student=student, steps=2, verbose=0)
    >>> trained is student
    True

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """
    teacher = _teacher_of(
        group,
        lifting=lifting,
        image_size=image_size,
        kernel_size=kernel_size,
        padding=padding,
    )
    student = _student_of(
        student,
        teacher,
        seed,
        blocks=blocks,
        hidden_units=tuple(hidden_units),
        activation=activation,
        regions=check_regions_option(regions, None),
    )
    for_sgd = (steps, images_per_step, kernels_per_step, learning_rate, jit)
    if solver is None:
        is_sgd = strategy != "none" or any(o is not None for o in for_sgd)
        solver = "sgd" if is_sgd else solver_for(student)
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


def _teacher_of(group: str | Teacher, **options: Any) -> Teacher:
    if not isinstance(group, Teacher):
        return ConvTeacher(group, **options)
    _check_defaults(options, TEACHER_DEFAULTS, "`group` that is a name, not a teacher")
    return group


def _student_of(
    student: str | Student, teacher: Teacher, seed: int, **options: Any
) -> Student:
    if not isinstance(student, Student):
        given = {n: v for n, v in options.items() if v != STUDENT_DEFAULTS[n]}
        return make_student(student, teacher, seed=seed, dtype="float32", **given)
    purpose = "`student` that is a name, not a student"
    _check_defaults(options, STUDENT_DEFAULTS, purpose)
    if student.teacher != teacher:
        raise ValueError(
            f"`student` must have been made for {teacher!r}. "
            f"Received: student of {student.teacher!r}"
        )
    return student


def _check_defaults(
    options: dict[str, Any], defaults: dict[str, Any], purpose: str
) -> None:
    """Refuses options of a teacher or student that is given itself."""
    for name, value in options.items():
        if value != defaults[name]:
            raise ValueError(f"`{name}` is for a {purpose}. Received: {name}={value}")


def train(
    student: Student,
    options: Training,
    verbose: int = 1,
    checkpoint: Checkpoint | None = None,
    recipe: Recipe | None = None,
) -> Report:
    """Clones its teacher into a student.

    Args:
        student: `Student`, new or already trained.
        options: `Training`.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.
        checkpoint: `Checkpoint`, which saves the state of long trainings, or `None`.
            With `options.resume`, it is continued from. It is not removed, so that
            the student can be exported first.
        recipe: `Recipe`, from `options.check(student)`; `None` to compute it.

    Returns:
        `Report`.

    Raises:
        ValueError, MemoryError, CloningError: See `clone`.

    Example:

    >>> student = DenseStudent(ConvTeacher("c2", image_size=8), seed=0)
    >>> report = train(student, Training(solver="closed-form"), verbose=0)
    >>> report.nmse < 1e-10
    True
    """
    recipe = options.check(student, recipe)
    start = time.perf_counter()
    if recipe is None:
        with full_float32():
            results: dict[str, Any] = {"kept_variance": solve(student)}
    else:
        results = descend(student, options, recipe, verbose, checkpoint)
        student.fill_unseen()
    seconds = time.perf_counter() - start

    with full_float32():
        reached = nmse(student, seed=options.seed)
        error = student_equivariance_error(student, seed=options.seed)
        own = teacher_equivariance_error(student.teacher, seed=options.seed)
    caveat = caveat_of(student)
    if caveat and verbose:
        print(caveat, file=sys.stderr)
    if options.max_nmse is not None and not reached <= options.max_nmse:
        raise CloningError(
            f"Cloning reached an NMSE of {reached:.1e}, and `max_nmse` accepts at "
            f"most {options.max_nmse:.1e}. Raise `steps` or `blocks`. "
            f"Received: steps={results.get('steps')}, blocks={student.blocks}"
        )
    return Report(
        solver=options.solver,
        seed=options.seed,
        seconds=round(seconds, 3),
        nmse=reached,
        equivariance_error=error,
        teacher_equivariance_error=own,
        caveat=caveat,
        **results,
    )
