"""Permutation groups, represented by their generators.

Such a group may have n! elements and is never enumerated: its orbits and random
elements are computed from the generators.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from symclone_tf.types import Array, ArrayLike

# Draws after which elements are as good as independent (Celler et al., 1995).
BURN_IN, SLOTS = 60, 10
MAX_NAME = 100


class PermutationGroup:
    """A finite group of permutations of n points, given by generators.

    A permutation is an array of indices, the position that each point of the permuted
    signal comes from: `permuted = signal[permutation]`. For example,
    `numpy.roll(numpy.arange(n), 1)` is a cyclic translation by one point.

    Groups are values: those with equal generators, name and title are equal.

    Args:
        generators: Sequence of permutations, each n integers from 0 to n − 1. Their
            products are the group's elements.
        name: String of letters, digits and hyphens, which names of artifacts start
            with.
        title: String, shown in tables and progress bars; `None` for the name.

    Attributes:
        generators: Integer array of shape `(generators, points)`.
        points: Integer, n.

    Raises:
        ValueError: If there are no generators, if one is not a permutation, if they
            have different lengths, or if the name is not accepted.

    Example:

    >>> rotation = np.roll(np.arange(5), 1)
    >>> group = PermutationGroup([rotation, rotation[::-1]], "pentagon")
    >>> group
    <PermutationGroup pentagon, 5 points, 2 generators>
    >>> group.orbits
    array([0, 0, 0, 0, 0])

    Reference:

    - [Maron et al., 2019](https://arxiv.org/abs/1812.09902)
    """

    def __init__(
        self,
        generators: Sequence[ArrayLike] | Array,
        name: str = "permutations",
        title: str | None = None,
    ) -> None:
        self.generators = _as_generators(generators)
        self.points = self.generators.shape[1]
        if not isinstance(name, str) or not re.fullmatch(
            rf"[A-Za-z0-9][A-Za-z0-9-]{{0,{MAX_NAME - 1}}}", name
        ):
            raise ValueError(
                f"`name` must be at most {MAX_NAME} letters, digits and hyphens. "
                f"Received: name={name}"
            )
        self.name = name
        self.title = name if title is None else str(title)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PermutationGroup):
            return False
        same = (self.name, self.title) == (other.name, other.title)
        return same and np.array_equal(self.generators, other.generators)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, self.title, self.generators.tobytes()))

    def __repr__(self) -> str:
        count = len(self.generators)
        return (
            f"<PermutationGroup {self.name}, {self.points} points, "
            f"{count} generator{'s' * (count > 1)}>"
        )

    @cached_property
    def orbits(self) -> Array:
        """Integer array of shape `(points,)`: the orbit of each point, numbered by
        their first points. An orbit is the set of a point's images."""
        # Here, because `orbits` imports this module.
        from symclone_tf.symmetry.orbits import orbits_of

        return orbits_of(self.generators)

    def elements(self, count: int, seed: int = 0) -> Array:
        """Random elements of the group: long words of its generators.

        Args:
            count: Integer, how many.
            seed: Integer, of the random generator.

        Returns:
            Integer array of shape `(count, points)`, permutations.

        Example:

        >>> group = PermutationGroup([[1, 2, 0]], "triangle")
        >>> sorted(set(map(tuple, group.elements(50).tolist())))
        [(0, 1, 2), (1, 2, 0), (2, 0, 1)]

        Reference:

        - Celler, Leedham-Green, Murray, Niemeyer and O'Brien, 1995, "Generating
          random elements of a finite group"
        """
        return random_words(self.generators, count, seed)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain values."""
        generators = self.generators.tolist()
        return {"generators": generators, "name": self.name, "title": self.title}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "PermutationGroup":
        """Creates a group from its configuration."""
        return cls(**config)


def random_words(generators: Array, count: int, seed: int = 0) -> Array:
    """Random words of generators, by product replacement (Celler et al., 1995).

    Args:
        generators: Integer array of shape `(generators, points)`.
        count: Integer, how many words.
        seed: Integer, of the random generator.

    Returns:
        Integer array of shape `(count, points)`.
    """
    rng = np.random.default_rng(seed)
    count_slots = max(SLOTS, len(generators) + 1)
    slots = np.array(generators)[np.arange(count_slots) % len(generators)]
    word, words = np.arange(slots.shape[1]), []
    for _ in range(BURN_IN + count):
        changed, other = rng.choice(count_slots, 2, replace=False)
        factor = slots[other] if rng.integers(2) else np.argsort(slots[other])
        # Multiplication from one side only would favour some elements.
        left = rng.integers(2)
        slots[changed] = factor[slots[changed]] if left else slots[changed][factor]
        word = word[slots[changed]]
        words.append(word)
    return np.stack(words[BURN_IN:]) if count else slots[:0]


def _as_generators(generators: Sequence[ArrayLike] | Array) -> Array:
    """Generators as one read-only array.

    Raises:
        ValueError: If they are not permutations of the same points.
    """
    try:
        rows = [np.asarray(row) for row in generators]
    except (TypeError, ValueError):
        rows = []
    if not rows:
        raise ValueError(
            "`generators` must be one or more permutations. "
            f"Received: generators={_short(generators)}"
        )
    for number, row in enumerate(rows):
        whole = row.ndim == 1 and row.size and row.dtype.kind in "iu"
        if not whole or not np.array_equal(np.sort(row), np.arange(row.size)):
            raise ValueError(
                "`generators` must be permutations, which contain each integer from 0 "
                f"to n - 1 once. Received: generators[{number}]={_short(row)}"
            )
    lengths = [row.size for row in rows]
    if len(set(lengths)) > 1:
        raise ValueError(
            "`generators` must be permutations of the same points. Received: "
            f"generators of lengths {', '.join(map(str, lengths))}"
        )
    array = np.stack(rows).astype("int32")
    array.setflags(write=False)  # groups are hashable values
    return array


def _short(values: object) -> str:
    text = " ".join(str(values).split())
    return text if len(text) <= 60 else f"{text[:57]}…"
