"""The convolutions of a group, as teachers."""

import math

import numpy as np

from symclone_tf.checks import positive_integer
from symclone_tf.symmetry import get_group, moves_of
from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.group_conv import check_kernel, group_conv2d, output_size


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
        padding: String, `"valid"` or `"same"`.

    Call arguments:
        inputs: Tensor of shape `(batch, n, n, channels)` or, if not lifting,
            `(batch, n, n, |G|, channels)`.
        kernel: Tensor of shape `(k, k, channels, filters)` or, if not lifting,
            `(k, k, |G|, channels, filters)`.

    Output shape:
        `(batch, m, m, |G|, filters)`, with `m = n − k + 1` for `"valid"` and n
        for `"same"`; without the group axis for `"t2"`.

    Raises:
        ValueError: If a size is not a positive integer, or the kernel does not
            fit into the image or cannot be centred.

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
        self, group, image_size=28, kernel_size=3, lifting=True, padding="valid"
    ):
        self.group = get_group(group)
        check_kernel(kernel_size, padding)
        self.lifting = bool(lifting) or self.group.is_trivial
        self.image_size = positive_integer("image_size", image_size)
        self.kernel_size = kernel_size
        self.padding = padding
        self.output_size = output_size(image_size, kernel_size, padding)

        axis_in = () if self.lifting else self.group.axis_shape
        self.input_shape = (image_size, image_size, *axis_in)
        self.kernel_shape = (kernel_size, kernel_size, *axis_in)
        self.output_shape = (self.output_size,) * 2 + self.group.axis_shape
        self.points_in, self.points_out = image_size**2, self.output_size**2
        self.maps_in, self.maps_out = math.prod(axis_in), self.group.order

    @property
    def rank(self) -> int:
        """Integer, k²: each element moves the kernel's entries among each other,
        and all maps share the same shifts."""
        return self.kernel_size**2

    @property
    def neighbourhood(self) -> np.ndarray:
        """Integer array of shape `(m², k²)`: the pixels under the kernel, row by
        row, −1 where it lies over the padding."""
        before = (self.kernel_size - 1) // 2 if self.padding == "same" else 0
        steps = np.arange(self.output_size)[:, None] + np.arange(self.kernel_size)
        lines = steps - before
        inside = (lines >= 0) & (lines < self.image_size)
        rows, columns = lines[:, None, :, None], lines[None, :, None, :]
        known = inside[:, None, :, None] & inside[None, :, None, :]
        pixels = np.where(known, rows * self.image_size + columns, -1)
        return pixels.reshape(self.points_out, -1)

    @property
    def neighbours(self) -> int:
        return self.kernel_size**2

    @property
    def border(self) -> int:
        return self.kernel_size // 2 if self.padding == "same" else 0

    @property
    def name(self) -> str:
        """The name that artifacts of its students start with."""
        parts = [self.group.name, *self._kind()]
        parts += [f"{self.image_size}x{self.image_size}", f"k{self.kernel_size}"]
        if self.padding != "valid":
            parts.append(self.padding)
        return "-".join(parts)

    @property
    def title(self) -> str:
        """The layer in a few words, as tables and progress bars show it."""
        size = f"{self.image_size}×{self.image_size}"
        return " ".join([self.group.title, *self._kind(), size])

    def _kind(self) -> list[str]:
        if self.group.is_trivial:
            return []
        return ["lifting" if self.lifting else "group"]

    def __call__(self, inputs, kernel):
        return group_conv2d(inputs, kernel, self.group, self.padding)

    def moves(self):
        # The smallest outputs show no piece of a shifted image twice.
        if self.group.is_trivial and self.output_size - 2 * self.border < 2:
            return []
        return moves_of(self.group, border=self.border)

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
        }
