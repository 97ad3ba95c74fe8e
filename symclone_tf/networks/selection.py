"""Selects the convolutions of a network to relax, and the size of its images."""

from collections.abc import Callable, Iterable
from typing import Any

import keras

from symclone_tf.checks import positive_pair
from symclone_tf.layers.cloned import Cloned
from symclone_tf.layers.conversion import CONV_1D_3D, CONVOLUTIONS, teacher_of
from symclone_tf.networks.reconstruction import inputs_of, is_network, rebuilt


def check_network(model: Any) -> None:
    """Checks that a model is Sequential or functional, built, and has one input.

    Raises:
        TypeError: If it is not a Keras model.
        ValueError: If it is another Keras model.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"`model` must be a Keras model. Received: model of type {type(model)}"
        )
    if not is_network(model):
        raise ValueError(
            "Only Sequential and functional models can be relaxed: build a functional "
            "model of the same layers, or relax the models within it. "
            f"Received: {model.name!r}, a {type(model).__name__}"
        )
    if not model.built:
        raise ValueError(
            "The model must be built, or it has no weights: call it once, or begin it "
            f"with keras.Input. Received: {model.name!r}"
        )
    if len(keras.tree.flatten(inputs_of(model))) != 1:
        raise ValueError(
            f"Only models with one input can be relaxed. Received: {model.name!r}, "
            f"with {len(keras.tree.flatten(inputs_of(model)))} inputs"
        )


def input_shape_of(model: keras.Model, image_size: Any) -> tuple:
    """The shape of a model's inputs, with a size for axes that have none.

    Args:
        model: `keras.Model`.
        image_size: Integer, or one for each axis; `None` for the model's own.

    Raises:
        ValueError: If a size is missing, or differs from the model's.
    """
    shape = list(keras.tree.flatten(inputs_of(model))[0].shape)
    if image_size is not None and len(shape) in (3, 4, 5):
        for axis, size in zip(_axes(model, shape), _sizes(image_size, shape)):
            if shape[axis] not in (None, size):
                raise ValueError(
                    f"The model takes images of shape {tuple(shape[1:])}. "
                    f"Received: image_size={image_size}"
                )
            shape[axis] = size
    if None in shape[1:]:
        raise ValueError(
            "A clone is made for images of one size, and the model takes any: pass "
            f"`image_size`. Received: inputs of shape {tuple(shape)}"
        )
    return tuple(shape)


def _sizes(image_size, shape) -> tuple[int, ...]:
    """A size for each axis of images, signals or volumes."""
    if len(shape) == 4:
        return positive_pair("image_size", image_size)
    count = len(shape) - 2
    several = isinstance(image_size, (tuple, list))
    sizes = tuple(image_size) if several else (image_size,) * count
    if len(sizes) != count or any(type(s) is not int or s < 1 for s in sizes):
        raise ValueError(
            f"`image_size` must be a positive integer, or {count} of them. "
            f"Received: image_size={image_size}"
        )
    return sizes


def _axes(model, shape) -> tuple[int, ...]:
    """The axes of height and width, after the channels if a layer has them first."""
    parts = model._flatten_layers(include_self=False)
    first = any(
        getattr(part, "data_format", None) == "channels_first" for part in parts
    )
    return tuple(range(2 if first else 1, len(shape) if first else len(shape) - 1))


def layers_with_shapes(
    model: keras.Model, shape: tuple
) -> list[tuple[keras.layers.Layer, Any]]:
    """A model's layers with the shapes of the inputs that reach them.

    Args:
        model: Built `keras.Model`, see `relax`.
        shape: Tuple, the shape of its inputs.

    Returns:
        List of pairs of a layer and a shape, in order, one for each such shape.
    """
    found: list[tuple[keras.layers.Layer, Any]] = []

    def add(layer, shape):
        found.append((layer, shape))

    rebuilt(model, add, shape, weights=False)
    return found


def choose_layers(
    found: list[tuple[keras.layers.Layer, Any]],
    layers: str | Iterable[str] | Callable[[keras.layers.Layer], bool] | None,
) -> tuple[dict[int, tuple], dict[str, str]]:
    """Chooses the layers to relax.

    Args:
        found: List of pairs of a layer and a shape, see `layers_with_shapes`.
        layers: See `relax`.

    Returns:
        Pair of dictionaries: from the identity of each chosen layer to it and its
        teacher, and from the names of other convolutions to why they are not relaxed.

    Raises:
        ValueError: If no layer can be relaxed, or one that was named cannot.
    """
    named = {layers} if isinstance(layers, str) else layers
    wanted = named if callable(named) else _larger_than_a_pixel
    if named is not None and not callable(named):
        named = set(named)
        names = [layer.name for layer, _ in found]
        if missing := named - set(names):
            convolutions = [one.name for one, _ in found if _is_convolution(one)]
            raise ValueError(
                f"The model has no layers named {sorted(missing)}. "
                f"Its convolutions: {', '.join(convolutions) or 'none'}"
            )

        def wanted(layer):
            return layer.name in named

    chosen, left = {}, {}
    for layer, shape in found:
        if not (wanted(layer) and _is_convolution(layer)):
            if wanted(layer) and isinstance(named, set):
                left[layer.name] = f"it is a {type(layer).__name__}, not a convolution"
            continue
        try:
            teacher = _teacher(layer, shape)
            if teacher.positions_out == 1:
                raise ValueError("its output is one position, which has no symmetry")
            if id(layer) in chosen:
                raise ValueError("it is called with images of several sizes")
            chosen[id(layer)] = layer, teacher
        except ValueError as error:
            chosen.pop(id(layer), None)
            left[layer.name] = str(error)
    if isinstance(named, set) and left:
        name, why = next(iter(left.items()))
        raise ValueError(f"Layer {name!r} cannot be relaxed: {why}")
    if not chosen:
        raise ValueError(
            "The model has no convolution to relax. "
            f"Received: layers {', '.join(one.name for one, _ in found)}"
            + "".join(f"; {name}: {why}" for name, why in left.items())
        )
    return chosen, left


def _larger_than_a_pixel(layer) -> bool:
    sizes = getattr(layer, "kernel_size", 1)
    return max(sizes if isinstance(sizes, tuple) else (sizes,)) > 1


def _is_convolution(layer) -> bool:
    return hasattr(layer, "kernel_size") and not isinstance(layer, Cloned)


def _teacher(layer, shape):
    if type(layer) not in (*CONVOLUTIONS, *CONV_1D_3D):
        kinds = ", ".join(kind.__name__ for kind in (*CONVOLUTIONS, *CONV_1D_3D))
        raise ValueError(f"{kinds} are supported, and it is a {type(layer).__name__}")
    return teacher_of(layer, shape)
