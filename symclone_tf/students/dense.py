"""The paper's students: blocks of Dense layers over all positions."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from symclone_tf.checks import positive_integer
from symclone_tf.students.base import Student
from symclone_tf.students.inner_layers import Dense, EinsumDense, InnerLayer
from symclone_tf.students.interfaces import Operators, PlainLayers
from symclone_tf.teachers import Teacher
from symclone_tf.types import Array, Tensor


@Student.register("dense")
class DenseStudent(Student):
    """Parallel Dense blocks, weighted by an encoding of the kernel.

    Each block is a stack of Dense layers over the flattened input, without any
    information on neighbouring pixels or on the group. All its symmetry is learned
    from the teacher.

    Args:
        teacher: `Teacher`, whose sizes the student takes.
        blocks: Integer, the number of blocks; `None` for the teacher's rank,
            the number that an exact copy needs: k² for a k×k convolution.
        hidden_units: Tuple of integers, the widths of each block's hidden
            layers. The default, none, makes the blocks linear.
        activation: Activation of the hidden layers, or its name.
        seed: Integer, for the initial weights; `None` for a random one.
        **kwargs: `name`, `trainable`, `dtype`.

    {shared by all students}

    Raises:
        ValueError: If a count is not a positive integer, or inputs and kernel
            have other shapes than the teacher's.
        TypeError: If `teacher` is not a `Teacher`.

    Example:

    >>> student = DenseStudent(ConvTeacher("c4", image_size=8), seed=0)
    >>> x = keras.random.normal((2, 8, 8, 1))
    >>> student(x, keras.random.normal((3, 3, 1, 5))).shape
    TensorShape([2, 6, 6, 4, 5])

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """

    def __init__(
        self,
        teacher: Teacher,
        blocks: int | None = None,
        hidden_units: Sequence[int] = (),
        activation: Any = "relu",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(teacher, blocks, seed, **kwargs)
        self.hidden_units = tuple(
            positive_integer("hidden_units", u) for u in hidden_units
        )
        self.activation = keras.activations.get(activation)
        self.block_layers = list(self._block_layers())

    def _block_layers(self) -> Iterator[InnerLayer]:
        """All blocks side by side: one Dense layer of the inputs that they share, then
        one batched product for each further layer."""
        for depth, (fan_in, units) in enumerate(itertools.pairwise(self._widths)):
            last = depth == len(self.hidden_units)
            if last:
                initializer = keras.initializers.Zeros()
            else:
                seed = None if self.seed is None else self.seed + depth + 1
                initializer = keras.initializers.RandomNormal(
                    stddev=math.sqrt(2 / fan_in), seed=seed
                )
            options = {
                "activation": None if last else self.activation,
                "kernel_initializer": initializer,
                "name": f"blocks_{depth}",
                "student": self,
            }
            if depth == 0:
                yield Dense(self.blocks * units, use_bias=not last, **options)
            else:
                yield EinsumDense(
                    "nbi,bij->nbj",
                    output_shape=(self.blocks, units),
                    bias_axes=None if last else "bj",
                    **options,
                )

    @property
    def _widths(self) -> tuple[int, ...]:
        """Sizes of a block's input, hidden layers and output."""
        return (
            self.teacher.positions_in,
            *self.hidden_units,
            self.teacher.positions_out,
        )

    # Constants of the class elsewhere; here they depend on the options.
    @property
    def is_linear(self) -> bool:  # type: ignore[override]
        """Whether the blocks are linear maps."""
        return not self.hidden_units

    @property
    def sums_blocks(self) -> bool:  # type: ignore[override]
        """Whether `sum_of_blocks` is implemented."""
        return self.is_linear

    @property
    def block_operations(self) -> int:
        return self.blocks * sum(a * b for a, b in itertools.pairwise(self._widths))

    @property
    def block_parameters(self) -> int:
        return self.block_operations + self.blocks * sum(self.hidden_units)

    @property
    def features_per_map(self) -> int:
        return self.blocks * (sum(self.hidden_units) + self.teacher.positions_out)

    @property
    def traits(self) -> list[str]:
        traits = super().traits
        if self.hidden_units:
            traits.append("h" + "x".join(map(str, self.hidden_units)))
            if self.activation is not keras.activations.relu:
                traits.append(self.activation.__name__)
        return traits

    def build_blocks(self) -> None:
        self.block_layers[0].build((None, self.teacher.positions_in))
        for layer, units in zip(self.block_layers[1:], self.hidden_units):
            layer.build((None, self.blocks, units))

    def block_outputs(self, rows: Tensor) -> Tensor:
        for depth, layer in enumerate(self.block_layers):
            rows = layer(rows)
            if depth == 0:
                rows = ops.reshape(rows, (-1, self.blocks, layer.units // self.blocks))
        return rows

    def sum_of_blocks(self, mixed: Tensor) -> Tensor:
        size = self.teacher.positions_in * self.blocks
        kernel = ops.cast(self.block_layers[0].kernel, self.compute_dtype)
        return ops.matmul(
            ops.reshape(mixed, (-1, size)), ops.reshape(kernel, (size, -1))
        )

    def impulse_responses(self, start: int, count: int) -> Tensor:
        if not self.is_linear:
            return super().impulse_responses(start, count)
        rows = self.block_layers[0].kernel[start : start + count]
        return ops.reshape(rows, (count, self.blocks, self.teacher.positions_out))

    def weights_at(self, position: int, receptive_field: Array) -> Tensor:
        columns = np.arange(self.blocks) * self.teacher.positions_out + position
        rows = ops.take(self.block_layers[0].kernel, receptive_field, axis=0)
        return ops.take(rows, columns, axis=1)

    def coordinates(self, operators: Operators) -> Iterator[tuple[int, Tensor]]:
        positions = self.teacher.positions_in
        for start in range(0, positions, operators.batch_size):
            count = min(operators.batch_size, positions - start)
            yield start, operators(np.eye(count, positions, start, dtype="float32"))

    def assign_coordinates(self, pieces: Iterable[tuple[int, Tensor]]) -> None:
        positions_in = self.teacher.positions_in
        shape = (positions_in, self.blocks, self.teacher.positions_out)
        blocks = np.zeros(shape, "float32")
        for start, values in pieces:
            values = ops.transpose(values, (0, 2, 1))
            blocks[start : start + len(values), : values.shape[1]] = values
        self.block_layers[0].kernel.assign(blocks.reshape(positions_in, -1))

    def by_position(self, values: Array) -> Array:
        positions = self.teacher.positions_out
        if values.shape[-1] % positions:  # hidden layers, that all positions share
            return super().by_position(values)
        return values.reshape(-1, positions).sum(axis=0)

    def plain_parameters(self, maps: int) -> int:
        return self.block_parameters

    def plain_blocks(self, maps: int) -> PlainLayers:
        first, *others = [self._plain(layer, maps) for layer in self.block_layers]
        outputs = self.teacher.positions_out
        widths = keras.layers.Reshape((maps, self.blocks, first.units // self.blocks))
        rows = keras.layers.Reshape((maps * self.blocks, outputs))
        parts = [first, widths, *others, rows]
        values = [layer.get_weights() for layer in self.block_layers]
        return list(zip(parts, [values[0], [], *values[1:], []]))

    @staticmethod
    def _plain(layer: InnerLayer, maps: int) -> keras.layers.Layer:
        """A copy as Keras' own layer, for inputs with an axis of feature maps."""
        config = {**layer.get_config(), "trainable": True}
        if isinstance(layer, Dense):
            return keras.layers.Dense.from_config(config)
        config["equation"] = "ncbi,bij->ncbj"
        config["output_shape"] = (maps, *config["output_shape"])
        return keras.layers.EinsumDense.from_config(config)

    def plain_sum(self, maps: int, bias: tuple[Array, ...] = ()) -> PlainLayers:
        product = keras.layers.EinsumDense(
            "noq,qp->npo",
            (self.teacher.positions_out, maps),
            bias_axes="o" if bias else None,
            name="blocks_0",
        )
        size = self.teacher.positions_in * self.blocks
        kernel = self.block_layers[0].get_weights()[0]
        return [(product, [kernel.reshape(size, -1), *bias])]

    def get_config(self) -> dict:
        config = super().get_config()
        config.update(
            hidden_units=list(self.hidden_units),
            activation=keras.activations.serialize(self.activation),
        )
        return config
