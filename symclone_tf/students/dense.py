"""The paper's students: blocks of plain Dense layers over all points."""

import itertools
import math

import keras
import numpy as np
from keras import ops

from symclone_tf.checks import positive_integer
from symclone_tf.students.base import Student


@Student.register("dense")
class DenseStudent(Student):
    """Parallel Dense blocks, mixed by an encoding of the kernel.

    Each block is a Dense stack over the flattened input. Nothing in it knows
    that pixels have neighbours or that groups have products; what it has of
    symmetry it learns from its teacher.

    Args:
        teacher: `Teacher`, whose sizes the student takes.
        blocks: Integer, the number of blocks; `None` for the teacher's rank,
            which is what an exact copy needs: k² for a k×k convolution.
        hidden_units: Tuple of integers, the widths of each block's hidden
            layers. The default, none, makes the blocks linear.
        activation: Activation of the hidden layers, or its name.
        seed: Integer, for the initial weights; `None` for a random one.
        **kwargs: `name`, `trainable`, `dtype`.

    {shared by all students}

    Raises:
        ValueError: If a count is not a positive integer, or inputs and kernel
            have other shapes than the teacher's.
        TypeError: If the teacher is none.

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
        teacher,
        blocks=None,
        hidden_units=(),
        activation="relu",
        seed=None,
        **kwargs,
    ):
        super().__init__(teacher, blocks, seed, **kwargs)
        self.hidden_units = tuple(
            positive_integer("hidden_units", u) for u in hidden_units
        )
        self.activation = keras.activations.get(activation)
        self.block_layers = list(self._block_layers())

    def _block_layers(self):
        """All blocks side by side: one Dense layer that reads the points they
        share, then one batched product a layer."""
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
                **self.options_of_parts,
            }
            if depth == 0:
                yield keras.layers.Dense(
                    self.blocks * units, use_bias=not last, **options
                )
            else:
                yield keras.layers.EinsumDense(
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

    @property
    def is_linear(self) -> bool:
        """Whether the blocks are linear maps."""
        return not self.hidden_units

    @property
    def sums_blocks(self) -> bool:
        """Whether inputs may be mixed before the blocks."""
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

    def build_blocks(self):
        self.block_layers[0].build((None, self.teacher.positions_in))
        for layer, units in zip(self.block_layers[1:], self.hidden_units):
            layer.build((None, self.blocks, units))

    def block_outputs(self, rows):
        for depth, layer in enumerate(self.block_layers):
            rows = layer(rows)
            if depth == 0:
                rows = ops.reshape(rows, (-1, self.blocks, layer.units // self.blocks))
        return rows

    def sum_of_blocks(self, mixed):
        size = self.teacher.positions_in * self.blocks
        kernel = ops.cast(self.block_layers[0].kernel, self.compute_dtype)
        return ops.matmul(
            ops.reshape(mixed, (-1, size)), ops.reshape(kernel, (size, -1))
        )

    def impulse_responses(self, start, count):
        if not self.is_linear:
            return super().impulse_responses(start, count)
        rows = self.block_layers[0].kernel[start : start + count]
        return ops.reshape(rows, (count, self.blocks, self.teacher.positions_out))

    def weights_at(self, position, seen):
        columns = np.arange(self.blocks) * self.teacher.positions_out + position
        rows = ops.take(self.block_layers[0].kernel, seen, axis=0)
        return ops.take(rows, columns, axis=1)

    def coordinates(self, ask):
        points = self.teacher.positions_in
        for start in range(0, points, ask.most):
            count = min(ask.most, points - start)
            yield start, ask(np.eye(count, points, start, dtype="float32"))

    def assign_coordinates(self, pieces):
        points, outputs = self.teacher.positions_in, self.teacher.positions_out
        blocks = np.zeros((points, self.blocks, outputs), "float32")
        for start, values in pieces:
            values = ops.transpose(values, (0, 2, 1))
            blocks[start : start + len(values), : values.shape[1]] = values
        self.block_layers[0].kernel.assign(blocks.reshape(points, -1))

    def by_position(self, values):
        points = self.teacher.positions_out
        if values.shape[-1] % points:  # of hidden layers, that all places see
            return super().by_position(values)
        return values.reshape(-1, points).sum(axis=0)

    def plain_parameters(self, maps):
        return self.block_parameters

    def plain_blocks(self, maps):
        first, *others = [self._plain(layer, maps) for layer in self.block_layers]
        outputs = self.teacher.positions_out
        widths = keras.layers.Reshape((maps, self.blocks, first.units // self.blocks))
        rows = keras.layers.Reshape((maps * self.blocks, outputs))
        parts = [first, widths, *others, rows]
        values = [layer.get_weights() for layer in self.block_layers]
        return list(zip(parts, [values[0], [], *values[1:], []]))

    @staticmethod
    def _plain(layer, maps):
        """A copy of a layer of blocks, for rows that still have their map."""
        config = {**layer.get_config(), "trainable": True}
        if isinstance(layer, keras.layers.EinsumDense):
            config["equation"] = "ncbi,bij->ncbj"
            config["output_shape"] = (maps, *config["output_shape"])
        return type(layer).from_config(config)

    def plain_sum(self, maps, bias=()):
        product = keras.layers.EinsumDense(
            "noq,qp->npo",
            (self.teacher.positions_out, maps),
            bias_axes="o" if bias else None,
            name="blocks_0",
        )
        size = self.teacher.positions_in * self.blocks
        kernel = self.block_layers[0].get_weights()[0]
        return [(product, [kernel.reshape(size, -1), *bias])]

    def get_config(self):
        config = super().get_config()
        config.update(
            hidden_units=list(self.hidden_units),
            activation=keras.activations.serialize(self.activation),
        )
        return config
