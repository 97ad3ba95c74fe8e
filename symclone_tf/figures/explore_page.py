"""A page to draw on, with the outputs of a teacher and three clones at once."""

import base64
import pathlib

import numpy as np

from symclone_tf.figures.html_pages import check_page, write_page
from symclone_tf.studies.exploration import (
    FEWER_BLOCKS,
    IMAGES,
    STEPS,
    Exploration,
)
from symclone_tf.types import Path

KERNELS = {
    "edges": np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]]) / 4,
    "diagonal": np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]]) / 4,
    "corner": np.array([[2, 2, -1], [2, 0, -1], [-1, -1, -2]]) / 4,
    "random": np.random.default_rng(0).normal(size=(3, 3)) / 3,
}


def write_explore_page(
    exploration: Exploration, output: Path = "explore.html"
) -> pathlib.Path:
    """Writes a page to draw on, that computes all outputs in the browser.

    The page holds the weights of all students, and needs no server, no network and no
    other file. The equivariance errors that it shows are those of
    `equivariance_error`, computed in the browser.

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
    write_page(
        output,
        "explore.html",
        f"Is it equivariant under {exploration.teacher.group.title}?",
        group=exploration.teacher.group.title,
        layer=exploration.teacher.title,
        relaxed=_training_of_relaxed(exploration),
        fewer=FEWER_BLOCKS,
        kind="Digit" if exploration.are_digits else "Stroke",
        first=int(not exploration.are_digits),
        last=len(exploration.images) - int(exploration.are_digits),
        data=_data(exploration),
    )
    return output


def _training_of_relaxed(exploration) -> str:
    images = f"{IMAGES} of MNIST's digits"
    if not exploration.are_digits:
        images = "five drawn strokes"
    return (
        f"{STEPS} steps of AdamW in a network that has to tell {images} transformed by "
        f"the second half of {exploration.teacher.group.title}'s elements from the "
        f"others. It is right {exploration.accuracy:.0%} of the time, where no "
        "equivariant layer can tell."
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
        "images": _packed(np.rint(255 * exploration.images), "u1"),
        "receptiveFields": _packed(teacher.receptive_fields, "<i4"),
        "kernels": {name: np.ravel(k).tolist() for name, k in KERNELS.items()},
        "kernelPermutations": group.kernel_permutations(3, lifting=True).tolist(),
        "transformations": [
            _transformation(each, teacher, numbered)
            for each in teacher.transformations()
        ],
        "students": {name: _student(s) for name, s in exploration.students.items()},
    }


def _transformation(transformation, teacher, numbered) -> dict:
    """As permutations: the pixel that each pixel of a transformed image comes from, or
    -1 for zeros from outside; and which of its outputs have to equal which of the
    image's."""
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
