"""U-Nets: networks that give a class to each pixel, with any kind of convolutions."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from symclone_tf.checks import one_of, positive_integer, positive_number
from symclone_tf.experiments.network_layouts import (
    TWO_PAIRS,
    check_students,
    filters_of,
    kernel_size_of,
    per_layer,
)
from symclone_tf.layers import (
    SYMMETRIES,
    TRAINABLE_PARTS,
    ClonedConv2D,
    GroupConv2D,
    GroupPooling,
)
from symclone_tf.students import Student
from symclone_tf.symmetry import PointGroup, get_group
from symclone_tf.teachers import ConvTeacher
from symclone_tf.types import Tensor

UNETS = ("cnn", "gcnn", "cloned")
# Whatever Keras' default is: the group axis is before the channels.
LAST = "channels_last"


def unet(
    architecture: str,
    group: str | PointGroup = "c4",
    classes: int = 2,
    canvas: int = 64,
    students: Sequence[Student] | None = None,
    symmetry: str = "frozen",
    anchor: str = "transformed-inputs",
    anchor_strength: float | None = None,
    trainable_part: str = "all",
    dropout: float = 0.2,
    seed: int | None = None,
    channels: int = 1,
    width: float = 1.0,
    front: Sequence[keras.layers.Layer] = (),
) -> keras.Model:
    """A U-Net, which gives each pixel of an image a class.

    Of images of up to 64 pixels there are three levels, of which each next one has half
    the size and twice the filters, 10, 20 and 40, and one more level for each doubling.
    Each level has two convolutions of 3×3 pixels, or more where a group has more than 8
    rotations, with zeros around images and ReLU, on the way down and, but for the
    smallest, on the way up. In between are 2×2 max poolings, and upsamplings to the
    nearest pixel, after which feature maps are joined with those of the same size from
    the way down. At the end is the mean over the group, and a convolution of one pixel
    with softmax.

    With group convolutions, or frozen clones of them, the network as a whole is
    equivariant: masks rotate as the image does. That is exact for groups that permute
    pixels, at every size that it accepts, since windows of poolings fit.

    Args:
        architecture: String, `"cnn"` for `keras.layers.Conv2D`; `"gcnn"` for
            `GroupConv2D`; or `"cloned"` for `ClonedConv2D`.
        group: String, as `"flip"`, `"d4"` or `"c8"`, see `sc.symmetry.get_group`.
        classes: Integer.
        canvas: Integer, height and width of the images in pixels, a multiple of that
            of `unet_canvas`.
        students: Sequence of `Student`, one for each convolution, for `"cloned"`; see
            `unet_teachers`.
        symmetry: String, of `ClonedConv2D`; or one for each convolution,
            separated by commas.
        anchor: String, of `ClonedConv2D`.
        anchor_strength: Float, of `ClonedConv2D`.
        trainable_part: String, of `ClonedConv2D`, or one for each.
        dropout: Float, the share of feature maps of the smallest level to drop, whole
            and of all group elements alike.
        seed: Integer, of the initial weights and of dropout; `None` for a
            random one.
        channels: Integer, of the images, 1 or 3.
        width: Float, the factor of all numbers of filters.
        front: Sequence of Keras layers before all others, which leave the images'
            shape as it is.

    Returns:
        `keras.Model`, from `image`, `(batch, canvas, canvas, channels)`, to
        `probabilities`, `(batch, canvas, canvas, classes)`.

    Raises:
        ValueError: If an argument is not accepted, or the students do not fit.

    Example:

    >>> model = unet("gcnn", "d4", classes=3, canvas=16, seed=0)
    >>> model(keras.random.normal((2, 16, 16, 1))).shape
    TensorShape([2, 16, 16, 3])

    Reference:

    - [Ronneberger et al., 2015](https://arxiv.org/abs/1505.04597)
    - [Cohen & Welling, 2016](https://arxiv.org/abs/1602.07576)
    """
    one_of("architecture", architecture, UNETS)
    group = get_group(group)
    positive_integer("classes", classes)
    positive_integer("channels", channels)
    filters = unet_filters(canvas, width)
    count = len(filters)
    if (architecture == "cloned") != (students is not None):
        raise ValueError(
            "`students` are for `architecture` cloned, which needs one for each "
            f"convolution. Received: architecture={architecture}, students={students}"
        )
    clones = list(students or ())
    if students is not None:
        check_students(clones, unet_teachers(group, canvas))
    symmetries = per_layer("symmetry", symmetry, SYMMETRIES, count)
    parts = per_layer("trainable_part", trainable_part, TRAINABLE_PARTS, count)
    drawn = np.random.SeedSequence(seed).generate_state(2 * count + 2).tolist()
    kernel_size = kernel_size_of(group)

    def conv(index: int) -> keras.layers.Layer:
        options: dict[str, Any] = {
            "activation": "relu",
            "kernel_initializer": keras.initializers.HeNormal(drawn[index]),
            "name": f"conv_{index + 1}",
        }
        size = filters[index]
        if architecture == "cloned":
            return ClonedConv2D(
                size,
                clones[index],
                symmetries[index],
                anchor=anchor,
                anchor_strength=anchor_strength,
                trainable_part=parts[index],
                seed=drawn[count + index],
                **options,
            )
        if architecture == "cnn":
            return layers.Conv2D(
                size, kernel_size, padding="same", data_format=LAST, **options
            )
        return GroupConv2D(size, kernel_size, group, padding="same", **options)

    on_group = architecture != "cnn" and not group.is_trivial
    image = keras.Input((canvas, canvas, channels), name="image")
    x: Tensor = image
    for layer in front:
        x = layer(x)
    levels = (count + 2) // 4
    passed, index = [], 0
    for level in range(levels):
        x = conv(index + 1)(conv(index)(x))
        index += 2
        if level < levels - 1:
            passed.append(x)
            x = _in_plane(x, layers.MaxPooling2D(2, data_format=LAST))
    x = _dropped(x, dropout, drawn[-1])
    while passed:
        larger = _in_plane(x, layers.UpSampling2D(2, data_format=LAST))
        x = layers.Concatenate()([larger, passed.pop()])
        x = conv(index + 1)(conv(index)(x))
        index += 2
    if on_group:
        x = GroupPooling(name="mean_over_group")(x)
    probabilities = layers.Conv2D(
        classes,
        1,
        activation="softmax",
        data_format=LAST,
        kernel_initializer=keras.initializers.GlorotUniform(drawn[-2]),
        name="probabilities",
        dtype="float32",  # under mixed precision too
    )(x)
    return keras.Model(image, probabilities, name=f"unet_{architecture}")


def unet_filters(canvas: int, width: float = 1.0) -> tuple[int, ...]:
    """The number of filters of each convolution of a U-Net, from first to last.

    Args:
        canvas: Integer, height and width of the images in pixels.
        width: Float, the factor of all numbers of filters.

    Returns:
        Tuple of integers.

    Raises:
        ValueError: If sizes are no multiple of that of `unet_canvas`, or the width is
            not positive.

    Example:

    >>> unet_filters(64)
    (10, 10, 20, 20, 40, 40, 20, 20, 10, 10)
    """
    positive_number("width", width)
    step = unet_canvas(positive_integer("canvas", canvas))
    if canvas % step or canvas < 16:
        raise ValueError(
            f"`canvas` must be a multiple of {step} from 16 on, so that feature maps "
            f"of all levels of the U-Net fit. Received: canvas={canvas}"
        )
    levels = step.bit_length()
    first = filters_of(1)[0]
    down = [max(1, round(width * first * 2**level)) for level in range(levels)]
    return tuple(f for each in (*down, *down[-2::-1]) for f in (each, each))


def unet_canvas(size: int) -> int:
    """Pixels by which sizes of a U-Net's images are divisible.

    Args:
        size: Integer, height and width of images in pixels.

    Returns:
        Integer, 4 up to 64 pixels, and twice as many for each doubling.

    Example:

    >>> unet_canvas(64), unet_canvas(65), unet_canvas(256)
    (4, 8, 16)
    """
    return 4 * 2 ** max(0, (size - 1) // TWO_PAIRS).bit_length()


def unet_teachers(group: str | PointGroup, canvas: int = 64) -> list[ConvTeacher]:
    """The convolutions of a U-Net, as teachers, from first to last.

    Args:
        group: String, see `sc.symmetry.get_group`.
        canvas: Integer, height and width of the images in pixels.

    Returns:
        List of `ConvTeacher`, of which several are equal.

    Example:

    >>> [teacher.title for teacher in unet_teachers("c4", 16)][:3]
    ['C4 lifting 16×16', 'C4 group 16×16', 'C4 group 8×8']
    >>> len(unet_teachers("c4", 16)), len(set(unet_teachers("c4", 16)))
    (10, 4)
    """
    levels = (len(unet_filters(canvas)) + 2) // 4
    down = [canvas // 2**level for level in range(levels)]
    sizes = [size for each in (*down, *down[-2::-1]) for size in (each, each)]
    kernel_size = kernel_size_of(group)
    return [
        ConvTeacher(group, size, kernel_size, lifting=index == 0, padding="same")
        for index, size in enumerate(sizes)
    ]


def _in_plane(x: Tensor, layer: keras.layers.Layer) -> Tensor:
    """A layer of the plane, for each group element apart.

    Elements are stacked as channels: LiteRT has no pooling of more axes.
    """
    if len(x.shape) == 4:
        return layer(x)
    *rest, filters = x.shape[1:]
    stacked = layers.Reshape((*rest[:2], math.prod(rest[2:]) * filters))
    moved = layer(stacked(x))
    return layers.Reshape((*moved.shape[1:3], *rest[2:], filters))(moved)


def _dropped(x: Tensor, rate: float, seed: int) -> Tensor:
    """Dropout of whole feature maps, of all group elements alike."""
    axes = len(x.shape) - 2
    return layers.Dropout(rate, (None, *[1] * axes, None), seed=seed)(x)
