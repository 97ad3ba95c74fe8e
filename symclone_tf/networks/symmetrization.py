"""Gives trained networks a symmetry: means over a group, invariant or equivariant."""

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import keras

from symclone_tf.checks import one_of, positive_pair
from symclone_tf.networks.channel_positions import (
    FIRST,
    LAST,
    image_channels,
    output_channels,
)
from symclone_tf.networks.compilation import compile_alike, not_compiled
from symclone_tf.networks.copies_selection import (
    Wanted,
    copies_layer,
    select_for_copies,
)
from symclone_tf.networks.group_averaging import Averaging, output_names
from symclone_tf.networks.last_activations import (
    give_logits,
    last_layers,
    probabilities_of,
)
from symclone_tf.networks.network_inputs import (
    input_specs,
    takes_any_size,
    trial_sizes,
)
from symclone_tf.networks.reconstruction import Rebuilding, inputs_of, is_network
from symclone_tf.networks.relaxation import check_clone_options
from symclone_tf.networks.selection import check_network, input_shapes
from symclone_tf.networks.symmetrization_checks import (
    check_average,
    check_inputs,
    check_memory,
    check_outputs,
    checked_group,
    checked_images,
)
from symclone_tf.networks.symmetrization_report import Comparison, Symmetrization
from symclone_tf.symmetry import PointGroup
from symclone_tf.types import ArrayLike

AVERAGES = ("logits", "probabilities", "most-confident")
# Of the layers by which copies learn of each other.
OPTIONS = ("anchor", "anchor_strength", "seed", "trainable_part")


def symmetrize(
    model: keras.Model,
    group: str | PointGroup,
    symmetry: str | None = None,
    layers: Wanted = None,
    average: str = "logits",
    image_size: int | tuple[int, ...] | list[int] | None = None,
    images: ArrayLike | None = None,
    regions: int | tuple[int, int] | list[int] = 1,
    data_format: str | None = None,
    **options: Any,
) -> tuple[keras.Model, Symmetrization]:
    """Makes a trained network invariant under a group, without training it anew.

    The network's outputs become a mean over the group of its own outputs, each on
    images that an element has transformed; maps, as of segmentation, are transformed
    back. Of groups that permute pixels, the new network is exactly invariant, or its
    maps equivariant, to rounding, whatever its layers do in between: strides, padding
    and `Flatten` need not commute with the group, since a transformed image has the
    same copies in another order. Other groups interpolate between pixels, and are as
    exact as that is.

    All copies are in one batch, so that the new network has the weights of the given
    one, at |G| times its cost. Trained further, it remains invariant; batch
    normalisation has one mean over batch and group. The given network does not change.

    By chosen layers, each of them a clone, the copies learn of each other: such a
    `ClonedCopiesConv2D` is a group convolution that begins with the given kernel for
    each copy's own maps, and zero for those of others, so that the outputs are the same
    at first. Frozen, it remains equivariant; trainable or anchored, it may break the
    symmetry where the data does.

    Args:
        model: `keras.Model`, built, with images `(batch, height, width, channels)`, or
            several inputs, of which images are all transformed alike and vectors
            repeated. Outputs `(batch, units)` are taken as what should not change, as
            probabilities are: positions in the image, as of key points, would rotate
            with it.
        group: String, as `"flip"`, `"c4"`, `"d4"` or `"c8"`, or a `PointGroup`; not
            `"t2"`, which has translations alone.
        symmetry: String, of the layers by which copies learn of each other, see
            `ClonedConv2D`: `"frozen"`, `"trainable"` or `"anchored"`; `None` for
            `"frozen"`. Of a frozen layer the student does not train; its kernel and
            bias do.
        layers: Names of these layers; or a dictionary from names to the symmetry of
            each, which leaves `symmetry` out; or a callable that is passed a
            convolution and returns whether it becomes one. `None` for none, or for the
            last `Conv2D` larger than 1×1 if `symmetry` is `"trainable"` or
            `"anchored"`. Each takes |G|² times the operations of the convolution that
            it replaces.
        average: String. `"logits"` is the mean of what the last softmax or sigmoid
            is of, or of the outputs themselves where there is none; `"probabilities"`
            that of the probabilities; `"most-confident"` are the outputs of the element
            with the largest probability of a class, which needs softmax.
        image_size: Integer or pair of integers, height and width, if the model takes
            images of any size and the group interpolates, which needs one size; see
            `relax`.
        images: Array of images to measure invariance on; `None` for noise.
        regions: Integer or pair of integers, in how many regions of rows and columns
            layers that may break the symmetry have weights of their own, beside those
            of each element; 1 to preserve translation equivariance.
        data_format: String, `"channels_first"` or `"channels_last"`, of images; `None`
            for that of the first layers, as far as these tell.
        **options: Further options of the layers: `anchor`, `anchor_strength`,
            `trainable_part` and `seed`.

    Returns:
        Pair of a `keras.Model`, compiled as the given model is, and a
        `Symmetrization`.

    Raises:
        ValueError: If the group does not act on such images, as quarter turns on
            rectangles, the network has other inputs or outputs, `average` does not
            suit it, no layer takes an option, or nothing tells where images have their
            channels.
        TypeError: If `model` is not a Keras model.
        MemoryError: If |G| copies of one image's maps are more than is available.

    Example:

    >>> layers = [keras.Input((9, 8, 3)), keras.layers.Conv2D(4, 3, 2, "same")]
    >>> layers += [keras.layers.Flatten(), keras.layers.Dense(5, "softmax")]
    >>> model = keras.Sequential(layers)
    >>> symmetric, report = symmetrize(model, "flip")
    >>> images = keras.random.normal((2, 9, 8, 3))
    >>> np.allclose(symmetric(images), symmetric(images[:, :, ::-1]), atol=1e-6)
    True
    >>> report.deviation_before > 0.01, report.deviation < 1e-6
    (True, True)

    Reference:

    - [Basu et al., 2023](https://arxiv.org/abs/2210.06475): the mean over the group
    - [Yarotsky, 2018](https://arxiv.org/abs/1804.10306)
    """
    start = time.perf_counter()
    check_network(model)
    group = checked_group(group)
    one_of("average", average, AVERAGES)
    if data_format is not None:
        one_of("data_format", data_format, (FIRST, LAST))
    others = _of_others(symmetry, layers)
    check_clone_options(others, **options)
    regions = positive_pair("regions", regions)
    specs, tried = _specs(model, group, image_size)
    check_inputs(specs)
    check_outputs(model, average)
    if images is not None:
        images = checked_images(images, tried)
    kinds = [probabilities_of(layer) for layer in last_layers(model)]
    check_average(model, average, kinds, tried)
    shapes = input_shapes(model, tried)
    check_memory(shapes, group)
    channels = data_format or image_channels(model, shapes, tried)
    of_outputs = output_channels(model, channels)
    chosen = select_for_copies(model, shapes, layers, others, group)
    _check_used(chosen, symmetry, regions, options)
    made_of = {
        key: copies_layer(layer, shapes[key], group, each, regions, **options)
        for key, (_, layer, each) in chosen.items()
    }
    with_logits = average != "probabilities"
    inner, rebuilding = _copy(model, with_logits, made_of)
    averaging = Averaging(
        group,
        average,
        kinds if with_logits else [""] * len(kinds),
        channels,
        of_outputs,
    )
    made = averaging.around(model, inner, specs)
    compile_alike(model, made, rebuilding)
    notes = _notes(model, average, kinds)
    comparison = Comparison(model, made, group, channels, of_outputs)
    report = comparison.report(made_of, shapes, tried, images)
    seconds = time.perf_counter() - start
    return made, dataclasses.replace(report, notes=notes, seconds=seconds)


def _of_others(symmetry, layers):
    """The symmetry of layers that have none of their own."""
    if symmetry is not None and isinstance(layers, Mapping):
        raise ValueError(
            "`symmetry` is of layers that have none of their own, and `layers` gives "
            f"each its own. Received: symmetry={symmetry!r}, layers={dict(layers)}"
        )
    return "frozen" if symmetry is None else symmetry


def _check_used(chosen, symmetry, regions, options):
    """Refuses options that no layer would use."""
    each = {kind for _, _, kind in chosen.values()}
    if symmetry is not None and not each:
        raise ValueError(
            f"symmetry={symmetry!r} is that of layers, and `layers` chooses none"
        )
    if regions != (1, 1) and each <= {"frozen"}:
        raise ValueError(
            "`regions` are of layers that are trainable or anchored, and there are "
            f"none. Received: regions={regions}"
        )
    anchors = {"anchor", "anchor_strength"} & options.keys()
    if anchors and "anchored" not in each:
        raise ValueError(
            f"`{min(anchors)}` is of layers that are anchored, and there are none. "
            f"Received: {min(anchors)}={options[min(anchors)]!r}"
        )
    if unknown := options.keys() - OPTIONS:
        raise TypeError(
            f"Options of layers are {', '.join(OPTIONS)}. "
            f"Received: {', '.join(sorted(unknown))}"
        )


def _specs(model, group, image_size):
    """What the new network takes, and inputs of one size that it is tried with."""
    if image_size is None and group.permutes_pixels and takes_any_size(model):
        inputs = inputs_of(model) if is_network(model) else None
        if inputs is not None:
            return inputs, input_specs(model, trial_sizes(model)[-1])
    specs = input_specs(model, image_size)
    return specs, specs


def _copy(model, with_logits, replaced):
    """A copy of the network with other layers, whose outputs are logits if wanted."""
    ends = {id(layer) for layer in last_layers(model)} if with_logits else set()

    def replace(layer):
        softmax = isinstance(layer, keras.layers.Softmax)
        if softmax and id(layer) in ends and probabilities_of(layer):
            return keras.layers.Identity(name=layer.name)
        return replaced.get(id(layer))

    rebuilding = Rebuilding(model, replace)
    inner = rebuilding.whole()
    if with_logits:
        give_logits(last_layers(inner))
    return inner, rebuilding


def _notes(model, average, kinds) -> tuple[str, ...]:
    """What the new network does not do as the given one does."""
    notes = []
    if average == "logits" and not all(kinds):
        names = output_names(model, len(kinds))
        which = ", ".join(name for name, kind in zip(names, kinds) if not kind)
        whose = "Its outputs are"
        if any(kinds):
            one = kinds.count("") == 1
            whose = f"Its output {which} is" if one else f"Its outputs {which} are"
        notes.append(
            f"{whose} the mean of the given network's as they are: no softmax or "
            "sigmoid over the last axis was found at the end."
        )
    own = [
        name
        for name in ("train_step", "test_step", "predict_step", "compute_loss")
        if getattr(type(model), name) is not getattr(keras.Model, name)
    ]
    if own:
        notes.append(
            f"It is a keras.Model: {', '.join(own)} of {type(model).__name__} are not "
            "those of the new network."
        )
    if why := not_compiled(model):
        notes.append(f"It is not compiled, unlike the given network: {why}.")
    return tuple(notes)
