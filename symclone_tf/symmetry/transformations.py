"""Moves: what one element of a symmetry does to inputs and to outputs."""

import itertools
import math

import numpy as np

from symclone_tf.symmetry.orbits import check_generators
from symclone_tf.symmetry.permutation_groups import PermutationGroup, random_words
from symclone_tf.symmetry.point_groups import get_group
from symclone_tf.symmetry.translation import edges_go_on, translated, windows

# In each direction, that all shifts of T(2) are judged by.
MOST_DISTANCES = 13
# Random elements, besides the generators, that groups of permutations are judged by.
WORDS = 16


class Transformation:
    """One element of a symmetry, as it acts on both sides of a map.

    An equivariant map f satisfies `f(move.inputs(x)) == move.outputs(f(x))`
    wherever both sides are defined.

    Example:

    >>> class Backwards(Transformation):
    ...     title = "backwards in time"
    ...     def inputs(self, inputs):
    ...         return inputs[:, ::-1]
    ...     outputs = inputs
    >>> signals = np.random.default_rng(0).normal(size=(2, 8, 1))
    >>> largest_error(np.abs, [Backwards()], signals)
    0.0
    >>> largest_error(lambda x: np.cumsum(x, axis=1), [Backwards()], signals) > 0.1
    True
    """

    title: str

    def inputs(self, inputs) -> np.ndarray:
        """Moves a batch of inputs, `(batch, …, channels)`."""
        raise TypeError(f"{type(self).__name__} must say how it moves inputs")

    def outputs(self, outputs) -> np.ndarray:
        """Moves a batch of outputs, `(batch, …, filters)`."""
        raise TypeError(f"{type(self).__name__} must say how it moves outputs")

    def compared(self, moved, outputs):
        """What of `f(move.inputs(x))` and of f(x) has to agree.

        Args:
            moved: Array, `f(move.inputs(x))`.
            outputs: Array, `f(x)`.

        Returns:
            Pair of arrays of one shape; empty where nothing can be compared.
        """
        return moved, self.outputs(outputs)

    def inverse(self) -> "Transformation":
        """The move that takes this one back."""
        raise TypeError(f"{type(self).__name__} must say what takes it back")

    def sources(self, input_shape, output_shape):
        """Where each entry of what was moved comes from.

        Args:
            input_shape: Tuple of integers, without batch and channels.
            output_shape: Tuple of integers, likewise.

        Returns:
            Pair of flat integer arrays, of a moved input and of a moved output,
            whose entries are positions in what was not moved.
        """
        shapes = (input_shape, output_shape)
        numbered = [np.arange(math.prod(s)).reshape(1, *s, 1) for s in shapes]
        moved = self.inputs(numbered[0]), self.outputs(numbered[1])
        return tuple(np.reshape(entries, -1) for entries in moved)


class GroupTransformation(Transformation):
    """An element of a point group, that moves images and feature maps.

    Args:
        group: String or `PointGroup`.
        element: Integer, the element's position in the group.

    Example:

    >>> GroupTransformation("c4", 1).title
    'turned 90°'
    """

    def __init__(self, group, element):
        self.group = get_group(group)
        self.element = element

    @property
    def title(self) -> str:
        """The move in a few words, as figures show it."""
        return self.group.element_titles[self.element]

    def inputs(self, inputs):
        return self.group.transform(inputs, self.element)

    def outputs(self, outputs):
        # Outputs without spatial axes are expected to be invariant.
        if outputs.ndim < 4:
            return outputs
        return self.group.transform(outputs, self.element)

    def inverse(self):
        return GroupTransformation(self.group, int(self.group.inverse[self.element]))


class Translation(Transformation):
    """A shift by whole pixels, zeros moving in.

    Args:
        by: Pair of integers, pixels down and to the right; or an integer for each
            of so many axes, as of signals and of volumes.
        border: Integer, pixels of each edge of the output that are not
            compared: what a layer's zero padding reaches.
        strides: Integer, or one for each axis, by how many pixels inputs move
            where outputs move by one.

    Example:

    >>> Translation((3, -1)).title
    '3 down, 1 left'
    """

    def __init__(self, by, border=0, strides=1):
        self.by = tuple(by)
        self.border = border
        several = isinstance(strides, tuple)
        self.strides = strides if several else (strides,) * len(self.by)

    @property
    def title(self) -> str:
        """The move in a few words, as figures show it."""
        if len(self.by) != 2:
            return f"by {', '.join(map(str, self.by))}"
        down, right = self.by
        vertical = f"{abs(down)} {'down' if down > 0 else 'up'}"
        return f"{vertical}, {abs(right)} {'right' if right > 0 else 'left'}"

    def inputs(self, inputs):
        return translated(inputs, [s * step for s, step in zip(self.strides, self.by)])

    def outputs(self, outputs):
        return translated(outputs, self.by) if self._has_axes(outputs) else outputs

    def compared(self, moved, outputs):
        if not self._has_axes(outputs):
            return moved, outputs
        if self.border:
            inner = (slice(self.border, -self.border),) * len(self.by)
            inner = (slice(None), *inner)
            moved, outputs = moved[inner], outputs[inner]
        source, target = windows(self.by, outputs.shape[1:])
        return moved[target], outputs[source]

    def _has_axes(self, outputs) -> bool:
        """Whether outputs have the axes of the shift, rather than be invariant."""
        return outputs.ndim >= len(self.by) + 2

    def inverse(self):
        return Translation([-step for step in self.by], self.border, self.strides)

    def sources(self, input_shape, output_shape):
        # Nothing is known of what moves in; edges that go on look most alike.
        steps = [s * step for s, step in zip(self.strides, self.by)]
        return edges_go_on(steps, input_shape), edges_go_on(self.by, output_shape)


class Permutation(Transformation):
    """A permutation of flattened inputs, and one of flattened outputs.

    Outputs without an axis of points, `(batch, filters)`, are expected to be
    invariant.

    Args:
        into: Integer array, where each entry of a moved input comes from.
        out_of: Integer array, the same for outputs.
        title: String, the move in a few words.

    Example:

    >>> cyclic = Permutation([2, 0, 1], [2, 0, 1])
    >>> cyclic.inputs(np.array([[[1], [2], [3]]]))[0, :, 0]
    array([3, 1, 2])
    """

    def __init__(self, into, out_of, title="permuted"):
        self.into = np.asarray(into)
        self.out_of = np.asarray(out_of)
        self.title = title

    def inputs(self, inputs):
        return _permuted(inputs, self.into)

    def outputs(self, outputs):
        return _permuted(outputs, self.out_of) if np.ndim(outputs) > 2 else outputs

    def inverse(self):
        back = np.argsort(self.into), np.argsort(self.out_of)
        return Permutation(*back, f"{self.title}, back")


def _permuted(values, permutation):
    values = np.asarray(values)
    if permutation.size not in np.cumprod(values.shape[1:]):
        raise ValueError(
            f"A permutation of {permutation.size} points moves arrays of shape (batch, "
            f"{permutation.size}, channels). Received: an array of shape {values.shape}"
        )
    flat = values.reshape(len(values), permutation.size, -1)
    return flat[:, permutation].reshape(values.shape)


def transformations_of(
    group, max_translation=2, border=0, strides=1, group_out=None
) -> list[Transformation]:
    """What a group's symmetry is judged by.

    Args:
        group: String, `PointGroup` or `PermutationGroup`, which is judged by its
            generators and by random elements.
        max_translation: Integer, pixels; of the many shifts of T(2) up to it, 13
            distances in each direction stand for all.
        border: Integer, see `Translation`.
        strides: Integer, see `Translation`.
        group_out: `PermutationGroup`, as the same group moves outputs; `None` where
            it moves them as it moves inputs.

    Returns:
        List of `Transformation`: of point groups, all elements but the identity.

    Raises:
        ValueError: If there is no group of this name, or `group_out` does not go
            with the group.

    Example:

    >>> [move.title for move in transformations_of("c4")]
    ['turned 90°', 'turned 180°', 'turned 270°']
    """
    if isinstance(group, PermutationGroup):
        return permutations_of(group, group_out)
    group = get_group(group)
    if group_out is not None:
        raise ValueError(
            "`group_out` is for a `group` that is a PermutationGroup. "
            f"Received: group={group.name}"
        )
    if not group.is_trivial:
        return [
            GroupTransformation(group, element) for element in range(1, group.order)
        ]
    most = min(2 * max_translation + 1, MOST_DISTANCES)
    steps = (
        np.linspace(-max_translation, max_translation, most)
        .round()
        .astype(int)
        .tolist()
    )
    by = itertools.product(steps, steps)
    return [Translation(shift, border, strides) for shift in by if shift != (0, 0)]


def permutations_of(group, group_out=None, words=WORDS) -> list[Permutation]:
    """Moves of a group of permutations, which is not enumerated.

    Args:
        group: `PermutationGroup`, as it moves inputs.
        group_out: `PermutationGroup`, as it moves outputs; `None` for the same.
        words: Integer, how many elements to draw.

    Returns:
        List of `Permutation`: the generators, and random elements; the same
        whenever it is called.

    Raises:
        ValueError: If the groups have different numbers of generators.

    Example:

    >>> transformations = permutations_of(symmetric(5))
    >>> len(transformations), transformations[0].title
    (18, 'generator 1')
    """
    group_out = group if group_out is None else group_out
    check_generators(group, group_out)
    # One permutation of inputs and outputs together: words are then the same.
    both = np.hstack([group.generators, group_out.generators + group.points])
    drawn = random_words(both, words)
    titles = [f"generator {number + 1}" for number in range(len(both))]
    titles += [f"element {number + 1}" for number in range(words)]
    return [
        Permutation(row[: group.points], row[group.points :] - group.points, title)
        for row, title in zip(np.vstack([both, drawn]), titles)
    ]
