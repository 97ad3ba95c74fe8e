"""The equivariance errors of attention on a grid of patches, and of its heads."""

import keras
import numpy as np
from keras import ops

from symclone_tf.layers import ClonedAttention
from symclone_tf.networks.copies import all_layers
from symclone_tf.symmetry import PointGroup, get_group, transformations_of
from symclone_tf.symmetry.equivariance import relative
from symclone_tf.types import Array, Tensor


def attention_layers(model: keras.Model) -> list[ClonedAttention]:
    """The attention layers of a model that are clones.

    Args:
        model: `keras.Model`, built.

    Returns:
        List of `ClonedAttention`, in order, those of nested models included.
    """
    return [one for one in all_layers(model) if isinstance(one, ClonedAttention)]


def attention_errors(
    layer: ClonedAttention,
    group: str | PointGroup,
    inputs: Array,
    max_translation: int = 2,
) -> dict[str, float]:
    """The equivariance error of a layer and, under T(2), of each of its heads.

    Other groups permute heads, which have no errors of their own then. Tokens before
    the patches are kept as they are, or their means over group elements.

    Args:
        layer: `ClonedAttention`.
        group: String or `PointGroup`.
        inputs: Array of tokens, as the layer takes them.
        max_translation: Integer, pixels, for T(2).

    Returns:
        Dictionary from `""`, for the layer, and `"/head_0"` and the like to errors.

    Raises:
        ValueError: If the group does not act on the layer's feature maps.
    """
    heads = layer.student.heads if get_group(group).is_trivial else 0
    channels, count = inputs.shape[-1], layer.group_size
    tokens = np.reshape(inputs, (-1, layer.tokens, channels))
    first, patches = np.split(tokens, [layer.prefix_tokens], axis=1)
    if layer.prefix_tokens:
        parts = first.reshape(len(first), -1, count, channels // count)
        parts = np.broadcast_to(parts.mean(axis=2, keepdims=True), parts.shape)
        first = parts.reshape(first.shape)

    def outputs_of(maps: Array) -> Tensor:
        """The outputs of the layer, and of its heads, as channels of feature maps."""
        rows = np.reshape(maps, patches.shape)
        found = layer.heads_and_content(
            ops.convert_to_tensor(np.concatenate([first, rows], axis=1))
        )[0]
        merged = _as_maps(layer, layer.merged(found))
        return ops.concatenate(
            [merged, *(_as_maps(layer, found[:, :, head]) for head in range(heads))],
            axis=-1,
        )

    border = layer.student.teacher.border
    transformations = transformations_of(group, max_translation, border)
    maps = ops.convert_to_numpy(_as_maps(layer, tokens))
    before = ops.convert_to_numpy(outputs_of(maps))
    widths = [before.shape[-1] - heads * layer.value_dim, *[layer.value_dim] * heads]
    errors = np.zeros(len(widths))
    for transformation in transformations:
        after = ops.convert_to_numpy(outputs_of(transformation.inputs(maps)))
        found, expected = transformation.compared(after, before)
        if not expected.size:
            raise ValueError("no part of its outputs is left to compare.")
        pairs = zip(
            *(np.split(x, np.cumsum(widths)[:-1], -1) for x in (found, expected))
        )
        errors = np.maximum(errors, [relative(*pair) for pair in pairs])
    names = ["", *(f"/head_{head}" for head in range(heads))]
    return dict(zip(names, errors.tolist()))


def _as_maps(layer: ClonedAttention, tokens: Tensor) -> Tensor:
    """Patches as feature maps, without the tokens before them."""
    grid, count = layer.student.sizes[0], layer.group_size
    elements = (count,) if count > 1 else ()
    patches = tokens[:, layer.prefix_tokens :]
    shape = (-1, *grid, *elements, patches.shape[-1] // count)
    return ops.reshape(patches, shape)
