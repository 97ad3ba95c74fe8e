"""A teacher and clones of it to explore: exact, inexact, and relaxed."""

import dataclasses
import pathlib
from typing import Any

import keras
import numpy as np

from symclone_tf.checks import one_of, positive_integer
from symclone_tf.cloning import TrainingProgress, clone
from symclone_tf.data import draw_strokes
from symclone_tf.errors import DataError
from symclone_tf.experiments.network_layouts import kernel_size_of
from symclone_tf.layers import ClonedConv2D
from symclone_tf.students import LocallyConnectedStudent, make_student
from symclone_tf.studies.own_images import own_images
from symclone_tf.symmetry import PointGroup, get_group
from symclone_tf.teachers import ConvTeacher
from symclone_tf.types import Path
from symclone_tf.workspace import Workspace

# A page computes this many pixels 60 times a second; fewer show no digit.
LEAST, MOST = 16, 64
# Kinds with weights for the receptive field of each position, which the page computes.
STUDENTS = ("local", "regional")
# The page computes the outputs of all transformed images.
MOST_ROTATIONS = 16
# Of the blocks of an exact clone, the share of one that cannot be exact.
FEWER = 5 / 9
# Images that the relaxed clone is trained on, training steps, and images in each.
IMAGES, STEPS, BATCH = 400, 200, 64
# Images of one's own, of which there are no ten kinds.
SHOWN = 8


@dataclasses.dataclass(frozen=True)
class Exploration:
    """A teacher, three clones of it, and images to evaluate them on.

    Attributes:
        teacher: `ConvTeacher`, of images.
        students: Dictionary from names to `LocallyConnectedStudent`: `"clone"`;
            `"fewer"`, with five ninths of the blocks of an exact copy; and `"relaxed"`.
        accuracy: Float, of the network in which the relaxed clone was trained, on
            its training images.
        images: Array of shape `(count, size, size)` from 0 to 1.
        are_digits: Boolean, whether these are MNIST's; else drawn strokes, or images
            of one's own.
        data: String, the source of one's own images; `None` for the others.

    Example:

    >>> teacher = ConvTeacher("c4", image_size=16)
    >>> students = {"clone": LocallyConnectedStudent(teacher, seed=0)}
    >>> images = draw_strokes(16)
    >>> found = Exploration(teacher, students, 0.5, images, are_digits=False)
    >>> found.images.shape, list(found.students)
    ((5, 16, 16), ['clone'])
    """

    teacher: ConvTeacher
    students: dict[str, LocallyConnectedStudent]
    accuracy: float
    images: np.ndarray
    are_digits: bool
    data: str | None = None


def explore(
    group: str | PointGroup = "c4",
    image_size: int = 28,
    workspace: Workspace | None = None,
    student: str = "local",
    regions: int | tuple[int, int] | None = None,
    data: Path | None = None,
) -> Exploration:
    """Clones a convolution twice, and trains a copy of one clone on a task.

    The relaxed clone is the first layer of a network with eight kernels and global
    average pooling. The network is trained to tell images transformed by the second
    half of the group's elements from the others, which no equivariant layer can.

    Args:
        group: String, as `"t2"`, `"flip"`, `"c4"` or `"c8"`, with up to 16 rotations.
            Kernels have 3×3 pixels, or 5×5 with more than 8 rotations.
        image_size: Integer, from 16 to 64 pixels.
        workspace: `Workspace`, of whose data the digits are; `None` for the defaults.
            Without MNIST, drawn strokes replace the digits.
        student: String, the kind of the clones, `"local"` or `"regional"`.
        regions: Integer or pair of integers, of regional clones.
        data: String or path, images of one's own, see `sc.data.open_images`, of which
            colours are averaged, for the page draws in gray; `None` for digits.

    Returns:
        `Exploration`.

    Raises:
        ValueError: If an argument is not accepted.
        DataError: If there is no such data.

    Example:

    >>> found = explore("c2", 16, Workspace(data_dir=directory, verbose=0))
    >>> list(found.students), found.students["fewer"].blocks
    (['clone', 'fewer', 'relaxed'], 5)
    """
    group = _checked_group(group)
    teacher = ConvTeacher(group, _checked(image_size), kernel_size_of(group))
    one_of("student", student, STUDENTS)
    kind: dict[str, Any] = {"student": student, "regions": regions}
    make_student(student, teacher, regions=regions)  # refuses other regions
    workspace = Workspace.of(workspace)
    images, shown, are_digits = _images(image_size, workspace, data)
    verbose = workspace.verbose
    exact, _ = clone(teacher, verbose=verbose, **kind)
    blocks = round(FEWER * exact.blocks)
    fewer, _ = clone(teacher, blocks=blocks, verbose=verbose, **kind)
    relaxed, accuracy = _relaxed(exact, images[..., None], verbose=verbose)
    students = {"clone": exact, "fewer": fewer, "relaxed": relaxed}
    source = None if data is None else pathlib.Path(data).name
    return Exploration(teacher, students, accuracy, shown, are_digits, source)


def _checked_group(group) -> PointGroup:
    group = get_group(get_group(group).name)
    if group.rotations > MOST_ROTATIONS:
        raise ValueError(
            f"`group` must have at most {MOST_ROTATIONS} rotations to be explored. "
            f"Received: group={group.name}"
        )
    return group


def _checked(image_size) -> int:
    positive_integer("image_size", image_size)
    if not LEAST <= image_size <= MOST:
        raise ValueError(
            f"`image_size` must be from {LEAST} to {MOST} pixels. "
            f"Received: image_size={image_size}"
        )
    return image_size


def _images(size, workspace, data):
    """Images to train on, some to show, and whether they are digits."""
    if data is not None:
        trained = own_images(workspace, data, size, IMAGES, "train")
        shown = own_images(workspace, data, size, SHOWN)
        return trained.mean(axis=-1), shown.mean(axis=-1), False
    try:
        mnist = workspace.open_images("mnist", size)
    except DataError:
        strokes = draw_strokes(size)
        return strokes, strokes, False
    first = {}
    for image, label in mnist.stream("test", IMAGES):
        first.setdefault(int(label), image.numpy())
    shown = _scaled(first[label] for label in sorted(first))
    trained = _scaled(image.numpy() for image, _ in mnist.stream("train", IMAGES))
    return trained, shown, True


def _scaled(images):
    return np.stack(list(images))[..., 0] / np.float32(255)


def _relaxed(student, images, seed=0, verbose=0):
    """A trained copy of a clone, and the accuracy of the network that it is in."""
    twin = type(student).from_config({**student.get_config(), "name": "relaxed"})
    twin.build()
    twin.set_weights(student.get_weights())
    transformations = student.teacher.transformations()
    inputs = np.stack([images, *(t.inputs(images) for t in transformations)])
    second_half = np.arange(len(inputs)) >= -(-len(inputs) // 2)
    labels = np.repeat(second_half, len(images))
    inputs = inputs.reshape(-1, *images.shape[1:])
    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(inputs), STEPS * BATCH)
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
        network.fit(inputs[drawn], labels[drawn], BATCH, **options)
    _, accuracy = network.evaluate(inputs, labels, verbose=0)
    return twin, float(accuracy)
