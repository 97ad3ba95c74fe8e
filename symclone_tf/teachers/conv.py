"""The convolutions of a group, as teachers."""

import math

import numpy as np

from symclone_tf.checks import positive_integer
from symclone_tf.symmetry import get_group, moves_of
from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.geometry import (
    check_kernel,
    check_turns,
    output_size,
    padding_before,
)
from symclone_tf.teachers.group_conv import group_conv2d


@Teacher.register("conv")
class ConvTeacher(Teacher):
    """A convolution on the plane, equivariant under a group.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`; or a `PointGroup`,
            whose students are exported only if it is of these.
        image_size: Integer, height and width of the inputs in pixels.
        kernel_size: Integer, height and width of the kernel.
        lifting: Boolean, whether inputs are images rather than feature maps.
            T(2) has no group axis: there both are the same map.
        padding: String, `"valid"` or `"same"`, the latter with odd kernels
            only, unless the group is T(2).
        strides: Integer, the steps of the windows in pixels. Other groups than
            T(2) take those whose grid of windows turning maps onto itself.
        dilation_rate: Integer, the steps within a window; 1 with strides.

    Call arguments:
        inputs: Tensor of shape `(batch, n, n, channels)` or, if not lifting,
            `(batch, n, n, |G|, channels)`.
        kernel: Tensor of shape `(k, k, channels, filters)` or, if not lifting,
            `(k, k, |G|, channels, filters)`.

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
    >>> teacher.name, teacher.points_in, teacher.maps_out, teacher.rank
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
        check_kernel(self.group, kernel_size, padding, strides, dilation_rate)
        self.lifting = bool(lifting) or self.group.is_trivial
        self.image_size = positive_integer("image_size", image_size)
        self.kernel_size = kernel_size
        self.padding = padding
        self.strides = strides
        self.dilation_rate = dilation_rate
        self.output_size = output_size(image_size, *self._window)
        check_turns(self.group, image_size, *self._window)

        axis_in = () if self.lifting else self.group.axis_shape
        self.input_shape = (image_size, image_size, *axis_in)
        self.kernel_shape = (kernel_size, kernel_size, *axis_in)
        self.output_shape = (self.output_size,) * 2 + self.group.axis_shape
        self.points_in, self.points_out = image_size**2, self.output_size**2
        self.maps_in, self.maps_out = math.prod(axis_in), self.group.order

    @property
    def _window(self):
        return (self.kernel_size, self.padding, self.strides, self.dilation_rate)

    @property
    def rank(self) -> int:
        """Integer, k²: each element moves the kernel's entries among each other,
        and all maps share the same shifts."""
        return self.kernel_size**2

    @property
    def neighbourhood(self) -> np.ndarray:
        """Integer array of shape `(m², k²)`: the pixels under the kernel, row by
        row, −1 where it lies over the padding."""
        lines = self._lines()
        inside = (lines >= 0) & (lines < self.image_size)
        rows, columns = lines[:, None, :, None], lines[None, :, None, :]
        known = inside[:, None, :, None] & inside[None, :, None, :]
        pixels = np.where(known, rows * self.image_size + columns, -1)
        return pixels.reshape(self.points_out, -1)

    def _lines(self):
        """The lines under the kernel, `(m, k)`, those of the padding too."""
        starts = self.strides * np.arange(self.output_size)
        within = self.dilation_rate * np.arange(self.kernel_size)
        before = padding_before(self.image_size, *self._window)
        return starts[:, None] + within - before

    @property
    def neighbours(self) -> int:
        return self.kernel_size**2

    @property
    def border(self) -> int:
        lines = self._lines()
        before, after = lines[:, 0] < 0, lines[:, -1] >= self.image_size
        return int(max(before.sum(), after.sum()))

    @property
    def name(self) -> str:
        """The name that artifacts of its students start with."""
        parts = [self.group.name, *self._kind()]
        parts += [f"{self.image_size}x{self.image_size}", f"k{self.kernel_size}"]
        if self.padding != "valid":
            parts.append(self.padding)
        for letter, step in (("s", self.strides), ("d", self.dilation_rate)):
            if step > 1:
                parts.append(f"{letter}{step}")
        return "-".join(parts)

    @property
    def title(self) -> str:
        """The layer in a few words, as tables and progress bars show it."""
        size = f"{self.image_size}×{self.image_size}"
        steps = (("/", self.strides), ("·", self.dilation_rate))
        size += "".join(f" {sign}{step}" for sign, step in steps if step > 1)
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

    def moves(self):
        # The smallest outputs show no piece of a shifted image twice.
        if self.group.is_trivial and self.output_size - 2 * self.border < 2:
            return []
        return moves_of(self.group, border=self.border, strides=self.strides)

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
