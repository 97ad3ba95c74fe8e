"""Which attention of a network can be local, and on which grid its tokens are."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import keras

from symclone_tf.errors import reason_of
from symclone_tf.networks.comparison import unchanged
from symclone_tf.networks.convolutions import with_names
from symclone_tf.networks.copies import all_layers
from symclone_tf.networks.layer_inputs import attention_calls
from symclone_tf.networks.network_inputs import zeros
from symclone_tf.networks.selection import Selection

# Before the patches: tokens of classes, of distillation, and registers.
MOST_PREFIX = 16


def calls_of(model, specs) -> dict[int, list[tuple[Any, int, Any]]]:
    """How attention is called: a query's shape, its tokens, and the grid before it."""
    kinds = (keras.layers.MultiHeadAttention, keras.layers.Conv2D)
    parts = [layer for layer in all_layers(model) if isinstance(layer, kinds)]
    with unchanged(model):
        calls = attention_calls(model, parts, zeros(specs))
    found: dict[int, list[tuple[Any, int, Any]]] = {}
    grids: list[tuple[int, int]] = []
    for layer, shape in calls:
        if isinstance(layer, keras.layers.Conv2D):
            first = layer.data_format == "channels_first"
            grids.append(shape[2:] if first else shape[1:3])
            continue
        tokens = math.prod(shape[1:-1]) if shape else 0
        grid = shape[1:-1] if shape and len(shape) == 4 else _fitting(grids, tokens)
        call = (shape, tokens, grid)
        different = found.setdefault(id(layer), [])
        if call not in different:
            different.append(call)
    return found


def _fitting(grids, tokens) -> tuple[int, int] | None:
    """The grid that tokens are of: with the fewest before them, and the last such."""
    sizes = {grid: tokens - math.prod(grid) for grid in grids}  # in order of calls
    fit = [g for g, left in sizes.items() if 0 <= left <= MOST_PREFIX]
    fit = [grid for grid in fit if 2 * sizes[grid] < tokens]
    return min(reversed(fit), key=sizes.__getitem__, default=None)


def select_attention(model, calls, layers, student_of) -> Selection:
    """The attention layers to replace."""
    attention = [
        layer
        for layer in all_layers(model)
        if isinstance(layer, keras.layers.MultiHeadAttention)
    ]
    order = {key: index for index, key in enumerate(calls)}
    attention.sort(key=lambda layer: order.get(id(layer), len(order)))
    found = with_names(attention)
    wanted = _wanted(layers, found)
    chosen, left = {}, {}
    for name, layer in found:
        if not wanted(name, layer):
            continue
        try:
            student = student_of(layer, calls.get(id(layer), []))
            chosen[id(layer)] = name, layer, student
        except ValueError as error:
            left[name] = reason_of(error)
    named = layers is not None and not callable(layers)
    if left and (named or not chosen):
        name, why = next(iter(left.items()))
        raise ValueError(f"The attention of layer {name!r} cannot be replaced: {why}")
    if not chosen and found:
        names = ", ".join(name for name, _ in found)
        raise ValueError(
            f"`layers` chooses no attention. Received: a model with {names}"
        )
    if not chosen:
        raise ValueError(
            "The model has no keras.layers.MultiHeadAttention to replace. "
            f"Received: layers {', '.join(one.name for one in model.layers)}"
        )
    return Selection(chosen, left)


def _wanted(layers, found) -> Callable[[str, Any], bool]:
    """Whether a layer of some name is to be replaced."""
    if layers is None:
        return lambda name, layer: True
    if callable(layers):
        return lambda name, layer: layers(layer)
    if not isinstance(layers, (str, Iterable)):
        raise ValueError(
            "`layers` must be a name, several, or a callable of a layer. "
            f"Received: layers={layers}"
        )
    named = {layers} if isinstance(layers, str) else set(layers)

    def names_of(name, layer):
        return {name, layer.name, *(layer.path or "").split("/")}

    within = {part for name, layer in found for part in names_of(name, layer)}
    if missing := sorted(named - within):
        raise ValueError(
            f"The model has no attention in layers named {missing}. "
            f"Its attention: {', '.join(name for name, _ in found) or 'none'}"
        )
    return lambda name, layer: bool(names_of(name, layer) & named)
