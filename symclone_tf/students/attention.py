"""Students whose blocks are attention maps over points with learned positions."""

import math
import types

import keras
from keras import ops

from symclone_tf.checks import positive_integer
from symclone_tf.students.base import Student


@Student.register("attention")
class AttentionStudent(Student):
    """Blocks that attend to input points by where these are, not what they are.

    `φ_b(x)[p] = Σ_q A[b,p,q] · x[q]`, where each row of A is the softmax of
    `queries[b,p] · keys[q] / √dimensions`: every input point learns a position, its
    key, and every output point of a block the position that it looks for. One more
    key stands for nothing, as beyond the edge of an image. The blocks are linear in x,
    and not in their weights. A convolution is their limit, where all the weight lies
    on one point.

    Args:
        teacher: `Teacher`, whose sizes the student takes.
        blocks: Integer, the number of blocks; `None` for the teacher's rank, as many
            as a convolution has entries.
        dimensions: Integer, of the positions.
        seed: Integer, for the initial weights; `None` for a random one.
        **kwargs: `name`, `trainable`, `dtype`.

    {shared by all students}

    Raises:
        ValueError: If a count is not a positive integer, or inputs and kernel
            have other shapes than the teacher's.
        TypeError: If the teacher is none.

    Example:

    >>> student = AttentionStudent(ConvTeacher("c4", image_size=8), seed=0)
    >>> x = keras.random.normal((2, 8, 8, 1))
    >>> student(x, keras.random.normal((3, 3, 1, 5))).shape
    TensorShape([2, 6, 6, 4, 5])

    Reference:

    - [Cordonnier et al., 2020](https://arxiv.org/abs/1911.03584), theorem 1
    - [d'Ascoli et al., 2021](https://arxiv.org/abs/2103.10697), section 2
    """

    # Queries have far to go, from looking everywhere to looking at one point; and
    # attention is computed once, for however many images.
    training = types.MappingProxyType(
        {"images_per_step": 24, "steps": 1000, "learning_rate": 0.1}
    )

    def __init__(self, teacher, blocks=None, dimensions=16, seed=None, **kwargs):
        super().__init__(teacher, blocks, seed, **kwargs)
        self.dimensions = positive_integer("dimensions", dimensions)

    def build_blocks(self):
        teacher = self.teacher
        self.keys = self.add_weight(
            name="keys",
            shape=(teacher.positions_in + 1, self.dimensions),
            initializer=keras.initializers.RandomNormal(stddev=1.0, seed=self.seed),
        )
        self.queries = self.add_weight(
            name="queries",
            shape=(self.blocks, teacher.positions_out, self.dimensions),
            initializer="zeros",
        )

    def attention(self):
        """The attention maps.

        Returns:
            Tensor of shape `(blocks, positions_out, positions_in)`. Rows sum to at most 1:
            what is missing goes to nothing.
        """
        queries = ops.cast(self.queries, self.compute_dtype)
        keys = ops.cast(self.keys, self.compute_dtype)
        logits = ops.matmul(
            ops.reshape(queries, (-1, self.dimensions)), ops.transpose(keys)
        )
        weights = ops.softmax(logits / math.sqrt(self.dimensions))[:, :-1]
        return ops.reshape(weights, (self.blocks, -1, self.teacher.positions_in))

    def block_outputs(self, rows):
        maps = ops.reshape(self.attention(), (-1, self.teacher.positions_in))
        answers = ops.matmul(rows, ops.transpose(maps))
        return ops.reshape(answers, (-1, self.blocks, self.teacher.positions_out))

    @property
    def block_parameters(self) -> int:
        positions = (
            self.teacher.positions_in + 1 + self.blocks * self.teacher.positions_out
        )
        return positions * self.dimensions

    @property
    def block_operations(self) -> int:
        return self.map_size

    @property
    def map_size(self) -> int:
        """Integer, the entries of all attention maps."""
        return self.blocks * self.teacher.positions_in * self.teacher.positions_out

    @property
    def shared_numbers(self) -> int:
        # Logits, weights, and these by block.
        return 3 * self.map_size

    @property
    def shared_operations(self) -> int:
        return self.dimensions * self.map_size

    @property
    def traits(self) -> list[str]:
        default = self.dimensions == 16
        return super().traits + ([] if default else [f"d{self.dimensions}"])

    def plain_parameters(self, maps):
        return self.map_size

    def plain_blocks(self, maps):
        # Positions never change again: what they make is one matrix.
        size = self.blocks * self.teacher.positions_out
        product = keras.layers.Dense(size, use_bias=False, name="blocks")
        attention = ops.convert_to_numpy(self.attention())
        values = attention.reshape(-1, self.teacher.positions_in).T
        rows = keras.layers.Reshape((maps * self.blocks, self.teacher.positions_out))
        return [(product, [values]), (rows, [])]

    def get_config(self):
        return {**super().get_config(), "dimensions": self.dimensions}
