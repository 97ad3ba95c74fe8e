"""The inputs in each receptive field, gathered by slices or by indices.

If all receptive fields have one shape on a grid, slices gather them many times faster
than indices do.
"""

import dataclasses
import functools

import keras
import numpy as np
from keras import ops

from symclone_tf.backends import backend
from symclone_tf.students.interfaces import PlainLayers
from symclone_tf.students.receptive_fields import receptive_fields_of
from symclone_tf.teachers import Teacher
from symclone_tf.types import Array, Tensor


@dataclasses.dataclass(frozen=True)
class RelativeReceptiveField:
    """One receptive field for all output positions, relative to each of them.

    Attributes:
        grid: Pair of integers, height and width of the inputs.
        padding: Pair of pairs of integers, zeros before and after each axis.
        strides: Pair of integers.
        kernel: Array of shape `(kh, kw, 1, r)`, a unit kernel for each input position
            of the receptive field.
    """

    grid: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]
    strides: tuple[int, int]
    kernel: Array

    def __call__(self, images: Tensor) -> list[Tensor]:
        """Gathers the receptive field of every output position.

        Args:
            images: Tensor of shape `(batch, height, width, …)`.

        Returns:
            List of r tensors of shape `(batch, new_height, new_width, …)`, zeros in
            the padding.
        """
        if np.any(self.padding):
            rest = [(0, 0)] * (len(images.shape) - 3)
            images = ops.pad(images, ((0, 0), *self.padding, *rest))
        rows, columns = self.strides
        height, width = (
            (size + sum(padding) - extent) // stride * stride + 1
            for size, padding, extent, stride in zip(
                self.grid, self.padding, self.kernel.shape, self.strides
            )
        )

        def slices(images):
            return [
                images[:, row : row + height : rows, column : column + width : columns]
                for row, column in self.offsets
            ]

        if self.strides != (1, 1):
            return slices(images)
        margins = self._margins()

        @backend().custom_gradient
        def sliced(images):
            def gradient(*upstream):
                # Half as many passes as the slices' own gradients take.
                parts = zip(upstream, margins)
                rest = [(0, 0)] * (len(images.shape) - 3)
                return backend().total(
                    [ops.pad(u, ((0, 0), *m, *rest)) for u, m in parts]
                )

            return slices(images), gradient

        return sliced(images)

    @property
    def dilation_rate(self) -> tuple[int, int]:
        """Pair of integers, the steps between positions along each axis."""
        if max(self.strides) > 1:  # TensorFlow does not compute both
            return 1, 1
        steps = np.gcd.reduce(np.array(self.offsets), axis=0)
        return max(1, int(steps[0])), max(1, int(steps[1]))

    @property
    def dense_kernel(self) -> Array:
        """Array of shape `(kh, kw, r)`, the unit kernels without the zeros of
        dilation."""
        rows, columns = self.dilation_rate
        return self.kernel[::rows, ::columns, 0]

    @property
    def padding_name(self) -> str | None:
        """String, this padding in Keras' terms, or `None` if it has none for it."""
        if not np.any(self.padding):
            return "valid"
        same = [
            _same_padding(size, extent, stride)
            for size, extent, stride in zip(self.grid, self.kernel.shape, self.strides)
        ]
        return "same" if tuple(same) == self.padding else None

    def _margins(self) -> list[list[tuple[int, int]]]:
        """The widths of the padded grid before and after each position's slice."""
        extent = np.array(self.kernel.shape[:2]) - 1
        return [
            [(int(a), int(b)) for a, b in zip(offset, extent - offset)]
            for offset in np.array(self.offsets)
        ]

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """List of pairs of integers, row and column of each input position within the
        receptive field."""
        positions = np.argmax(self.kernel.reshape(-1, self.kernel.shape[-1]), axis=0)
        return list(zip(*np.unravel_index(positions, self.kernel.shape[:2])))

    def plain_layers(self, maps: int) -> PlainLayers:
        """The same as plain Keras layers.

        Args:
            maps: Integer, the feature maps of the inputs.

        Returns:
            `PlainLayers`, pairs of a Keras layer and its weights' values, from
            `(batch, positions_in, maps)` to `(batch, positions_out, maps, r)`.
        """
        height, width, _, size = self.kernel.shape
        layer = keras.layers.DepthwiseConv2D(
            (height, width),
            self.strides,
            depth_multiplier=size,
            use_bias=False,
            data_format="channels_last",
            name="window",
        )
        return [
            (keras.layers.Reshape((*self.grid, maps)), []),
            (keras.layers.ZeroPadding2D(self.padding, "channels_last"), []),
            (layer, [np.repeat(self.kernel, maps, axis=2)]),
            (keras.layers.Reshape((-1, maps, size)), []),
        ]


def _same_padding(size: int, extent: int, stride: int) -> tuple[int, int]:
    """Zeros before and after an axis, as TensorFlow pads for `"same"`."""
    zeros = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return zeros // 2, zeros - zeros // 2


def gather_receptive_fields(teacher: Teacher, inputs: Tensor) -> Tensor:
    """The inputs in the receptive field of each output position of a teacher.

    Args:
        teacher: `Teacher`.
        inputs: Tensor of shape `(batch, positions_in, maps)`.

    Returns:
        Tensor of shape `(batch, positions_out, r, maps)`, zeros where a receptive
        field has fewer than r positions.
    """
    field = relative_receptive_field(teacher)
    if field is not None:
        maps = inputs.shape[-1]
        gathered = field(ops.reshape(inputs, (-1, *field.grid, maps)))
        shape = (-1, teacher.positions_out, len(gathered), maps)
        return ops.reshape(ops.stack(gathered, axis=3), shape)
    # Positions that are missing are one more position, of zeros.
    padded = ops.pad(inputs, ((0, 0), (0, 1), (0, 0)))
    positions = receptive_fields_of(teacher)
    positions = np.where(positions < 0, teacher.positions_in, positions)
    return ops.take(padded, positions, axis=1)


def receptive_fields_by_position(teacher: Teacher, inputs: Tensor) -> Tensor:
    """The same, with output positions before samples.

    Args:
        teacher: `Teacher`.
        inputs: Tensor of shape `(batch, positions_in, maps)`.

    Returns:
        Tensor of shape `(positions_out, batch, r · maps)`.
    """
    field, maps = relative_receptive_field(teacher), inputs.shape[-1]
    if field is None:
        gathered = gather_receptive_fields(teacher, inputs)
        gathered = ops.transpose(gathered, (1, 0, 2, 3))
    else:
        # The few inputs are transposed, not the many that are gathered.
        images = ops.reshape(inputs, (-1, *field.grid, maps))
        images = ops.transpose(images, (1, 2, 0, 3))[None]
        gathered = ops.stack(field(images), axis=4)
    size = receptive_fields_of(teacher).shape[1]
    return ops.reshape(gathered, (teacher.positions_out, -1, size * maps))


@functools.lru_cache(maxsize=16)
def relative_receptive_field(teacher: Teacher) -> RelativeReceptiveField | None:
    """The receptive field that all positions of a teacher have relative to them.

    Args:
        teacher: `Teacher`.

    Returns:
        `RelativeReceptiveField`; `None` if positions differ in theirs, or do not lie
        on a grid.

    Example:

    >>> teacher = ConvTeacher("t2", image_size=8, padding="same")
    >>> field = relative_receptive_field(teacher)
    >>> field.kernel.shape[:2], field.strides, field.padding_name
    ((3, 3), (1, 1), 'same')
    >>> teacher = OrbitTeacher(symmetric(5))  # outputs depend on all inputs
    >>> relative_receptive_field(teacher) is None
    True
    """
    grids = _grids(teacher)
    if grids is None:
        return None
    grid_in, grid_out = grids
    fields = receptive_fields_of(teacher)
    interior = np.flatnonzero(np.all(fields >= 0, axis=1))
    if not len(interior):
        return None
    positions = np.stack(np.unravel_index(np.maximum(fields, 0), grid_in), axis=-1)
    outputs = np.stack(np.unravel_index(np.arange(len(fields)), grid_out), axis=-1)
    first, last = interior[0], interior[-1]
    steps = outputs[last] - outputs[first]
    translation = positions[last, 0] - positions[first, 0]
    strides = np.where(steps > 0, translation // np.maximum(steps, 1), 1)
    if grid_in[1] == grid_out[1] == 1:  # no stride can be read off one column
        strides[1] = strides[0]
    offsets = positions[first] - strides * outputs[first]
    # The receptive field that each output position would have, if all are the same.
    expected = strides * outputs[:, None] + offsets
    inside = np.all((expected >= 0) & (expected < grid_in), axis=-1)
    indices = expected[..., 0] * grid_in[1] + expected[..., 1]
    if strides.min() < 1 or not np.array_equal(np.where(inside, indices, -1), fields):
        return None
    lowest = offsets.min(axis=0)
    if np.any(lowest > 0):
        return None
    kernel = np.zeros((*(offsets.max(axis=0) - lowest + 1), 1, len(offsets)), "float32")
    rows, columns = (offsets - lowest).T
    kernel[rows, columns, 0, range(len(offsets))] = 1
    before = np.maximum(0, -lowest)
    end = strides * (np.array(grid_out) - 1) + offsets.max(axis=0) + 1
    after = np.maximum(0, end - grid_in)
    made = (np.array(grid_in) + before + after - kernel.shape[:2]) // strides + 1
    if not np.array_equal(made, grid_out):
        return None
    rows, columns = zip(before.tolist(), after.tolist())
    return RelativeReceptiveField(
        grid_in, (rows, columns), (int(strides[0]), int(strides[1])), kernel
    )


def _grids(teacher: Teacher) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Height and width of inputs and outputs, if both are grids; signals along one
    axis are images of width 1."""
    counts = teacher.positions_in, teacher.positions_out
    for axes in (2, 1):
        grids = teacher.input_shape[:axes], teacher.output_shape[:axes]
        if all(
            len(grid) == axes and np.prod(grid) == count
            for grid, count in zip(grids, counts)
        ):
            (rows_in, columns_in, *_), (rows_out, columns_out, *_) = (
                (*grid, 1) for grid in grids
            )
            return (rows_in, columns_in), (rows_out, columns_out)
    return None
