"""The inputs that a network takes: their shapes and types, and values for a trial."""

from typing import Any

import keras
import numpy as np

from symclone_tf.checks import integers_along_axes, positive_pair
from symclone_tf.networks.reconstruction import inputs_of, is_network

# Of sequences of any length, as of words.
LENGTH = 16
# Sizes to try along each axis of signals, images and volumes.
TRIAL_SIZES = {1: (512, 256, 64, 32), 2: (224, 128, 64, 32), 3: (48, 32, 24, 16)}


def input_specs(model: keras.Model, image_size: Any = None) -> Any:
    """The shapes and types of a network's inputs, with sizes for axes that have none.

    Args:
        model: `keras.Model`, built.
        image_size: Integer, or one for each axis; for networks with several inputs
            also a dictionary from their names to such sizes. `None` for the network's
            own.

    Returns:
        `keras.KerasTensor`, or a structure of them as the network takes it. Unknown
        sizes remain only of axes that are not of images, signals or volumes.

    Raises:
        ValueError: If a size is missing, or differs from the network's.

    Example:

    >>> images = keras.Input((None, None, 3))
    >>> model = keras.Model(images, keras.layers.Conv2D(2, 3)(images))
    >>> input_specs(model, image_size=(8, 6)).shape
    (None, 8, 6, 3)
    """
    tensors = _tensors(model)
    flat = keras.tree.flatten(tensors)
    if isinstance(image_size, dict):
        if unknown := set(image_size) - {tensor.name for tensor in flat}:
            raise ValueError(
                f"`image_size` must have names of inputs, of {_names(flat)}. "
                f"Received: {', '.join(sorted(map(str, unknown)))}"
            )
        chosen = [image_size.get(tensor.name) for tensor in flat]
    else:
        chosen = [_size_for(tensor, image_size, flat) for tensor in flat]
    if image_size is not None and all(size is None for size in chosen):
        fixed = ", ".join(str(tuple(tensor.shape)) for tensor in flat)
        raise ValueError(
            f"The model takes inputs of shape {fixed}, of which none is of unknown "
            f"size along as many axes. Received: image_size={image_size}"
        )
    first = _has_channels_first(model)
    shapes = [_sized(one.shape, size, first) for one, size in zip(flat, chosen)]
    for tensor, shape in zip(flat, shapes):
        if len(shape) > 2 and None in shape[1:]:
            which = f" {tensor.name!r}" if len(flat) > 1 else ""
            raise ValueError(
                "One size of images is needed, and the model takes any: pass "
                f"`image_size`. Received: input{which} of shape {tuple(shape)}"
            )
    specs = [
        keras.KerasTensor(shape, tensor.dtype, name=tensor.name)
        for tensor, shape in zip(flat, shapes)
    ]
    return keras.tree.pack_sequence_as(tensors, specs)


def takes_any_size(model: keras.Model) -> bool:
    """Whether an input of a network has axes of images, signals or volumes whose size
    is not known.

    Args:
        model: `keras.Model`, built.

    Returns:
        Boolean.

    Example:

    >>> images = keras.Input((None, None, 3))
    >>> model = keras.Model(images, keras.layers.Conv2D(2, 3)(images))
    >>> takes_any_size(model)
    True
    """
    shapes = [tensor.shape for tensor in keras.tree.flatten(_tensors(model))]
    return any(len(shape) > 2 and None in shape[1:] for shape in shapes)


def trial_sizes(model: keras.Model) -> list[Any]:
    """Sizes of images to try a network with that takes images of any size.

    Args:
        model: `keras.Model`, see `takes_any_size`.

    Returns:
        List of values of `image_size`, see `input_specs`, largest first.
    """
    flat, first = keras.tree.flatten(_tensors(model)), _has_channels_first(model)

    def sized(shape, size):
        known = shape[2:] if first else shape[1:-1]
        return tuple(size if one is None else one for one in known)

    free = {one.name: one.shape for one in flat if None in one.shape[1:]}
    free = {name: shape for name, shape in free.items() if 2 < len(shape) < 6}
    every = []
    for number in range(len(TRIAL_SIZES[2])):
        sizes = {
            name: sized(shape, TRIAL_SIZES[len(shape) - 2][number])
            for name, shape in free.items()
        }
        every.append(sizes if len(flat) > 1 else next(iter(sizes.values())))
    return every


def shapes_of(specs: Any) -> Any:
    """The shapes in a structure of tensors or of their specifications."""
    return keras.tree.map_structure(lambda spec: tuple(spec.shape), specs)


def zeros(specs: Any) -> Any:
    """One input of zeros for each specification in a structure."""
    return keras.tree.map_structure(
        lambda spec: np.zeros(_trial_shape(spec), _numpy_type(spec)), specs
    )


def noise(specs: Any, mean: float = 0.0, deviation: float = 1.0) -> Any:
    """One input of noise for each specification in a structure, always the same.

    Args:
        specs: See `input_specs`.
        mean: Float, of inputs that are not whole numbers; the others are 0 or 1.
        deviation: Float, likewise.

    Returns:
        Array, or a structure of arrays.
    """
    rng = np.random.default_rng(0)

    def draw(spec):
        if keras.backend.is_float_dtype(spec.dtype):
            return rng.normal(mean, deviation, _trial_shape(spec)).astype("float32")
        return rng.integers(0, 2, _trial_shape(spec)).astype(_numpy_type(spec))

    return keras.tree.map_structure(draw, specs)


def _numpy_type(spec) -> str:
    # Words are numbers as text, or none.
    return "U1" if spec.dtype == "string" else spec.dtype


def _trial_shape(spec) -> tuple[int, ...]:
    batch, *rest = spec.shape
    return (batch or 1, *(LENGTH if size is None else size for size in rest))


def _tensors(model) -> Any:
    """Tensors of the shapes and types of a network's inputs."""
    if is_network(model):
        return inputs_of(model)
    # A subclassed model knows the shape that it was built with.
    config = (model.get_build_config() if model.built else None) or {}
    if not (shapes := config.get("input_shape")):
        raise ValueError(
            "A subclassed model knows the shapes of its inputs if it has been called "
            "with one argument, a tensor or several in a list or a dictionary. "
            f"Received: {model.name!r}, a {type(model).__name__}"
        )
    return _as_tensors(shapes, model.compute_dtype, "inputs")


def _as_tensors(shapes, dtype, name) -> Any:
    """Tensors of the shapes in a structure."""
    if isinstance(shapes, dict):
        return {key: _as_tensors(one, dtype, key) for key, one in shapes.items()}
    if all(size is None or isinstance(size, int) for size in shapes):
        return keras.KerasTensor((None, *shapes[1:]), dtype, name=name)
    pairs = enumerate(shapes)
    return [_as_tensors(one, dtype, f"{name}_{number}") for number, one in pairs]


def _size_for(tensor, image_size, flat):
    """The size for one of several inputs: only for those that have as many axes."""
    axes = len(tensor.shape) - 2
    several = isinstance(image_size, (tuple, list))
    alone = len(flat) == 1 and axes in (1, 2, 3)
    if alone or image_size is None:
        return image_size if alone else None
    if None not in tensor.shape[1:] or axes not in (1, 2, 3):
        return None
    return None if several and len(image_size) != axes else image_size


def _sized(shape, image_size, first) -> tuple:
    """A shape with the given size of images, signals or volumes.

    Raises:
        ValueError: If the shape has another.
    """
    found = list(shape)
    if image_size is None:
        return tuple(found)
    axes = range(2, len(shape)) if first else range(1, len(shape) - 1)
    for axis, size in zip(axes, _sizes(image_size, shape)):
        if found[axis] not in (None, size):
            raise ValueError(
                f"The model takes images of shape {tuple(shape[1:])}. "
                f"Received: image_size={image_size}"
            )
        found[axis] = size
    return tuple(found)


def _sizes(image_size, shape) -> tuple[int, ...]:
    """A size for each axis of images, signals or volumes."""
    if len(shape) == 4:
        return positive_pair("image_size", image_size)
    return integers_along_axes("image_size", image_size, len(shape) - 2)


def _has_channels_first(model) -> bool:
    """Whether a layer has the channels before height and width."""
    parts = model._flatten_layers(include_self=False)
    return any(getattr(part, "data_format", None) == "channels_first" for part in parts)


def _names(flat) -> str:
    return ", ".join(tensor.name for tensor in flat)
