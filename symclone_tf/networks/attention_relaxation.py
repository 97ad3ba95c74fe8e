"""Relaxes networks towards transformers: convolutions become attention."""

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import keras

from symclone_tf.layers import ClonedAttention
from symclone_tf.layers.attention_checks import check_student
from symclone_tf.layers.conversion import inherited
from symclone_tf.layers.kernel_layouts import kernel_of
from symclone_tf.networks.comparison import largest_difference
from symclone_tf.networks.relaxation import (
    at_a_size,
    check_clone_options,
    relaxed_network,
)
from symclone_tf.networks.relaxation_report import Relaxation, RelaxedLayer
from symclone_tf.networks.selection import check_network
from symclone_tf.students import RelativeAttentionStudent, Student
from symclone_tf.teachers import Teacher

# Of one image: 9 heads of 32×32 positions fit.
MOST_SCORES = 2**24
BESIDE = (
    "kernel_constraint",
    "kernel_regularizer",
    "bias_constraint",
    "bias_regularizer",
    "activity_regularizer",
)


def relax_to_attention(
    model: keras.Model,
    symmetry: str = "trainable",
    layers: str | Iterable[str] | Callable[[keras.layers.Layer], bool] | None = None,
    image_size: int | tuple[int, ...] | list[int] | None = None,
    verbose: int = 1,
    **options: Any,
) -> tuple[keras.Model, Relaxation]:
    """Makes attention of a trained network's convolutions, at the same function.

    As in d'Ascoli et al., 2021, *Transformed CNNs*: a trained CNN goes on as a
    transformer. The returned network has the same inputs, layer names and outputs. In
    it `ClonedAttention` replaces each chosen convolution; its heads attend to the
    positions of the kernel, until training opens them to content.

    Args:
        model: `keras.Model`, built.
        symmetry: String, `symmetry` of `ClonedAttention`.
        layers: Names of layers, or a callable that is passed a layer and returns
            whether to relax it; `None` for all with kernels larger than 1×1 that can
            be: `Conv2D` with padding `"same"`, no strides, channels last and in one
            group, no regularizer or constraint, and few enough positions. All others
            remain.
        image_size: See `relax`. Attention takes images of one size.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.
        **options: Further options of `ClonedAttention`, such as `key_dim`, which is
            otherwise the smaller number of channels and filters.

    Returns:
        Pair of a `keras.Model`, of the same class and compiled as the given model is,
        and a `Relaxation`.

    Raises:
        ValueError: See `relax`.
        TypeError: If `model` is not a Keras model.
        MemoryError: See `relax`.

    Example:

    >>> convolution = keras.layers.Conv2D(4, 3, padding="same", name="edges")
    >>> model = keras.Sequential([keras.Input((8, 8, 2)), convolution])
    >>> attending, report = relax_to_attention(model, key_dim=4, verbose=0)
    >>> type(attending.layers[0]).__name__, report.difference < 1e-5
    ('ClonedAttention', True)

    Reference:

    - [d'Ascoli et al., 2021](https://arxiv.org/abs/2106.05795)
    """
    start = time.perf_counter()
    check_network(model)
    check_clone_options(symmetry, options.get("anchor", "decoupled-l2-sp"))
    specs, shapes = at_a_size(model, image_size, False)

    def cloned_of(layer, student):
        return _attention_of(layer, student, symmetry=symmetry, **options)

    return relaxed_network(
        *(model, specs, shapes, specs, layers, _student_of, cloned_of, _row),
        symmetry=symmetry,
        verbose=verbose,
        start=start,
    )


def _student_of(layer: keras.layers.Layer, teachers: list[Teacher]) -> Student:
    """The student of a convolution's attention, not yet built.

    Raises:
        ValueError: If there is none, with the reason.
    """
    if type(layer) is not keras.layers.Conv2D:
        raise ValueError(f"its kind is {type(layer).__name__}, not Conv2D")
    if getattr(layer, "groups", 1) > 1:
        raise ValueError("its channels are in groups, which attention has none of")
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise ValueError(f"its data_format is {layer.data_format}")
    if found := [name for name in BESIDE if getattr(layer, name) is not None]:
        raise ValueError(f"it has a {found[0]}, which attention could not keep")
    teacher, *others = teachers
    if others:
        raise ValueError("it is called with inputs of several sizes")
    student = RelativeAttentionStudent(teacher, seed=0, dtype="float32")
    try:
        check_student(student, None)
    except ValueError as error:
        raise ValueError(
            "attention has as many outputs as inputs: it takes padding='same' and no "
            "strides"
        ) from error
    scores = student.heads * teacher.positions_in**2
    if scores > MOST_SCORES:
        raise ValueError(
            f"its {student.heads} heads would have {scores / 1e6:.0f} million scores "
            f"of an image, of at most {MOST_SCORES / 1e6:.0f}"
        )
    return student


def _attention_of(layer, student: Any, **options: Any) -> ClonedAttention:
    """The attention that replaces a convolution."""
    own = inherited(layer)
    names = ("name", "trainable", "dtype", "activation", "bias_initializer")
    same = {name: own[name] for name in (*names, "kernel_initializer")}
    bias = layer.bias if layer.use_bias else None
    return ClonedAttention.from_kernel(
        kernel_of(layer), student, bias, **{**same, **options}
    )


def _row(name: str, layer: Any, attention: ClonedAttention) -> RelaxedLayer:
    """What the report says of a layer."""
    student, (channels, filters) = attention.student, layer.kernel.shape[-2:]
    positions, heads = student.teacher.positions_in, student.heads
    dims = attention.key_dim + attention.value_dim
    projections = channels * (attention.key_dim + dims) + attention.value_dim * filters
    products = positions * heads * (projections + positions * dims)
    spec = keras.KerasTensor((2, *student.sizes[0], channels), "float32")
    return RelaxedLayer(
        name,
        type(layer).__name__,
        student.teacher.title,
        str(student.kind),
        channels,
        filters,
        layer.count_params(),
        attention.count_params() + student.count_params(),
        2 * positions * math.prod(layer.kernel.shape),
        2 * products,
        largest_difference(layer, attention, spec),
    )
