"""Transformations: group elements with their actions on inputs and outputs."""

import math
from collections.abc import Sequence

import numpy as np

from symclone_tf.symmetry.named_groups import get_group
from symclone_tf.symmetry.point_groups import PointGroup
from symclone_tf.symmetry.resampling import MARGIN, disc
from symclone_tf.symmetry.translation import edge_padded_sources, overlap, translated
from symclone_tf.symmetry.volume_groups import VolumeGroup, get_volume_group
from symclone_tf.types import Array, ArrayLike


class Transformation:
    """A group element with its actions on the inputs and outputs of a function.

    An equivariant function f satisfies `f(g.inputs(x)) == g.outputs(f(x))` for a
    transformation g, wherever both sides are defined. A subclass implements `inputs`
    and `outputs`, and `inverse` for layers that are trained with
    `anchor="transformed-inputs"`.

    Attributes:
        title: String, the transformation in a few words, as figures show it.

    Example:

    >>> class TimeReversal(Transformation):
    ...     title = "reversed in time"
    ...     def inputs(self, inputs):
    ...         return inputs[:, ::-1]
    ...     outputs = inputs
    >>> signals = np.random.default_rng(0).normal(size=(2, 8, 1))
    >>> largest_error(np.abs, [TimeReversal()], signals)
    0.0
    >>> largest_error(lambda x: np.cumsum(x, axis=1), [TimeReversal()], signals) > 0.1
    True
    """

    title: str

    def inputs(self, inputs: ArrayLike) -> Array:
        """Transforms a batch of inputs, `(batch, …, channels)`."""
        raise TypeError(f"{type(self).__name__} must implement `inputs`")

    def outputs(self, outputs: ArrayLike) -> Array:
        """Transforms a batch of outputs, `(batch, …, filters)`."""
        raise TypeError(f"{type(self).__name__} must implement `outputs`")

    def compared(self, transformed: Array, outputs: Array) -> tuple[Array, Array]:
        """The parts of `f(g.inputs(x))` and of `g.outputs(f(x))` that must agree.

        Args:
            transformed: Array, `f(g.inputs(x))`.
            outputs: Array, `f(x)`.

        Returns:
            Pair of arrays of the same shape; empty if nothing can be compared.
        """
        return transformed, self.outputs(outputs)

    def inverse(self) -> "Transformation":
        """The inverse transformation."""
        raise TypeError(f"{type(self).__name__} must implement `inverse`")

    def sources(
        self, input_shape: Sequence[int], output_shape: Sequence[int]
    ) -> tuple[Array, Array]:
        """The position that each entry of a transformed array comes from.

        Args:
            input_shape: Tuple of integers, without batch and channels.
            output_shape: Tuple of integers, without batch and channels.

        Returns:
            Pair of flat integer arrays, for inputs and for outputs: at each position
            of the transformed array, the position in the original.
        """
        shapes = (input_shape, output_shape)
        numbered = [np.arange(math.prod(s)).reshape(1, *s, 1) for s in shapes]
        sources_in, sources_out = self.inputs(numbered[0]), self.outputs(numbered[1])
        return np.reshape(sources_in, -1), np.reshape(sources_out, -1)


class GroupTransformation(Transformation):
    """An element of a point group, acting on images and feature maps.

    Elements that do not permute pixels interpolate between them; what is compared of
    their outputs lies 2 pixels, or more, within the disc about the centre.

    Args:
        group: String or `PointGroup`.
        element: Integer, the element's index in the group.

    Example:

    >>> GroupTransformation("c4", 1).title
    'rotated by 90°'
    """

    def __init__(self, group: str | PointGroup, element: int) -> None:
        self.group = get_group(group)
        self.element = element
        self.title = self.group.element_titles[element]

    def inputs(self, inputs: ArrayLike) -> Array:
        return self.group.transform(inputs, self.element)

    def outputs(self, outputs: ArrayLike) -> Array:
        outputs = np.asarray(outputs)
        # Outputs without spatial axes are expected to be invariant.
        if outputs.ndim < 4:
            return outputs
        return self.group.transform(outputs, self.element)

    def compared(self, transformed: Array, outputs: Array) -> tuple[Array, Array]:
        transformed, expected = super().compared(transformed, outputs)
        exact = self.group.plane_elements[self.element].permutes_pixels
        if exact or expected.ndim < 4:
            return transformed, expected
        height, width = expected.shape[1:3]
        inside = disc((height, width), margin=MARGIN)
        return transformed[:, inside], expected[:, inside]

    def inverse(self) -> "GroupTransformation":
        return GroupTransformation(self.group, int(self.group.inverse[self.element]))


class VolumeTransformation(Transformation):
    """An element of a group of volumes, acting on volumes and feature maps.

    Args:
        group: String or `VolumeGroup`.
        element: Integer, the element's index in the group.

    Example:

    >>> VolumeTransformation("d2h", 1).title
    'reflected along width'
    """

    def __init__(self, group: str | VolumeGroup, element: int) -> None:
        self.group = get_volume_group(group)
        self.element = element
        self.title = self.group.element_titles[element]

    def inputs(self, inputs: ArrayLike) -> Array:
        return self.group.transform(inputs, self.element)

    def outputs(self, outputs: ArrayLike) -> Array:
        outputs = np.asarray(outputs)
        # Outputs without spatial axes are expected to be invariant.
        if outputs.ndim < 5:
            return outputs
        return self.group.transform(outputs, self.element)

    def inverse(self) -> "VolumeTransformation":
        return VolumeTransformation(self.group, int(self.group.inverse[self.element]))


class Translation(Transformation):
    """A translation by whole pixels, filling with zeros.

    Args:
        offset: Pair of integers, pixels down and to the right; or one integer for
            each axis, as of signals and of volumes.
        border: Integer, pixels at each edge of the output that are not compared
            because they depend on a layer's zero padding.
        strides: Integer, or one for each axis: by how many pixels inputs are
            translated where outputs are translated by one.
        upsampling: Integer, or one for each axis: by how many pixels outputs are
            translated where inputs are translated by one, as by transposed
            convolutions. `offset` is then that of inputs.

    Example:

    >>> Translation((3, -1)).title
    '3 down, 1 left'
    """

    def __init__(
        self,
        offset: Sequence[int],
        border: int = 0,
        strides: int | tuple[int, ...] = 1,
        upsampling: int | tuple[int, ...] = 1,
    ) -> None:
        self.offset = tuple(offset)
        self.border = border
        self.strides = self._for_each_axis(strides)
        self.upsampling = self._for_each_axis(upsampling)
        self.title = _translation_title(self.offset)

    def _for_each_axis(self, steps: int | tuple[int, ...]) -> tuple[int, ...]:
        return steps if isinstance(steps, tuple) else (steps,) * len(self.offset)

    @property
    def _input_offset(self) -> tuple[int, ...]:
        return tuple(s * step for s, step in zip(self.strides, self.offset))

    @property
    def _output_offset(self) -> tuple[int, ...]:
        return tuple(s * step for s, step in zip(self.upsampling, self.offset))

    def inputs(self, inputs: ArrayLike) -> Array:
        return translated(inputs, self._input_offset)

    def outputs(self, outputs: ArrayLike) -> Array:
        outputs = np.asarray(outputs)
        if not self._has_axes(outputs):
            return outputs
        return translated(outputs, self._output_offset)

    def compared(self, transformed: Array, outputs: Array) -> tuple[Array, Array]:
        if not self._has_axes(outputs):
            return transformed, outputs
        if self.border:
            inner = (slice(self.border, -self.border),) * len(self.offset)
            inner = (slice(None), *inner)
            transformed, outputs = transformed[inner], outputs[inner]
        source, target = overlap(self._output_offset, outputs.shape[1:])
        return transformed[target], outputs[source]

    def _has_axes(self, outputs: Array) -> bool:
        """Whether outputs have the axes of the translation, or must be invariant."""
        return outputs.ndim >= len(self.offset) + 2

    def inverse(self) -> "Translation":
        opposite = [-step for step in self.offset]
        return Translation(opposite, self.border, self.strides, self.upsampling)

    def sources(
        self, input_shape: Sequence[int], output_shape: Sequence[int]
    ) -> tuple[Array, Array]:
        # What comes in at the edge is unknown; a repeated edge is most alike.
        return (
            edge_padded_sources(self._input_offset, input_shape),
            edge_padded_sources(self._output_offset, output_shape),
        )


def _translation_title(offset: tuple[int, ...]) -> str:
    if len(offset) != 2:
        return f"by {', '.join(map(str, offset))}"
    down, right = offset
    vertical = f"{abs(down)} {'down' if down > 0 else 'up'}"
    return f"{vertical}, {abs(right)} {'right' if right > 0 else 'left'}"


class Permutation(Transformation):
    """A permutation of flattened inputs, and one of flattened outputs.

    Outputs without an axis of points, `(batch, filters)`, are expected to be
    invariant.

    Args:
        permutation_in: Integer array, the position that each entry of a transformed
            input comes from.
        permutation_out: Integer array, the same for outputs.
        title: String, the transformation in a few words.

    Example:

    >>> cyclic = Permutation([2, 0, 1], [2, 0, 1])
    >>> cyclic.inputs(np.array([[[1], [2], [3]]]))[0, :, 0]
    array([3, 1, 2])
    """

    def __init__(
        self,
        permutation_in: ArrayLike,
        permutation_out: ArrayLike,
        title: str = "permuted",
    ) -> None:
        self.permutation_in = np.asarray(permutation_in)
        self.permutation_out = np.asarray(permutation_out)
        self.title = title

    def inputs(self, inputs: ArrayLike) -> Array:
        return _permuted(inputs, self.permutation_in)

    def outputs(self, outputs: ArrayLike) -> Array:
        outputs = np.asarray(outputs)
        return _permuted(outputs, self.permutation_out) if outputs.ndim > 2 else outputs

    def inverse(self) -> "Permutation":
        inverses = np.argsort(self.permutation_in), np.argsort(self.permutation_out)
        return Permutation(*inverses, f"{self.title}, inverse")


def _permuted(values: ArrayLike, permutation: Array) -> Array:
    values = np.asarray(values)
    if permutation.size not in np.cumprod(values.shape[1:]):
        raise ValueError(
            f"A permutation of {permutation.size} points takes arrays of shape (batch, "
            f"{permutation.size}, channels). Received: an array of shape {values.shape}"
        )
    flat = values.reshape(len(values), permutation.size, -1)
    return flat[:, permutation].reshape(values.shape)
