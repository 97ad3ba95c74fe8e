"""Cloning, from a teacher to a trained student and its report."""

import sys
import time

from symclone_tf.cloning.caveats import caveat_of, solver_for
from symclone_tf.cloning.cloner import full_float32
from symclone_tf.cloning.closed_form import solve
from symclone_tf.cloning.fidelity import nmse, student_equivariance_error
from symclone_tf.cloning.gradient_descent import descend
from symclone_tf.cloning.report import Report
from symclone_tf.cloning.training import Training
from symclone_tf.errors import CloningError
from symclone_tf.students import Student, make_student
from symclone_tf.teachers import ConvTeacher, Teacher

_SIZES = {"lifting": True, "image_size": 28, "kernel_size": 3, "padding": "valid"}
_MAKES = {"blocks": None, "hidden_units": (), "activation": "relu"}


def clone(
    group,
    lifting=True,
    image_size=28,
    kernel_size=3,
    padding="valid",
    blocks=None,
    hidden_units=(),
    activation="relu",
    solver=None,
    steps=None,
    images_per_step=None,
    kernels_per_step=None,
    learning_rate=None,
    seed=0,
    jit=None,
    max_nmse=None,
    strategy="none",
    verbose=1,
    student="dense",
):
    """Makes a student and clones its teacher into it.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`, for a convolution
            on the plane; or a `Teacher`, that is, then, without the next four
            arguments. Functions and layers are teachers as `FunctionTeacher`s.
        lifting: Boolean, whether the layer reads images rather than feature
            maps on the group.
        image_size: Integer, height and width of the inputs in pixels, or a pair of
            them under T(2).
        kernel_size: Integer, height and width of the kernel, or a pair under T(2).
        padding: String, `"valid"` or `"same"`.
        blocks: Integer, or `None` for the teacher's rank, k² for a k×k convolution.
        hidden_units: Tuple of integers, see `DenseStudent` and
            `sc.students.MixerStudent`.
        activation: Activation of the hidden layers.
        solver: String, `"sgd"`, or `"closed-form"` for linear blocks, which
            needs no training; `None` for the latter where a `FunctionTeacher` is found
            to be linear, as the blocks are, and else for the former.
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
        student: String, the registered name of a kind of students: `"dense"`,
            the paper's; `"local"`, whose weights grow with the pixels; `"mixer"`,
            `"attention"`; or a `Student` that was made for this teacher, to be
            trained as it is.

    Returns:
        Pair of the trained `Student` and its `Report`.

    Raises:
        ValueError: If an argument is not accepted, or the teacher's answers are not
            what it says of them.
        MemoryError: If cloning would need more memory than there is.
        CloningError: If training diverges, stays above `max_nmse`, or loses a
            worker.

    Example:

    >>> student, report = clone("c4", image_size=8, verbose=0)
    >>> report.nmse < 1e-6
    True
    >>> teacher = ConvTeacher("c4", image_size=8)
    >>> pupil, report = clone(teacher, student=student, steps=2, verbose=0)
    >>> pupil is student
    True

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """
    sizes = {
        "lifting": lifting,
        "image_size": image_size,
        "kernel_size": kernel_size,
        "padding": padding,
    }
    makes = {
        "blocks": blocks,
        "hidden_units": tuple(hidden_units),
        "activation": activation,
    }
    teacher = group
    if isinstance(group, Teacher):
        _only_defaults(sizes, _SIZES, "`group` that is a name, not a teacher")
    else:
        teacher = ConvTeacher(group, **sizes)
    if isinstance(student, Student):
        _only_defaults(makes, _MAKES, "`student` that is a name, not a student")
        _check_made_for(student, teacher)
    else:
        makes = {n: v for n, v in makes.items() if v != _MAKES[n]}
        student = make_student(student, teacher, seed=seed, dtype="float32", **makes)
    training = (steps, images_per_step, kernels_per_step, learning_rate, jit)
    if solver is None:
        asks_for_sgd = strategy != "none" or any(o is not None for o in training)
        solver = "sgd" if asks_for_sgd else solver_for(student)
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


def _only_defaults(given, defaults, where) -> None:
    for name, value in given.items():
        if value != defaults[name]:
            raise ValueError(f"`{name}` is for a {where}. Received: {name}={value}")


def _check_made_for(student, teacher) -> None:
    if student.teacher != teacher:
        raise ValueError(
            f"`student` must have been made for {teacher!r}. "
            f"Received: student of {student.teacher!r}"
        )


def train(student, options: Training, verbose=1, checkpoint=None) -> Report:
    """Clones its teacher into a student.

    Args:
        student: `Student`, new or already trained.
        options: `Training`.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.
        checkpoint: `Checkpoint` that keeps the state of a training which takes
            longer than moments, or `None`. With `options.resume`, the training
            goes on from it. Who exports the student then removes it.

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
    options.check(student)
    start = time.perf_counter()
    if options.solver == "closed-form":
        with full_float32():
            facts = {"kept_variance": solve(student)}
    else:
        facts = descend(student, options, verbose, checkpoint)
    seconds = time.perf_counter() - start

    with full_float32():
        reached = nmse(student, seed=options.seed)
        error = student_equivariance_error(student, seed=options.seed)
    caveat = caveat_of(student)
    if caveat and verbose:
        print(caveat, file=sys.stderr)
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
        caveat=caveat,
        **facts,
    )
