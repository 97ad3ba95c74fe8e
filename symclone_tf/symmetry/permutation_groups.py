"""Groups of permutations, known by their generators.

Such a group may have n! elements, and is never enumerated: what has to be known of
it, the orbits and some elements, follows from its generators.
"""

import re
from functools import cached_property

import numpy as np

# Draws after which elements are as good as independent (Celler et al., 1995).
BURN_IN, SLOTS = 60, 10
MOST_NAME = 100


class PermutationGroup:
    """A finite group of permutations of n points, given by generators.

    A permutation is an array of indices: where each point of what was moved comes
    from, `moved = signal[permutation]`. `numpy.roll(numpy.arange(n), 1)` moves by
    one point.

    A value: groups of the same generators and name are equal.

    Args:
        generators: Sequence of permutations, each n integers from 0 to n − 1. Their
            products are the group's elements.
        name: String of letters, digits and hyphens, which artifacts start with.
        title: String, as tables and progress bars show it; `None` for the name.

    Attributes:
        generators: Integer array of shape `(generators, points)`.
        points: Integer, n.

    Raises:
        ValueError: If there are no generators, if one is no permutation, if they
            are of different lengths, or if the name is none.

    Example:

    >>> turn = np.roll(np.arange(5), 1)
    >>> group = PermutationGroup([turn, turn[::-1]], "pentagon")
    >>> group
    <PermutationGroup pentagon, 5 points, 2 generators>
    >>> group.orbits
    array([0, 0, 0, 0, 0])

    Reference:

    - [Maron et al., 2019](https://arxiv.org/abs/1812.09902)
    """

    def __init__(self, generators, name="permutations", title=None):
        self.generators = _permutations(generators)
        self.points = self.generators.shape[1]
        if not isinstance(name, str) or not re.fullmatch(
            rf"[A-Za-z0-9][A-Za-z0-9-]{{0,{MOST_NAME - 1}}}", name
        ):
            raise ValueError(
                f"`name` must be at most {MOST_NAME} letters, digits and hyphens. "
                f"Received: name={name}"
            )
        self.name = name
        self.title = name if title is None else str(title)

    def __eq__(self, other) -> bool:
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
    def orbits(self) -> np.ndarray:
        """Integer array of shape `(points,)`: the number of each point's orbit, the
        points that the group moves it to, counted in the order of the points."""
        # Imported where it is used: other groups do not wait for it.
        from symclone_tf.symmetry.orbits import orbits_of

        return orbits_of(self.generators)

    def elements(self, count, seed=0) -> np.ndarray:
        """Elements of the group, drawn at random: long words of its generators.

        Args:
            count: Integer, how many.
            seed: Integer, of the draws.

        Returns:
            Integer array of shape `(count, points)`, permutations.

        Example:

        >>> group = PermutationGroup([[1, 2, 0]], "turns")
        >>> sorted(set(map(tuple, group.elements(50).tolist())))
        [(0, 1, 2), (1, 2, 0), (2, 0, 1)]

        Reference:

        - Celler, Leedham-Green, Murray, Niemeyer and O'Brien, 1995, "Generating
          random elements of a finite group"
        """
        return random_words(self.generators, count, seed)

    def get_config(self) -> dict:
        """The arguments of its constructor, as plain values."""
        generators = self.generators.tolist()
        return {"generators": generators, "name": self.name, "title": self.title}

    @classmethod
    def from_config(cls, config) -> "PermutationGroup":
        """The group of a configuration."""
        return cls(**config)


def random_words(generators, count, seed=0) -> np.ndarray:
    """Long words of generators, by product replacement.

    Args:
        generators: Integer array of shape `(generators, points)`.
        count: Integer, how many words.
        seed: Integer, of the draws.

    Returns:
        Integer array of shape `(count, points)`.
    """
    rng = np.random.default_rng(seed)
    slots = max(SLOTS, len(generators) + 1)
    kept = np.array(generators)[np.arange(slots) % len(generators)]
    word, words = np.arange(kept.shape[1]), []
    for _ in range(BURN_IN + count):
        changed, by = rng.choice(slots, 2, replace=False)
        factor = kept[by] if rng.integers(2) else np.argsort(kept[by])
        # Products from both sides, or some elements would be drawn more often.
        left = rng.integers(2)
        kept[changed] = factor[kept[changed]] if left else kept[changed][factor]
        word = word[kept[changed]]
        words.append(word)
    return np.stack(words[BURN_IN:]) if count else kept[:0]


def _permutations(generators) -> np.ndarray:
    """Generators as one array.

    Raises:
        ValueError: If they are none.
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
                "`generators` must be permutations, that name each of n points once, "
                f"from 0 to n - 1. Received: generators[{number}]={_short(row)}"
            )
    lengths = [row.size for row in rows]
    if len(set(lengths)) > 1:
        raise ValueError(
            "`generators` must be permutations of the same points. Received: "
            f"generators of lengths {', '.join(map(str, lengths))}"
        )
    array = np.stack(rows).astype("int32")
    array.setflags(write=False)  # the group is a value
    return array


def _short(values) -> str:
    text = " ".join(str(values).split())
    return text if len(text) <= 60 else f"{text[:57]}…"
