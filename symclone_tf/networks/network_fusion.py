"""Whole networks of plain Keras layers."""

import dataclasses

import keras
from keras import ops

from symclone_tf.layers import Cloned
from symclone_tf.networks import rebuilt
from symclone_tf.networks.fused_forms import FusedLayer
from symclone_tf.networks.fusion import fuse
from symclone_tf.networks.reconstruction import inputs_of


@dataclasses.dataclass(frozen=True)
class FusedNetwork:
    """A network made of Keras' own layers.

    Attributes:
        model: `keras.Model`, which needs nothing of this package.
        layers: Dictionary from the names of cloned layers to their `FusedLayer`.

    Example:

    >>> student, _ = clone("t2", image_size=6, solver="closed-form", verbose=0)
    >>> layers = [ClonedConv2D(2, student, name="edges"), keras.layers.Flatten()]
    >>> fused = fuse_network(keras.Sequential([keras.Input((6, 6, 1)), *layers]))
    >>> [type(layer).__name__ for layer in fused.model.layers]
    ['Conv2D', 'Flatten']
    >>> fused.layers["edges"].student
    't2-6x6-k3'
    """

    model: keras.Model
    layers: dict[str, FusedLayer]


def fuse_network(model) -> FusedNetwork:
    """Makes a network of plain Keras layers, with the kernels that clones have now.

    What is frozen, or has not moved, becomes a convolution again; what left its
    convolution becomes the cheapest of its other forms, see `fuse`. All other layers
    stay as they are, with their weights.

    Args:
        model: `keras.Sequential` or functional `keras.Model`, built.

    Returns:
        `FusedNetwork`.

    Raises:
        ValueError: If the model's layers are not known, or a layer of this package
            has no plain form.

    Example:

    >>> convolution = keras.layers.Conv2D(4, 3, name="edges")
    >>> model = keras.Sequential([keras.Input((8, 8, 1)), convolution])
    >>> relaxed, _ = relax(model, verbose=0)
    >>> type(fuse_network(relaxed).model.layers[0]).__name__
    'Conv2D'
    """
    found = {}

    def replace(layer, shape):
        if isinstance(layer, Cloned):
            found[layer.name] = fuse(layer)
            return _plain(layer, found[layer.name])
        if type(layer).__module__.partition(".")[0] == "symclone_tf":
            raise ValueError(
                f"Layer {layer.name!r} has no plain form: only clones have, as `relax` "
                f"makes them. Received: a {type(layer).__name__}"
            )
        return None

    made = rebuilt(model, replace)
    _call_once(made)
    return FusedNetwork(made, found)


def _call_once(model) -> None:
    """Keras exports to ONNX what has been called, and nothing else."""
    tensors = inputs_of(model)
    if all(None not in tensor.shape[1:] for tensor in keras.tree.flatten(tensors)):
        model(
            keras.tree.map_structure(
                lambda tensor: ops.zeros((1, *tensor.shape[1:]), tensor.dtype), tensors
            )
        )


def _plain(layer, fused):
    """One layer if it is no more than that, with the name that it had."""
    parts = [part for part in fused.model.layers if not _changes_nothing(part)]
    *rest, last = parts
    alone = len(rest) == 1 and isinstance(last, keras.layers.Activation)
    own = keras.layers
    kinds = own.Conv1D, own.Conv2D, own.DepthwiseConv2D
    if not (alone and isinstance(rest[0], kinds)):
        return keras.Sequential(
            [keras.Input(fused.model.input_shape[1:]), *fused.model.layers],
            name=layer.name,
        )
    (convolution,) = rest
    options = {"name": layer.name, "activation": layer.activation}
    again = type(convolution).from_config({**convolution.get_config(), **options})
    again.build(convolution.input.shape)
    again.set_weights(convolution.get_weights())
    return again


def _changes_nothing(part) -> bool:
    shapes = part.input.shape, part.output.shape
    return isinstance(part, keras.layers.Reshape) and shapes[0] == shapes[1]
