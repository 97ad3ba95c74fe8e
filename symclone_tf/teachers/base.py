"""The base class of teachers: sizes, outputs and symmetry of an equivariant map."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from symclone_tf.registered import Registered
from symclone_tf.symmetry import Transformation
from symclone_tf.teachers.sliding_windows import SlidingWindow
from symclone_tf.types import Array, Tensor

TEACHERS: dict[str, type["Teacher"]] = {}
"""Teacher classes by the names that `Teacher.register` gave them."""


class Teacher(Registered):
    """An equivariant map of inputs and a kernel, which students imitate.

    A subclass sets the attributes below, implements `__call__`, returns its symmetry
    from `transformations` and its constructor's arguments from `get_config`, and is
    registered by name with `register`. Teachers are values: those of the same class and
    configuration are equal.

    Sizes are those of one channel. The entries of an input, `input_shape`, are its
    positions times the size of its representation: a feature map on C4 transforms by
    the regular representation, of size 4, and has four entries at each position, one
    for each element of the group; an image has one. Positions are the leading axes.
    The same holds for outputs. A student's blocks map input positions to output
    positions, within receptive fields where these are declared, and are the same for
    all elements of the representation and for all channels.

    Attributes:
        positions_in: Integer, number of positions of an input.
        representation_in: Integer, size of the inputs' representation.
        positions_out: Integer, number of positions of an output.
        representation_out: Integer, size of the outputs' representation.
        input_shape: Tuple, of an input without batch and channels:
            `positions_in · representation_in` entries.
        kernel_shape: Tuple, of a kernel without channels and filters.
        output_shape: Tuple, of an output without batch and filters:
            `positions_out · representation_out` entries.
        name: String of letters, digits and hyphens, which names of artifacts start
            with.
        title: String, shown in tables and progress bars.
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
        """Integer, number of entries of a kernel for one channel and one filter."""
        return math.prod(self.kernel_shape)

    @property
    def rank(self) -> int:
        """Integer, the dimension of the space of all maps from positions to positions
        that the teacher consists of: a student with as many linear blocks can copy it
        exactly."""
        operators = (
            self.representation_in * self.representation_out * self.kernel_entries
        )
        return min(operators, self.positions_in * self.positions_out)

    @property
    def receptive_fields(self) -> Array | None:
        """Integer array of shape `(positions_out, r)`: the input positions that each
        output position depends on, padded with −1. `None` if they are not known, and
        have to be found by unit impulses."""
        return None

    @property
    def receptive_field_size(self) -> int | None:
        """Integer, r, which subclasses may return without computing the array; `None`
        as above."""
        fields = self.receptive_fields
        return None if fields is None else np.shape(fields)[-1]

    @property
    def windows(self) -> tuple[SlidingWindow, ...] | None:
        """Tuple of `SlidingWindow`, one for each axis of positions, if receptive fields
        are those of a convolution, row by row; `None` if they are not known to be."""
        return None

    def resized(self, sizes: tuple[int, ...]) -> "Teacher":
        """The same map for inputs of another size.

        Args:
            sizes: Tuple of integers, one for each axis of positions.

        Returns:
            `Teacher`.

        Raises:
            ValueError: If there is none for these sizes.
            TypeError: If the teacher has no `windows`.
        """
        raise TypeError(f"{type(self).__name__} is for inputs of one size")

    @property
    def border(self) -> int:
        """Integer, pixels at each edge of an output that depend on padding."""
        return 0

    @property
    def entry_gain(self) -> Array | float:
        """Array of shape `kernel_shape`, or one number for all entries: the mean square
        of outputs for inputs from N(0, I) and a kernel whose only non-zero entry, 1, is
        this one. It is the number of input positions that the entry is multiplied with,
        averaged over outputs: 1 for convolutions. Learning rates depend on it."""
        return 1.0

    @property
    def largest_gain(self) -> float:
        """Float, the same for the kernel of norm 1 whose outputs are largest: more than
        each entry's gain where entries have similar effects."""
        return float(np.max(self.entry_gain))

    def __call__(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """Computes the outputs.

        Args:
            inputs: Tensor of shape `(batch, *input_shape, channels)`.
            kernel: Tensor of shape `(*kernel_shape, channels, filters)`.

        Returns:
            Tensor of shape `(batch, *output_shape, filters)`.
        """
        raise TypeError(f"{type(self).__name__} must implement `__call__`")

    def call_memory(self, kernels: int) -> int:
        """Bytes of memory that a call needs besides inputs, kernels and outputs.

        Args:
            kernels: Integer, number of kernels that outputs are computed for at once.
        """
        return 0

    def transformations(self) -> Iterable[Transformation]:
        """The transformations that it is equivariant under.

        Returns:
            Iterable of `Transformation`, by which the equivariance error is measured;
            empty for a teacher without symmetry, or one too small to measure it.
        """
        return ()

    def training_transformations(self) -> Iterable[Transformation]:
        """The transformations of layers trained with `anchor="transformed-inputs"`.

        Returns:
            Iterable of `Transformation`; those of `transformations` by default.
        """
        return self.transformations()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain values."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Teacher":
        """Creates a teacher from its configuration.

        Args:
            config: Dictionary, as returned by `get_config`.

        Returns:
            `Teacher`.
        """
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Teacher) or type(self) is not type(other):
            return False
        config = self.get_config()
        # A teacher with attributes that its configuration leaves out equals no other.
        complete = bool(config) or not vars(self)
        return complete and config == other.get_config()

    def __hash__(self) -> int:
        config = json.dumps(self.get_config(), sort_keys=True, default=repr)
        return hash((type(self), config))

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({options})"
