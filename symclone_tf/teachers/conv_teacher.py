"""Lifting convolutions and group convolutions, as teachers."""

import math
from typing import Any

import numpy as np

from symclone_tf.checks import one_or_two, positive_pair
from symclone_tf.symmetry import (
    PointGroup,
    Transformation,
    get_group,
    transformations_of,
)
from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.conv_geometry import ConvGeometry
from symclone_tf.teachers.group_convolution import (
    group_conv2d,
    kernel_gains,
    mean_gain,
)
from symclone_tf.teachers.sliding_windows import (
    SlidingWindow,
    border_on,
    receptive_fields_on,
)
from symclone_tf.teachers.translation_conv_teacher import TranslationConvTeacher
from symclone_tf.types import Array, Pair, Tensor

# Pixels by which outputs are translated during training, at most.
MAX_TRANSLATION = 2


@Teacher.register("conv")
class ConvTeacher(Teacher):
    """A convolution of images, equivariant under a group.

    A lifting convolution maps images to feature maps on the group; a group convolution
    maps feature maps on the group to feature maps on the group. With T(2), both are an
    ordinary convolution.

    Args:
        group: String, as `"t2"`, `"flip"`, `"c4"`, `"c8"` or `"d4"`, see `get_group`;
            or a `PointGroup`. Only students of groups with such names can be
            exported.
        image_size: Integer, or a pair of integers with T(2), reflections and half
            turns, which keep rectangles: height and width of the inputs in pixels.
        kernel_size: Integer, or likewise a pair of integers: height and width of the
            kernel in pixels.
        lifting: Boolean, whether inputs are images rather than feature maps on the
            group. Ignored with T(2).
        padding: String, `"valid"` or `"same"`; `"same"` needs an odd kernel, except
            with T(2).
        strides: Integer, or likewise a pair of integers, pixels between receptive
            fields. Groups other than T(2) accept those with which they map the grid of
            receptive fields onto itself.
        dilation_rate: Integer, or likewise a pair of integers, pixels between the
            kernel's entries; must be 1 if `strides` exceeds 1.

    Call arguments:
        inputs: Tensor of shape `(batch, n, n, channels)` or, if not lifting,
            `(batch, n, n, |G|, channels)`.
        kernel: Tensor of shape `(k, k, channels, filters)` or, if not lifting,
            `(k, k, |G|, channels, filters)`. If it has a fraction of the inputs'
            channels, these are convolved in groups, as by `keras.layers.Conv2D` with
            `groups`.

    Output shape:
        `(batch, m, m, |G|, filters)`, for `"t2"` `(batch, m, m, filters)`. Without
        strides and dilation, `m = n − k + 1` for `"valid"`, `m = n` for `"same"`.

    Raises:
        ValueError: If a size is not a positive integer, or differs along height and
            width with a group that exchanges them; the kernel does not fit into
            the image or cannot be centred, or the group does not map the grid of
            receptive fields onto itself. The message names the nearest sizes that work.

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
        group: str | PointGroup,
        image_size: Pair = 28,
        kernel_size: Pair = 3,
        lifting: bool = True,
        padding: str = "valid",
        strides: Pair = 1,
        dilation_rate: Pair = 1,
    ) -> None:
        self.group = get_group(group)
        self.geometry = ConvGeometry(
            self.group, kernel_size, padding, strides, dilation_rate
        )
        self.kernel_size = one_or_two(self.geometry.kernel_size)
        self.padding = padding
        self.strides = one_or_two(self.geometry.strides)
        self.dilation_rate = one_or_two(self.geometry.dilation_rate)
        self.lifting = bool(lifting) or self.group.is_trivial
        self.grid = positive_pair("image_size", image_size)
        self.geometry.check_grid(self.grid)
        height, width = self.grid
        self.new_grid = (
            self.geometry.output_size(height, 0),
            self.geometry.output_size(width, 1),
        )
        self.image_size = one_or_two(self.grid)
        self.output_size = one_or_two(self.new_grid)

        axis_in = () if self.lifting else self.group.representation_shape
        self.input_shape = (*self.grid, *axis_in)
        self.kernel_shape = (*self.geometry.kernel_size, *axis_in)
        self.output_shape = (*self.new_grid, *self.group.representation_shape)
        self.positions_in = math.prod(self.grid)
        self.positions_out = math.prod(self.new_grid)
        self.representation_in = math.prod(axis_in)
        self.representation_out = self.group.order

    @property
    def rank(self) -> int:
        """Integer, k² where elements of the group only permute the kernel's entries, so
        that all maps are combinations of the same k² translations; otherwise the
        dimension of the steerable basis that kernels are projected on."""
        return self.group.kernel_rank(self.geometry.kernel_size)

    @property
    def entry_gain(self) -> float:
        """Float, the mean of all entries': below 1 where kernels are projected on a
        steerable basis, which has little of their corners."""
        return mean_gain(self.group, self.geometry.kernel_size)

    @property
    def largest_gain(self) -> float:
        if self.group.permutes_pixels:
            return 1.0
        gains = kernel_gains(self.group, self.geometry.kernel_size)
        return float(np.linalg.norm(gains, 2))

    @property
    def receptive_fields(self) -> Array:
        """Integer array of shape `(m², k²)`: the pixels under the kernel, row by row,
        −1 for padding."""
        return receptive_fields_on(self.windows, self.grid)

    @property
    def receptive_field_size(self) -> int:
        return math.prod(self.geometry.kernel_size)

    @property
    def windows(self) -> tuple[SlidingWindow, ...]:
        return self.geometry.windows

    def resized(self, sizes: tuple[int, ...]) -> Teacher:
        beyond = any(w.extent > size for w, size in zip(self.windows, sizes))
        if beyond and self.padding == "same" and self.group.is_trivial:
            # The same convolution, whose kernel may be larger than the image.
            geometry = self.geometry
            return TranslationConvTeacher(
                tuple(sizes),
                geometry.kernel_size,
                "same",
                geometry.strides,
                geometry.dilation_rate,
            )
        options = {**self.get_config(), "group": self.group}
        return ConvTeacher(**{**options, "image_size": tuple(sizes)})

    @property
    def border(self) -> int:
        return border_on(self.windows, self.grid)

    @property
    def name(self) -> str:  # type: ignore[override]  # read-only
        """The name that artifacts of its students start with."""
        geometry = self.geometry
        parts = [self.group.name, *self._kind()]
        parts += ["x".join(map(str, self.grid)), f"k{_short(geometry.kernel_size)}"]
        if geometry.padding != "valid":
            parts.append(geometry.padding)
        for letter, step in (("s", geometry.strides), ("d", geometry.dilation_rate)):
            if max(step) > 1:
                parts.append(f"{letter}{_short(step)}")
        return "-".join(parts)

    @property
    def title(self) -> str:  # type: ignore[override]  # read-only
        """The layer in a few words, as tables and progress bars show it."""
        size = "×".join(map(str, self.grid))
        steps = (("/", self.geometry.strides), ("·", self.geometry.dilation_rate))
        size += "".join(
            f" {sign}{_short(step, '×')}" for sign, step in steps if max(step) > 1
        )
        return " ".join([self.group.title, *self._kind(), size])

    def _kind(self) -> list[str]:
        if self.group.is_trivial:
            return []
        return ["lifting" if self.lifting else "group"]

    def __call__(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        return group_conv2d(
            inputs,
            kernel,
            self.group,
            self.padding,
            self.strides,
            self.dilation_rate,
        )

    def transformations(self) -> list[Transformation]:
        # The smallest outputs do not overlap with their translations.
        if self.group.is_trivial and min(self.new_grid) - 2 * self.border < 2:
            return []
        return transformations_of(
            self.group, border=self.border, strides=self.geometry.strides
        )

    def training_transformations(self) -> list[Transformation]:
        # Translations that are too large to measure an error may still be trained on.
        largest = min(MAX_TRANSLATION, min(self.new_grid) - 1)
        return transformations_of(self.group, largest, strides=self.geometry.strides)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConvTeacher):
            return False
        return super().__eq__(other) and self.group == other.group

    __hash__ = Teacher.__hash__

    def get_config(self) -> dict[str, Any]:
        return {
            "group": self.group.name,
            "image_size": self.image_size,
            "kernel_size": self.kernel_size,
            "lifting": self.lifting,
            "padding": self.padding,
            "strides": self.strides,
            "dilation_rate": self.dilation_rate,
        }


def _short(pair: tuple[int, int], sign: str = "x") -> str:
    """A pair as part of a name: one number if both are equal."""
    return sign.join(map(str, pair if pair[0] != pair[1] else pair[:1]))
