"""Students whose blocks attend to positions relative to that of the output."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from symclone_tf.checks import positive_number
from symclone_tf.students.attention_along_axes import (
    AFTER,
    BEFORE,
    attended,
    attention_to,
    targets_of,
    within_receptive_fields,
)
from symclone_tf.students.base import Student
from symclone_tf.students.interfaces import Operators, PlainLayers
from symclone_tf.students.locally_connected import receptive_field_responses
from symclone_tf.students.receptive_fields import colours_of, receptive_fields_of
from symclone_tf.teachers import SlidingWindow, Teacher
from symclone_tf.types import Array, Tensor

# Heads attend to the position next to theirs by e^-20, which float32 does not notice.
SHARPNESS = 20.0
# With less, what they attend to beside is more than a convolution's rounding.
LEAST_EXACT = 15.0


@Student.register("relative-attention")
class RelativeAttentionStudent(Student):
    """Heads that attend to one position each, relative to the output, and blocks that
    mix them.

    `φ_b(x)[p] = Σ_h V[h,b] · Σ_q A[h,p,q] · x[q]`, where each row of A is the softmax
    of `−sharpness · |q − t[h,p]|²` over the positions q of the image and of its
    padding, whose values are zero. There is a head for each position of a receptive
    field, and t begins there: at `strides · p + dilation_rate · h`, less the padding.
    So the heads span all convolutions of that size, in closed form too, where V is all
    that there is to solve for. Along each axis, targets t are weights of their own for
    each head and coordinate of the outputs, which training may move: attention is a
    product over axes, and its scores a sum.

    Args:
        teacher: `Teacher` with `windows`: a `ConvTeacher` or a
            `TranslationConvTeacher`.
        blocks: Integer, the number of blocks; `None` for the teacher's rank.
        sharpness: Float. From 15, heads attend to single positions but for float32's
            rounding, and blocks can be exact; a smaller one spreads their attention,
            so that clones have an error, and gradients reach the targets.
        seed: Integer, for the initial weights; `None` for a random one.
        **kwargs: `name`, `trainable`, `dtype`.

    {shared by all students}

    Raises:
        ValueError: If a count is not a positive integer, if the sharpness is not a
            positive number, if the teacher is no convolution, or if inputs and kernel
            have other shapes than the teacher's.
        TypeError: If `teacher` is not a `Teacher`.

    Example:

    >>> teacher = ConvTeacher("c4", image_size=28)
    >>> student = RelativeAttentionStudent(teacher, seed=0)
    >>> x = keras.random.normal((2, 28, 28, 1))
    >>> student(x, keras.random.normal((3, 3, 1, 5))).shape
    TensorShape([2, 26, 26, 4, 5])
    >>> student.parameters  # a LocallyConnectedStudent has 55,080
    873

    Reference:

    - [Cordonnier et al., 2020](https://arxiv.org/abs/1911.03584), theorem 1
    - [d'Ascoli et al., 2021](https://arxiv.org/abs/2103.10697), section 2
    """

    is_linear = True

    def __init__(
        self,
        teacher: Teacher,
        blocks: int | None = None,
        sharpness: float = SHARPNESS,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(teacher, Teacher) and teacher.windows is None:
            raise ValueError(
                "`student` relative-attention is for convolutions, which ConvTeacher "
                "and TranslationConvTeacher are; attention is for others. "
                f"Received: teacher {teacher.title}"
            )
        super().__init__(teacher, blocks, seed, **kwargs)
        self.sharpness = positive_number("sharpness", sharpness)

    @property
    def windows(self) -> tuple[SlidingWindow, ...]:
        """Tuple of `SlidingWindow`, the teacher's."""
        assert self.teacher.windows is not None  # refused by the constructor
        return tuple(self.teacher.windows)

    @property
    def sizes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Pair of tuples, the inputs and the outputs along each axis."""
        axes = len(self.windows)
        return self.teacher.input_shape[:axes], self.teacher.output_shape[:axes]

    @property
    def heads(self) -> int:
        """Integer, the number of heads: of positions in a receptive field."""
        return math.prod(window.size for window in self.windows)

    def build_blocks(self) -> None:
        self.targets = self.add_weight(
            name="targets",
            shape=(self.heads, sum(self.sizes[1])),
            initializer=lambda shape, dtype=None: ops.convert_to_tensor(
                self.first_targets(), dtype
            ),
        )
        # With one more axis, to be told from targets.
        self.head_values = self.add_weight(
            name="values", shape=(1, self.heads, self.blocks), initializer="zeros"
        )

    def first_targets(self) -> Array:
        """Array of the shape of `targets`, the positions in the receptive fields."""
        return targets_of(self.windows, self.sizes[0])

    def attention(self) -> list[Tensor]:
        """The attention along each axis, whose product is that of a head.

        Returns:
            List of tensors of shape `(heads, outputs, inputs)`, see `attention_to`.
        """
        # In float32 always: half precision does not tell large positions apart.
        targets, start, found = ops.cast(self.targets, "float32"), 0, []
        for window, size, count in zip(self.windows, *self.sizes):
            own = targets[:, start : start + count]
            found.append(attention_to(own, window, size, self.sharpness))
            start += count
        return found

    def attend(self, values: Tensor) -> Tensor:
        """What the heads attend to.

        Args:
            values: Tensor of shape `(batch, positions_in, features)`, or `(batch,
                positions_in, heads, features)`.

        Returns:
            Tensor of shape `(batch, positions_out, heads, features)`.
        """
        return attended(self.attention(), values, self.sizes[0])

    def head_kernels(self, kernel: Tensor) -> Tensor:
        """What the heads attend to is multiplied by.

        Args:
            kernel: Tensor, as in a call of the layer.

        Returns:
            Tensor of shape `(heads, representation_in · channels, representation_out ·
            filters)`, `Σ_b V[h,b] · α[b,…]`.
        """
        coefficients = self.coefficients_by_block(kernel)
        _, rows, columns = coefficients.shape
        flat = ops.reshape(coefficients, (self.blocks, rows * columns))
        mixed = ops.matmul(ops.cast(self.head_values[0], flat.dtype), flat)
        return ops.reshape(mixed, (self.heads, rows, columns))

    def block_outputs(self, rows: Tensor) -> Tensor:
        outputs = self.attend(rows[..., None])[..., 0]
        values = ops.cast(self.head_values[0], outputs.dtype)
        return ops.einsum("hb,nph->nbp", values, outputs)

    @property
    def block_parameters(self) -> int:
        return self.heads * (sum(self.sizes[1]) + self.blocks)

    @property
    def block_operations(self) -> int:
        sizes, counts = self.sizes
        products = [
            math.prod(sizes[axis:]) * math.prod(counts[: axis + 1])
            for axis in range(len(sizes))
        ]
        return self.heads * (sum(products) + self.blocks * self.teacher.positions_out)

    @property
    def features_per_map(self) -> int:
        return (self.heads + self.blocks) * self.teacher.positions_out

    @property
    def shared_numbers(self) -> int:
        # Scores, and attention.
        return 2 * self.heads * sum(n * m for n, m in zip(*self.sizes))

    @property
    def shared_operations(self) -> int:
        return self.shared_numbers

    @property
    def colours(self) -> Array:
        """Integer array of shape `(positions_in,)`, see `colours_of`."""
        return colours_of(self.teacher)

    @property
    def positions_per_weight(self) -> Array:
        return self._seen()[:, None]

    @property
    def is_exact(self) -> bool:
        return super().is_exact and self.sharpness >= LEAST_EXACT

    def _seen(self) -> Array:
        """Array of shape `(heads,)`: at how many outputs a head meets an input rather
        than padding, and 1 where at none."""
        return np.maximum(np.sum(receptive_fields_of(self.teacher) >= 0, axis=0), 1)

    def coordinates(self, operators: Operators) -> Iterator[tuple[None, Array]]:
        found = receptive_field_responses(self.teacher, operators).sum(axis=0)
        # Weights of several positions: sums over them, of unit vectors.
        yield None, (found / np.sqrt(self._seen())[:, None]).astype("float32")

    def assign_coordinates(self, pieces: Iterable[tuple[None, Tensor]]) -> None:
        ((_, values),) = pieces
        weights = np.zeros(self.head_values.shape, "float32")
        found = ops.convert_to_numpy(values) / np.sqrt(self._seen())[:, None]
        weights[0, :, : found.shape[-1]] = found
        self.head_values.assign(weights)
        self.targets.assign(self.first_targets())

    def receptive_field_weights(self) -> tuple[Array, float]:
        *maps, mixing = (
            ops.convert_to_numpy(each).astype("float64")
            for each in (*self.attention(), self.head_values[0])
        )
        within = within_receptive_fields(maps, self.windows, self.sizes[0])
        # All of a block's weights are products of axes, whose inner products are known.
        products = math.prod(np.einsum("hpq,kpq->hk", each, each) for each in maps)
        whole = float(np.einsum("hb,hk,kb->", mixing, products, mixing))
        weights = np.einsum("hpv,hb->pvb", within, mixing)
        inside = float(np.sum(np.square(weights)))
        return weights.astype("float32"), max(0.0, whole - inside)

    def weights_at(self, position: int, receptive_field: Array) -> Tensor:
        index = np.unravel_index(position, self.sizes[1])
        product = ops.ones((self.heads, 1))
        parts = zip(self.attention(), self.windows, self.sizes[0], index)
        for along, window, size, own in parts:
            field = window.fields(size)[own]
            inside = ops.cast((field >= 0) & (field < size), "float32")
            taken = ops.take(along[:, own], np.clip(field, 0, size - 1), axis=-1)
            product = product[:, :, None] * (taken * inside)[:, None]
            product = ops.reshape(product, (self.heads, -1))
        return ops.matmul(
            ops.transpose(product), ops.cast(self.head_values[0], "float32")
        )

    def by_position(self, values: Array) -> Array:
        positions = self.teacher.positions_out
        if values.ndim > 2:
            return super().by_position(values)
        found, start = np.zeros(self.sizes[1]), 0
        for axis, count in enumerate(self.sizes[1]):
            along = values[:, start : start + count].sum(axis=0) * count / positions
            shape = [1] * found.ndim
            shape[axis] = count
            found += along.reshape(shape)
            start += count
        return found.ravel()

    @property
    def traits(self) -> list[str]:
        default = self.sharpness == SHARPNESS
        return super().traits + ([] if default else [f"s{self.sharpness:g}"])

    def plain_parameters(self, maps: int) -> int:
        return self.heads * (sum(n * m for n, m in zip(*self.sizes)) + self.blocks)

    def plain_blocks(self, maps: int) -> PlainLayers:
        sizes, counts = self.sizes
        layers: PlainLayers = [(keras.layers.Reshape((maps, *sizes)), [])]
        for axis, along in enumerate(self.attention()):
            shape = (maps, self.heads, *counts[: axis + 1], *sizes[axis + 1 :])
            inputs = "h"[:axis] + AFTER[:axis] + BEFORE[axis : len(sizes)]
            outputs = AFTER[: axis + 1] + BEFORE[axis + 1 : len(sizes)]
            pair = f"nm{inputs},h{AFTER[axis]}{BEFORE[axis]}"
            equation = f"{pair}->nmh{outputs}"
            layer = keras.layers.EinsumDense(equation, shape, name=f"attention_{axis}")
            layers.append((layer, [ops.convert_to_numpy(along)]))
        flat = (maps, self.heads, self.teacher.positions_out)
        mixing = keras.layers.EinsumDense(
            "nmhp,hb->nmbp", (maps, self.blocks, flat[-1]), name="blocks"
        )
        return [
            *layers,
            (keras.layers.Reshape(flat), []),
            (mixing, [ops.convert_to_numpy(self.head_values)[0]]),
            (keras.layers.Reshape((maps * self.blocks, flat[-1])), []),
        ]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "sharpness": self.sharpness}
