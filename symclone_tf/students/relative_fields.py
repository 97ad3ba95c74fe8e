"""The points that output points see, gathered as fast as they allow.

Where all neighbourhoods have one shape and lie on a grid, they are windows, and
slices read them many times faster than indices do.
"""

import dataclasses
import functools

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from symclone_tf.students.receptive_fields import receptive_fields_of


@dataclasses.dataclass(frozen=True)
class RelativeReceptiveField:
    """A neighbourhood of one shape, on a grid of points.

    Attributes:
        grid: Pair of integers, height and width of the inputs.
        padding: Pair of pairs of integers, zeros before and after each axis.
        strides: Pair of integers.
        kernel: Array of shape `(kh, kw, 1, r)`, a unit kernel for each point.
    """

    grid: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]
    strides: tuple[int, int]
    kernel: np.ndarray

    def __call__(self, images):
        """What is seen in each place.

        Args:
            images: Tensor of shape `(batch, height, width, …)`.

        Returns:
            List of r tensors of shape `(batch, new_height, new_width, …)`, zeros
            where the padding is seen.
        """
        if np.any(self.padding):
            rest = [(0, 0)] * (len(images.shape) - 3)
            images = ops.pad(images, ((0, 0), *self.padding, *rest))
        rows, columns = self.strides
        height, width = (
            (size + sum(padding) - reach) // stride * stride + 1
            for size, padding, reach, stride in zip(
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

        @tf.custom_gradient
        def windows(images):
            def gradient(*upstream):
                # Half as many passes as slices' own gradients take.
                parts = zip(upstream, margins)
                rest = [(0, 0)] * (len(images.shape) - 3)
                return tf.add_n([tf.pad(u, ((0, 0), *m, *rest)) for u, m in parts])

            return slices(images), gradient

        return windows(images)

    @property
    def dilation_rate(self) -> tuple[int, int]:
        """The steps between the points of the window, along each axis."""
        if max(self.strides) > 1:  # which TensorFlow does not compute
            return 1, 1
        steps = np.gcd.reduce(np.array(self.offsets), axis=0)
        return tuple(max(1, int(step)) for step in steps)

    @property
    def dense_kernel(self) -> np.ndarray:
        """The unit kernels without what dilation leaves out between points."""
        rows, columns = self.dilation_rate
        return self.kernel[::rows, ::columns, 0]

    @property
    def padding_name(self) -> str | None:
        """What Keras calls this padding, or `None`."""
        if not np.any(self.padding):
            return "valid"
        same = [
            _pads_as_same(size, reach, stride)
            for size, reach, stride in zip(self.grid, self.kernel.shape, self.strides)
        ]
        return "same" if tuple(same) == self.padding else None

    def _margins(self):
        """What is left of the padded grid around each place's slice."""
        reach = np.array(self.kernel.shape[:2]) - 1
        return [
            [(int(a), int(b)) for a, b in zip(offset, reach - offset)]
            for offset in np.array(self.offsets)
        ]

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """Where each point of the window lies in it."""
        positions = np.argmax(self.kernel.reshape(-1, self.kernel.shape[-1]), axis=0)
        return list(zip(*np.unravel_index(positions, self.kernel.shape[:2])))

    def plain_layers(self, maps):
        """The same as plain Keras layers, from `(batch, points, maps)`."""
        height, width, _, seen = self.kernel.shape
        layer = keras.layers.DepthwiseConv2D(
            (height, width),
            self.strides,
            depth_multiplier=seen,
            use_bias=False,
            data_format="channels_last",
            name="window",
        )
        return [
            (keras.layers.Reshape((*self.grid, maps)), []),
            (keras.layers.ZeroPadding2D(self.padding, "channels_last"), []),
            (layer, [np.repeat(self.kernel, maps, axis=2)]),
        ]


def _pads_as_same(size, reach, stride) -> tuple[int, int]:
    """Zeros before and after an axis, as TensorFlow pads it."""
    zeros = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return zeros // 2, zeros - zeros // 2


def gather_receptive_fields(teacher, points):
    """The input points that each output point of a teacher sees.

    Args:
        teacher: `Teacher`.
        points: Tensor of shape `(batch, positions_in, maps)`.

    Returns:
        Tensor of shape `(batch, positions_out, r, maps)`, zeros where an output
        point sees fewer than r.
    """
    window = relative_receptive_field(teacher)
    if window is not None:
        maps = points.shape[-1]
        seen = window(ops.reshape(points, (-1, *window.grid, maps)))
        shape = (-1, teacher.positions_out, len(seen), maps)
        return ops.reshape(ops.stack(seen, axis=3), shape)
    # What there is not to be seen is one more point, of zeros.
    padded = ops.pad(points, ((0, 0), (0, 1), (0, 0)))
    positions = np.where(receptive_fields_of(teacher) < 0, teacher.positions_in, 0)
    positions = positions + np.maximum(receptive_fields_of(teacher), 0)
    return ops.take(padded, positions, axis=1)


def receptive_fields_by_position(teacher, points):
    """The same, with what one place sees of all samples side by side.

    Args:
        teacher: `Teacher`.
        points: Tensor of shape `(batch, positions_in, maps)`.

    Returns:
        Tensor of shape `(positions_out, batch, r · maps)`.
    """
    window, maps = relative_receptive_field(teacher), points.shape[-1]
    if window is None:
        seen = ops.transpose(gather_receptive_fields(teacher, points), (1, 0, 2, 3))
    else:
        # The few inputs are brought into order, not the many that are seen.
        images = ops.reshape(points, (-1, *window.grid, maps))
        images = ops.transpose(images, (1, 2, 0, 3))[None]
        seen = ops.stack(window(images), axis=4)
    shape = (teacher.positions_out, -1, receptive_fields_of(teacher).shape[1] * maps)
    return ops.reshape(seen, shape)


@functools.lru_cache(maxsize=16)
def relative_receptive_field(teacher) -> RelativeReceptiveField | None:
    """The window that all neighbourhoods of a teacher are, or `None`.

    Args:
        teacher: `Teacher`.

    Example:

    >>> window = relative_receptive_field(ConvTeacher("t2", image_size=8, padding="same"))
    >>> window.kernel.shape[:2], window.strides, window.padding_name
    ((3, 3), (1, 1), 'same')
    >>> relative_receptive_field(OrbitTeacher(symmetric(5))) is None  # each point sees all
    True
    """
    grids = _grids(teacher)
    if grids is None:
        return None
    grid_in, grid_out = grids
    seen = receptive_fields_of(teacher)
    whole = np.flatnonzero(np.all(seen >= 0, axis=1))
    if not len(whole):
        return None
    positions = np.stack(np.unravel_index(np.maximum(seen, 0), grid_in), axis=-1)
    outputs = np.stack(np.unravel_index(np.arange(len(seen)), grid_out), axis=-1)
    first, last = whole[0], whole[-1]
    steps = outputs[last] - outputs[first]
    moved = positions[last, 0] - positions[first, 0]
    strides = np.where(steps > 0, moved // np.maximum(steps, 1), 1)
    if grid_in[1] == grid_out[1] == 1:  # along which there is nowhere to step
        strides[1] = strides[0]
    offsets = positions[first] - strides * outputs[first]
    # Where each output point would look, if it were a window.
    expected = strides * outputs[:, None] + offsets
    inside = np.all((expected >= 0) & (expected < grid_in), axis=-1)
    indices = expected[..., 0] * grid_in[1] + expected[..., 1]
    if strides.min() < 1 or not np.array_equal(np.where(inside, indices, -1), seen):
        return None
    lowest = offsets.min(axis=0)
    kernel = np.zeros((*(offsets.max(axis=0) - lowest + 1), 1, len(offsets)), "float32")
    kernel[(*(offsets - lowest).T, 0, range(len(offsets)))] = 1
    before = np.maximum(0, -lowest)
    reach = strides * (np.array(grid_out) - 1) + offsets.max(axis=0) + 1
    after = np.maximum(0, reach - grid_in)
    if np.any(lowest > 0):
        return None
    made = (np.array(grid_in) + before + after - kernel.shape[:2]) // strides + 1
    if not np.array_equal(made, grid_out):
        return None
    padding = tuple(zip(before.tolist(), after.tolist()))
    return RelativeReceptiveField(grid_in, padding, tuple(strides.tolist()), kernel)


def _grids(teacher):
    """Height and width of inputs and outputs, if both are grids; signals along one
    axis are images of width 1."""
    points = teacher.positions_in, teacher.positions_out
    for axes in (2, 1):
        grids = teacher.input_shape[:axes], teacher.output_shape[:axes]
        if all(
            len(grid) == axes and np.prod(grid) == count
            for grid, count in zip(grids, points)
        ):
            return tuple((*grid, 1)[:2] for grid in grids)
    return None
