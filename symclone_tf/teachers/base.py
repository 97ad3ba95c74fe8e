"""What a teacher is: the sizes, the answers and the symmetry of a map."""

import json
import math
from collections.abc import Iterable

import numpy as np

from symclone_tf.registered import Registered
from symclone_tf.symmetry import Transformation

TEACHERS: dict[str, type] = {}
"""Classes by the names that `Teacher.register` gave them."""


class Teacher(Registered):
    """An equivariant map of inputs and a kernel, that a student imitates.

    A value: two teachers of one class and one configuration are equal. A
    subclass sets the attributes below, computes in `__call__`, says in `transformations`
    what its symmetry is, and gives in `get_config` the arguments of its
    constructor, which `register` makes known by name.

    Sizes are those of one channel. An input of shape `input_shape` is flattened
    to points, the places that a student's blocks see, and maps, of which every
    place has one each: a feature map on C4 has four maps. Points come first.

    Attributes:
        positions_in: Integer, points of an input.
        representation_in: Integer, maps of an input.
        positions_out: Integer, points of an output.
        representation_out: Integer, maps of an output.
        input_shape: Tuple, of an input without batch and channels:
            `positions_in · representation_in` entries.
        kernel_shape: Tuple, of a kernel without channels and filters.
        output_shape: Tuple, of an output without batch and filters:
            `positions_out · representation_out` entries.
        name: String, that names artifacts: letters, digits and hyphens.
        title: String, as tables and progress bars show it.
        is_linear: Boolean, whether it is linear in inputs and in the kernel.

    Example:

    >>> class Gain(Teacher):
    ...     positions_in = positions_out = 5
    ...     representation_in = representation_out = 1
    ...     input_shape = output_shape = (5,)
    ...     kernel_shape = (1,)
    ...     name = title = "gain"
    ...     def __call__(self, inputs, kernel):
    ...         return keras.ops.einsum("npc,kco->npo", inputs, kernel)
    >>> student, report = clone(Gain(), solver="closed-form", verbose=0)
    >>> report.nmse < 1e-10
    True

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """

    positions_in: int
    representation_in: int
    positions_out: int
    representation_out: int
    input_shape: tuple[int, ...]
    kernel_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    name: str
    title: str
    is_linear: bool = True
    known = TEACHERS

    @property
    def kernel_entries(self) -> int:
        """Integer, the entries of a kernel for one channel and one filter."""
        return math.prod(self.kernel_shape)

    @property
    def rank(self) -> int:
        """Integer, the dimension of the space of all maps from points to points
        that the teacher is made of: as many linear blocks copy it exactly."""
        operators = (
            self.representation_in * self.representation_out * self.kernel_entries
        )
        return min(operators, self.positions_in * self.positions_out)

    @property
    def receptive_fields(self) -> np.ndarray | None:
        """Integer array of shape `(positions_out, r)`, the input points that each
        output point depends on, −1 for none; `None` for all of them."""
        return None

    @property
    def receptive_field_size(self) -> int | None:
        """Integer, r, known without its array; `None` as above."""
        named = self.receptive_fields
        return None if named is None else np.shape(named)[-1]

    @property
    def border(self) -> int:
        """Integer, pixels of each edge of an output that depend on what lies
        outside of the input."""
        return 0

    @property
    def entry_gain(self) -> np.ndarray | float:
        """Array of shape `kernel_shape`, or one number for all: how many input points
        an entry of the kernel is multiplied with, a mean over outputs. It is the mean
        square of answers to N(0, I) by a kernel of this entry alone, by which training
        chooses its steps: 1 for convolutions."""
        return 1.0

    @property
    def largest_gain(self) -> float:
        """Float, the same by the kernel of norm 1 that answers most: more than each
        entry where entries do much the same."""
        return float(np.max(self.entry_gain))

    def __call__(self, inputs, kernel):
        """Answers.

        Args:
            inputs: Tensor of shape `(batch, *input_shape, channels)`.
            kernel: Tensor of shape `(*kernel_shape, channels, filters)`.

        Returns:
            Tensor of shape `(batch, *output_shape, filters)`.
        """
        raise TypeError(f"{type(self).__name__} must compute in `__call__`")

    def call_memory(self, kernels) -> int:
        """Bytes that answers take besides inputs, kernels and outputs.

        Args:
            kernels: Integer, how many kernels are answered for at once.
        """
        return 0

    def transformations(self) -> Iterable[Transformation]:
        """What its symmetry does to inputs and to outputs.

        Returns:
            Iterable of `Transformation`, by which the equivariance error is measured;
            none for a teacher without symmetry, or too small to see it.
        """
        return ()

    def training_transformations(self) -> Iterable[Transformation]:
        """What moves inputs of layers that are trained with `anchor="transformed-inputs"`.

        Returns:
            Iterable of `Transformation`; as `transformations` unless a teacher says more.
        """
        return self.transformations()

    def get_config(self) -> dict:
        """The arguments of its constructor, as plain values."""
        return {}

    @classmethod
    def from_config(cls, config) -> "Teacher":
        """The teacher of a configuration.

        Args:
            config: Dictionary, of `get_config`.

        Returns:
            `Teacher`.
        """
        return cls(**config)

    def __eq__(self, other) -> bool:
        if self is other or type(self) is not type(other):
            return self is other
        config = self.get_config()
        # Who holds something, and has a configuration that says nothing of it, is
        # like no other.
        says_all = config or not vars(self)
        return bool(says_all) and config == other.get_config()

    def __hash__(self) -> int:
        config = json.dumps(self.get_config(), sort_keys=True, default=repr)
        return hash((type(self), config))

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({options})"
