"""Selects the convolutions of a network by which an image's copies learn of others."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras

from symclone_tf.layers.cloned_copies_conv2d import ClonedCopiesConv2D
from symclone_tf.layers.shared_students import SYMMETRIES
from symclone_tf.networks.convolutions import with_names
from symclone_tf.networks.copies import all_layers
from symclone_tf.networks.relaxed_students import clone_in_closed_form
from symclone_tf.networks.selection import flat_shapes, is_convolution
from symclone_tf.students import RegionalStudent
from symclone_tf.symmetry import PointGroup
from symclone_tf.teachers import CopiesConvTeacher

IsWanted = Callable[[keras.layers.Layer], bool]
Wanted = str | Iterable[str] | Mapping[str, str] | IsWanted | None


def select_for_copies(
    model: keras.Model,
    shapes: dict[int, list[Any]],
    layers: Wanted,
    symmetry: str,
    group: PointGroup,
) -> dict[int, tuple[str, keras.layers.Layer, str]]:
    """Selects convolutions, with the symmetry of each.

    Args:
        model: `keras.Model`, built.
        shapes: See `input_shapes`.
        layers: See `symmetrize`.
        symmetry: String, of those that have none of their own.
        group: `PointGroup`.

    Returns:
        Dictionary from the identities of layers to their names, themselves and their
        symmetry, in the order of the network's calls.

    Raises:
        ValueError: If a layer that is named is not there, or cannot be replaced.
    """
    convolutions = [layer for layer in all_layers(model) if is_convolution(layer)]
    order = {key: number for number, key in enumerate(shapes)}
    convolutions.sort(key=lambda layer: order.get(id(layer), len(order)))
    reasons = {id(layer): _why_not(layer, shapes, group) for layer in convolutions}
    named = with_names(convolutions)
    if layers is None and symmetry == "frozen":
        return {}
    if layers is None or callable(layers):
        able = [(name, layer) for name, layer in named if not reasons[id(layer)]]
        wanted = _last(able) if layers is None else filter(lambda n: layers(n[1]), able)
        return {id(layer): (name, layer, symmetry) for name, layer in wanted}
    each = _by_name(layers, symmetry)
    found = {}
    for name, layer in named:
        if which := {name, layer.name} & each.keys():
            if why := reasons[id(layer)]:
                raise ValueError(f"Layer {name!r} cannot become one of copies: {why}")
            found[id(layer)] = name, layer, each[min(which)]
    known = {name for entry in named for name in (entry[0], entry[1].name)}
    others = {
        layer.name: type(layer).__name__
        for layer in all_layers(model)
        if isinstance(layer, keras.layers.Layer)
    }
    if missing := each.keys() - known:
        if there := sorted(missing & others.keys()):
            raise ValueError(
                f"Layer {there[0]!r} cannot become one of copies: its class, "
                f"{others[there[0]]}, is not that of a convolution"
            )
        raise ValueError(
            f"The model has no convolutions named {sorted(missing)}. "
            f"Its convolutions: {', '.join(name for name, _ in named) or 'none'}"
        )
    return found


def _by_name(layers, symmetry):
    """The symmetry of each layer that is named."""
    if isinstance(layers, str):
        layers = [layers]
    own = isinstance(layers, Mapping)
    each = dict(layers) if own else dict.fromkeys(layers, symmetry)
    for name, chosen in each.items():
        if chosen not in SYMMETRIES:
            raise ValueError(
                f"The symmetry of a layer must be one of {', '.join(SYMMETRIES)}. "
                f"Received: {name}={chosen}"
            )
    return each


def _last(able):
    """The last of convolutions that see more than a pixel."""
    larger = [pair for pair in able if max(pair[1].kernel_size) > 1] or able
    if not larger:
        raise ValueError(
            "The model has no Conv2D with one group of channels, by which copies could "
            "learn of each other"
        )
    return larger[-1:]


def _why_not(layer, shapes, group) -> str:
    if type(layer) is not keras.layers.Conv2D or layer.groups != 1:
        return "it is not a Conv2D with one group of channels"
    if layer.data_format != "channels_last":
        return "its channels are first"
    calls = shapes.get(id(layer), ())
    if not calls:
        return "the network does not call it"
    if len(calls) > 1:
        return "it is called with inputs of several sizes"
    batch, height, width, _ = flat_shapes(calls[0])[0]
    if batch != 1:  # of the one image that the network was tried with
        return "its inputs are not one for each image, but parts of images"
    if height != width and not group.keeps_rectangles:
        return (
            f"its maps have {height}×{width} pixels, and {group.title} takes square "
            "ones only"
        )
    return ""


def copies_layer(
    layer: keras.layers.Conv2D,
    shape: Any,
    group: PointGroup,
    symmetry: str,
    regions: tuple[int, int],
    **options: Any,
) -> ClonedCopiesConv2D:
    """The layer that replaces a convolution, at the same function.

    Args:
        layer: `keras.layers.Conv2D`.
        shape: Shape of its inputs.
        group: `PointGroup`.
        symmetry: String.
        regions: Pair of integers, of the outputs of each copy, in which a clone that
            may break the symmetry has weights of its own.
        **options: Further options of `ClonedCopiesConv2D`.

    Returns:
        `ClonedCopiesConv2D`, built.
    """
    (_, height, width, _) = flat_shapes(shape)[0]
    geometry = layer.kernel_size, layer.padding, layer.strides, layer.dilation_rate
    teacher = CopiesConvTeacher(group, (height, width), *geometry)
    each = (1, 1, 1) if symmetry == "frozen" else (group.order, *regions)
    student = RegionalStudent(teacher, regions=each, seed=0, dtype="float32")
    clone_in_closed_form(student)
    return ClonedCopiesConv2D.from_conv(layer, student, symmetry=symmetry, **options)
