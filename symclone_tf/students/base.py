"""The base of all students: blocks, weighted by an encoding of the kernel."""

import types
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from symclone_tf.checks import positive_integer
from symclone_tf.docstrings import share, with_shared
from symclone_tf.registered import Registered
from symclone_tf.students.as_convolution import Convolving
from symclone_tf.students.encoding import KernelEncoding
from symclone_tf.students.initializers import FirstElementOrthogonal
from symclone_tf.students.inner_layers import Dense
from symclone_tf.students.interfaces import Operators, PlainLayers
from symclone_tf.students.shapes import Shaped
from symclone_tf.teachers import Teacher, deserialize_teacher, serialize_teacher
from symclone_tf.types import Array, Shape, Tensor

STUDENTS: dict[str, type] = {}
"""Classes by the names that `Student.register` gave them."""


class Student(Shaped, KernelEncoding, Convolving, Registered, keras.layers.Layer):
    """Blocks in parallel, weighted by an encoding of the kernel.

    The student takes its teacher's inputs and kernel. Each block is a map φ_b
    from input positions to output positions; an encoder, linear and the same for
    every pair of channels, maps the kernel to the coefficients of the blocks:

    `y[n,p,h,o] = Σ_{g,c,b} φ_b(x[n,:,g,c])[p] · α[b,g,h,c,o]`, `α = ψ · E`.

    It has the teacher's numbers of positions, feature maps and kernel entries, and
    no information on what the teacher computes.

    A subclass defines its blocks: their weights in `build_blocks`, what they
    compute in `block_outputs`, and their number of weights in `block_parameters`.
    The other methods are optional: the closed form needs `coordinates` and
    `assign_coordinates`, mixing before the blocks `sum_of_blocks`, and export in the
    student's own form `plain_blocks` and `plain_sum`.

    Args:
        teacher: `Teacher`, whose sizes the student takes.
        blocks: Integer, the number of blocks; `None` for the teacher's rank, the
            number of linear blocks that an exact copy needs.
        seed: Integer, for the initial weights; `None` for a random one.
        **kwargs: `name`, `trainable`, `dtype`.

    Call arguments:
        inputs: Tensor of shape `(batch, *input_shape, channels)`, as for the
            teacher.
        kernel: Tensor of shape `(*kernel_shape, channels, filters)`. With fewer
            channels than the inputs, these are convolved in groups.

    Output shape:
        `(batch, *output_shape, filters)`, with the teacher's `output_shape`.

    Raises:
        ValueError: If a count is not a positive integer, or inputs and kernel
            have other shapes than the teacher's.
        TypeError: If `teacher` is not a `Teacher`.

    Example:

    >>> class Gains(Student):
    ...     def build_blocks(self):
    ...         self.gains = self.add_weight((self.blocks, self.teacher.positions_in))
    ...     def block_outputs(self, rows):
    ...         return rows[:, None] * self.gains
    ...     @property
    ...     def block_parameters(self):
    ...         return self.blocks * self.teacher.positions_in
    >>> student = Gains(ConvTeacher("c4", 6, padding="same"), blocks=2)
    >>> student(np.ones((1, 6, 6, 3)), np.ones((3, 3, 3, 5))).shape
    TensorShape([1, 6, 6, 4, 5])

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """

    known = STUDENTS
    # Whether the blocks are linear maps, and linear in their weights.
    is_linear: bool = False
    # How blocks that are not linear in their weights are best trained, by Adam.
    training: Mapping[str, Any] = types.MappingProxyType(
        {"images_per_step": 128, "steps": 4000, "learning_rate": 0.01}
    )
    # Whether `sum_of_blocks` is implemented.
    sums_blocks: bool = False
    # Whether `features_last` is implemented, and cheaper than `features`.
    maps_last: bool = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__doc__ = with_shared(cls.__doc__)

    def __init__(
        self,
        teacher: Teacher,
        blocks: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(teacher, Teacher):
            raise TypeError(
                "`teacher` must be a Teacher, as ConvTeacher is. "
                f"Received: teacher of type {type(teacher).__name__}"
            )
        self.teacher = teacher
        self.blocks = positive_integer(
            "blocks", teacher.rank if blocks is None else blocks
        )
        self.seed = seed
        # Layers that compute with this student, see `ClonedConv2D`.
        self.sharing: weakref.WeakSet = weakref.WeakSet()
        self.encoder = Dense(
            self.blocks * teacher.representation_in * teacher.representation_out,
            use_bias=False,
            kernel_initializer=FirstElementOrthogonal(teacher.representation_out, seed),
            student=self,
            name="encoder",
        )

    @property
    def options_of_parts(self) -> dict:
        """Dictionary, the options of every layer inside the student."""
        # Keras does not pass them on: a frozen student would be trainable again
        # after it was loaded.
        return {"trainable": self.trainable, "dtype": self.dtype_policy}

    def build_blocks(self) -> None:
        """Creates the blocks' weights."""
        raise TypeError(f"{type(self).__name__} must create weights in `build_blocks`")

    def block_outputs(self, rows: Tensor) -> Tensor:
        """The outputs of each block.

        Args:
            rows: Tensor of shape `(rows, positions_in)`.

        Returns:
            Tensor of shape `(rows, blocks, positions_out)`.
        """
        raise TypeError(f"{type(self).__name__} must compute in `block_outputs`")

    def sum_of_blocks(self, mixed: Tensor) -> Tensor:
        """The sum of all blocks' outputs, each of inputs of its own.

        Args:
            mixed: Tensor of shape `(rows, positions_in, blocks)`.

        Returns:
            Tensor of shape `(rows, positions_out)`, `Σ_b φ_b(mixed[:, :, b])`.
        """
        raise TypeError(f"{type(self).__name__} does not sum its blocks")

    def coordinates(self, operators: Operators) -> Iterator[tuple[Any, Tensor]]:
        """The teacher's operators in the coordinates of a block's weights.

        Args:
            operators: `Operators`.

        Yields:
            Pairs of a key, for `assign_coordinates`, of a part of the weights, and a
            tensor of shape `(…, operators)`. The coordinates are orthogonal: of each
            operator they hold its projection on what a block can compute.
        """
        raise TypeError(f"{type(self).__name__} has no closed form")

    def assign_coordinates(self, pieces: Iterable[tuple[Any, Tensor]]) -> None:
        """Sets the blocks' weights.

        Args:
            pieces: Iterable of pairs as from `coordinates`, with tensors of
                shape `(…, rank)`, one entry for each of the first blocks; the
                other blocks become zero.
        """
        raise TypeError(f"{type(self).__name__} has no closed form")

    def fill_unseen(self) -> None:
        """Sets weights that the teacher's outputs do not determine, after cloning."""

    def plain_blocks(self, maps: int) -> PlainLayers:
        """`block_outputs` as plain Keras layers, for `maps` rows of each sample.

        Args:
            maps: Integer.

        Returns:
            `PlainLayers`, pairs of a Keras layer and its weights' values, from
            `(batch, maps, positions_in)` to `(batch, maps · blocks, positions_out)`.
        """
        raise TypeError(f"{type(self).__name__} has no plain form")

    def plain_parameters(self, maps: int) -> int | None:
        """Integer, the weights of `plain_blocks(maps)`; `None` if the student has
        no such form."""

    def plain_sum(self, maps: int, bias: tuple[Array, ...] = ()) -> PlainLayers:
        """`sum_of_blocks` as plain Keras layers, for `maps` rows of each sample.

        Args:
            maps: Integer.
            bias: Tuple of an array, to be added to each map; or empty.

        Returns:
            `PlainLayers`, pairs of a Keras layer and its weights' values, from
            `(batch, maps, positions_in · blocks)` to `(batch, positions_out, maps)`.
        """
        raise TypeError(f"{type(self).__name__} does not sum its blocks")

    @property
    def block_parameters(self) -> int:
        """Integer, the number of the blocks' weights, before these exist."""
        raise TypeError(f"{type(self).__name__} must have `block_parameters`")

    @property
    def block_operations(self) -> int:
        """Integer, the multiplications of all blocks for one feature map."""
        return self.block_parameters

    @property
    def features_per_map(self) -> int:
        """Integer, the numbers that the blocks compute from one feature map,
        intermediate ones included."""
        return self.blocks * self.teacher.positions_out

    @property
    def shared_numbers(self) -> int:
        """Integer, the numbers that a call computes from the weights alone."""
        return 0

    @property
    def shared_operations(self) -> int:
        """Integer, the multiplications for `shared_numbers`."""
        return 0

    @property
    def colours(self) -> np.ndarray:
        """Integer array of shape `(positions_in,)`, a colour for each input position.
        No receptive field of a block has two positions of one colour."""
        return np.arange(self.teacher.positions_in)

    @property
    def positions_per_weight(self) -> int | Array:
        """Integer, or array that broadcasts with the blocks' weights: how many output
        positions a weight connects to an input each."""
        return 1

    @property
    def is_exact(self) -> bool:
        """Whether the blocks could copy a linear teacher exactly."""
        return self.is_linear and self.blocks >= self.teacher.rank

    @property
    def traits(self) -> list[str]:
        """List of strings, the blocks' options other than the defaults, for the
        names of artifacts."""
        return [] if self.blocks == self.teacher.rank else [f"b{self.blocks}"]

    @property
    def parameters(self) -> int:
        """Integer, the number of weights, before these exist."""
        return self.block_parameters + self.teacher.kernel_entries * self.encoder.units

    @property
    def block_weights(self) -> list:
        """The blocks' weights, without the encoder's."""
        return [w for w in self.weights if w.path != self.encoder.kernel.path]

    def build(
        self, inputs_shape: Shape | None = None, kernel_shape: Shape | None = None
    ) -> None:
        self.encoder.build((None, self.teacher.kernel_entries))
        self.build_blocks()

    def load_own_variables(self, store: Any) -> None:
        super().load_own_variables(store)
        self.weights_changed()

    def get_config(self) -> dict:
        config = super().get_config()
        config.update(
            teacher=serialize_teacher(self.teacher),
            blocks=self.blocks,
            seed=self.seed,
        )
        return config

    @classmethod
    def from_config(cls, config: dict) -> "Student":
        return cls(**{**config, "teacher": deserialize_teacher(config["teacher"])})


share("students", Student.__doc__, "Call arguments:", "Raises:")
