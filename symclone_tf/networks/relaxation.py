"""Relaxes networks: their convolutions become clones, whose weights are untied."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import keras

from symclone_tf.checks import one_of
from symclone_tf.layers.anchors import strength_of
from symclone_tf.layers.cloned_layers import cloned_layer_of
from symclone_tf.layers.shared_students import SYMMETRIES, TRAINABLE_PARTS
from symclone_tf.networks.network_inputs import (
    input_specs,
    takes_any_size,
    trial_sizes,
)
from symclone_tf.networks.relaxation_report import (
    Relaxation,
    RelaxedLayer,
    relaxed_layer,
)
from symclone_tf.networks.relaxed_students import (
    relaxed_student,
)
from symclone_tf.networks.replacement import replaced_network
from symclone_tf.networks.selection import (
    check_network,
    input_shapes,
    select,
)
from symclone_tf.students import Student, get_student
from symclone_tf.students.regions import check_regions_option
from symclone_tf.teachers import Teacher


def relax(
    model: keras.Model,
    symmetry: str = "trainable",
    student: str | None = None,
    layers: str | Iterable[str] | Callable[[keras.layers.Layer], bool] | None = None,
    image_size: int | tuple[int, ...] | list[int] | None = None,
    verbose: int = 1,
    regions: int | tuple[int, ...] | list[int] | None = None,
    **options: Any,
) -> tuple[keras.Model, Relaxation]:
    """Unties the weights of a trained network's convolutions, at the same function.

    A convolution is a locally connected or dense layer with shared weights. As in
    d'Ascoli et al., 2019, its weights are untied without changing what the network
    computes, so that fine-tuning may break translation equivariance. (Wang et al.,
    2022, use *relaxed* in another sense: a relaxed group convolution there is a
    weighted sum of kernels, whose weights depend on the group element.)

    The returned network has the same inputs, layer names and outputs. In it a clone,
    made in closed form, replaces each chosen convolution, with that convolution's
    kernel and bias: a `ClonedConv2D`; a `ClonedSeparableConv2D`, whose depthwise part
    is a clone; or a `Cloned` for one axis or three, and transposed ones. All else is
    copied, see `rebuilt`. The given network does not change.

    Args:
        model: `keras.Model`, built. A subclassed one must have been built with one
            input.
        symmetry: String, `symmetry` of `ClonedConv2D`. Of a frozen clone the student
            does not train; the layer's kernel and bias do.
        student: String, the registered name of a kind of students; `None` for
            `"regional"` where that is much cheaper than `"local"`, for at least 256
            outputs of a convolution, and for all convolutions of a model that takes
            images of any size. The report has each layer's.
        layers: Names of layers, or a callable that is passed a layer and returns
            whether to relax it; `None` for all with kernels larger than 1×1.
            Convolutions that cannot be relaxed remain, unless they are named.
        image_size: Integer or pair of integers, height and width of the images, if
            the model takes images of any size; or one for each axis of other inputs;
            or a dictionary from the names of several inputs to such sizes. The new
            model takes images of this size only. `None` to let it take images of any
            size still, for which all students have to be regional: it is tried with
            the first of 224, 128, 64 and 32 pixels that it takes.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.
        regions: Integer, or one for each axis of a convolution's outputs, as `(rows,
            columns)`: the regions of regional students, at most as many as outputs.
            `None` for 4, or fewer where these would have fewer than 2 outputs.
        **options: Further options of `ClonedConv2D`, such as `anchor` and
            `trainable_part`.

    Returns:
        Pair of a `keras.Model`, of the same class and compiled as the given model is,
        and a `Relaxation`.

    Raises:
        ValueError: If its images have no known size, if no layer can be relaxed or one
            that is named cannot, or if a layer cannot be copied.
        TypeError: If `model` is not a Keras model.
        MemoryError: If training the clones would take more memory than is available.

    Example:

    >>> convolution = keras.layers.Conv2D(4, 3, name="edges")
    >>> model = keras.Sequential([keras.Input((8, 8, 1)), convolution])
    >>> relaxed, report = relax(model, "anchored", anchor="decoupled-l2-sp", verbose=0)
    >>> relaxed.layers[0].symmetry
    'anchored'
    >>> report.difference < 1e-5
    True

    Reference:

    - [d'Ascoli et al., 2019](https://arxiv.org/abs/1906.06766)
    - [Wang, Walters & Yu, 2022](https://arxiv.org/abs/2201.11969), the other sense
    """
    start = time.perf_counter()
    check_network(model)
    check_clone_options(symmetry, **options)
    if student is not None:
        get_student(student)
    regions = check_regions_option(regions, student)
    any_size = image_size is None and student in (None, "regional")
    any_size = any_size and takes_any_size(model)
    specs, shapes = at_a_size(model, image_size, any_size)

    def student_of(_, teachers):
        return relaxed_student(teachers, student, regions, any_size)

    def cloned_of(layer, copied):
        return cloned_layer_of(layer, copied, symmetry=symmetry, **options)

    sized = None if any_size else specs
    return relaxed_network(
        *(model, specs, shapes, sized, layers, student_of, cloned_of, relaxed_layer),
        symmetry=symmetry,
        verbose=verbose,
        start=start,
    )


def relaxed_network(
    model: keras.Model,
    specs: Any,
    shapes: dict[int, list[Any]],
    sized: Any,
    layers: Any,
    student_of: Callable[[keras.layers.Layer, list[Teacher]], Student],
    cloned_of: Callable[[keras.layers.Layer, Student], Any],
    row_of: Callable[[str, keras.layers.Layer, Any], RelaxedLayer],
    symmetry: str,
    verbose: int,
    start: float,
) -> tuple[keras.Model, Relaxation]:
    """A network whose chosen convolutions other layers replace, and its report.

    Args:
        specs: The inputs that the model is tried with, see `input_specs`.
        shapes: See `input_shapes`.
        sized: `specs` if the new network takes inputs of this size only, or `None`.
        student_of: See `select`.
        cloned_of: Callable of a convolution and its student, cloned: what replaces it.
        row_of: Callable of a name, a convolution and what replaces it.
        start: Float, when it began.
        model, layers, symmetry, verbose: See `relax`.

    Returns:
        See `relax`.
    """
    selection = select(model, shapes, layers, student_of)
    return replaced_network(
        *(model, selection, specs, shapes, sized, cloned_of, row_of),
        symmetry=symmetry,
        verbose=verbose,
        start=start,
    )


def at_a_size(model: keras.Model, image_size: Any, any_size: bool) -> tuple[Any, Any]:
    """The inputs that a model is tried with, and the shapes that reach its layers."""
    if not any_size:
        specs = input_specs(model, image_size)
        return specs, input_shapes(model, specs)
    *sizes, last = trial_sizes(model)
    for size in sizes:
        specs = input_specs(model, size)
        try:
            return specs, input_shapes(model, specs)
        except ValueError:  # a size that this model does not take
            continue
    specs = input_specs(model, last)
    return specs, input_shapes(model, specs)


def check_clone_options(
    symmetry,
    anchor="transformed-inputs",
    anchor_strength=None,
    trainable_part="all",
    **_,
):
    """Checks options of the layers before anything is cloned for them."""
    one_of("symmetry", symmetry, SYMMETRIES)
    one_of("trainable_part", trainable_part, TRAINABLE_PARTS)
    strength_of(anchor, anchor_strength)
