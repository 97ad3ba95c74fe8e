"""Layers and models whose own class makes other layers than they have.

Keras writes a layer's class and arguments to a file, and the class makes the layers
within again. Where some of these were replaced, the file has to name them too.
"""

import functools
import inspect
from collections.abc import Iterable, Iterator
from typing import Any, cast

import keras
from keras.src.models.functional import Functional

from symclone_tf.networks.copies import layers_of

Path = tuple[int, ...]


class Replacing:
    """The layers that replace others in a layer, where Keras does not find them twice.

    Args:
        layers: List of layers.
    """

    def __init__(self, layers: list[keras.layers.Layer]):
        self.layers = layers


class Restructured:
    """Mixin of layers and models in which layers were replaced.

    Their configuration is that of their own class, with the configurations of what
    replaces layers in it, and where.
    """

    _replacing: Replacing

    def get_config(self) -> dict[str, Any]:
        """The configuration of the class's own, and of the layers that replace some."""
        serialize = keras.saving.serialize_keras_object
        found = list(_parts(self))
        replacing = {id(layer) for layer in self._replacing.layers}
        return {
            "original": serialize(_as_own_class(self)),
            "replaced": [
                [list(path), serialize(layer)]
                for path, layer in found
                if id(layer) in replacing
            ],
            "shapes": [
                [list(path), _shapes(layer)]
                for path, layer in found
                if isinstance(layer, (keras.Sequential, Functional))
            ],
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> keras.layers.Layer:
        """Makes the original, then a copy of it in which layers are replaced."""
        # Here, since what rebuilds networks restructures them.
        from symclone_tf.networks.reconstruction import rebuilt_layer

        deserialize = keras.saving.deserialize_keras_object
        original = deserialize(config["original"])
        parts = dict(_parts(original))
        others = {
            id(parts[tuple(path)]): deserialize(layer)
            for path, layer in config["replaced"]
        }
        shapes = {
            id(parts[tuple(path)]): _as_tuples(found)
            for path, found in config["shapes"]
            if tuple(path) in parts
        }
        return rebuilt_layer(original, lambda layer: others.get(id(layer)), shapes)


@functools.cache
def _restructured(cls: type) -> type:
    """A class like another, of the same name, which Keras reads as `Restructured`."""
    names = {"__module__": cls.__module__, "__doc__": cls.__doc__}
    found = type(cls.__name__, (Restructured, cls), names)
    # The last class of this name reads the files of all.
    register = keras.saving.register_keras_serializable("symclone_tf", "Restructured")
    return register(found)


@keras.saving.register_keras_serializable("symclone_tf", "Restructured")
class _Reader(Restructured, keras.layers.Layer):
    """Reads files before any layer was restructured in this process."""


def restructure(
    pairs: Iterable[tuple[keras.layers.Layer, keras.layers.Layer]],
    replaced: Iterable[tuple[keras.layers.Layer, keras.layers.Layer]],
) -> None:
    """Has layers name in their configuration what replaces layers in them.

    Args:
        pairs: Iterable of pairs of a layer and its copy.
        replaced: Those of a layer and what replaces it.
    """
    others = {id(other): other for _, other in replaced}
    for _, copy in pairs:
        if id(copy) in others or has_layers_in_config(copy):
            continue
        again = isinstance(copy, Restructured)
        before = copy._replacing.layers if again else []
        known = {id(part) for part in before}
        inside = [part for _, part in _parts(copy) if id(part) in others]
        inside = [*before, *(part for part in inside if id(part) not in known)]
        if inside:
            if not again:
                copy.__class__ = _restructured(cast(Any, type(copy)))
            vars(copy)["_replacing"] = Replacing(inside)


def forget_what_is_alike(model: keras.Model) -> list[keras.layers.Layer]:
    """Makes layers plain again whose class makes layers like those they have.

    Args:
        model: `keras.Model`.

    Returns:
        List of the layers, and of the model itself, that still name others.
    """
    parts = [part for _, part in _parts(model) if isinstance(part, Restructured)]
    left = []
    for part in reversed(parts):  # those within first
        if _is_made_alike(part):
            part.__class__ = type(part).__bases__[1]
            del vars(part)["_replacing"]
        else:
            left.append(part)
    return left[::-1]


def _is_made_alike(layer) -> bool:
    """Whether a layer's own class makes layers like those that replace some."""
    try:
        serialized = keras.saving.serialize_keras_object(_as_own_class(layer))
        serialized.pop("compile_config", None)
        made = dict(_parts(keras.saving.deserialize_keras_object(serialized)))
    except Exception:  # of classes that Keras cannot write or read
        return False
    replacing = {id(one) for one in layer._replacing.layers}
    return all(
        path in made and _geometry(made[path]) == _geometry(part)
        for path, part in _parts(layer)
        if id(part) in replacing
    )


def _geometry(layer) -> tuple[type, dict[str, Any]]:
    """A layer's class, and what its weights and its outputs depend on."""
    config = layer.get_config()
    beside = ("_initializer", "_regularizer", "_constraint")
    left = {
        key: value
        for key, value in config.items()
        if key not in ("name", "trainable") and not key.endswith(beside)
    }
    return type(layer), left


def _as_own_class(layer) -> Any:
    """A restructured layer as its own class has it."""
    own: Any = object.__new__(type(layer).__bases__[1])
    vars(own).update(vars(layer))
    return own


def has_layers_in_config(layer: keras.layers.Layer) -> bool:
    """Whether a layer's configuration has the configurations of the layers in it."""
    cls = type(layer)
    if isinstance(layer, (keras.Sequential, Functional)):
        if cls.__init__ in (keras.Sequential.__init__, keras.Model.__init__):
            return True
        kinds = {
            one.kind for one in inspect.signature(cls.__init__).parameters.values()
        }
        variadic = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
        return cls is Functional or variadic <= kinds
    # Wrappers, as TimeDistributed.
    return cls.__module__.partition(".")[0] == "keras"


def _parts(layer: Any, path: Path = ()) -> Iterator[tuple[Path, keras.layers.Layer]]:
    """A layer and those in it, with their places."""
    yield path, layer
    # Not into what has a student, which a convolution in its place has not.
    if not hasattr(layer, "student"):
        for index, part in enumerate(layers_of(layer)):
            yield from _parts(part, (*path, index))


def _shapes(model: Any) -> Any:
    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    return keras.tree.map_structure(lambda tensor: list(tensor.shape), inputs)


def _as_tuples(shapes: Any) -> Any:
    """Shapes as Keras takes them, from those of a file."""
    if isinstance(shapes, dict):
        return {name: _as_tuples(one) for name, one in shapes.items()}
    if all(one is None or isinstance(one, int) for one in shapes):
        return tuple(shapes)
    return [_as_tuples(one) for one in shapes]
