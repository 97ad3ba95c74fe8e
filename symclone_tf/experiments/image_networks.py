"""The networks of experiments, with students in place of their convolutions."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from symclone_tf.backends import backend
from symclone_tf.checks import one_of, positive_integer
from symclone_tf.experiments.network_layouts import (
    check_students,
    filters_of,
    kernel_size_of,
    network_teachers,
    per_layer,
    sizes_of,
)
from symclone_tf.layers import (
    SYMMETRIES,
    TRAINABLE_PARTS,
    CentredMaxPooling2D,
    ClonedConv2D,
    GroupConv2D,
)
from symclone_tf.students import Student
from symclone_tf.symmetry import PointGroup, get_group

ARCHITECTURES = ("mlp", "cnn", "gcnn", "cloned")
# Whatever Keras' default is: the group axis is before the channels.
LAST = "channels_last"
MLP_UNITS = (256, 256, 512, 512, 256, 128)


def image_network(
    architecture: str | Callable[..., keras.layers.Layer],
    group: str | PointGroup = "c4",
    classes: int = 10,
    canvas: int = 28,
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
    """A classifier of images, with the convolution as a parameter.

    Convolutions of 10, 10, 20 and 20 filters of 3×3 pixels, or more where a group has
    more than 8 rotations, see `kernel_size_of`, with ReLU; a 2×2 max pooling after each
    pair, on a group that of `CentredMaxPooling2D`; the average over space and group;
    Dense 50, ReLU, dropout, and Dense with softmax. With group convolutions, the
    classes' probabilities are invariant under the group at every image size; under
    rotations by other angles than 90° and its multiples up to what interpolation loses,
    and under T(2) up to the edges of the images, and the strides of the poolings. For
    images of more than 64 pixels there is one more pair, with twice the filters, for
    each doubling. The `"mlp"` has Dense layers of 256, 256, 512, 512, 256 and 128 units
    in place of convolutions.

    With the same seed, all architectures of a group have the same initial kernels in
    layers of the same shape.

    Args:
        architecture: String, `"mlp"`; `"cnn"` for `keras.layers.Conv2D`;
            `"gcnn"` for `GroupConv2D`; or `"cloned"` for `ClonedConv2D`. Or a
            callable of filters, kernel size, group and options of a Keras layer,
            which returns a layer in place of a `GroupConv2D`.
        group: String, as `"t2"`, `"flip"`, `"c4"` or `"c8"`, see
            `sc.symmetry.get_group`.
        classes: Integer.
        canvas: Integer, height and width of the images in pixels.
        students: Sequence of `Student`, one for each convolution, for `"cloned"`; see
            `network_students`.
        symmetry: String, of `ClonedConv2D`; or one for each convolution, separated by
            commas. Of a frozen clone the student does not train; the layer's kernel
            and bias do.
        anchor: String, of `ClonedConv2D`.
        anchor_strength: Float, of `ClonedConv2D`.
        trainable_part: String, of `ClonedConv2D`, or one for each.
        dropout: Float, the share of the last hidden units to drop.
        seed: Integer, of the initial weights and of dropout; `None` for a
            random one.
        channels: Integer, of the images, 1 or 3.
        width: Float, the factor of all numbers of filters.
        front: Sequence of Keras layers before all others, which leave the images'
            shape as it is.

    Returns:
        `keras.Sequential`, built, from `image`, `(batch, canvas, canvas, channels)`,
        to `probabilities`, `(batch, classes)`.

    Raises:
        ValueError: If an argument is not accepted, or the students do not fit.

    Example:

    >>> model = image_network("gcnn", "c4", seed=0)
    >>> model(keras.random.normal((2, 28, 28, 1))).shape
    TensorShape([2, 10])

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 4
    """
    if not callable(architecture):
        one_of("architecture", architecture, ARCHITECTURES)
    group = get_group(group)
    positive_integer("classes", classes)
    positive_integer("channels", channels)
    kernel_size = kernel_size_of(group)
    sizes = sizes_of(canvas, kernel_size, "valid")
    filters = filters_of(canvas, width)
    if (architecture == "cloned") != (students is not None):
        raise ValueError(
            "`students` are for `architecture` cloned, which needs one for each "
            "convolution. "
            f"Received: architecture={architecture}, students={students}"
        )
    symmetries = per_layer("symmetry", symmetry, SYMMETRIES, len(filters))
    parts = per_layer("trainable_part", trainable_part, TRAINABLE_PARTS, len(filters))
    clones = students or ()
    if students is not None:
        check_students(students, network_teachers(group, canvas))
    drawn = np.random.SeedSequence(seed).generate_state(48).tolist()
    drawn = list(map(backend().layer_seed, drawn))
    # The first kernels and anchors of any network keep their seeds in deeper ones.
    seeds, anchor_seeds = iter(drawn[:12] + drawn[16:32]), drawn[12:16] + drawn[32:]

    def hidden(units: int) -> keras.layers.Layer:
        return layers.Dense(
            units, "relu", kernel_initializer=keras.initializers.HeNormal(next(seeds))
        )

    def conv(index: int) -> keras.layers.Layer:
        options: dict[str, Any] = {
            "activation": "relu",
            "kernel_initializer": keras.initializers.HeNormal(next(seeds)),
            "name": f"conv_{index + 1}",
        }
        if architecture == "cnn":
            return layers.Conv2D(
                filters[index], kernel_size, data_format=LAST, **options
            )
        if architecture == "gcnn" or callable(architecture):
            make = architecture if callable(architecture) else GroupConv2D
            return make(filters[index], kernel_size, group, **options)
        return ClonedConv2D(
            filters[index],
            clones[index],
            symmetries[index],
            anchor=anchor,
            anchor_strength=anchor_strength,
            trainable_part=parts[index],
            seed=anchor_seeds[index],
            **options,
        )

    if architecture == "mlp":
        body = [layers.Flatten(LAST), *map(hidden, MLP_UNITS)]
    else:
        if sizes[-1] - kernel_size + 1 < 2:
            raise ValueError(
                "`canvas` is too small: the last 2×2 pooling of the network would get "
                f"1×1 images. Received: canvas={canvas}"
            )
        flat = architecture == "cnn" or group.is_trivial
        axis = () if flat else group.representation_shape
        body = []
        for index, size in enumerate(sizes):
            body.append(conv(index))
            if index % 2:
                body += _pooling(size - kernel_size + 1, axis, filters[index])
        average = (
            layers.GlobalAveragePooling2D if flat else layers.GlobalAveragePooling3D
        )
        body += [average(data_format=LAST), hidden(50)]
    return keras.Sequential(
        [
            keras.Input((canvas, canvas, channels), name="image"),
            *front,
            *body,
            layers.Dropout(dropout, seed=next(seeds)),
            layers.Dense(
                classes,
                "softmax",
                kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
                name="probabilities",
                dtype="float32",  # under mixed precision too
            ),
        ],
        name="network" if callable(architecture) else architecture,
    )


def _pooling(
    size: int, axis: tuple[int, ...], filters: int
) -> list[keras.layers.Layer]:
    """Layers that pool over space, but not over the group axis, if there is one.

    Keras' own, so that a network of fused clones needs no others. On a group, windows
    are centred: those of `MaxPooling2D(2)` leave the last row and column of odd sizes
    out, which after a rotation are others.
    """
    if not axis:
        return [layers.MaxPooling2D(2, data_format=LAST)]
    pooling = CentredMaxPooling2D(2, data_format=LAST)
    return pooling.plain_layers((None, size, size, *axis, filters))
