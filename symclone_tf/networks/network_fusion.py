"""Whole networks, fused into built-in Keras layers."""

import dataclasses
from typing import Any

import keras

from symclone_tf.layers import (
    Cloned,
    ClonedCopiesConv2D,
    ClonedSeparableConv2D,
    GroupAverage,
    GroupCopies,
    GroupPooling,
)
from symclone_tf.layers.centred_pooling import CentredPooling2D
from symclone_tf.networks.clone_sizes import sizes_in_network
from symclone_tf.networks.convolutions import with_names
from symclone_tf.networks.copies import all_layers
from symclone_tf.networks.fused_forms import CONVOLUTION_LAYERS, FusedLayer
from symclone_tf.networks.fusion import fuse_at
from symclone_tf.networks.network_inputs import (
    input_specs,
    takes_any_size,
    zeros,
)
from symclone_tf.networks.reconstruction import inputs_of, is_network, rebuilt
from symclone_tf.networks.restructured import forget_what_is_alike
from symclone_tf.networks.selection import input_shapes, network_shapes

CLONES = (Cloned, ClonedSeparableConv2D)
OF_COPIES = (ClonedCopiesConv2D, GroupAverage, GroupCopies)


@dataclasses.dataclass(frozen=True)
class FusedNetwork:
    """A network made of built-in Keras layers.

    Attributes:
        model: `keras.Model`, which does not need this package.
        layers: Dictionary from the names of cloned layers to their `FusedLayer`.
        notes: Tuple of sentences, which layers of classes of one's own need this
            package to be read from a `.keras` file nevertheless.

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
    notes: tuple[str, ...] = ()


def fuse_network(
    model: keras.Model,
    image_size: int | tuple[int, ...] | list[int] | dict[str, Any] | None = None,
) -> FusedNetwork:
    """Fuses the clones of a network, with their current kernels, into Keras layers.

    Clones whose blocks are still translation equivariant become convolutions again;
    the others become the cheapest of their other forms, see `fuse`. Poolings over the
    group become the same sums by Keras' own layer. All other layers are copied with
    their weights.

    A network that takes images of any size remains one that does, if all of its clones
    become convolutions again. Other forms, as a convolution for each region, are for
    one size, which `image_size` chooses.

    Args:
        model: `keras.Model`, built.
        image_size: Integer or pair of integers, height and width of the images, if
            the model takes images of any size and is to take those of this size only;
            or one for each axis of other inputs; or a dictionary from the names of
            several inputs to such sizes.

    Returns:
        `FusedNetwork`.

    Raises:
        TypeError: If `model` is not a Keras model.
        ValueError: If another layer of this package is in the network, or a student
            has no plain form; or if clones or centred poolings have one for images of
            one size, and the model takes any.

    Example:

    >>> convolution = keras.layers.Conv2D(4, 3, name="edges")
    >>> model = keras.Sequential([keras.Input((8, 8, 1)), convolution])
    >>> relaxed, _ = relax(model, verbose=0)
    >>> type(fuse_network(relaxed).model.layers[0]).__name__
    'Conv2D'
    """
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"`model` must be a Keras model. Received: model of type {type(model)}"
        )
    found: dict[str, FusedLayer] = {}
    clones = [layer for layer in all_layers(model) if isinstance(layer, CLONES)]
    pools = [
        layer for layer in all_layers(model) if isinstance(layer, CentredPooling2D)
    ]
    shapes, sized = _shapes(model, clones, pools, image_size)
    poolings = _poolings(pools, shapes)
    names = {id(layer): name for name, layer in with_names(clones)}
    plains: dict[int, keras.layers.Layer] = {}
    unwrapped = []

    def plain_of(layer):
        if id(layer) not in plains:
            sizes = sizes_in_network(layer, shapes)
            several = len(shapes.get(id(layer), ())) > 1
            fused = found[names[id(layer)]] = fuse_at(layer, sizes, several)
            plains[id(layer)] = _plain(layer, fused)
        return plains[id(layer)]

    def replace(layer):
        if id(layer) in poolings:
            return poolings[id(layer)]
        if isinstance(layer, CLONES) and not isinstance(layer, ClonedCopiesConv2D):
            return plain_of(layer)
        if isinstance(layer, GroupPooling):
            return layer.plain_layer()
        spectral = isinstance(layer, keras.layers.SpectralNormalization)
        if spectral and isinstance(layer.layer, CLONES):
            plain = plain_of(layer.layer)
            if isinstance(plain, keras.Sequential):
                # It normalises kernels, in training only.
                unwrapped.append(layer.name)
                plain.name = layer.name
                return plain
            return None
        if isinstance(layer, OF_COPIES):
            raise ValueError(
                f"Layer {layer.name!r} works on copies of images under a group, for "
                "which Keras has no layers; exports to SavedModel, ONNX and LiteRT "
                f"need none. Received: a {type(layer).__name__}"
            )
        if type(layer).__module__.partition(".")[0] == "symclone_tf":
            raise ValueError(
                f"Layer {layer.name!r} has no plain form: only clones and poolings "
                f"can be fused. Received: a {type(layer).__name__}"
            )
        return None

    made = rebuilt(model, replace, sized)
    notes = tuple(
        f"{name!r} is no convolution any more, whose kernel SpectralNormalization "
        "would normalise in training: it is the plain layers alone."
        for name in unwrapped
    )
    notes += tuple(
        f"{layer.name!r}, a {type(layer).__name__}, is read from a .keras file where "
        "symclone_tf is imported only, since its class would make other layers; "
        "exports need nothing."
        for layer in forget_what_is_alike(made)
    )
    _call_once(made)
    return FusedNetwork(made, found, notes)


def _shapes(model, clones, poolings, image_size):
    """The shapes of inputs of layers, where these matter, and of networks that are to
    take one size; empty where sizes are not known or do not matter."""
    matter = [*poolings, *(clone for clone in clones if clone.student.free_axes)]
    if image_size is None and (not matter or _takes_any_size(model)):
        return {}, {}
    specs = input_specs(model, image_size)
    shapes = input_shapes(model, specs)
    if image_size is None:
        return shapes, {}
    chosen = map(id, [*poolings, *clones])
    return shapes, network_shapes(model, specs, shapes, chosen)


def _takes_any_size(model) -> bool:
    try:
        return takes_any_size(model)
    except ValueError:  # a subclassed model, which may not know
        return True


def _poolings(poolings, shapes) -> dict[int, keras.layers.Layer]:
    """Keras' own poolings in place of centred ones, by the identity of these."""
    found: dict[int, keras.layers.Layer] = {}
    for layer in poolings:
        several = shapes.get(id(layer), ())
        if not shapes or len(several) > 1:
            why = "it is called with several" if shapes else "the model takes any"
            raise ValueError(
                f"Layer {layer.name!r} becomes Keras' pooling for images of one size, "
                f"and {why}{'' if shapes else ': pass `image_size`'}"
            )
        for shape in several:
            shape = (None, *shape[1:])
            inputs = keras.Input(batch_shape=shape, dtype=layer.compute_dtype)
            plain = layer.plain_layers(shape)
            found[id(layer)] = keras.Sequential([inputs, *plain], name=layer.name)
    return found


def _call_once(model) -> None:
    """Calls a model on zeros: Keras exports to ONNX only what has been called."""
    if is_network(model):
        tensors = inputs_of(model)
        if all(None not in one.shape[1:] for one in keras.tree.flatten(tensors)):
            model(zeros(tensors))


def _plain(layer, fused):
    """A clone's fused layer: one convolution if possible, else a Sequential model."""
    parts = [part for part in fused.model.layers if not _changes_nothing(part)]
    *rest, last = parts
    single = len(rest) == 1 and isinstance(last, keras.layers.Activation)
    if not (single and isinstance(rest[0], CONVOLUTION_LAYERS)):
        return keras.Sequential(
            [keras.Input(fused.model.input_shape[1:]), *fused.model.layers],
            name=layer.name,
        )
    (convolution,) = rest
    options = {"name": layer.name, "activation": layer.activation}
    named = type(convolution).from_config({**convolution.get_config(), **options})
    named.build(convolution.input.shape)
    # Its own; an activation that is a layer may have more.
    for weight, value in zip(named.weights, convolution.get_weights()):
        weight.assign(value)
    return named


def _changes_nothing(part) -> bool:
    shapes = part.input.shape, part.output.shape
    return isinstance(part, keras.layers.Reshape) and shapes[0] == shapes[1]
