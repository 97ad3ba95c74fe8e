"""All linear maps that commute with a group of permutations, as teachers."""

from functools import cached_property

import numpy as np
from keras import ops

from symclone_tf.symmetry import (
    PermutationGroup,
    orbits_of_pairs,
    permutations_of,
)
from symclone_tf.symmetry.orbits import check_pairs
from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.pair_sums import PairSums

# Elements by which training moves inputs.
TRAINING_WORDS = 64


@Teacher.register("orbit")
class OrbitTeacher(Teacher):
    """Every linear map that commutes with a group of permutations, and no other.

    `y[n,q,o] = Σ_{p,c} x[n,p,c] · ψ[orbit(q,p),c,o]`: pairs of an output point q and
    an input point p that the group moves to each other share a weight. How it sums is
    chosen by the cost. Mostly it is one product with the matrix of all weights,
    `positions_in · positions_out · channels · filters` multiplications for one input. Where
    almost all pairs of a point are in one orbit, as under a symmetric group, the sum is
    that over all points, and what the few others differ by: `positions_out · (others + 1)
    · channels · filters`.

    Args:
        group: `PermutationGroup`, as it moves input points.
        group_out: `PermutationGroup`, the same group as it moves output points: as
            many generators, in the same order; `None` for the same points.

    Call arguments:
        inputs: Tensor of shape `(batch, positions_in, channels)`.
        kernel: Tensor of shape `(orbits, channels, filters)`, orbits of pairs counted
            in the order of (output point, input point).

    Output shape:
        `(batch, positions_out, filters)`.

    Raises:
        ValueError: If the groups have different numbers of generators.
        TypeError: If one is no `PermutationGroup`.
        MemoryError: If there are too many points.

    Example:

    >>> teacher = OrbitTeacher(icosahedron(12))
    >>> teacher.kernel_entries
    4
    >>> OrbitTeacher(icosahedron(12), icosahedron(20)).output_shape
    (20,)

    Reference:

    - [Ravanbakhsh, Schneider & Poczos, 2017](https://arxiv.org/abs/1702.08389)
    - [Maron et al., 2019](https://arxiv.org/abs/1812.09902)
    """

    representation_in = representation_out = 1

    def __init__(self, group, group_out=None):
        self.group = group
        self.group_out = group if group_out is None else group_out
        for name in ("group", "group_out"):
            given = getattr(self, name)
            if not isinstance(given, PermutationGroup):
                raise TypeError(
                    f"`{name}` must be a PermutationGroup. "
                    f"Received: {name} of type {type(given).__name__}"
                )
        check_pairs(self.group, self.group_out)
        self.positions_in, self.positions_out = self.group.points, self.group_out.points
        self.input_shape, self.output_shape = (
            (self.positions_in,),
            (self.positions_out,),
        )

    @property
    def orbits(self) -> np.ndarray:
        """Integer array of shape `(positions_out, positions_in)`, the orbit of each pair."""
        return orbits_of_pairs(self.group, self.group_out)

    @cached_property
    def orbit_sizes(self) -> np.ndarray:
        """Integer array of shape `(orbits,)`, how many pairs each orbit has."""
        return np.bincount(self.orbits.reshape(-1))

    @property
    def kernel_shape(self) -> tuple[int]:
        return (len(self.orbit_sizes),)

    @property
    def entry_gain(self) -> np.ndarray:
        return self.orbit_sizes / self.positions_out

    @property
    def receptive_fields(self) -> np.ndarray:
        points = np.arange(self.positions_in)
        return np.broadcast_to(points, (self.positions_out, self.positions_in))

    @property
    def receptive_field_size(self) -> int:
        return self.positions_in

    @property
    def name(self) -> str:
        """The name that artifacts of its students start with."""
        if self.group_out == self.group:
            return self.group.name
        return f"{self.group.name}-to-{self.group_out.name}"

    @property
    def title(self) -> str:
        """The map in a few words, as tables and progress bars show it."""
        if self.group_out == self.group:
            return self.group.title
        return f"{self.group.title} to {self.group_out.title}"

    @cached_property
    def _sums(self) -> PairSums:
        outputs, inputs = self.group_out.orbits, self.group.orbits
        return PairSums(self.orbits, self.orbit_sizes, outputs, inputs)

    def __call__(self, inputs, kernel):
        return self._sums(ops.convert_to_tensor(inputs), ops.convert_to_tensor(kernel))

    def call_memory(self, kernels):
        if self._sums.gathers:
            return 0
        # The matrix of all weights, and its transpose.
        return 8 * self.positions_in * self.positions_out * kernels

    def transformations(self):
        return permutations_of(self.group, self.group_out)

    def training_transformations(self):
        return permutations_of(self.group, self.group_out, TRAINING_WORDS)

    def __eq__(self, other) -> bool:
        if type(self) is not type(other):
            return False
        return (self.group, self.group_out) == (other.group, other.group_out)

    def __hash__(self) -> int:
        return hash((self.group, self.group_out))

    def __repr__(self) -> str:
        out = "" if self.group_out == self.group else f", {self.group_out}"
        return f"{type(self).__name__}({self.group}{out})"

    def get_config(self) -> dict:
        config = _plain(self.group)
        if self.group_out != self.group:
            config |= {f"{k}_out": v for k, v in _plain(self.group_out).items()}
        return config

    @classmethod
    def from_config(cls, config):
        out = {
            key.removesuffix("_out"): value
            for key, value in config.items()
            if key.endswith("_out")
        }
        inputs = {k: v for k, v in config.items() if not k.endswith("_out")}
        return cls(_group(**inputs), _group(**out) if out else None)


def _plain(group) -> dict:
    """A group as few plain values, as records of clones have them: each generator
    is one text, "1 2 0"."""
    generators = [" ".join(map(str, row)) for row in group.generators.tolist()]
    return {"group": group.name, "title": group.title, "generators": generators}


def _group(group, title, generators) -> PermutationGroup:
    rows = [[int(number) for number in row.split()] for row in generators]
    return PermutationGroup(rows, group, title)
