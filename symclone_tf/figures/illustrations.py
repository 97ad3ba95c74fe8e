"""All figures of a group, drawn from what was measured on real clones and digits."""

import dataclasses
import pathlib
from collections.abc import Iterable, Iterator

import numpy as np
from matplotlib.figure import Figure

from symclone_tf.artifacts import check_directory
from symclone_tf.checks import one_of
from symclone_tf.figures.curves import (
    draw_accuracies,
    draw_learning_curves,
    draw_weights,
)
from symclone_tf.figures.deviation_drawings import draw_deformations
from symclone_tf.figures.drawings import (
    draw_digits,
    draw_feature_maps,
    draw_operators,
)
from symclone_tf.figures.equivariance_curves import draw_equivariance
from symclone_tf.figures.kernels import kernels_of
from symclone_tf.figures.style import FORMATS, save_figure
from symclone_tf.studies import GroupStudy, untrained
from symclone_tf.symmetry import GroupTransformation, Translation
from symclone_tf.types import Path

TRANSLATION = (3, 4)
INTERPOLATED = (
    "Rotations by other angles than 90° and its multiples interpolate between pixels, "
    "within the disc about the centre."
)
OWN_OF_LAYERS = "Dashed: the teacher's own, of the exact convolutions of a gcnn."
OWN = "Interpolation is not exact: below each clone's error is the teacher's own."


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
    >>> missing = Illustration("equivariance", "the table of a benchmark", None)
    >>> [each.name for each in (drawn, missing) if each.figure is not None]
    ['learning-curves']
    """

    name: str
    caption: str
    figure: Figure | None


def illustrate(study: GroupStudy) -> Iterator[Illustration]:
    """Draws all figures of a group.

    Args:
        study: `GroupStudy`, see `study_group`.

    Yields:
        `Illustration`, one after the other.

    Example:

    >>> study = study_group("c4")  # doctest: +SKIP
    >>> [each.name for each in illustrate(study)][:3]  # doctest: +SKIP
    ['digits', 'operators', 'feature-maps']
    """
    yield _digits(study)
    yield _operators(study.small)
    yield _feature_maps(study)
    yield _weights(study)
    yield _deformations(study)
    yield _curves(study)
    yield from _of_benchmark(study)


def make_figures(
    study: GroupStudy, output: Path = "figures", file_format: str = "svg"
) -> Iterator[tuple[Illustration, pathlib.Path | None]]:
    """Draws all figures of a group into a folder.

    Args:
        study: `GroupStudy`, see `study_group`.
        output: String or path; files of an earlier run are replaced.
        file_format: String, `"png"`, `"svg"` or `"pdf"`.

    Yields:
        Pairs of an `Illustration` and the path of its file, or `None` where
        there is no figure.

    Raises:
        ValueError: If the format is none of these.
        ArtifactError: If `output` cannot be written to.
        OSError: If writing fails.

    Example:

    >>> next(make_figures(None, directory, file_format="gif"))
    Traceback (most recent call last):
        ...
    ValueError: `file_format` must be one of png, svg, pdf. Received: file_format=gif
    """
    one_of("file_format", file_format, FORMATS)
    root = check_directory(output)
    kind = "" if study.student == "dense" else f"-{study.student}"
    yield from saved(illustrate(study), root / f"{study.group.name}{kind}", file_format)


def saved(
    illustrations: Iterable[Illustration], start: pathlib.Path, file_format: str
) -> Iterator[tuple[Illustration, pathlib.Path | None]]:
    """Writes illustrations to files.

    Args:
        illustrations: Iterable of `Illustration`.
        start: `pathlib.Path`, the folder, and with what the names of files begin.
        file_format: String, `"png"`, `"svg"` or `"pdf"`.

    Yields:
        Pairs of an `Illustration` and the path of its file, or `None` where
        there is no figure.

    Raises:
        OSError: If writing fails.

    Example:

    >>> curves = Illustration("curves", "NMSE.", draw_learning_curves({9: [1.0, 0.1]}))
    >>> [(_, path)] = saved([curves], directory / "c4", "svg")
    >>> path.name
    'c4-curves.svg'
    """
    for each in illustrations:
        path = None
        if each.figure is not None:
            file = start.with_name(f"{start.name}-{each.name}.{file_format}")
            path = save_figure(each.figure, file)
        yield each, path


def _source(study) -> str:
    if study.data is not None:
        return f"Images of {study.data}"
    return "MNIST's test digits" if study.are_digits else "Drawn strokes without MNIST"


def _digits(study) -> Illustration:
    return Illustration(
        "digits",
        f"{_source(study)}: as they are, and transformed by {study.group.title}."
        f"{_if_interpolated(study, INTERPOLATED)}",
        draw_digits(study.images, study.group),
    )


def _if_interpolated(study, sentence) -> str:
    return "" if study.group.permutes_pixels else f" {sentence}"


def _operators(student) -> Illustration:
    size = student.teacher.kernel_size
    return Illustration(
        "operators",
        f"A trained {student.teacher.title} clone and its teacher as matrices from "
        "input pixels to output pixels, and their difference.",
        draw_operators(student, np.random.default_rng(0).normal(size=(size, size))),
    )


def _feature_maps(study) -> Illustration:
    teacher, group = study.exact.teacher, study.group
    layers = {
        "teacher": (teacher, teacher),
        f"{study.exact.blocks} blocks": (study.exact, teacher),
        f"{study.reduced.blocks} blocks": (study.reduced, teacher),
        "untrained": (untrained(study.exact), teacher),
    }
    transformation = (
        Translation(TRANSLATION) if group.is_trivial else GroupTransformation(group, 1)
    )
    name = "digit" if study.are_digits else "stroke"
    note = "" if study.are_digits else f" {_source(study)}."
    if study.data is not None:
        name = "image"
        if study.images.shape[-1] > 1:
            note += " Layers get the mean of its colours."
    note += _if_interpolated(study, OWN)
    kernel = kernels_of(teacher.kernel_size)["edges"]
    return Illustration(
        "feature-maps",
        f"Outputs of a {group.title} convolution and its clones for a {name} and for "
        f"the transformed {name}, and the difference from transforming the output "
        f"instead.{note}",
        draw_feature_maps(study.images[0], layers, kernel, transformation, name),
    )


def _weights(study) -> Illustration:
    title = study.small.teacher.title
    rest = "most stay zero, the others" if study.student == "dense" else "they"
    return Illustration(
        "weights",
        f"Weights of the blocks of a {title} clone while it learns: "
        f"{rest} reach the values of the teacher's operators.",
        draw_weights(study.weights, study.teacher_values),
    )


def _deformations(study) -> Illustration:
    deformed = "the identity"
    if not study.group.permutes_pixels:
        deformed = "the projection on what can be rotated by any angle"
    return Illustration(
        "deformations",
        f"How a locally connected {study.small.teacher.title} clone deforms the kernel "
        "at three positions while it learns: in the end the deformation is "
        f"{deformed} at all of them, as in a convolution.",
        draw_deformations(study.deformations, study.positions),
    )


def _curves(study) -> Illustration:
    return Illustration(
        "learning-curves",
        f"NMSE of {study.small.teacher.title} clones while they learn. Dashed: the "
        "Eckart–Young floor, below which no fewer blocks can go.",
        draw_learning_curves(study.curves, floors=study.floors),
    )


def _of_benchmark(study) -> Iterator[Illustration]:
    name, title = study.group.name, study.group.title
    if not study.rows:
        command = f"symclone-tf benchmark --group {name}"
        needs = f"{study.benchmark}, which {command} writes"
        yield Illustration("symmetry-breaking", needs, None)
        yield Illustration("equivariance", needs, None)
        return
    yield Illustration(
        "symmetry-breaking",
        f"{title}: accuracy on transformed digits. The invariance task needs networks "
        "that preserve the symmetry, the breaking task networks that break it. A dot "
        "for each seed, a line at the mean.",
        draw_accuracies(study.rows),
    )
    yield Illustration(
        "equivariance",
        f"{title}: each convolution's equivariance error, before and after training."
        f"{_if_interpolated(study, OWN_OF_LAYERS)}",
        draw_equivariance(study.rows),
    )
