"""A page to draw on, where a teacher, two clones and a relaxed one answer at once."""

import base64
import dataclasses
import html
import importlib.resources
import json
import pathlib
import string

import keras
import numpy as np

from symclone_tf.checks import positive_integer
from symclone_tf.cloning import TrainingProgress, clone
from symclone_tf.data import open_images
from symclone_tf.data.strokes import draw_strokes
from symclone_tf.errors import DataError
from symclone_tf.figures.html_pages import check_page, write_page
from symclone_tf.layers import ClonedConv2D
from symclone_tf.students import Student
from symclone_tf.symmetry import get_group
from symclone_tf.teachers import ConvTeacher

# Pixels that a page answers at 60 frames a second, and where digits can be told.
LEAST, MOST = 16, 64
# Blocks of the clone that cannot be exact; nine can.
FEWER = 5
# How many images a clone is relaxed on, in how many steps of how many.
DIGITS, STEPS, BATCH = 400, 200, 64
KERNELS = {
    "edges": np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]]) / 4,
    "diagonal": np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]]) / 4,
    "corner": np.array([[2, 2, -1], [2, 0, -1], [-1, -1, -2]]) / 4,
    "random": np.random.default_rng(0).normal(size=(3, 3)) / 3,
}


@dataclasses.dataclass(frozen=True)
class Explored:
    """What a page of `write_explore_page` answers with.

    Attributes:
        teacher: `ConvTeacher`, of images.
        students: Dictionary from names to `LocallyConnectedStudent`: `"clone"`, `"fewer"` with
            fewer blocks than an exact copy needs, and `"relaxed"`.
        accuracy: Float, how often the network that relaxed a clone was right, on
            the images that it was trained on.
        images: Array of shape `(count, size, size)` from 0 to 1.
        are_digits: Boolean, whether these are MNIST's; else drawn strokes.

    Example:

    >>> teacher = ConvTeacher("c4", image_size=16)
    >>> students = {"clone": LocallyConnectedStudent(teacher, seed=0)}
    >>> found = Explored(teacher, students, 0.5, draw_strokes(16), are_digits=False)
    >>> found.images.shape, list(found.students)
    ((5, 16, 16), ['clone'])
    """

    teacher: ConvTeacher
    students: dict[str, Student]
    accuracy: float
    images: np.ndarray
    are_digits: bool


def explore(group="c4", image_size=28, data_dir=None, verbose=0) -> Explored:
    """Clones a convolution twice, and trains one clone on.

    The relaxed clone is the first layer of a network of eight kernels and the average
    over all places and maps, which is trained to tell images that the second half of
    the symmetry's moves made from the others. No layer that keeps the symmetry can.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        image_size: Integer, from 16 to 64 pixels.
        data_dir: String or path, see `mnist_task`. Without MNIST, strokes are drawn
            in the digits' place.
        verbose: Integer, 0 for silence, 1 for progress bars on stderr.

    Returns:
        `Explored`.

    Raises:
        ValueError: If an argument is not accepted.

    Example:

    >>> found = explore("c2", 16, data_dir=directory)
    >>> list(found.students), found.students["fewer"].blocks
    (['clone', 'fewer', 'relaxed'], 5)
    """
    teacher = ConvTeacher(_group(group), _size(image_size))
    images, shown, are_digits = _images(image_size, data_dir)
    exact, _ = clone(teacher, student="local", verbose=verbose)
    fewer, _ = clone(teacher, student="local", blocks=FEWER, verbose=verbose)
    relaxed, accuracy = _relaxed(exact, images[..., None], verbose=verbose)
    students = {"clone": exact, "fewer": fewer, "relaxed": relaxed}
    return Explored(teacher, students, accuracy, shown, are_digits)


def write_explore_page(
    output="explore.html", group="c4", image_size=28, data_dir=None, verbose=0
) -> pathlib.Path:
    """Writes a page to draw on, whose layers answer at once, in the browser alone.

    It holds the weights of `explore`, and needs no server, no network and no other
    file. Each layer's equivariance error on what was drawn is that of
    `equivariance_error`, computed in the browser.

    Args:
        output: String or path; the page of an earlier run is replaced.
        group: String, see `explore`.
        image_size: Integer, see `explore`.
        data_dir: String or path, see `explore`.
        verbose: Integer, see `explore`.

    Returns:
        `pathlib.Path` of the page.

    Raises:
        ValueError: If an argument is not accepted.
        ArtifactError: If `output` is a file of someone else's.
        OSError: If writing fails.

    Example:

    >>> write_explore_page(directory / "explore.html", "c4", image_size=8)
    Traceback (most recent call last):
        ...
    ValueError: `image_size` must be from 16 to 64 pixels. Received: image_size=8
    """
    output = pathlib.Path(output)
    group, image_size = _group(group), _size(image_size)
    check_page(output)
    write_explored(output, explore(group, image_size, data_dir, verbose))
    return output


def write_explored(output, found) -> None:
    """Writes the page of layers that are there already.

    Args:
        output: `pathlib.Path`; what is there is replaced.
        found: `Explored`.

    Raises:
        OSError: If writing fails.
    """
    title = found.teacher.group.title
    body = string.Template(_file("explore.html")).substitute(
        group=html.escape(title),
        layer=html.escape(found.teacher.title),
        relaxed=html.escape(_how_relaxed(found)),
        fewer=FEWER,
        kind="Digit" if found.are_digits else "Stroke",
        first=int(not found.are_digits),
        last=len(found.images) - int(found.are_digits),
    )
    # A tag within it would end the script.
    data = json.dumps(_data(found)).replace("<", "\\u003c")
    parts = [body, f'<script type="application/json" id="data">{data}</script>']
    options = {"style": _file("explore.css"), "script": _file("explore.js")}
    write_page(output, f"Does it keep {title}?", parts, **options)


def _group(group):
    return get_group(group).name


def _size(image_size) -> int:
    positive_integer("image_size", image_size)
    if not LEAST <= image_size <= MOST:
        raise ValueError(
            f"`image_size` must be from {LEAST} to {MOST} pixels. "
            f"Received: image_size={image_size}"
        )
    return image_size


def _images(size, data_dir):
    """Images to train on, one of each kind to show, and whether they are digits."""
    try:
        mnist = open_images("mnist", size, data_dir=data_dir)
    except DataError:
        strokes = draw_strokes(size)
        return strokes, strokes, False
    first = {}
    for image, label in mnist.stream("test", DIGITS):
        first.setdefault(int(label), image.numpy())
    shown = _scaled(first[label] for label in sorted(first))
    trained = _scaled(image.numpy() for image, _ in mnist.stream("train", DIGITS))
    return trained, shown, True


def _scaled(images):
    return np.stack(list(images))[..., 0] / np.float32(255)


def _relaxed(student, images, seed=0, verbose=0):
    """A copy of a clone that was trained on, and how often its network was right."""
    twin = type(student).from_config({**student.get_config(), "name": "relaxed"})
    twin.build()
    twin.set_weights(student.get_weights())
    transformations = student.teacher.transformations()
    moved = np.stack([images, *(move.inputs(images) for move in transformations)])
    labels = np.repeat(np.arange(len(moved)) >= -(-len(moved) // 2), len(images))
    moved = moved.reshape(-1, *images.shape[1:])
    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(moved), STEPS * BATCH)
    network = keras.Sequential(
        [
            ClonedConv2D(
                8,
                twin,
                "trainable",
                activation="relu",
                kernel_initializer=keras.initializers.HeNormal(seed),
            ),
            keras.layers.Reshape((-1, 8)),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(
                1, "sigmoid", kernel_initializer=keras.initializers.GlorotUniform(seed)
            ),
        ]
    )
    network.compile(
        keras.optimizers.AdamW(1e-3), "binary_crossentropy", metrics=["accuracy"]
    )
    shown = {"metric": "accuracy", "form": ".0%", "disable": not verbose}
    with TrainingProgress("relaxed", STEPS, **shown) as progress:
        options = {"shuffle": False, "verbose": 0, "callbacks": [progress]}
        network.fit(moved[drawn], labels[drawn], BATCH, **options)
    _, accuracy = network.evaluate(moved, labels, verbose=0)
    return twin, float(accuracy)


def _how_relaxed(found) -> str:
    what = f"{DIGITS} of MNIST's digits" if found.are_digits else "five drawn strokes"
    return (
        f"{STEPS} steps of AdamW in a network that had to tell {what} moved by the "
        f"second half of {found.teacher.group.title}'s moves from the others. It is "
        f"right {found.accuracy:.0%} of the time there, where no layer that keeps the "
        "symmetry can tell."
    )


def _data(found) -> dict:
    """All that the page computes with."""
    teacher = found.teacher
    group = teacher.group
    numbered = np.arange(teacher.positions_out * teacher.representation_out)
    numbered = numbered.reshape(1, *teacher.output_shape, 1)
    return {
        "size": teacher.image_size,
        "outputs": teacher.output_size,
        "maps": teacher.representation_out,
        "group": group.title,
        "isDigits": found.are_digits,
        "images": _packed(np.rint(255 * found.images), "u1"),
        "seen": _packed(teacher.receptive_fields, "<i4"),
        "kernels": {name: np.ravel(k).tolist() for name, k in KERNELS.items()},
        "kernelMoves": group.kernel_permutations(3, lifting=True).tolist(),
        "moves": [_move(move, teacher, numbered) for move in teacher.transformations()],
        "students": {name: _student(s) for name, s in found.students.items()},
    }


def _move(move, teacher, numbered) -> dict:
    """Where pixels of a moved image come from, -1 for zeros that moved in; and which
    answers to it have to agree with which."""
    pixels = 1 + np.arange(teacher.positions_in).reshape(1, *teacher.input_shape, 1)
    at, of = move.compared(numbered, numbered)
    return {
        "title": move.title,
        "into": _packed(move.inputs(pixels) - 1, "<i4"),
        "at": _packed(at, "<i4"),
        "of": _packed(of, "<i4"),
    }


def _student(student) -> dict:
    return {
        "blocks": student.blocks,
        "weights": _packed(student.local_weights.numpy(), "<f4"),
        "encoder": _packed(student.encoder.kernel.numpy(), "<f4"),
    }


def _packed(values, kind) -> str:
    return base64.b64encode(np.asarray(values).astype(kind).tobytes()).decode()


def _file(name) -> str:
    return importlib.resources.files(__package__).joinpath(name).read_text("utf-8")
