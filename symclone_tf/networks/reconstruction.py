"""Rebuilds a network layer by layer, with other layers in some places."""

import keras
from keras.src.models.functional import Functional


def rebuilt(model, replace, shape=None, weights=True) -> keras.Model:
    """A network with other layers in some places.

    Args:
        model: `keras.Sequential` or functional `keras.Model`, built.
        replace: See `Rebuilding`.
        shape: Tuple, of the model's one input; `None` for what it takes.
        weights: Boolean, whether layers keep their weights, and the model what it
            was compiled with.

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
    """Rebuilds Sequential and functional models, those within them included.

    Every layer is made again from its configuration, unless `replace` gives another
    in its place, which is asked once for each size of inputs.

    Args:
        replace: Callable, of a layer and the shape of its inputs, that gives a layer
            or `None`.

    Attributes:
        pairs: List of pairs, of a layer and what was made again of it.
    """

    def __init__(self, replace):
        self.replace = replace
        self.pairs = []
        self._made = {}

    def model(self, model, inputs) -> keras.Model:
        """A model rebuilt.

        Args:
            model: `keras.Sequential` or functional `keras.Model`, built.
            inputs: `keras.KerasTensor`, what it is built on, or a structure of them
                like the model's inputs.

        Returns:
            `keras.Model` of the same structure and names.
        """
        if isinstance(model, keras.Sequential):
            return self._sequential(model, inputs)
        return keras.models.clone_model(
            model,
            inputs,
            # The graph is walked by layers as they are; what takes a layer's place
            # depends on the inputs that reach it.
            clone_function=lambda layer: layer,
            call_function=lambda layer, *args, **kwargs: self._in_place_of(layer, args)(
                *args, **kwargs
            ),
        )

    def keep_weights(self) -> None:
        """Gives what was made again the weights of what it was made of."""
        for before, after in self.pairs:
            if getattr(before, "weights", None):
                after.set_weights(before.get_weights())
                for layer in after._flatten_layers():
                    # Normalization computes with constants made of its weights.
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
            self._made[key] = self._other(layer, args)
        return self._made[key]

    def _other(self, layer, args):
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
        same = next((made for one, made in self.pairs if one is layer), None)
        if same is None:
            same = _again(layer)
            self.pairs.append((layer, same))
        return same


def is_network(layer) -> bool:
    """Whether a layer is a model whose layers are known."""
    return isinstance(layer, (keras.Sequential, Functional))


def inputs_of(model):
    """The tensors that a network was built on, in the structure that it takes."""
    if isinstance(model, keras.Sequential):
        return model.inputs[0]
    return model.input


def _input_like(tensor, shape):
    """An input with the name of another's layer, which its tensor does not have."""
    name = tensor._keras_history.operation.name
    return keras.Input(batch_shape=shape, dtype=tensor.dtype, name=name)


def _again(layer):
    if isinstance(layer, keras.layers.Lambda):
        # Its function is at hand, which a configuration would hold as code.
        return keras.layers.Lambda(
            layer.function,
            output_shape=layer._output_shape,
            mask=layer.mask,
            arguments=layer.arguments,
            name=layer.name,
            dtype=layer.dtype_policy,
        )
    return type(layer).from_config(layer.get_config())
