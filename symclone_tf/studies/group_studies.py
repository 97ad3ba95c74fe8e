"""All that is measured to illustrate a group: clones, and clones while they learn."""

import dataclasses
import pathlib

import numpy as np

from symclone_tf.artifacts import list_artifacts
from symclone_tf.cloning import solve
from symclone_tf.data.strokes import draw_strokes
from symclone_tf.errors import ArtifactError, DataError
from symclone_tf.experiments import Row, mnist_task, read_benchmark
from symclone_tf.experiments.network_layouts import (
    exact_blocks,
    kernel_size_of,
    student_within,
)
from symclone_tf.students import Student
from symclone_tf.studies.exploration import FEWER
from symclone_tf.studies.learning import (
    deformations_while_learning,
    learning_curve,
    weights_while_learning,
)
from symclone_tf.studies.own_images import own_images
from symclone_tf.symmetry import GROUPS, PointGroup, get_group
from symclone_tf.teachers import ConvTeacher
from symclone_tf.types import Path
from symclone_tf.workspace import Workspace, load_or_clone

DIGIT_SIZE = 28
# Small enough to show the bands of an operator, and the steps of training.
SMALL = 10
# Of groups off the pixel grid, whose kernels are small enough for these.
MOST_ROTATIONS = 32
IMAGES = 5


@dataclasses.dataclass(frozen=True)
class GroupStudy:
    """What `study_group` has measured.

    Attributes:
        group: `PointGroup`.
        student: String, the registered name of the kind of student.
        images: Array of shape `(count, 28, 28)` from 0 to 1; of one's own, `(count, 28,
            28, channels)`.
        are_digits: Boolean, whether these are MNIST's test digits; else drawn strokes,
            or images of one's own.
        exact: `Student` of 28×28 images, with as many blocks as an exact copy needs.
        reduced: `Student` of 28×28 images, with two blocks less.
        small: `Student` of 10×10 images.
        weights: Dictionary from training steps to arrays of all block weights.
        teacher_values: Array of the weights of an exact clone.
        deformations: Dictionary from training steps to arrays of shape
            `(positions, 9, 9)`, of a locally connected clone.
        positions: List of strings, where these are: corner, edge and centre.
        curves: Dictionary from numbers of blocks to lists of NMSE, one value for
            each training step.
        floors: Dictionary from numbers of blocks to the least NMSE of linear students,
            measured in closed form.
        benchmark: `pathlib.Path` of the table of `symclone-tf benchmark`.
        rows: List of `Row`, read from that table; empty if there is none.
        data: String, the source of one's own images; `None` for the others.

    Example:

    >>> study = study_group("c4")  # doctest: +SKIP
    >>> list(study.curves)  # doctest: +SKIP
    [9, 8, 7, 5]
    """

    group: PointGroup
    student: str
    images: np.ndarray
    are_digits: bool
    exact: Student
    reduced: Student
    small: Student
    weights: dict[int, np.ndarray]
    teacher_values: np.ndarray
    deformations: dict[int, np.ndarray]
    positions: list[str]
    curves: dict[int, list[float]]
    floors: dict[int, float]
    benchmark: pathlib.Path
    rows: list[Row]
    data: str | None = None


def study_group(
    group: str | PointGroup,
    workspace: Workspace | None = None,
    benchmark: Path = "benchmark",
    student: str = "dense",
    regions: int | tuple[int, int] | None = None,
    data: Path | None = None,
) -> GroupStudy:
    """Measures what the figures of a group show: clones, and how clones learn.

    Args:
        group: String, as `"t2"`, `"flip"`, `"c4"` or `"c8"`, see
            `sc.symmetry.get_group`.
        workspace: `Workspace`, the folders of clones and data; `None` for the
            defaults. Without MNIST, drawn strokes replace the digits.
        benchmark: String or path, the folder of `symclone-tf benchmark`'s
            tables.
        student: String, the registered name of a kind of linear students.
        regions: Integer or pair of integers, of `"regional"` students, at most as many
            as outputs; `None` for their default.
        data: String or path, images of one's own, see `sc.data.open_images`, resized
            to 28×28 pixels; `None` for digits.

    Returns:
        `GroupStudy`.

    Raises:
        ValueError: If an argument is not accepted.
        ArtifactError: If a clone or a table cannot be read.
        DataError: If there is no such data.

    Example:

    >>> study_group("c1")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: `group` must be t2, flip, cN or dN, ... Received: group=c1
    """
    group, workspace = _checked(group), Workspace.of(workspace)
    kind = student, regions
    table = pathlib.Path(benchmark, f"{group.name}.csv")
    rows = read_benchmark(table)
    if data is None:
        images, are_digits = _images(workspace.data_dir)
    else:
        images, are_digits = own_images(workspace, data, DIGIT_SIZE, IMAGES), False
    blocks = _numbers_of_blocks(exact_blocks(group))
    exact, reduced, small = load_or_clone(
        [
            _student(kind, group, DIGIT_SIZE),
            _student(kind, group, DIGIT_SIZE, blocks[2]),
            _student(kind, group, SMALL),
        ],
        workspace.clones,
        workspace.verbose,
    )
    weights, values = weights_while_learning(_student(kind, group, SMALL))
    deformations, positions = _deformations(group)
    curves = {b: learning_curve(_student(kind, group, SMALL, b)) for b in blocks}
    floors = {b: _floor(_student(kind, group, SMALL, b)) for b in blocks}
    return GroupStudy(
        *(group, student, images, are_digits, exact, reduced, small),
        *(weights, values, deformations, positions),
        *(curves, floors, table, rows),
        None if data is None else pathlib.Path(data).name,
    )


def _checked(group) -> PointGroup:
    group = get_group(group)
    # Kernels that tell more rotations apart are larger than the smallest images.
    if kernel_size_of(group) > SMALL:
        raise ValueError(
            f"`group` must have at most {MOST_ROTATIONS} rotations to be drawn. "
            f"Received: group={group.name}"
        )
    return group


def studied_groups(
    clones: Path = "exported", benchmark: Path = "benchmark"
) -> list[str]:
    """The groups of which there are clones or a benchmark.

    Args:
        clones: String or path, the root of all exported clones.
        benchmark: String or path, the folder of `symclone-tf benchmark`'s
            tables.

    Returns:
        List of strings, not empty.

    Raises:
        ArtifactError: If there are none.

    Example:

    >>> studied_groups(directory, directory)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    symclone_tf.errors.ArtifactError: There is nothing to report in ...
    """
    exported = list_artifacts(clones) if pathlib.Path(clones).is_dir() else []
    cloned = {artifact.group for artifact in exported}
    others = sorted(name for name in cloned - set(GROUPS) if name)
    found = [
        name
        for name in [*GROUPS, *others]
        if name in cloned or pathlib.Path(benchmark, f"{name}.csv").exists()
    ]
    if not found:
        raise ArtifactError(
            f"There is nothing to report in {clones} or {benchmark}: "
            "symclone-tf clone --group c4 makes clones"
        )
    return found


def _student(kind, group, image_size, blocks=None) -> Student:
    """A student of the group's first convolution, not yet trained."""
    teacher = ConvTeacher(group.name, image_size, kernel_size_of(group))
    return student_within(teacher, *kind, blocks=blocks, seed=0, dtype="float32")


def _numbers_of_blocks(exact) -> tuple[int, ...]:
    """Of exact students, and of three that cannot be."""
    return exact, exact - 1, exact - 2, round(FEWER * exact)


def _floor(student) -> float:
    return max(0.0, 1 - solve(student))


def _images(data_dir) -> tuple[np.ndarray, bool]:
    """Five test digits, or strokes, and whether they are digits."""
    try:
        task = mnist_task(
            "invariance", "c4", "test", size=5, transformed=False, data_dir=data_dir
        )
    except DataError:
        return draw_strokes(DIGIT_SIZE), False
    ((images, _),) = task.as_numpy_iterator()
    return images[..., 0], True


def _deformations(group) -> tuple[dict[int, np.ndarray], list[str]]:
    student = _student(("local", None), group, SMALL)
    size, *_ = student.teacher.output_shape
    positions = {"corner": 0, "edge": size // 2, "centre": size**2 // 2 + size // 2}
    kept = deformations_while_learning(student, list(positions.values()))
    return kept, list(positions)
