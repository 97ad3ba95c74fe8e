"""Equivariance regularisation by transformed inputs, within a layer.

In training, a share of a layer's inputs is transformed by random elements of a group,
and the outputs are transformed back.
"""

import copy
import math
from typing import Any, NamedTuple

import numpy as np
from keras import ops, random

from symclone_tf.symmetry import Taps
from symclone_tf.teachers import Teacher
from symclone_tf.types import Tensor


class RandomTransformations:
    """Transforms a share of a layer's inputs, and the outputs back.

    With `transform_inputs` g, a layer f and `invert_outputs` g⁻¹, g⁻¹·f(g·x) = f(x) for
    every equivariant f. Of any other f, training sees in expectation the average over
    the group for this share of the inputs, and f itself for the rest: so training
    gains nothing on that share by breaking the symmetry.

    Args:
        teacher: `Teacher`, whose `training_transformations` are drawn from.
        share: Float, the share of inputs that are transformed, from 0 to 1.
        generator: `keras.random.SeedGenerator`.

    Raises:
        ValueError: If the teacher declares no transformations.

    Reference:

    - [Yarotsky, 2018](https://arxiv.org/abs/1804.10306), for the group average
    """

    def __init__(self, teacher: Teacher, share: float, generator):
        self.teacher = teacher
        self.share = share
        self.generator = generator
        self._others: dict[tuple[int, ...], RandomTransformations] = {}
        if not list(teacher.training_transformations()):
            raise ValueError(
                'anchor="transformed-inputs" needs a teacher that declares '
                f"transformations, and this one has none. Received: {teacher.name}"
            )
        self._find_taps()

    def _find_taps(self):
        teacher = self.teacher
        shapes = teacher.input_shape, teacher.output_shape
        transformations = list(teacher.training_transformations())
        taps = [t.taps(*shapes)[0] for t in transformations]
        self._input_taps = _Gathered.of(shapes[0], taps)
        taps = [t.inverse().taps(*shapes)[1] for t in transformations]
        self._output_taps = _Gathered.of(shapes[1], taps)

    def at(self, sizes: tuple[Any, ...]) -> "RandomTransformations":
        """The same for inputs of another size.

        Args:
            sizes: Tuple of integers, of leading axes of the inputs; or of tensors where
                sizes are not known when a training step is traced.

        Returns:
            `RandomTransformations`, which draw by the same generator; the identity
            alone where the size has no other, as of one output.
        """
        if not all(isinstance(size, int) for size in sizes):
            return self._at_unknown(sizes)
        if sizes == self.teacher.input_shape[: len(sizes)]:
            return self
        if sizes not in self._others:
            other = copy.copy(self)
            other.teacher = self.teacher.resized(sizes)
            other._find_taps()
            self._others[sizes] = other
        return self._others[sizes]

    def _at_unknown(self, sizes):
        """The same, with taps that are found when a training step runs."""
        # Elsewhere a traced function knows all sizes.
        from symclone_tf.tensorflow_backend import found_when_run

        def find(*sizes):
            other = self.at(tuple(map(int, sizes)))
            return (*other._input_taps[:2], *other._output_taps[:2])

        found = found_when_run(find, list(sizes))
        other = copy.copy(self)
        other._input_taps = self._input_taps.shaped(*found[:2])
        other._output_taps = self._output_taps.shaped(*found[2:])
        return other

    def draw(self, count: Tensor) -> Tensor:
        """Draws an element for each input of a batch.

        Args:
            count: Integer or scalar tensor, the size of the batch.

        Returns:
            Integer tensor of shape `(count,)`, 0 for the identity.
        """
        # One draw serves twice: whether it is below the share, and where below it.
        drawn = random.uniform((count,), seed=self.generator) / self.share
        elements = ops.cast(ops.shape(self._input_taps.positions)[0], drawn.dtype)
        element = ops.cast(ops.floor(drawn * elements), "int32")
        return ops.where(drawn < 1, element, 0)

    def transform_inputs(self, inputs: Tensor, elements: Tensor) -> Tensor:
        """Transforms each input by its element.

        Args:
            inputs: Tensor of shape `(batch, …, channels)`, the teacher's
                `input_shape` between batch and channels.
            elements: Integer tensor of shape `(batch,)`, see `draw`.

        Returns:
            Tensor of the same shape.
        """
        return self._input_taps.gather(inputs, elements)

    def invert_outputs(self, outputs: Tensor, elements: Tensor) -> Tensor:
        """Transforms each output by the inverse of its input's element.

        Args:
            outputs: Tensor of shape `(batch, …, filters)`, the teacher's
                `output_shape` between batch and filters.
            elements: Integer tensor of shape `(batch,)`, as passed to
                `transform_inputs`.

        Returns:
            Tensor of the same shape.
        """
        return self._output_taps.gather(outputs, elements)


class _Gathered(NamedTuple):
    """What each entry of an array is gathered from, for each element of a group.

    Positions and weights have shape `(elements, taps, entries)`. With one tap, as of
    permutations, weights are not used. Where elements interpolate between the pixels
    of a feature map, and permute the entries of each pixel alike, these are gathered
    one after the other: positions are those of pixels, and `within` has shape
    `(elements, entries of a pixel)`; else it is `None`.
    """

    positions: Any
    weights: Any
    within: Any = None

    @classmethod
    def of(cls, shape: tuple[int, ...], taps: list[Taps]) -> "_Gathered":
        """Of the identity, and of other elements; exact ones get taps of weight 0."""
        identity = Taps.of(np.arange(math.prod(shape)))
        taps = [identity, *taps]
        most = max(each.positions.shape[1] for each in taps)
        found = [_by_pixels(each, shape[-1]) if most > 1 else None for each in taps]
        within = None
        if all(found):
            taps, moved = zip(*found)
            within = np.stack(moved).astype("int32")
        positions, weights = (
            np.stack([_padded(each, most).T for each in arrays])
            for arrays in zip(*taps)
        )
        return cls(positions.astype("int32"), weights.astype("float32"), within)

    def shaped(self, positions: Tensor, weights: Tensor) -> "_Gathered":
        """Tensors of other sizes, with as many taps."""
        for each in (positions, weights):
            each.set_shape((None, self.positions.shape[1], None))
        return _Gathered(positions, weights, self.within)

    def gather(self, values: Tensor, elements: Tensor) -> Tensor:
        if self.within is None:
            return self._interpolate(values, elements)
        shape = ops.shape(values)
        pixels = ops.reshape(values, (*shape[:-2], shape[-2] * shape[-1]))
        pixels = self._interpolate(pixels, elements)
        return _permute(ops.reshape(pixels, shape), self.within, elements)

    def _interpolate(self, values, elements):
        if self.positions.shape[1] == 1:
            return _gather(values, self.positions[:, 0], elements)
        weights = ops.cast(ops.take(self.weights, elements, axis=0), values.dtype)
        # One tap after the other: all at once would take 16 times the memory.
        return sum(
            _gather(values, self.positions[:, tap], elements)
            * ops.reshape(weights[:, tap], (-1, *ops.shape(values)[1:-1], 1))
            for tap in range(self.positions.shape[1])
        )


def _by_pixels(taps, entries):
    """The taps of pixels, and which entry of a pixel each comes from.

    `None` unless all entries of a pixel are interpolated alike, and those of all pixels
    permuted alike.
    """
    positions, weights = (each.reshape(-1, entries, each.shape[1]) for each in taps)
    pixels, within = np.divmod(positions, entries)
    alike = (
        (pixels == pixels[:, :1]).all()
        and (weights == weights[:, :1]).all()
        and (within == within[:1, :, :1]).all()
    )
    return (Taps(pixels[:, 0], weights[:, 0]), within[0, :, 0]) if alike else None


def _padded(array, taps):
    return np.pad(array, ((0, 0), (0, taps - array.shape[1])))


def _gather(values, sources, elements):
    count, *rest = ops.shape(values)
    positions = ops.shape(sources)[1]
    # One gather of rows of the whole batch is much faster than one per entry.
    first = ops.arange(count, dtype="int32")[:, None] * positions
    rows = ops.take(sources, elements, axis=0) + first
    flat = ops.reshape(values, (-1, values.shape[-1]))
    gathered = ops.take(flat, ops.reshape(rows, (-1,)), axis=0)
    return ops.reshape(gathered, (-1, *rest))


def _permute(values, within, elements):
    """Permutes the entries of each pixel as each input's element does."""
    pixels = ops.reshape(values, (ops.shape(values)[0], -1, *values.shape[-2:]))
    count, positions, entries, _ = ops.shape(pixels)
    first = ops.reshape(ops.arange(count * positions, dtype="int32") * entries, (-1, 1))
    moved = ops.repeat(ops.take(within, elements, axis=0), positions, axis=0)
    flat = ops.reshape(values, (-1, values.shape[-1]))
    gathered = ops.take(flat, ops.reshape(first + moved, (-1,)), axis=0)
    return ops.reshape(gathered, ops.shape(values))
