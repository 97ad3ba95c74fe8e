"""Rebuilds a network layer by layer, and replaces some of its layers."""

from collections.abc import Callable
from typing import Any

import keras
from keras.src.models.functional import Functional

from symclone_tf.types import Shape


def rebuilt(
    model: keras.Model,
    replace: Callable[[keras.layers.Layer, Any], keras.layers.Layer | None],
    shape: Shape | None = None,
    weights: bool = True,
) -> keras.Model:
    """Rebuilds a network, and replaces some of its layers.

    Args:
        model: `keras.Sequential` or functional `keras.Model`, built.
        replace: Callable of a layer and the shape of its inputs, which returns another
            layer in its place, or `None`. It is called once for each such shape.
        shape: Tuple, the shape of the model's one input; `None` for its own.
        weights: Boolean, whether to copy the weights, and how the model is compiled.

    Returns:
        `keras.Model`.

    Example:

    >>> layers = [keras.Input((4,)), keras.layers.Dense(3), keras.layers.ReLU()]
    >>> model = keras.Sequential(layers)
    >>> def replace(layer, shape):
    ...     return keras.layers.ELU() if isinstance(layer, keras.layers.ReLU) else None
    >>> other = rebuilt(model, replace)
    >>> [type(layer).__name__ for layer in other.layers]
    ['Dense', 'ELU']
    >>> np.array_equal(other.get_weights()[0], model.get_weights()[0])
    True
    """
    rebuilding = Rebuilding(replace)
    made = rebuilding.model(
        model,
        keras.tree.map_structure(
            lambda tensor: _input_like(tensor, shape or tensor.shape), inputs_of(model)
        ),
    )
    if weights:
        rebuilding.keep_weights()
        if model.compiled and not made.compiled:
            made.compile_from_config(model.get_compile_config())
    return made


class Rebuilding:
    """Rebuilds Sequential and functional models, nested ones included.

    Every layer is copied from its configuration, unless `replace` returns another in
    its place.

    Args:
        replace: See `rebuilt`.

    Attributes:
        pairs: List of pairs of a layer and its copy.
    """

    def __init__(self, replace: Callable):
        self.replace = replace
        self.pairs: list[tuple[keras.layers.Layer, keras.layers.Layer]] = []
        self._made: dict[tuple, keras.layers.Layer] = {}

    def model(self, model: keras.Model, inputs: Any) -> keras.Model:
        """Rebuilds a model.

        Args:
            model: `keras.Sequential` or functional `keras.Model`, built.
            inputs: `keras.KerasTensor` that it is built on, or a structure of them
                like the model's inputs.

        Returns:
            `keras.Model` of the same structure and names.
        """
        if isinstance(model, keras.Sequential):
            return self._sequential(model, inputs)
        return keras.models.clone_model(
            model,
            inputs,
            # Keras walks the graph with the original layers: what replaces a layer
            # depends on the inputs that reach it.
            clone_function=lambda layer: layer,
            call_function=lambda layer, *args, **kwargs: self._in_place_of(layer, args)(
                *args, **kwargs
            ),
        )

    def keep_weights(self) -> None:
        """Copies the weights of layers to their copies."""
        for before, after in self.pairs:
            if getattr(before, "weights", None):
                after.set_weights(before.get_weights())
                for layer in after._flatten_layers():
                    # Normalization computes constants from its weights.
                    if hasattr(layer, "finalize_state"):
                        layer.finalize_state()

    def _sequential(self, model, inputs):
        parts, spec = [], inputs
        for layer in model.layers:
            part = self._in_place_of(layer, (spec,))
            if not part.built:
                part.build(spec.shape)
            spec = part.compute_output_spec(spec)
            parts.append(part)
        return keras.Sequential(
            [_input_like(inputs, inputs.shape), *parts], name=model.name
        )

    def _in_place_of(self, layer, args):
        shapes = keras.tree.map_structure(lambda x: getattr(x, "shape", None), args[:1])
        key = id(layer), str(shapes)
        if key not in self._made:
            self._made[key] = self._replacement(layer, args)
        return self._made[key]

    def _replacement(self, layer, args):
        if is_network(layer):
            inputs = keras.tree.map_structure(
                lambda tensor, x: _input_like(tensor, x.shape),
                inputs_of(layer),
                args[0],
            )
            return self.model(layer, inputs)
        shape = getattr(args[0], "shape", None) if args else None
        if other := self.replace(layer, shape):
            return other
        copied = next((after for before, after in self.pairs if before is layer), None)
        if copied is None:
            copied = _copy(layer)
            self.pairs.append((layer, copied))
        return copied


def is_network(layer: keras.layers.Layer) -> bool:
    """Whether a layer is a Sequential or functional model."""
    # Functional models are of a class that Keras does not make public: they are
    # constructed as `keras.Model`, which subclassed models are too.
    return isinstance(layer, (keras.Sequential, Functional))


def inputs_of(model: keras.Model) -> Any:
    """The tensors that a network was built on, in the structure that it takes."""
    if isinstance(model, keras.Sequential):
        return model.inputs[0]
    return model.input


def _input_like(tensor, shape):
    """An input with the name of the layer, rather than the tensor, of another."""
    name = tensor._keras_history.operation.name
    return keras.Input(batch_shape=shape, dtype=tensor.dtype, name=name)


def _copy(layer):
    if isinstance(layer, keras.layers.Lambda):
        # With the function itself, which its configuration has as serialized code.
        return keras.layers.Lambda(
            layer.function,
            output_shape=layer._output_shape,
            mask=layer.mask,
            arguments=layer.arguments,
            name=layer.name,
            dtype=layer.dtype_policy,
        )
    return type(layer).from_config(layer.get_config())
