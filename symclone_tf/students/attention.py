"""Students whose blocks are attention maps with learned positions."""

import math
import types
from typing import Any

import keras
from keras import ops

from symclone_tf.checks import positive_integer
from symclone_tf.students.base import Student
from symclone_tf.students.interfaces import PlainLayers
from symclone_tf.teachers import Teacher
from symclone_tf.types import Tensor


@Student.register("attention")
class AttentionStudent(Student):
    """Blocks that attend to input positions, whatever their values are.

    `φ_b(x)[p] = Σ_q A[b,p,q] · x[q]`, where each row of A is the softmax of
    `queries[b,p] · keys[q] / √dimensions`: every input position learns a key, and
    every output position of a block a query. One more key is that of the padding,
    whose value is zero. The blocks are linear in x, and not in their weights. A
    convolution is their limit, where each output position attends to one input
    position.

    Args:
        teacher: `Teacher`, whose sizes the student takes.
        blocks: Integer, the number of blocks; `None` for the teacher's rank, the
            number of a convolution's kernel entries.
        dimensions: Integer, of keys and queries.
        seed: Integer, for the initial weights; `None` for a random one.
        **kwargs: `name`, `trainable`, `dtype`.

    {shared by all students}

    Raises:
        ValueError: If a count is not a positive integer, or inputs and kernel
            have other shapes than the teacher's.
        TypeError: If `teacher` is not a `Teacher`.

    Example:

    >>> student = AttentionStudent(ConvTeacher("c4", image_size=8), seed=0)
    >>> x = keras.random.normal((2, 8, 8, 1))
    >>> student(x, keras.random.normal((3, 3, 1, 5))).shape
    TensorShape([2, 6, 6, 4, 5])

    Reference:

    - [Cordonnier et al., 2020](https://arxiv.org/abs/1911.03584), theorem 1
    - [d'Ascoli et al., 2021](https://arxiv.org/abs/2103.10697), section 2
    """

    # Queries have far to go, from uniform attention to that of one position; and
    # attention is computed once, for any number of images.
    training = types.MappingProxyType(
        {"images_per_step": 24, "steps": 1000, "learning_rate": 0.1}
    )

    def __init__(
        self,
        teacher: Teacher,
        blocks: int | None = None,
        dimensions: int = 16,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(teacher, blocks, seed, **kwargs)
        self.dimensions = positive_integer("dimensions", dimensions)

    def build_blocks(self) -> None:
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

    def attention(self) -> Tensor:
        """The attention maps.

        Returns:
            Tensor of shape `(blocks, positions_out, positions_in)`. Rows sum to at
            most 1: the padding has the rest.
        """
        queries = ops.cast(self.queries, self.compute_dtype)
        keys = ops.cast(self.keys, self.compute_dtype)
        logits = ops.matmul(
            ops.reshape(queries, (-1, self.dimensions)), ops.transpose(keys)
        )
        weights = ops.softmax(logits / math.sqrt(self.dimensions))[:, :-1]
        return ops.reshape(weights, (self.blocks, -1, self.teacher.positions_in))

    def block_outputs(self, rows: Tensor) -> Tensor:
        maps = ops.reshape(self.attention(), (-1, self.teacher.positions_in))
        outputs = ops.matmul(rows, ops.transpose(maps))
        return ops.reshape(outputs, (-1, self.blocks, self.teacher.positions_out))

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
        # Logits, attention, and attention by block.
        return 3 * self.map_size

    @property
    def shared_operations(self) -> int:
        return self.dimensions * self.map_size

    @property
    def traits(self) -> list[str]:
        default = self.dimensions == 16
        return super().traits + ([] if default else [f"d{self.dimensions}"])

    def plain_parameters(self, maps: int) -> int:
        return self.map_size

    def plain_blocks(self, maps: int) -> PlainLayers:
        # Keys and queries are fixed here, so that attention is one matrix.
        size = self.blocks * self.teacher.positions_out
        product = keras.layers.Dense(size, use_bias=False, name="blocks")
        attention = ops.convert_to_numpy(self.attention())
        values = attention.reshape(-1, self.teacher.positions_in).T
        rows = keras.layers.Reshape((maps * self.blocks, self.teacher.positions_out))
        return [(product, [values]), (rows, [])]

    def get_config(self) -> dict:
        return {**super().get_config(), "dimensions": self.dimensions}
