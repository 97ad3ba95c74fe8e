"""A page to draw on, with the outputs of a teacher and three clones at once."""

import base64
import pathlib

import numpy as np

from symclone_tf.figures.html_pages import check_page, write_page
from symclone_tf.figures.kernels import kernels_of
from symclone_tf.studies.exploration import (
    IMAGES,
    STEPS,
    Exploration,
)
from symclone_tf.types import Path


def write_explore_page(
    exploration: Exploration, output: Path = "explore.html"
) -> pathlib.Path:
    """Writes a page to draw on, that computes all outputs in the browser.

    The page holds the weights of all students, and needs no server, no network and no
    other file. The equivariance errors that it shows are those of
    `equivariance_error`, computed in the browser; those of clones stand beside the
    teacher's own where transformations interpolate.

    Args:
        exploration: `Exploration`, see `explore`.
        output: String or path; the page of an earlier run is replaced.

    Returns:
        `pathlib.Path` of the page.

    Raises:
        ArtifactError: If `output` is a file of someone else's.
        OSError: If writing fails.

    Example:

    >>> write_explore_page(explore("c4"), "explore.html")  # doctest: +SKIP
    PosixPath('explore.html')
    """
    output = pathlib.Path(output)
    check_page(output)
    group, students = exploration.teacher.group, exploration.students
    write_page(
        output,
        "explore.html",
        f"Is it equivariant under {group.title}?",
        group=group.title,
        interpolates=not group.permutes_pixels,
        layer=exploration.teacher.title,
        relaxed=_training_of_relaxed(exploration),
        blocks=students["clone"].blocks,
        fewer=students["fewer"].blocks,
        kind=_kind(exploration),
        images_of=exploration.data,
        first=int(not exploration.are_digits),
        last=len(exploration.images) - int(exploration.are_digits),
        data=_data(exploration),
    )
    return output


def _kind(exploration) -> str:
    """What one of the images is."""
    if exploration.data is not None:
        return "Image"
    return "Digit" if exploration.are_digits else "Stroke"


def _training_of_relaxed(exploration) -> str:
    images = f"{IMAGES} of MNIST's digits"
    if exploration.data is not None:
        images = f"images of {exploration.data}, up to {IMAGES},"
    elif not exploration.are_digits:
        images = "five drawn strokes"
    group = exploration.teacher.group
    telling = "no equivariant layer can tell."
    if not group.permutes_pixels:
        telling = "an equivariant layer can tell by what interpolation adds at most."
    return (
        f"{STEPS} steps of AdamW in a network that has to tell {images} transformed by "
        f"the second half of {group.title}'s elements from the others. It is right "
        f"{exploration.accuracy:.0%} of the time, where {telling}"
    )


def _data(exploration) -> dict:
    """All that the page computes with."""
    teacher = exploration.teacher
    group = teacher.group
    numbered = np.arange(teacher.positions_out * teacher.representation_out)
    numbered = numbered.reshape(1, *teacher.output_shape, 1)
    return {
        "size": teacher.image_size,
        "outputSize": teacher.output_size,
        "maps": teacher.representation_out,
        "group": group.title,
        "isDigits": exploration.are_digits,
        "kind": _kind(exploration),
        "arePhotographs": exploration.data is not None,
        "images": _packed(np.rint(255 * exploration.images), "u1"),
        "receptiveFields": _packed(teacher.receptive_fields, "<i4"),
        "kernels": {
            name: np.ravel(kernel).tolist()
            for name, kernel in kernels_of(teacher.kernel_size).items()
        },
        "kernelMatrices": _packed(group.kernel_matrices(teacher.kernel_size), "<f4"),
        "transformations": [
            _transformation(each, teacher, numbered)
            for each in teacher.transformations()
        ],
        "students": {name: _student(s) for name, s in exploration.students.items()},
    }


def _transformation(transformation, teacher, numbered) -> dict:
    """As permutations: the pixel that each pixel of a transformed image comes from, or
    -1 for zeros from outside; and which of its outputs have to equal which of the
    image's. The page interpolates itself, given the matrix."""
    if transformation.interpolates:
        group, element = transformation.group, transformation.element
        return {
            "title": transformation.title,
            "matrix": group.elements[element].tolist(),
            "moved": group.representation_permutation(element).tolist(),
        }
    pixels = 1 + np.arange(teacher.positions_in).reshape(1, *teacher.input_shape, 1)
    transformed, original = transformation.compared(numbered, numbered)
    return {
        "title": transformation.title,
        "from": _packed(transformation.inputs(pixels) - 1, "<i4"),
        "transformed": _packed(transformed, "<i4"),
        "original": _packed(original, "<i4"),
    }


def _student(student) -> dict:
    return {
        "blocks": student.blocks,
        "weights": _packed(student.local_weights.numpy(), "<f4"),
        "encoder": _packed(student.encoder.kernel.numpy(), "<f4"),
    }


def _packed(values, kind) -> str:
    return base64.b64encode(np.asarray(values).astype(kind).tobytes()).decode()
