"""What all students share: blocks, mixed by an encoding of the kernel."""

import functools
import types
import weakref

import keras
import numpy as np

from symclone_tf.checks import positive_integer
from symclone_tf.docstrings import share, with_shared
from symclone_tf.registered import Registered
from symclone_tf.students.as_convolution import Convolving
from symclone_tf.students.encoding import Mixing
from symclone_tf.students.initializers import FirstElementOrthogonal
from symclone_tf.students.shapes import Shaped
from symclone_tf.teachers import Teacher, deserialize_teacher, serialize_teacher

STUDENTS: dict[str, type] = {}
"""Classes by the names that `Student.register` gave them."""


class Student(Shaped, Mixing, Convolving, Registered, keras.layers.Layer):
    """Blocks in parallel, mixed by an encoding of the kernel.

    The student takes its teacher's inputs and kernel. Each block is a map φ_b
    from input points to output points; an encoder, linear and the same for
    every pair of channels, turns the kernel into mixing coefficients:

    `y[n,p,h,o] = Σ_{g,c,b} φ_b(x[n,:,g,c])[p] · α[b,g,h,c,o]`, `α = ψ · E`.

    It knows how many points, maps and kernel entries there are, and nothing of
    what its teacher does with them.

    A subclass adds its blocks: their weights in `build_blocks`, what they
    compute in `block_outputs`, and in `block_parameters` how many weights that
    takes. What else it may say of them, as that they are linear, makes more
    possible: the closed form asks for `coordinates` and `assign_coordinates`,
    mixing before the blocks for `sum_of_blocks`, export in the student's own
    form for `plain_blocks` and `plain_sum`.

    Args:
        teacher: `Teacher`, whose sizes the student takes.
        blocks: Integer, the number of blocks; `None` for the teacher's rank,
            as many linear ones as an exact copy needs.
        seed: Integer, for the initial weights; `None` for a random one.
        **kwargs: `name`, `trainable`, `dtype`.

    Call arguments:
        inputs: Tensor of shape `(batch, *input_shape, channels)`, as the teacher
            takes it.
        kernel: Tensor of shape `(*kernel_shape, channels, filters)`. With a share
            of the channels that inputs have, channels are mixed in groups.

    Output shape:
        `(batch, *output_shape, filters)`, of the teacher.

    Raises:
        ValueError: If a count is not a positive integer, or inputs and kernel
            have other shapes than the teacher's.
        TypeError: If the teacher is none.

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
    is_linear = False
    # How blocks that are not linear in their weights are best trained, by Adam.
    training = types.MappingProxyType(
        {"images_per_step": 128, "steps": 4000, "learning_rate": 0.01}
    )
    # Whether `sum_of_blocks` is there.
    sums_blocks = False
    # Whether `features_last` is there, and cheaper than `features`.
    maps_last = False

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        cls.__doc__ = with_shared(cls.__doc__)

    def __init__(self, teacher, blocks=None, seed=None, **kwargs):
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
        self.sharing = weakref.WeakSet()
        self.encoder = keras.layers.Dense(
            self.blocks * teacher.representation_in * teacher.representation_out,
            use_bias=False,
            kernel_initializer=FirstElementOrthogonal(teacher.representation_out, seed),
            **self.options_of_parts,
            name="encoder",
        )

    @property
    def options_of_parts(self) -> dict:
        """What layers inside of the student have to be made with."""
        # Not passed on by Keras: a frozen student would thaw when reloaded.
        return {"trainable": self.trainable, "dtype": self.dtype_policy}

    def build_blocks(self):
        """Makes the blocks' weights."""
        raise TypeError(f"{type(self).__name__} must make its blocks' weights")

    def block_outputs(self, rows):
        """What every block makes of points.

        Args:
            rows: Tensor of shape `(rows, positions_in)`.

        Returns:
            Tensor of shape `(rows, blocks, positions_out)`.
        """
        raise TypeError(f"{type(self).__name__} must compute in `block_outputs`")

    def sum_of_blocks(self, mixed):
        """What all blocks together make of points that differ for each.

        Args:
            mixed: Tensor of shape `(rows, positions_in, blocks)`.

        Returns:
            Tensor of shape `(rows, positions_out)`, `Σ_b φ_b(mixed[:, :, b])`.
        """
        raise TypeError(f"{type(self).__name__} does not sum its blocks")

    def coordinates(self, ask):
        """The teacher's operators in the coordinates of a block's weights.

        Args:
            ask: `Questions`: called with rows of shape `(rows, positions_in)`, not
                more than `ask.most` at a time, it gives the teacher's answers,
                `(rows, positions_out, operators)`.

        Yields:
            Pairs of what `assign_coordinates` knows a piece of the weights by,
            and a tensor of shape `(…, operators)`. Orthogonal coordinates: what
            of an operator the blocks cannot be is left out.
        """
        raise TypeError(f"{type(self).__name__} has no closed form")

    def assign_coordinates(self, pieces) -> None:
        """Sets the blocks' weights.

        Args:
            pieces: Iterable of pairs as from `coordinates`, with tensors of
                shape `(…, rank)`, one entry for each of the first blocks; the
                other blocks become zero.
        """
        raise TypeError(f"{type(self).__name__} has no closed form")

    def plain_blocks(self, maps):
        """`block_outputs` of plain Keras layers, for `maps` rows of each sample.

        Args:
            maps: Integer.

        Returns:
            List of pairs of a Keras layer and its weights' values, from
            `(batch, maps, positions_in)` to `(batch, maps · blocks, positions_out)`.
        """
        raise TypeError(f"{type(self).__name__} has no plain form")

    def plain_parameters(self, maps) -> int | None:
        """Integer, the weights of `plain_blocks(maps)`; `None` if the student has
        no such form."""

    def plain_sum(self, maps, bias=()):
        """`sum_of_blocks` of plain Keras layers, for `maps` rows of each sample.

        Args:
            maps: Integer.
            bias: Tuple of an array, to be added to each map; or empty.

        Returns:
            List of pairs of a Keras layer and its weights' values, from
            `(batch, maps, positions_in · blocks)` to `(batch, positions_out, maps)`.
        """
        raise TypeError(f"{type(self).__name__} does not sum its blocks")

    @property
    def block_parameters(self) -> int:
        """Integer, the blocks' weights, known before they are allocated."""
        raise TypeError(f"{type(self).__name__} must count its blocks' weights")

    @property
    def block_operations(self) -> int:
        """Integer, the multiplications of all blocks for one map."""
        return self.block_parameters

    @property
    def features_per_map(self) -> int:
        """Integer, the numbers that the blocks make of one map on the way."""
        return self.blocks * self.teacher.positions_out

    @property
    def shared_numbers(self) -> int:
        """Integer, the numbers that a call makes of the weights, once for all maps."""
        return 0

    @property
    def shared_operations(self) -> int:
        """Integer, the multiplications that make them."""
        return 0

    @property
    def colours(self) -> np.ndarray:
        """Integer array of shape `(positions_in,)`: points of one colour are never
        seen together by an output point of a block, and can be drawn alike."""
        return np.arange(self.teacher.positions_in)

    @property
    def is_exact(self) -> bool:
        """Whether the blocks could copy a linear teacher exactly."""
        return self.is_linear and self.blocks >= self.teacher.rank

    @property
    def traits(self) -> list[str]:
        """What is not the default about the blocks, as names of artifacts say
        it."""
        return [] if self.blocks == self.teacher.rank else [f"b{self.blocks}"]

    @property
    def parameters(self) -> int:
        """Integer, the number of weights, known before they are allocated."""
        return self.block_parameters + self.teacher.kernel_entries * self.encoder.units

    @property
    def block_weights(self) -> list:
        """The blocks' weights, without the encoder's."""
        return [w for w in self.weights if w.path != self.encoder.kernel.path]

    def build(self, inputs_shape=None, kernel_shape=None):
        self.encoder.build((None, self.teacher.kernel_entries))
        self.build_blocks()
        for layer in self._flatten_layers(include_self=False):
            # Keras' own would round the weights behind the student's products;
            # the base class refuses, of which `model.quantize` makes a warning.
            layer.quantize = types.MethodType(keras.layers.Layer.quantize, layer)
            layer.load_own_variables = self._and_measure(layer.load_own_variables)

    def load_own_variables(self, store):
        self._and_measure(super().load_own_variables)(store)

    def _and_measure(self, load):
        """Loading weights that `translation_equivariance` has seen others of."""

        @functools.wraps(load)
        def loading(store):
            load(store)
            self.weights_changed()

        return loading

    def get_config(self):
        config = super().get_config()
        config.update(
            teacher=serialize_teacher(self.teacher),
            blocks=self.blocks,
            seed=self.seed,
        )
        return config

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "teacher": deserialize_teacher(config["teacher"])})


share("students", Student.__doc__, "Call arguments:", "Raises:")
