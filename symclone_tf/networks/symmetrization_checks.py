"""What is refused before a network is made symmetric."""

import math
from typing import Any

import keras
import numpy as np
import psutil

from symclone_tf.networks.last_activations import are_read_again
from symclone_tf.networks.reconstruction import is_network
from symclone_tf.networks.selection import flat_shapes
from symclone_tf.symmetry import PointGroup, get_group
from symclone_tf.types import Array

# Bytes of a number.
BYTES = 4


def checked_group(group: Any) -> PointGroup:
    """The group, which must have other elements than the identity, and a name.

    Raises:
        ValueError: If it has not.
    """
    group = get_group(group)
    if group.is_trivial:
        raise ValueError(
            "`group` must have reflections or rotations, as flip, c4 and d4; "
            f"convolutions have translations already. Received: group={group.name}"
        )
    try:
        named = get_group(group.name)
    except ValueError:
        named = None
    if named != group:
        raise ValueError(
            "`group` must be one that files can name, as flip, c4 and d4. Received: a "
            f"group of one's own, named {group.name!r}"
        )
    return group


def check_average(model: keras.Model, average: str, kinds: list[str], specs: Any):
    """Checks that an average suits a network's outputs.

    Args:
        model: `keras.Model`.
        average: String, one of `AVERAGES`.
        kinds: List of strings, see `probabilities_of`, one for each output.
        specs: Inputs of one size, see `input_specs`.

    Raises:
        ValueError: If it does not.
    """
    named = ", ".join(kind or "no softmax or sigmoid" for kind in kinds)
    if average == "most-confident" and set(kinds) != {"softmax"}:
        raise ValueError(
            'average="most-confident" needs outputs of a softmax, whose probabilities '
            f"can be compared. Received: a model with outputs of {named}"
        )
    if average == "probabilities" and not all(kinds):
        raise ValueError(
            'average="probabilities" needs outputs of a softmax or sigmoid; "logits" '
            "is the mean of outputs as they are. Received: a model with outputs of "
            f"{named}"
        )
    if average != "probabilities" and any(kinds) and are_read_again(model, specs):
        raise ValueError(
            f"average={average!r} takes the logits before the last softmax or sigmoid, "
            "and the model uses what comes after it, or its layer, once more: "
            'average="probabilities" leaves both. Received: '
            f"model {model.name!r}"
        )


def check_outputs(model: keras.Model, average: str) -> None:
    """Checks that outputs are vectors or maps, where the network knows their shapes.

    Raises:
        ValueError: If one is not.
    """
    if not is_network(model):
        return
    accepted = (2,) if average == "most-confident" else (2, 4)
    maps = "" if accepted == (2,) else ", or maps of 4 axes"
    for tensor in keras.tree.flatten(model.outputs):
        if len(tensor.shape) not in accepted:
            raise ValueError(
                f"Outputs that are averaged must have the shape (batch, units){maps}. "
                f"Received: a model with outputs of shape {tuple(tensor.shape)}"
            )


def check_inputs(specs: Any) -> None:
    """Checks that inputs are images, and vectors beside them.

    Raises:
        ValueError: If they are others.
    """
    flat = keras.tree.flatten(specs)
    images = [spec for spec in flat if len(spec.shape) == 4]
    if not images or any(len(spec.shape) not in (2, 4) for spec in flat):
        shapes = ", ".join(str(tuple(spec.shape)) for spec in flat)
        raise ValueError(
            "A network is made symmetric if its inputs are images, (batch, height, "
            "width, channels), and vectors beside them. Received: a model with inputs "
            f"of shape {shapes}"
        )


def check_memory(shapes: dict[int, list[Any]], group: PointGroup) -> None:
    """Checks that there is room for one image under all elements.

    Args:
        shapes: See `input_shapes`.
        group: `PointGroup`.

    Raises:
        MemoryError: If there is not.
    """
    numbers = sum(
        math.prod(size for size in shape[1:])
        for calls in shapes.values()
        for call in calls
        for shape in flat_shapes(call)
        if None not in shape[1:]
    )
    needed, available = BYTES * numbers * group.order, psutil.virtual_memory().available
    if needed > available:
        raise MemoryError(
            f"The maps of one image under the {group.order} elements of {group.title} "
            f"take {needed / 1e9:.3g} GB of memory, and {available / 1e9:.3g} GB are "
            "available. Choose a smaller group, or smaller images."
        )


def checked_images(images: Any, specs: Any) -> Any:
    """Images to measure on, as arrays.

    Args:
        images: Array, or a structure of arrays as the network takes them.
        specs: Inputs of one size, see `input_specs`.

    Returns:
        Array, or structure of arrays.

    Raises:
        ValueError: If they have other shapes than the network's inputs.
    """
    wanted = [tuple(spec.shape[1:]) for spec in keras.tree.flatten(specs)]
    several = isinstance(specs, (dict, list, tuple))
    flat = keras.tree.flatten(images) if several else [images]
    found = [_as_array(each) for each in flat]
    shapes = [None if each is None else each.shape for each in found]
    alike = len(found) == len(wanted) and all(
        shape is not None and shape[1:] == size and shape[0]
        for shape, size in zip(shapes, wanted)
    )
    if not alike:
        takes = ", ".join(f"(count, {', '.join(map(str, size))})" for size in wanted)
        given = ", ".join(
            f"an object of type {type(each).__name__}" if shape is None else str(shape)
            for each, shape in zip(flat, shapes)
        )
        raise ValueError(
            f"`images` must be arrays of shape {takes}, as the model takes. "
            f"Received: {given}"
        )
    return keras.tree.pack_sequence_as(specs, found) if several else found[0]


def _as_array(value) -> Array | None:
    """An array of numbers, or `None` of what is none."""
    try:
        array = np.asarray(value)
    except Exception:  # of whatever kind: it is no array
        return None
    return array if array.dtype.kind in "fiub" and array.ndim else None
