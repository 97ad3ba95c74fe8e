"""All linear maps that commute with a permutation group, as teachers."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from keras import ops

from symclone_tf.symmetry import (
    PermutationGroup,
    Transformation,
    orbits_of_pairs,
    permutations_of,
)
from symclone_tf.symmetry.orbits import check_pairs
from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.pair_sums import PairSums
from symclone_tf.types import Array, Tensor

# Random elements by which inputs are transformed during training.
TRAINING_ELEMENTS = 64


@Teacher.register("orbit")
class OrbitTeacher(Teacher):
    """The linear maps that commute with a permutation group, all and no others.

    `y[n,q,o] = Σ_{p,c} x[n,p,c] · ψ[orbit(q,p),c,o]`: all pairs of an output position q
    and an input position p in the same orbit of the group share a weight. The cheaper
    of two ways of summation is chosen. In general it is one product with the matrix of
    all weights, `positions_in · positions_out · channels · filters` multiplications for
    each input. If almost all pairs of each position are in one orbit, as with a
    symmetric group, it is a sum over all positions and a correction for the few others,
    `positions_out · (others + 1) · channels · filters` multiplications.

    Args:
        group: `PermutationGroup`, acting on input positions.
        group_out: `PermutationGroup`, the same group's action on output positions, by
            as many generators in the same order; `None` if it is that on inputs.

    Call arguments:
        inputs: Tensor of shape `(batch, positions_in, channels)`.
        kernel: Tensor of shape `(orbits, channels, filters)`, orbits of pairs numbered
            in the order of (output position, input position).

    Output shape:
        `(batch, positions_out, filters)`.

    Raises:
        ValueError: If the groups have different numbers of generators.
        TypeError: If one is not a `PermutationGroup`.
        MemoryError: If there are too many positions.

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

    def __init__(
        self, group: PermutationGroup, group_out: PermutationGroup | None = None
    ) -> None:
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
        self.input_shape = (self.positions_in,)
        self.output_shape = (self.positions_out,)

    @property
    def orbits(self) -> Array:
        """Integer array of shape `(positions_out, positions_in)`, the orbit of each
        pair."""
        return orbits_of_pairs(self.group, self.group_out)

    @cached_property
    def orbit_sizes(self) -> Array:
        """Integer array of shape `(orbits,)`, the number of pairs in each orbit."""
        return np.bincount(self.orbits.reshape(-1))

    @property
    def kernel_shape(self) -> tuple[int, ...]:  # type: ignore[override]  # lazy
        """Tuple, the number of orbits of pairs, which are found on first use."""
        return (len(self.orbit_sizes),)

    @property
    def entry_gain(self) -> Array:
        """Array of shape `(orbits,)`, the number of pairs in each orbit, divided by the
        number of output positions."""
        return self.orbit_sizes / self.positions_out

    @property
    def receptive_fields(self) -> Array:
        """Integer array of shape `(positions_out, positions_in)`: all input
        positions."""
        positions = np.arange(self.positions_in)
        return np.broadcast_to(positions, (self.positions_out, self.positions_in))

    @property
    def receptive_field_size(self) -> int:
        return self.positions_in

    @property
    def name(self) -> str:  # type: ignore[override]  # read-only
        """The name that artifacts of its students start with."""
        if self.group_out == self.group:
            return self.group.name
        return f"{self.group.name}-to-{self.group_out.name}"

    @property
    def title(self) -> str:  # type: ignore[override]  # read-only
        """The map in a few words, as tables and progress bars show it."""
        if self.group_out == self.group:
            return self.group.title
        return f"{self.group.title} to {self.group_out.title}"

    @cached_property
    def _sums(self) -> PairSums:
        outputs, inputs = self.group_out.orbits, self.group.orbits
        return PairSums(self.orbits, self.orbit_sizes, outputs, inputs)

    def __call__(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        return self._sums(ops.convert_to_tensor(inputs), ops.convert_to_tensor(kernel))

    def call_memory(self, kernels: int) -> int:
        if self._sums.gathers:
            return 0
        # The matrix of all weights, and its transpose.
        return 8 * self.positions_in * self.positions_out * kernels

    def transformations(self) -> list[Transformation]:
        return list(permutations_of(self.group, self.group_out))

    def training_transformations(self) -> list[Transformation]:
        return list(permutations_of(self.group, self.group_out, TRAINING_ELEMENTS))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OrbitTeacher) or type(self) is not type(other):
            return False
        return (self.group, self.group_out) == (other.group, other.group_out)

    def __hash__(self) -> int:
        return hash((self.group, self.group_out))

    def __repr__(self) -> str:
        out = "" if self.group_out == self.group else f", {self.group_out}"
        return f"{type(self).__name__}({self.group}{out})"

    def get_config(self) -> dict[str, Any]:
        config = _group_config(self.group)
        if self.group_out != self.group:
            out = _group_config(self.group_out)
            config |= {f"{key}_out": value for key, value in out.items()}
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "OrbitTeacher":
        out = {
            key.removesuffix("_out"): value
            for key, value in config.items()
            if key.endswith("_out")
        }
        inputs = {k: v for k, v in config.items() if not k.endswith("_out")}
        return cls(_group(**inputs), _group(**out) if out else None)


def _group_config(group: PermutationGroup) -> dict[str, Any]:
    """A group as a few plain values, as artifacts store them: each generator is one
    string, such as "1 2 0"."""
    generators = [" ".join(map(str, row)) for row in group.generators.tolist()]
    return {"group": group.name, "title": group.title, "generators": generators}


def _group(group: str, title: str, generators: list[str]) -> PermutationGroup:
    rows = [[int(number) for number in row.split()] for row in generators]
    return PermutationGroup(rows, group, title)
