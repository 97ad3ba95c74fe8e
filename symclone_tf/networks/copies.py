"""Copies of layers and of what they hold, made without their constructors."""

import sys
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
from keras.src.models.functional import Functional

from symclone_tf.networks.object_copies import ObjectCopies, Uncopied
from symclone_tf.networks.references import attributes_of, refers

# What Keras sets on each layer by itself: wrappers around its methods, the calls by
# which it belongs to a graph, and losses of its last call.
OF_ONE_LAYER = frozenset({"build", "quantize", "_inbound_nodes", "_outbound_nodes"})
OF_ONE_CALL = frozenset({"_losses", "_loss_ids", "_losses_override"})
# What `compile` and `fit` set on a model.
OF_TRAINING = frozenset(
    {
        *("optimizer", "_optimizer", "_compile_config", "_compile_loss"),
        *("_compile_metrics", "_loss_tracker", "_compiled_trainable_state"),
        *("train_function", "test_function", "predict_function", "history"),
    }
)


# What TensorFlow finds the parts of a layer by: references with names, and the parts.
DEPENDENCIES = (
    "_self_unconditional_checkpoint_dependencies",
    "_self_unconditional_dependency_names",
)


def layers_of(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """The layers directly in a layer or model."""
    parts = layer._flatten_layers(include_self=False, recursive=False)
    if not isinstance(layer, Functional):
        return parts
    # Keras 3.12 lists the layers of the graph only.
    tracked = layer._tracker.config["layers"][1]
    known = {id(part) for part in parts}
    return [*parts, *(part for part in tracked if id(part) not in known)]


def all_layers(layer: keras.layers.Layer) -> list[Any]:
    """A layer or model, the layers in it, and the operations between them."""
    found: dict[int, Any] = {id(layer): layer}
    waiting = [layer]
    while waiting:
        one = waiting.pop(0)
        for part in layers_of(one):
            if id(part) not in found:
                found[id(part)] = part
                waiting.append(part)
        if isinstance(one, Functional):
            found |= {id(op): op for op in one.operations if id(op) not in found}
    return list(found.values())


class Copies(ObjectCopies):
    """Copies of layers, of what they hold, and of what refers to them.

    Keras makes a layer again from its configuration, in which functions are names and
    which lacks whatever its class does not declare. A copy is of the same class, and
    holds what the layer holds: the same functions and constants, and copies of its
    weights, of its layers, and of objects that refer to these. Layers that are not
    within the given one are shared.

    Args:
        layer: Keras layer or model, which is copied with the layers in it.
        replace: Callable of a layer, which returns another in its place, or `None`.

    Attributes:
        replaced: List of pairs of a layer and what replaces it.
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        replace: Callable[[keras.layers.Layer], keras.layers.Layer | None],
    ):
        super().__init__()
        self.replace = replace
        self.replaced: list[tuple[keras.layers.Layer, keras.layers.Layer]] = []
        self._layers = {id(one): one for one in all_layers(layer)}
        self._variables = {
            id(variable): variable
            for one in self._layers.values()
            for variable in (*_variables(one), *_metrics_variables(one))
        }
        # Functions that TensorFlow has traced hold the handles of variables.
        handles = (getattr(one, "handle", None) for one in self._variables.values())
        self._handles = [handle for handle in handles if handle is not None]
        self.targets = {*self._layers, *self._variables, *map(id, self._handles)}
        self._root = layer
        self._seen: set[int] = set()

    def of(self, value: Any) -> Any:
        """The copy of a layer or of any other value.

        Raises:
            Uncopied: If part of it would go on using the original.
        """
        if not self._seen:
            self._replace_within(self._root)
            for before, after in self.replaced:
                self._take_over(before, after)
        return super().of(value)

    def add_variables(self, variables: Iterable[keras.Variable]) -> None:
        """Adds variables to those that are copied, as of metrics."""
        added = {id(variable): variable for variable in variables}
        self._variables |= added
        self.targets |= added.keys()

    def attributes(self, original: Any, copy: Any, leave: Iterable[str] = ()) -> None:
        """Gives a copy what the original holds, except for some attributes."""
        leave = {*OF_ONE_LAYER, *OF_ONE_CALL, *leave}
        if isinstance(original, keras.Model):
            leave |= OF_TRAINING
        for name, value in attributes_of(original).items():
            if name in leave:
                continue
            if name in DEPENDENCIES:
                found = self._dependencies(value, vars(copy).get(name), leave)
            else:
                found = self._of(value)
            # Past `Layer.__setattr__`, which would track what is tracked already.
            object.__setattr__(copy, name, found)

    def _dependencies(self, original, own, leave):
        """What TensorFlow finds a copy's parts by, of which it has some already."""
        if isinstance(original, dict):
            kept = {key: one for key, one in original.items() if key not in leave}
            mine = {key: one for key, one in (own or {}).items() if key in leave}
            return {**self._of(kept), **mine}
        kept = [one for one in original if one.name not in leave]
        return [*self._of(kept), *(one for one in own or () if one.name in leave)]

    def target(self, value: Any) -> Any:
        return (
            self._layer(value) if id(value) in self._layers else self._variable(value)
        )

    def _layer(self, layer):
        try:
            return self.layer(layer)
        except Uncopied as error:
            return self._from_configuration(layer, error)

    def _replace_within(self, layer):
        """Replaces layers, before what refers to their weights is copied."""
        self._seen.add(id(layer))
        if (other := self.replace(layer)) is None:
            for part in layers_of(layer):
                if id(part) not in self._seen:
                    self._replace_within(part)
            return
        self.replaced.append((layer, other))
        self.keep(layer, other)
        for name in ("kernel", "bias"):
            before, after = getattr(layer, name, None), getattr(other, name, None)
            if isinstance(before, keras.Variable) and after is not None:
                self.keep(before, after)

    def _take_over(self, layer, other):
        """Puts what replaces a layer in its place."""
        own = [part for part in other._flatten_layers() if id(part) not in self.targets]
        for part in own:
            # Its activation may be a layer with weights.
            for name, value in attributes_of(part).items():
                if name not in OF_ONE_LAYER and refers(value, self.targets, False):
                    object.__setattr__(part, name, self._of(value))
        place = layer.path or layer.name
        for part in (*other._flatten_layers(), *other.variables):
            path = part.path or ""
            if path != place and not path.startswith(f"{place}/"):
                first, _, rest = path.partition("/")
                inside = rest if first == other.name else path
                part._path = f"{place}/{inside}" if inside else place

    def layer(self, layer: keras.layers.Layer) -> keras.layers.Layer:
        """The copy of a layer that is not replaced.

        Raises:
            Uncopied: If part of it would go on using the original.
        """
        kind: Any = type(layer)
        copy = kind.__new__(kind)
        self.keep(layer, copy)
        for name in OF_ONE_LAYER & vars(layer).keys() - {"build", "quantize"}:
            vars(copy)[name] = []
        vars(copy).update(_losses=[], _loss_ids=set(), _losses_override=[])
        if isinstance(layer, keras.Model):
            vars(copy).update(dict.fromkeys(OF_TRAINING & vars(layer).keys()))
        self.attributes(layer, copy, {"compiled"})
        if isinstance(layer, keras.Model):
            copy.compiled = False
        return copy

    def _from_configuration(self, layer, error):
        """A layer made again, since it holds functions compiled with their weights."""
        inside = {id(part) for part in all_layers(layer)}
        if any(id(before) in inside for before, _ in self.replaced):
            raise ValueError(
                f"No layer in {layer.name!r}, a {type(layer).__name__}, can be "
                f"replaced: {error}"
            ) from error
        try:
            make = type(layer).from_config
            if isinstance(layer, keras.layers.TFSMLayer):
                # Keras reads saved models for files only where these are trusted, and
                # this one has been read already.
                make = _from_arguments(type(layer))
            copy = make(layer.get_config())
            if not copy.built:
                copy.build_from_config(layer.get_build_config())
            copy.set_weights(layer.get_weights())
        except Exception:
            raise ValueError(
                f"Layer {layer.name!r}, a {type(layer).__name__}, cannot be copied: "
                f"{error}, and it cannot be made again from its configuration"
            ) from error
        self.keep(layer, copy)
        for before, after in zip(layer.weights, copy.weights, strict=True):
            self.keep(before, after)
        return copy

    def _variable(self, variable):
        if not isinstance(variable, keras.Variable):
            tensorflow = sys.modules["tensorflow"]
            copy = tensorflow.Variable(
                variable.read_value(), variable.trainable, name=variable.name[:-2]
            )
            self.keep(variable, copy)
            return copy
        copy = keras.Variable(
            np.array(keras.ops.convert_to_numpy(variable)),
            dtype=variable.dtype,
            trainable=variable.trainable,
            autocast=variable._autocast,  # which Keras does not make public
            aggregation=variable.aggregation,
            synchronization=variable.synchronization,
            name=variable.name,
        )
        self.keep(variable, copy)
        copy._path = variable.path
        copy.overwrite_with_gradient = variable.overwrite_with_gradient
        copy.regularizer = self._of(variable.regularizer)
        copy.constraint = self._of(variable.constraint)
        return copy


def _from_arguments(cls: type) -> Callable[[dict[str, Any]], Any]:
    return lambda config: cls(**config)


def _variables(layer) -> list:
    return list(getattr(layer, "variables", ()))


def _metrics_variables(layer) -> list:
    metrics = getattr(layer, "_metrics", ())
    return [variable for metric in metrics for variable in metric.variables]
