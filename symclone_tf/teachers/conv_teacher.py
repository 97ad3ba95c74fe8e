"""The convolutions of a group, as teachers."""

import math

import numpy as np

from symclone_tf.checks import one_or_two, positive_pair
from symclone_tf.symmetry import get_group, transformations_of
from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.conv_geometry import ConvGeometry
from symclone_tf.teachers.group_convolution import group_conv2d

# Pixels of the output, by which training moves it.
MOST_TRANSLATION = 2


@Teacher.register("conv")
class ConvTeacher(Teacher):
    """A convolution on the plane, equivariant under a group.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`; or a `PointGroup`,
            whose students are exported only if it is of these.
        image_size: Integer, or a pair of integers under T(2): height and width of
            the inputs in pixels.
        kernel_size: Integer, or a pair of integers under T(2), likewise.
        lifting: Boolean, whether inputs are images rather than feature maps.
            T(2) has no group axis: there both are the same map.
        padding: String, `"valid"` or `"same"`, the latter with odd kernels
            only, unless the group is T(2).
        strides: Integer, or a pair of integers under T(2), the steps of the
            windows in pixels. Other groups take those whose grid of windows
            turning maps onto itself.
        dilation_rate: Integer, or a pair of integers under T(2), the steps within
            a window; 1 with strides.

    Call arguments:
        inputs: Tensor of shape `(batch, n, n, channels)` or, if not lifting,
            `(batch, n, n, |G|, channels)`.
        kernel: Tensor of shape `(k, k, channels, filters)` or, if not lifting,
            `(k, k, |G|, channels, filters)`. With a share of the channels that
            inputs have, the channels are convolved in groups, as
            `keras.layers.Conv2D` does with `groups`; with one, each for itself.

    Output shape:
        `(batch, m, m, |G|, filters)`, without strides and dilation with
        `m = n − k + 1` for `"valid"` and n for `"same"`; without the group axis
        for `"t2"`.

    Raises:
        ValueError: If a size is not a positive integer, or the kernel does not
            fit into the image or cannot be centred, or turning moves the grid of
            windows. The message names the nearest sizes that work.

    Example:

    >>> teacher = ConvTeacher("c4", image_size=8)
    >>> teacher.name, teacher.positions_in, teacher.representation_out, teacher.rank
    ('c4-lifting-8x8-k3', 64, 4, 9)
    >>> images = keras.random.normal((2, 8, 8, 1))
    >>> teacher(images, keras.random.normal((3, 3, 1, 5))).shape
    TensorShape([2, 6, 6, 4, 5])

    Reference:

    - [Cohen & Welling, 2016](https://arxiv.org/abs/1602.07576), section 6
    """

    def __init__(
        self,
        group,
        image_size=28,
        kernel_size=3,
        lifting=True,
        padding="valid",
        strides=1,
        dilation_rate=1,
    ):
        self.group = get_group(group)
        self.windows = ConvGeometry(
            self.group, kernel_size, padding, strides, dilation_rate
        )
        self.kernel_size = one_or_two(self.windows.kernel_size)
        self.padding = padding
        self.strides = one_or_two(self.windows.strides)
        self.dilation_rate = one_or_two(self.windows.dilation_rate)
        self.lifting = bool(lifting) or self.group.is_trivial
        self.grid = positive_pair("image_size", image_size)
        self.windows.check_grid(self.grid)
        self.new_grid = self.windows.outputs(self.grid)
        self.image_size = one_or_two(self.grid)
        self.output_size = one_or_two(self.new_grid)

        axis_in = () if self.lifting else self.group.representation_shape
        self.input_shape = (*self.grid, *axis_in)
        self.kernel_shape = (*self.windows.kernel_size, *axis_in)
        self.output_shape = (*self.new_grid, *self.group.representation_shape)
        self.positions_in, self.positions_out = map(
            math.prod, (self.grid, self.new_grid)
        )
        self.representation_in, self.representation_out = (
            math.prod(axis_in),
            self.group.order,
        )

    @property
    def rank(self) -> int:
        """Integer, k²: each element moves the kernel's entries among each other,
        and all maps share the same shifts."""
        return math.prod(self.windows.kernel_size)

    @property
    def receptive_fields(self) -> np.ndarray:
        """Integer array of shape `(m², k²)`: the pixels under the kernel, row by
        row, −1 where it lies over the padding."""
        rows, columns = self.windows.lines(self.grid)
        height, width = self.grid
        rows, columns = rows[:, None, :, None], columns[None, :, None, :]
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        pixels = np.where(inside, rows * width + columns, -1)
        return pixels.reshape(self.positions_out, -1)

    @property
    def receptive_field_size(self) -> int:
        return self.rank

    @property
    def border(self) -> int:
        outside = [
            max((lines[:, 0] < 0).sum(), (lines[:, -1] >= size).sum())
            for lines, size in zip(self.windows.lines(self.grid), self.grid)
        ]
        return int(max(outside))

    @property
    def name(self) -> str:
        """The name that artifacts of its students start with."""
        windows = self.windows
        parts = [self.group.name, *self._kind()]
        parts += ["x".join(map(str, self.grid)), f"k{_short(windows.kernel_size)}"]
        if windows.padding != "valid":
            parts.append(windows.padding)
        for letter, step in (("s", windows.strides), ("d", windows.dilation_rate)):
            if max(step) > 1:
                parts.append(f"{letter}{_short(step)}")
        return "-".join(parts)

    @property
    def title(self) -> str:
        """The layer in a few words, as tables and progress bars show it."""
        size = "×".join(map(str, self.grid))
        steps = (("/", self.windows.strides), ("·", self.windows.dilation_rate))
        size += "".join(
            f" {sign}{_short(step, '×')}" for sign, step in steps if max(step) > 1
        )
        return " ".join([self.group.title, *self._kind(), size])

    def _kind(self) -> list[str]:
        if self.group.is_trivial:
            return []
        return ["lifting" if self.lifting else "group"]

    def __call__(self, inputs, kernel):
        return group_conv2d(
            inputs,
            kernel,
            self.group,
            self.padding,
            self.strides,
            self.dilation_rate,
        )

    def transformations(self):
        # The smallest outputs show no piece of a shifted image twice.
        if self.group.is_trivial and min(self.new_grid) - 2 * self.border < 2:
            return []
        return transformations_of(
            self.group, border=self.border, strides=self.windows.strides
        )

    def training_transformations(self):
        # Shifts of small outputs, by which no error could be measured, still teach.
        most = min(MOST_TRANSLATION, min(self.new_grid) - 1)
        return transformations_of(self.group, most, strides=self.windows.strides)

    def __eq__(self, other) -> bool:
        return super().__eq__(other) and self.group == other.group

    __hash__ = Teacher.__hash__

    def get_config(self) -> dict:
        return {
            "group": self.group.name,
            "image_size": self.image_size,
            "kernel_size": self.kernel_size,
            "lifting": self.lifting,
            "padding": self.padding,
            "strides": self.strides,
            "dilation_rate": self.dilation_rate,
        }


def _short(pair, sign="x") -> str:
    """A pair in a name: once, if both agree."""
    return sign.join(map(str, pair if pair[0] != pair[1] else pair[:1]))
