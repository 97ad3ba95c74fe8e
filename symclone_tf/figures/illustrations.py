"""All figures of a group, from real clones and real digits."""

import dataclasses
import json
import pathlib

import numpy as np
from matplotlib.figure import Figure

from symclone_tf.artifacts import check_directory
from symclone_tf.checks import one_of
from symclone_tf.data.strokes import draw_strokes
from symclone_tf.errors import ArtifactError, DataError
from symclone_tf.experiments import mnist_task, read_benchmark
from symclone_tf.figures.curves import (
    draw_accuracies,
    draw_costs,
    draw_equivariance,
    draw_learning_curves,
    draw_weights,
)
from symclone_tf.figures.drawings import (
    draw_deformations,
    draw_digits,
    draw_feature_maps,
    draw_operators,
)
from symclone_tf.figures.style import FORMATS, save_figure
from symclone_tf.students import make_student
from symclone_tf.studies.learning import (
    deformations_while_learning,
    learning_curve,
    untrained,
    weights_while_learning,
)
from symclone_tf.symmetry import GroupTransformation, Translation, get_group
from symclone_tf.teachers import ConvTeacher
from symclone_tf.workspace import Workspace, load_or_clone

DIGIT_SIZE = 28
# Small enough that the bands of an operator, and the steps of training, show.
SMALL = 10
SHIFT = (3, 4)
EDGES = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]]) / 4


@dataclasses.dataclass(frozen=True)
class Illustration:
    """One figure, or the reason why there is none.

    Attributes:
        name: String, the stem of its file.
        caption: String: what it shows or, without a figure, what it needs.
        figure: `matplotlib.figure.Figure`, or `None`.

    Example:

    >>> curves = draw_learning_curves({9: [1.0, 0.1]})
    >>> drawn = Illustration("learning-curves", "NMSE while a clone learns.", curves)
    >>> missing = Illustration("costs", "costs (--costs), a file", None)
    >>> [each.name for each in (drawn, missing) if each.figure is not None]
    ['learning-curves']
    """

    name: str
    caption: str
    figure: Figure | None


def illustrate(
    group,
    workspace=None,
    benchmark="benchmark",
    costs=None,
    student="dense",
):
    """Draws all figures of a group.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        workspace: `Workspace`, the folders of clones and data; `None` for the
            defaults. Without MNIST, strokes are drawn in the digits' place.
        benchmark: String or path, the folder of `symclone-tf benchmark`'s
            tables.
        costs: String or path, what `python -m benchmarks.cloning` has written in
            a checkout of this project; `None` to leave out what is drawn of it.
        student: String, the registered name of a kind of linear students.

    Yields:
        `Illustration`, one after the other.

    Raises:
        ValueError: If an argument is not accepted.
        ArtifactError: If a clone, a table or the costs cannot be read.

    Example:

    >>> next(illustrate("c4", costs=directory / "costs.json"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    symclone_tf.errors.ArtifactError: `costs` must be a file that python -m ...
    """
    group = get_group(group)
    rows = read_benchmark(pathlib.Path(benchmark, f"{group.name}.csv"))
    measured = None if costs is None else _read_costs(costs)
    workspace = Workspace.of(workspace)
    digits, source = _digits(workspace.data_dir)
    exact, seven, small = load_or_clone(
        [
            _student(student, group, DIGIT_SIZE),
            _student(student, group, DIGIT_SIZE, blocks=7),
            _student(student, group, SMALL),
        ],
        workspace.clones,
        workspace.verbose,
    )
    title = group.title
    yield Illustration(
        "digits",
        f"{source}: as they are, and moved by {title}.",
        draw_digits(digits, group),
    )
    yield Illustration(
        "operators",
        f"A trained {small.teacher.title} clone, its teacher as a matrix from pixels "
        "to pixels, and their difference.",
        draw_operators(small, np.random.default_rng(0).normal(size=(3, 3))),
    )
    yield _feature_maps(digits[0], source, exact, seven)
    yield _weights(student, group)
    yield _deformations(group)
    yield _curves(student, group)
    yield from _of_benchmark(rows, title, pathlib.Path(benchmark), group.name)
    if measured:
        caption = "Time and memory that cloning takes, against the image size."
        yield Illustration("costs", caption, draw_costs(measured))
    else:
        needs = "costs (--costs), a file that python -m benchmarks.cloning writes"
        yield Illustration("costs", needs, None)


def make_figures(group, output="figures", file_format="svg", **options):
    """Draws all figures of a group into a folder.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        output: String or path; files of an earlier run are replaced.
        file_format: String, `"png"`, `"svg"` or `"pdf"`.
        **options: Of `illustrate`.

    Yields:
        Pairs of an `Illustration` and the path of its file, or `None` where
        there is no figure.

    Raises:
        ValueError: If an argument is not accepted.
        ArtifactError: If `output` cannot be written to; see `illustrate`.
        OSError: If writing fails.

    Example:

    >>> next(make_figures("c4", directory, file_format="gif"))
    Traceback (most recent call last):
        ...
    ValueError: `file_format` must be one of png, svg, pdf. Received: file_format=gif
    """
    one_of("file_format", file_format, FORMATS)
    root = check_directory(output)
    for illustration in illustrate(group, **options):
        path = None
        if illustration.figure is not None:
            parts = [get_group(group).name, illustration.name]
            if options.get("student", "dense") != "dense":
                parts.insert(1, options["student"])
            name = "-".join(parts)
            path = save_figure(illustration.figure, root / f"{name}.{file_format}")
        yield illustration, path


def _student(kind, group, image_size, blocks=None):
    """A student of the group's first convolution, not yet trained."""
    teacher = ConvTeacher(group.name, image_size)
    return make_student(kind, teacher, blocks=blocks, seed=0, dtype="float32")


def _digits(data_dir):
    """Five test digits, or strokes, and what to call them."""
    try:
        task = mnist_task(
            "invariance", "c4", "test", size=5, transformed=False, data_dir=data_dir
        )
    except DataError:
        return draw_strokes(DIGIT_SIZE), "Drawn strokes, for want of MNIST"
    ((images, _),) = task.as_numpy_iterator()
    return images[..., 0], "MNIST's test digits"


def _feature_maps(image, source, exact, seven) -> Illustration:
    teacher = exact.teacher
    layers = {
        "teacher": (teacher, teacher),
        "9 blocks": (exact, teacher),
        "7 blocks": (seven, teacher),
        "untrained": (untrained(exact), teacher),
    }
    group = teacher.group
    move = Translation(SHIFT) if group.is_trivial else GroupTransformation(group, 1)
    name = "stroke" if "strokes" in source else "digit"
    note = f" {source}." if name == "stroke" else ""
    return Illustration(
        "feature-maps",
        f"What a {group.title} convolution and its clones make of a {name} and "
        f"of the {name} moved, and the difference from moving the output instead."
        f"{note}",
        draw_feature_maps(image, layers, EDGES, move, name),
    )


def _weights(kind, group) -> Illustration:
    student = _student(kind, group, SMALL)
    weights, values = weights_while_learning(student)
    rest = "most stay zero, the others" if kind == "dense" else "they"
    return Illustration(
        "weights",
        f"Weights of the blocks of a {student.teacher.title} clone while it learns: "
        f"{rest} find the values of the teacher's operators.",
        draw_weights(weights, values),
    )


def _deformations(group) -> Illustration:
    student = _student("local", group, SMALL)
    size = student.teacher.output_size
    positions = {"corner": 0, "edge": size // 2, "centre": size**2 // 2 + size // 2}
    kept = deformations_while_learning(student, list(positions.values()))
    return Illustration(
        "deformations",
        f"What a local {student.teacher.title} clone makes of the kernel at three "
        "places while it learns: in the end nothing, at any of them, which is what a "
        "convolution does.",
        draw_deformations(kept, list(positions)),
    )


def _curves(kind, group) -> Illustration:
    students = {blocks: _student(kind, group, SMALL, blocks) for blocks in (9, 8, 7, 5)}
    return Illustration(
        "learning-curves",
        f"NMSE of {students[9].teacher.title} clones while they learn. Dashed: the "
        "floor of Eckart and Young, which no fewer blocks can pass.",
        draw_learning_curves({b: learning_curve(s) for b, s in students.items()}),
    )


def _of_benchmark(rows, title, folder, name):
    if not rows:
        needs = (
            f"{folder / name}.csv, which symclone-tf benchmark --group {name} writes"
        )
        yield Illustration("keep-or-break", needs, None)
        yield Illustration("equivariance", needs, None)
        return
    yield Illustration(
        "keep-or-break",
        f"{title}: accuracy on moved digits. Invariance asks to keep the symmetry, "
        "breaking to leave it. A dot for each seed, a line at the mean.",
        draw_accuracies(rows),
    )
    yield Illustration(
        "equivariance",
        f"{title}: each convolution's equivariance error, before and after training.",
        draw_equivariance(rows),
    )


def _read_costs(file):
    file = pathlib.Path(file)
    if not file.is_file():
        raise ArtifactError(
            f"`costs` must be a file that python -m benchmarks.cloning has written. "
            f"{file} is none"
        )
    try:
        costs = json.loads(file.read_text(encoding="utf-8"))
        keys = ("layer", "size", "seconds", "memory")
        return {
            part: [{key: row[key] for key in keys} for row in costs[part]]
            for part in ("training", "solving")
        }
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ArtifactError(
            f"{file} is not what python -m benchmarks.cloning writes: {error!r}"
        ) from error
