"""Networks whose convolutions become clones."""

import copy
import dataclasses
import time
import warnings

import keras
import numpy as np
import psutil
from keras import ops
from rich.console import Console
from rich.progress import track

from symclone_tf.checks import one_of
from symclone_tf.cloning import clone
from symclone_tf.errors import RelaxingWarning
from symclone_tf.layers.anchors import strength_of
from symclone_tf.layers.cloned import Cloned
from symclone_tf.layers.cloned_conv2d import ClonedConv2D
from symclone_tf.layers.conversion import CONV_1D_3D
from symclone_tf.layers.shared_students import SYMMETRIES, TRAINABLE_PARTS
from symclone_tf.networks.reconstruction import rebuilt
from symclone_tf.networks.selection import check_network, choose, sized, survey
from symclone_tf.students import make_student

# Of a student's weights: gradients and an optimizer's two moments.
TRAINED = 4
# Mean and deviation of noise, for networks of normalised pixels, and of pixels as such.
PIXELS = ((0.0, 1.0), (128.0, 64.0))
# Beyond what float16 rounds to: another network.
ANOTHER = 0.05


@dataclasses.dataclass(frozen=True)
class RelaxedLayer:
    """What became of one convolution.

    Attributes:
        name: String, the layer's.
        kind: String, its class.
        teacher: String, the title of what it was, and the clone imitates.
        channels: Integer.
        filters: Integer.
        weights_before: Integer, how many numbers the convolution has.
        weights: Integer, how many the clone has.
        operations_before: Integer, floating-point operations for one image.
        operations: Integer, the same of the clone.
        difference: Float, the largest difference of both layers' answers to noise,
            relative to the largest answer.

    Example:

    >>> convolution = keras.layers.Conv2D(4, 3, name="edges")
    >>> model = keras.Sequential([keras.Input((6, 6, 1)), convolution])
    >>> (layer,) = relax(model, verbose=0)[1].layers
    >>> layer.name, layer.teacher
    ('edges', 'T(2) 6×6')
    >>> layer.weights_before, layer.weights > layer.weights_before
    (40, True)
    """

    name: str
    kind: str
    teacher: str
    channels: int
    filters: int
    weights_before: int
    weights: int
    operations_before: int
    operations: int
    difference: float


@dataclasses.dataclass(frozen=True)
class Relaxation:
    """What became of a network.

    Attributes:
        layers: Tuple of `RelaxedLayer`, in the network's order.
        left: Dictionary, of convolutions that were chosen and stayed: the name, and
            why.
        difference: Float, the largest difference of both networks' answers to noise,
            of pixels as they are and of normalised ones, relative to the largest
            answer.
        seconds: Float.

    Example:

    >>> convolutions = [keras.layers.Conv2D(2, 3, name=name) for name in ("a", "b")]
    >>> model = keras.Sequential([keras.Input((5, 5, 1)), *convolutions])
    >>> _, report = relax(model, verbose=0)
    >>> [layer.name for layer in report.layers]
    ['a']
    >>> report.left
    {'b': 'its output is one place, which has no symmetry'}
    """

    layers: tuple[RelaxedLayer, ...]
    left: dict[str, str]
    difference: float
    seconds: float


def relax(
    model,
    symmetry="trainable",
    student="local",
    layers=None,
    image_size=None,
    verbose=1,
    **options,
):
    """Makes a network of clones that may leave the symmetry of convolutions.

    The network that comes back has the same inputs, outputs, names and answers. In
    it each chosen convolution is a `ClonedConv2D` with that convolution's kernel
    and bias, made by a clone in closed form; of one axis or three, a `Cloned`. The
    given network stays as it is.

    Args:
        model: `keras.Sequential` or functional `keras.Model`, built, of one input.
        symmetry: String, of `ClonedConv2D`.
        student: String, the registered name of a kind of students.
        layers: Names of layers, or a callable that says of a layer whether it is
            chosen; `None` for all whose kernel is larger than 1×1. Of what has been
            named each has to be relaxed; else what cannot be stays.
        image_size: Integer or pair of integers, height and width of the images, where
            the model takes images of any size; or one for each axis of other inputs.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.
        **options: Of `ClonedConv2D`, as `anchor` and `trainable_part`.

    Returns:
        Pair of `keras.Model` and `Relaxation`. It is compiled as the given model was.

    Raises:
        ValueError: If the model is none whose layers are known, its images have no
            known size, or nothing can be relaxed, or not all that was named.
        TypeError: If the model is no Keras model.
        MemoryError: If training the clones takes more memory than there is.

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
    """
    start = time.perf_counter()
    check_network(model)
    _check_options(symmetry, **options)
    shape = sized(model, image_size)
    chosen, left = choose(survey(model, shape), layers)
    _check_memory(chosen, student, symmetry)
    clones = {}
    teachers = dict.fromkeys(teacher for _, teacher in chosen.values())
    for teacher in track(
        teachers, "Cloning", console=Console(stderr=True), disable=not verbose
    ):
        clones[teacher], _ = clone(
            teacher, student=student, solver="closed-form", verbose=0
        )

    relaxed_layers = {}

    def replace(layer, shape):
        if id(layer) not in chosen:
            return None
        own = copy.deepcopy(clones[chosen[id(layer)][1]])
        kind = Cloned if isinstance(layer, CONV_1D_3D) else ClonedConv2D
        relaxed_layers[id(layer)] = kind.from_conv(
            layer, own, symmetry=symmetry, **options
        )
        return relaxed_layers[id(layer)]

    relaxed = rebuilt(model, replace, shape)
    rows = tuple(
        _row(layer, teacher, relaxed_layers[key])
        for key, (layer, teacher) in chosen.items()
    )
    difference = max(
        _difference(model, relaxed, (1, *shape[1:]), *pixels) for pixels in PIXELS
    )
    if difference > ANOTHER:
        warnings.warn(
            f"The relaxed network answers otherwise, by {difference:.2g} of the "
            "largest answer, though its convolutions do not: a layer of it knows what "
            "stands neither in its weights nor in its configuration.",
            RelaxingWarning,
            stacklevel=2,
        )
    return relaxed, Relaxation(rows, left, difference, time.perf_counter() - start)


def _check_options(
    symmetry,
    anchor="transformed-inputs",
    anchor_strength=None,
    trainable_part="all",
    **_,
):
    """Refuses what a layer would, before anything is cloned for it."""
    one_of("symmetry", symmetry, SYMMETRIES)
    one_of("trainable_part", trainable_part, TRAINABLE_PARTS)
    strength_of(anchor, anchor_strength)


def _check_memory(chosen, student, symmetry) -> None:
    """Refuses clones whose training this machine could not hold."""
    copies = {"frozen": 1, "trainable": TRAINED, "anchored": TRAINED + 1}[symmetry]
    needed = [
        (4 * copies * make_student(student, teacher).parameters, layer.name)
        for layer, teacher in chosen.values()
    ]
    total, available = sum(n for n, _ in needed), psutil.virtual_memory().available
    if total > available:
        most, largest = max(needed)
        raise MemoryError(
            f"The {len(needed)} clones take {total / 1e9:.3g} GB of memory when they "
            f"are trained, {most / 1e9:.3g} GB of them layer {largest!r}, "
            f"and {available / 1e9:.3g} GB are available. Choose fewer with `layers`, "
            "or smaller images."
        )


def _row(layer, teacher, cloned) -> RelaxedLayer:
    *_, share, filters = cloned.kernel.shape
    channels, student = share * cloned.groups, cloned.student
    size = teacher.positions_out * teacher.representation_out * teacher.kernel_entries
    mine = student.operations(share, filters // cloned.groups) * cloned.groups
    if cloned.computes_as() == "convolution":
        mine = size * share * filters
    shape = cloned._from_last((2, *teacher.input_shape, channels))
    return RelaxedLayer(
        layer.name,
        type(layer).__name__,
        teacher.title,
        channels,
        filters,
        layer.count_params(),
        layer.count_params() + student.parameters,
        2 * size * share * filters,
        2 * mine,
        _difference(layer, cloned, shape),
    )


def _difference(before, after, shape, mean=0.0, deviation=1.0) -> float:
    noise = np.random.default_rng(0).normal(mean, deviation, shape).astype("float32")
    pairs = zip(*(keras.tree.flatten(each(noise)) for each in (before, after)))
    found = []
    for expected, answer in pairs:
        expected, answer = (
            ops.convert_to_numpy(ops.cast(each, "float32"))
            for each in (expected, answer)
        )
        size = np.abs(expected).max()
        found.append(float(np.abs(answer - expected).max() / (size or 1)))
    return max(found)
