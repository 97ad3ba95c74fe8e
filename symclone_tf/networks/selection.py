"""Selects the convolutions of a network to relax, and says why others are not."""

import dataclasses
import math
from collections.abc import Callable, Iterable
from typing import Any

import keras

from symclone_tf.errors import reason_of
from symclone_tf.layers.cloned import Cloned
from symclone_tf.layers.conversion import SUPPORTED, teacher_of
from symclone_tf.networks.comparison import unchanged
from symclone_tf.networks.convolutions import with_names
from symclone_tf.networks.copies import all_layers
from symclone_tf.networks.layer_inputs import layer_calls
from symclone_tf.networks.network_inputs import zeros
from symclone_tf.networks.reconstruction import inputs_of, is_network
from symclone_tf.students import Student
from symclone_tf.teachers import Teacher


@dataclasses.dataclass(frozen=True)
class Selection:
    """The layers of a network to relax.

    Attributes:
        chosen: Dictionary from the identity of each chosen layer to its name, itself
            and the student that relaxes it, not yet built, in the order in which the
            network calls them.
        left: Dictionary from the names of other convolutions to why they are not
            relaxed.
    """

    chosen: dict[int, tuple[str, keras.layers.Layer, Student]]
    left: dict[str, str]


def check_network(model: Any) -> None:
    """Checks that a model is a Keras model, and built.

    Raises:
        TypeError: If it is not a Keras model.
        ValueError: If it is not built.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"`model` must be a Keras model. Received: model of type {type(model)}"
        )
    if type(model).call is keras.Model.call:
        parts = [layer.name for layer in model.layers if isinstance(layer, keras.Model)]
        raise ValueError(
            "The model has no `call`, by which it is known what its layers see: take "
            f"the models in it, and put them in its place. Received: {model.name!r}, "
            f"of class {type(model).__name__}, with {', '.join(parts) or 'no models'}"
        )
    if not model.built:
        raise ValueError(
            "The model must be built, or it has no weights: call it once, or begin it "
            f"with keras.Input. Received: {model.name!r}"
        )


def input_shapes(model: keras.Model, specs: Any) -> dict[int, list[Any]]:
    """The shapes of inputs that reach each layer of a network, in the order of calls.

    Args:
        model: `keras.Model`, built.
        specs: See `input_specs`.

    Returns:
        Dictionary from the identities of layers that are called to the different
        shapes, or structures of them.
    """
    parts = [
        layer
        for layer in all_layers(model)
        if isinstance(layer, keras.layers.Layer) and layer is not model
    ]
    found: dict[int, list[Any]] = {}
    with unchanged(model):
        try:
            calls = layer_calls(model, parts, zeros(specs))
        except Exception as error:
            raise ValueError(
                f"The model cannot be called with inputs of {_sizes_in(specs)}: "
                f"{reason_of(error)}"
            ) from error
    for layer, shape in calls:
        if is_convolution(layer) and 0 in keras.tree.flatten(shape):
            raise ValueError(
                f"Inputs of {_sizes_in(specs)} are too small for the model: nothing is "
                f"left of them where they reach layer {layer.name!r}"
            )
        different = found.setdefault(id(layer), [])
        if shape not in different:
            different.append(shape)
    return found


def _sizes_in(specs) -> str:
    flat = keras.tree.flatten(specs)
    return "shape " + ", ".join(str(tuple(spec.shape)) for spec in flat)


def network_shapes(
    model: keras.Model, specs: Any, shapes: dict[int, list[Any]], chosen: Iterable[int]
) -> dict[int, Any]:
    """The shapes of inputs of a network and of nested ones that have chosen layers.

    Args:
        model: `keras.Model`, built.
        specs: See `input_specs`.
        shapes: See `input_shapes`.
        chosen: Iterable of identities of layers.

    Returns:
        Dictionary, see `rebuilt`.
    """
    wanted, found = set(chosen), {}
    if is_network(model):
        found[id(model)] = keras.tree.map_structure(lambda s: tuple(s.shape), specs)
    for layer in all_layers(model):
        different = shapes.get(id(layer), ())
        if layer is model or not is_network(layer) or len(different) != 1:
            continue
        tensors = inputs_of(layer)
        own = [tuple(tensor.shape) for tensor in keras.tree.flatten(tensors)]
        flat = flat_shapes(different[0])
        inside = {id(part) for part in all_layers(layer)} & wanted
        if inside and len(flat) == len(own):
            sized = [(before[0], *shape[1:]) for before, shape in zip(own, flat)]
            found[id(layer)] = keras.tree.pack_sequence_as(tensors, sized)
    return found


def select(
    model: keras.Model,
    shapes: dict[int, list[Any]],
    layers: str | Iterable[str] | Callable[[keras.layers.Layer], bool] | None,
    student_of: Callable[[keras.layers.Layer, list[Teacher]], Student],
) -> Selection:
    """Selects the layers to relax.

    Args:
        model: `keras.Model`, built.
        shapes: See `input_shapes`.
        layers: See `relax`.
        student_of: Callable of a layer and its teachers, one for each size of inputs
            that it is called with, the largest first. It returns the student, or
            raises a `ValueError` with the reason why there is none.

    Returns:
        `Selection`.

    Raises:
        ValueError: If no layer can be relaxed, or one that was named cannot.
    """
    convolutions = [layer for layer in all_layers(model) if is_convolution(layer)]
    order = {key: index for index, key in enumerate(shapes)}
    convolutions.sort(key=lambda layer: order.get(id(layer), len(order)))
    found = with_names(convolutions)
    named = {layers} if isinstance(layers, str) else layers
    if named is not None and not callable(named):
        named = set(named)
        _check_names(model, named, found)

    def is_wanted(name, layer):
        if named is None:
            return _is_larger_than_a_pixel(layer)
        return named(layer) if callable(named) else bool({name, layer.name} & named)

    chosen, left = {}, {}
    for name, layer in found:
        if is_wanted(name, layer):
            try:
                teachers = _teachers(layer, shapes.get(id(layer)))
                chosen[id(layer)] = name, layer, student_of(layer, teachers)
            except ValueError as error:
                left[name] = str(error)
    if isinstance(named, set) and left:
        name, why = next(iter(left.items()))
        raise ValueError(f"Layer {name!r} cannot be relaxed: {why}")
    if not chosen:
        said = ", ".join(one.name for one in model.layers)
        if not left:
            raise ValueError(
                f"The model has no convolution to relax. Received: layers {said}"
            )
        names: dict[str, list[str]] = {}
        for name, why in left.items():
            names.setdefault(why, []).append(name)
        reasons = [f"{', '.join(each)}: {why}" for why, each in names.items()]
        raise ValueError(
            f"The model has no convolution that can be relaxed. {'; '.join(reasons)}"
        )
    return Selection(chosen, left)


def is_convolution(layer: Any) -> bool:
    """Whether a layer is a convolution, rather than made of layers that are."""
    if not hasattr(layer, "kernel_size") or isinstance(layer, Cloned):
        return False
    if isinstance(layer, SUPPORTED):
        return True
    parts = layer._flatten_layers(include_self=False)
    inside = any(hasattr(part, "kernel_size") for part in parts)
    return bool(layer.weights) and not inside


def _check_names(model, named, found) -> None:
    known = {name for name, _ in found} | {layer.name for _, layer in found}
    others = {
        layer.name: type(layer).__name__
        for layer in all_layers(model)
        if isinstance(layer, keras.layers.Layer)
    }
    for name in sorted(named - known):
        if name in others:
            raise ValueError(
                f"Layer {name!r} cannot be relaxed: its class, {others[name]}, is not "
                "that of a convolution"
            )
    if missing := named - known:
        raise ValueError(
            f"The model has no layers named {sorted(missing)}. "
            f"Its convolutions: {', '.join(name for name, _ in found) or 'none'}"
        )


def _is_larger_than_a_pixel(layer) -> bool:
    sizes = getattr(layer, "kernel_size", 1)
    return max(sizes if isinstance(sizes, (tuple, list)) else (sizes,)) > 1


def _teachers(layer, shapes) -> list[Teacher]:
    """The teachers of a convolution, for all sizes that it is called with.

    Raises:
        ValueError: If it cannot be relaxed.
    """
    if type(layer) not in SUPPORTED:
        name = type(layer).__name__
        base = next((k.__name__ for k in SUPPORTED if isinstance(layer, k)), None)
        if base:
            raise ValueError(
                f"its class, {name}, may compute something else than {base}"
            )
        raise ValueError(f"layers of class {name} are not supported")
    if not shapes:
        raise ValueError("the network does not call it")
    sizes = sorted({tuple(shape[1:]) for shape in shapes}, key=math.prod, reverse=True)
    teachers: list[Teacher] = [teacher_of(layer, (None, *size)) for size in sizes]
    if any(teacher.positions_out == 1 for teacher in teachers):
        raise ValueError("its output is one position, which has no symmetry")
    if any(teacher.positions_in == 1 for teacher in teachers):
        raise ValueError("its input is one position, which has no symmetry")
    return teachers


def flat_shapes(shapes) -> list[tuple]:
    """The shapes in a structure of them."""
    if isinstance(shapes, dict):
        return [one for key in sorted(shapes) for one in flat_shapes(shapes[key])]
    if all(size is None or isinstance(size, int) for size in shapes):
        return [tuple(shapes)]
    return [one for part in shapes for one in flat_shapes(part)]
