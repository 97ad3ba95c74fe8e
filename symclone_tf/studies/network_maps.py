"""What each layer of a network makes of an image, and of the transformed image."""

import dataclasses
import warnings

import keras
import numpy as np

from symclone_tf.layers import GroupCopies
from symclone_tf.networks import convolution_layers, layer_errors
from symclone_tf.networks.convolutions import with_names
from symclone_tf.networks.copies import all_layers
from symclone_tf.networks.layer_inputs import layer_outputs
from symclone_tf.symmetry import (
    GroupTransformation,
    PointGroup,
    Transformation,
    get_group,
)
from symclone_tf.symmetry.copies_permutation import CopiesPermutation
from symclone_tf.symmetry.equivariance import relative
from symclone_tf.types import Array, ArrayLike


@dataclasses.dataclass(frozen=True)
class LayerMaps:
    """The feature maps of one layer, for an image x and for the transformed image g·x.

    Attributes:
        name: String, the layer's.
        maps: Array of shape `(height, width, elements, channels)`, the layer's outputs
            for x; of one element unless they are on the group.
        turned_back: Array of the same shape, its outputs for g·x, transformed by g⁻¹.
        difference: Array of the same shape, `turned_back − maps`: zero where the
            network is equivariant up to this layer; NaN where both are not compared.
        error: Float, `‖difference‖ / ‖maps‖`, of the network up to this layer.
        own_error: Float, the equivariance error of this layer alone, on what reaches
            it, the largest over the group; `None` if it is not defined.

    Example:

    >>> maps = np.ones((4, 4, 1, 2))
    >>> found = LayerMaps("conv", maps, 1.5 * maps, 0.5 * maps, 0.5, own_error=0.5)
    >>> found.error
    0.5
    """

    name: str
    maps: np.ndarray
    turned_back: np.ndarray
    difference: np.ndarray
    error: float
    own_error: float | None


@dataclasses.dataclass(frozen=True)
class ImageMaps:
    """An image, the transformed image, and the maps of each layer for both.

    Attributes:
        image: Array of shape `(height, width, channels)`.
        transformed: Array of the same shape.
        group: `PointGroup`.
        title: String, how the image is transformed, as `"rotated by 90°"`.
        interpolates: Boolean, whether that interpolates between pixels.
        layers: List of `LayerMaps`, in the network's order.

    Example:

    >>> model = keras.Sequential([keras.Input((9, 9, 1)), GroupConv2D(2, 3, "c4")])
    >>> found = layer_maps(model, np.eye(9)[..., None], "c4", element=1)
    >>> found.title, found.layers[0].maps.shape
    ('rotated by 90°', (7, 7, 4, 2))
    """

    image: np.ndarray
    transformed: np.ndarray
    group: PointGroup
    title: str
    interpolates: bool
    layers: list[LayerMaps]


def layer_maps(
    model: keras.Model,
    image: ArrayLike,
    group: str | PointGroup = "c4",
    element: int = 1,
) -> ImageMaps:
    """The maps of each convolution for an image, and for the transformed image.

    The network is called with an image x and with g·x, and each layer's outputs for
    g·x are transformed back. Where the network is equivariant up to a layer, they are
    its outputs for x; the first layer where they are not is where the symmetry breaks.
    Outputs on the group are permuted as well; in a network of copies of images, see
    `symmetrize`, g permutes the copies. Layers whose outputs the group does not act on
    are left out with a warning.

    Args:
        model: `keras.Model`, of any kind, with one input.
        image: Array of shape `(height, width, channels)`, as the model takes it.
        group: String or `PointGroup` of rotations or reflections.
        element: Integer, the index of g in the group, not 0, the identity.

    Returns:
        `ImageMaps`.

    Raises:
        ValueError: If an argument is not accepted, or no layer is left.

    Example:

    >>> layers = [keras.Input((9, 9, 1)), GroupConv2D(2, 3, "c4", name="exact")]
    >>> layers += [keras.layers.Reshape((7, 7, 8)), keras.layers.Conv2D(2, 3)]
    >>> image = np.random.default_rng(0).random((9, 9, 1))
    >>> found = layer_maps(keras.Sequential(layers), image, "c4")
    >>> [layer.error > 1e-5 for layer in found.layers]
    [False, True]
    """
    group, image = _checked(group, element), np.asarray(image, "float32")
    if image.ndim != 3:
        raise ValueError(
            "`image` must have the shape (height, width, channels). "
            f"Received: image of shape {image.shape}"
        )
    transformation = GroupTransformation(group, element)
    transformed = transformation.inputs(image[None]).astype("float32")
    layers = convolution_layers(model)
    copies = [one for one in all_layers(model) if isinstance(one, GroupCopies)]
    both = [layer_outputs(model, layers, x) for x in (image[None], transformed)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # `own_error` is `None` then
        own = layer_errors(model, image[None], group)
    found = []
    for (name, layer), *recorded in zip(with_names(layers), *both):
        if not all(recorded):
            continue  # not called
        try:
            maps, others = (_as_images(layer, c[0], group, copies) for c in recorded)
            found.append(
                _compared(name, maps, others, transformation, copies, own.get(name))
            )
        except ValueError as error:
            warnings.warn(f"{name} has no maps to show: {error}", stacklevel=2)
    if not found:
        raise ValueError(
            f"`model` must have convolutions whose outputs {group.title} acts on. "
            f"Received: model of {len(layers)} convolutions"
        )
    return ImageMaps(
        image,
        transformed[0],
        group,
        transformation.title,
        transformation.interpolates,
        found,
    )


def check_maps_group(group: str | PointGroup) -> PointGroup:
    """Returns a group whose action on a network's maps is known.

    Args:
        group: String or `PointGroup`.

    Raises:
        ValueError: If it is T(2).

    Example:

    >>> check_maps_group("t2")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: `group` must have rotations or reflections: T(2) has no layer maps, ...
    """
    group = get_group(group)
    if group.is_trivial:
        # By how much a layer's outputs are translated depends on all strides before.
        raise ValueError(
            f"`group` must have rotations or reflections: {group.title} has no layer "
            "maps, for behind strides maps are translated by parts of pixels. "
            f"Received: group={group.name}"
        )
    return group


def _checked(group, element) -> PointGroup:
    group = check_maps_group(group)
    if not isinstance(element, int) or not 0 < element < group.order:
        raise ValueError(
            f"`element` must be from 1 to {group.order - 1}, an element of "
            f"{group.title} but the identity. Received: element={element}"
        )
    return group


def _as_images(layer, outputs, group, copies) -> Array:
    """Outputs for one image, as a batch that the group acts on."""
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise ValueError(f"its data_format is {layer.data_format}.")
    outputs = np.asarray(outputs, "float64")
    order = group.order
    if copies and len(outputs) == order > 1:
        if copies[0].group != group:
            raise ValueError(f"its copies are those of {copies[0].group.title}.")
        outputs = outputs[None]
    on_group = outputs.ndim == 5 and (copies or outputs.shape[3] == order)
    if len(outputs) != 1 or not (outputs.ndim == 4 or on_group):
        raise ValueError(
            f"{group.title} does not act on outputs of shape {outputs.shape}."
        )
    return outputs


def _compared(name, maps, others, transformation, copies, own_error) -> LayerMaps:
    group, element = transformation.group, transformation.element
    of_copies = bool(copies) and maps.ndim == 5
    if of_copies:
        transformation = CopiesPermutation(group, element)
    back: Transformation = transformation.inverse()
    turned = back.outputs(others)
    # Interpolation ends within the disc.
    numbered = np.arange(maps.size).reshape(maps.shape)
    known = np.isin(numbered, back.compared(numbered, numbered)[0])
    difference = np.where(known, turned - maps, np.nan)
    error = relative(turned[known], maps[known])
    return LayerMaps(
        name,
        _by_element(maps, of_copies),
        _by_element(turned, of_copies),
        _by_element(difference, of_copies),
        error,
        own_error,
    )


def _by_element(outputs, of_copies) -> Array:
    """`(height, width, elements, channels)` of one image."""
    (maps,) = outputs
    if of_copies:
        return np.moveaxis(maps, 0, 2)
    return maps if maps.ndim == 4 else maps[:, :, None]
