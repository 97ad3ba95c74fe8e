"""Rebuilds a network layer by layer, and replaces some of its layers."""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
from keras.src.models.functional import Functional

from symclone_tf.errors import reason_of
from symclone_tf.networks.compilation import compile_alike
from symclone_tf.networks.copies import OF_TRAINING, Copies
from symclone_tf.networks.restructured import restructure


def rebuilt(
    model: keras.Model,
    replace: Callable[[keras.layers.Layer], keras.layers.Layer | None],
    shapes: Mapping[int, Any] | None = None,
) -> keras.Model:
    """Rebuilds a network, and replaces some of its layers.

    The network is of the same class, computes with copies of the same layers and
    weights, and is compiled as the given one is. Layers are copied without their
    constructors, see `Copies`.

    Args:
        model: `keras.Model`, built.
        replace: Callable of a layer, which returns another in its place, or `None`. It
            is called once for each layer, those within others included.
        shapes: Dictionary from the identities of Sequential and functional models,
            the given one and nested ones, to the shapes of their inputs, where these
            are to be others.

    Returns:
        `keras.Model`.

    Example:

    >>> layers = [keras.Input((4,)), keras.layers.Dense(3), keras.layers.ReLU()]
    >>> model = keras.Sequential(layers)
    >>> def replace(layer):
    ...     return keras.layers.ELU() if isinstance(layer, keras.layers.ReLU) else None
    >>> other = rebuilt(model, replace)
    >>> [type(layer).__name__ for layer in other.layers]
    ['Dense', 'ELU']
    >>> np.array_equal(other.get_weights()[0], model.get_weights()[0])
    True
    """
    return rebuilt_layer(model, replace, shapes)


def rebuilt_layer(
    layer: keras.layers.Layer,
    replace: Callable[[keras.layers.Layer], keras.layers.Layer | None],
    shapes: Mapping[int, Any] | None = None,
) -> Any:
    """Copies a layer or a network, and replaces some of the layers in it.

    Args:
        layer: Keras layer or model.
        replace: See `rebuilt`.
        shapes: See `rebuilt`.

    Returns:
        Layer or model.
    """
    rebuilding = Rebuilding(layer, replace, shapes)
    made = rebuilding.whole()
    if isinstance(layer, keras.Model):
        give_own_paths(made)
        compile_alike(layer, made, rebuilding)
    return made


def give_own_paths(model: keras.Model) -> None:
    """Gives all variables of a model paths that differ.

    On PyTorch, Keras 3.15.1 registers parameters by their paths. Of two with one path,
    as of towers whose layers have the same names, it registers one: gradients of the
    other are never set to zero, and add up from step to step.

    Args:
        model: `keras.Model`.
    """
    known: set[str] = set()
    for variable in model.variables:
        path, number = variable.path, 1
        while path in known:
            number += 1
            path = f"{variable.path}_{number}"
        if path != variable.path:
            variable._path = path
        known.add(path)
    # What PyTorch has registered by the earlier paths.
    getattr(model, "_modules", {}).pop("_torch_params", None)


class _Failed(ValueError):
    """A copy that cannot be called."""


class Rebuilding(Copies):
    """Copies of Sequential and functional models, made by calling their layers' copies.

    Args:
        layer: `keras.Model`, or another layer.
        replace: See `rebuilt`.
        shapes: See `rebuilt`.
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        replace: Callable[[keras.layers.Layer], keras.layers.Layer | None],
        shapes: Mapping[int, Any] | None = None,
    ):
        super().__init__(layer, replace)
        self.shapes = shapes or {}
        self._whole = layer

    def whole(self) -> Any:
        """The copy of the layer or network that all is about, not compiled."""
        made = self.of(self._whole)
        copies = [
            pair
            for pair in self.made.values()
            if isinstance(pair[0], keras.layers.Layer)
        ]
        restructure(copies, self.replaced)
        return made

    def layer(self, layer: keras.layers.Layer) -> keras.layers.Layer:
        if not is_network(layer):
            return super().layer(layer)
        tensors = inputs_of(layer)
        shapes = self.shapes.get(id(layer))
        if shapes is None:
            shapes = keras.tree.map_structure(lambda tensor: tensor.shape, tensors)
        inputs = keras.tree.map_structure_up_to(tensors, _input_like, tensors, shapes)
        if isinstance(layer, keras.Sequential):
            return self._sequential(layer, inputs)
        return self._functional(layer, inputs)

    def _sequential(self, model, inputs):
        parts = [self._of(layer) for layer in model.layers]
        made = type(model).__new__(type(model))
        keras.Sequential.__init__(made, [inputs, *parts], name=model.name)
        self.keep(model._functional, made._functional)
        self._keep_input(model._layers[0], made._layers[0])
        return self._as(model, made)

    def _functional(self, model, inputs):
        # A plain model of the same graph: what classes of their own construct, and
        # how, only they know. Some keep tensors of the graph, which are outputs here.
        tensors = _tensors_held(model)
        graph = keras.Model(model.input, [model.output, tensors], name=model.name)
        plain = keras.models.clone_model(
            graph,
            inputs,
            clone_function=self._of,
            call_function=self._called,
        )
        outputs, others = plain.output
        made = type(model).__new__(type(model))
        Functional.__init__(made, plain.input, outputs, name=model.name)
        for before, after in zip(tensors, others):
            self.keep(before, after)
        pairs = zip(keras.tree.flatten(model.input), keras.tree.flatten(made.input))
        for before, after in pairs:
            self.keep(before, after)
            self._keep_input(before._keras_history[0], after._keras_history[0])
        return self._as(model, made)

    def _called(self, layer, *arguments, **options):
        """Calls a copy, with copies of what calls refer to beside tensors."""
        if any(layer is after for _, after in self.replaced):
            # What replaces a layer need not know what its calls leave at `None`.
            options = {name: v for name, v in options.items() if v is not None}
        try:
            return layer(*self._of(arguments), **self._of(options))
        except Exception as error:
            if isinstance(error, _Failed):
                raise
            raise _Failed(
                f"Layer {layer.name!r}, a {type(layer).__name__}, cannot be copied: "
                f"its copy fails where it is called ({reason_of(error)})"
            ) from error

    def _keep_input(self, before, after):
        self.keep(before, after)
        after.trainable = before.trainable

    def _as(self, model, made):
        """Gives a network what the original holds beside its graph."""
        self.keep(model, made)
        self.attributes(model, made, _of_graphs())
        return made


@functools.cache
def _of_graphs() -> frozenset[str]:
    """The names of what Keras sets on networks about their graphs."""
    images = keras.Input((1,))
    functional = keras.Model(images, keras.layers.Identity()(images))
    sequential = keras.Sequential([images])
    names = vars(functional).keys() | vars(sequential).keys()
    names -= vars(keras.layers.Identity()).keys()
    # What TensorFlow finds parts by is not about the graph alone.
    return frozenset(name for name in names if not name.startswith("_self_"))


def _tensors_held(model) -> list[keras.KerasTensor]:
    """The tensors of a network's graph that attributes of its own class hold.

    Backbones of KerasHub keep those of the levels of their pyramids.
    """
    nodes = {id(node) for nodes in model._nodes_by_depth.values() for node in nodes}
    leave = OF_TRAINING | _of_graphs()
    found = {
        id(tensor): tensor
        for name, value in vars(model).items()
        if name not in leave
        for tensor in _tensors_in(value)
    }

    def is_within(tensor):
        layer, index, _ = tensor._keras_history
        return id(layer._inbound_nodes[index]) in nodes

    return list(filter(is_within, found.values()))


def _tensors_in(value) -> Iterator[keras.KerasTensor]:
    """The tensors of a graph in a value, and in lists and dictionaries."""
    if isinstance(value, keras.KerasTensor):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _tensors_in(part)


def is_network(layer: keras.layers.Layer) -> bool:
    """Whether a layer is a Sequential or functional model, built."""
    # Functional models are of a class that Keras does not make public: they are
    # constructed as `keras.Model`, which subclassed models are too.
    if isinstance(layer, keras.Sequential):
        return hasattr(layer, "inputs")
    return isinstance(layer, Functional)


def inputs_of(model: keras.Model) -> Any:
    """The tensors that a network was built on, in the structure that it takes."""
    if isinstance(model, keras.Sequential):
        return model.inputs[0]
    return model.input


def _input_like(tensor, shape):
    """An input with the name of the layer, rather than the tensor, of another."""
    layer = tensor._keras_history.operation
    return keras.Input(
        batch_shape=shape,
        dtype=tensor.dtype,
        sparse=tensor.sparse,
        name=layer.name,
        optional=getattr(layer, "optional", False),
    )
