"""Convolutions of the copies of an image under a point group, as teachers."""

from typing import Any

from symclone_tf.checks import integers_along_axes
from symclone_tf.symmetry import (
    CopiesPermutation,
    PointGroup,
    Transformation,
    get_group,
)
from symclone_tf.teachers.axes_convolution import short_sizes
from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.translation_conv_teacher import TranslationConvTeacher
from symclone_tf.teachers.volume_conv_teacher import one_or_all
from symclone_tf.types import Sizes


@Teacher.register("copies")
class CopiesConvTeacher(TranslationConvTeacher):
    """A convolution that is the same for all copies of an image under a point group.

    Copy h of an image x is what a network finds in h⁻¹·x. An element of the group
    permutes the copies, and a convolution of each by the same kernel commutes with
    that, with any strides and padding. If the channels of copy h are those of the
    copies hu, moved into its frame by u, for all elements u, it is a group convolution.

    Args:
        group: String, as `"flip"`, `"c4"` or `"d4"`, or a `PointGroup`.
        image_size: Integer, or pair of integers, height and width of each copy.
        kernel_size: Integer, or pair of integers.
        padding: String, `"valid"` or `"same"`.
        strides: Integer, or pair of integers, pixels between receptive fields.
        dilation_rate: Integer, or pair of integers, pixels between the kernel's
            entries; must be 1 if `strides` exceeds 1.

    Call arguments:
        inputs: Tensor of shape `(batch, |G|, height, width, channels)`.
        kernel: Tensor of shape `(1, k, k, channels, filters)`.

    Output shape:
        `(batch, |G|, new_height, new_width, filters)`.

    Raises:
        ValueError: If a size is not a positive integer, the kernel does not fit into
            the images, or both strides and dilation rates exceed 1.

    Example:

    >>> teacher = CopiesConvTeacher("c4", 8, padding="same", strides=2)
    >>> teacher.name, teacher.input_shape, teacher.output_shape
    ('c4-copies-8x8-k3-same-s2', (4, 8, 8), (4, 4, 4))

    Reference:

    - [Cohen & Welling, 2016](https://arxiv.org/abs/1602.07576)
    """

    def __init__(
        self,
        group: str | PointGroup,
        image_size: Sizes,
        kernel_size: Sizes = 3,
        padding: str = "valid",
        strides: Sizes = 1,
        dilation_rate: Sizes = 1,
    ) -> None:
        self.group = get_group(group)
        self.image_size = integers_along_axes("image_size", image_size, 2)
        sizes = {
            "kernel_size": kernel_size,
            "strides": strides,
            "dilation_rate": dilation_rate,
        }
        options: dict[str, Any] = {
            name: (1, *integers_along_axes(name, each, 2))
            for name, each in sizes.items()
        }
        shape = (self.group.order, *self.image_size)
        super().__init__(shape, padding=padding, **options)

    def resized(self, sizes: tuple[int, ...]) -> "CopiesConvTeacher":
        options = {**self.get_config(), "group": self.group}
        return CopiesConvTeacher(**{**options, "image_size": tuple(sizes[1:])})

    @property
    def name(self) -> str:  # type: ignore[override]  # read-only
        """The name that artifacts of its students start with."""
        parts = [f"{self.group.name}-copies", "x".join(map(str, self.image_size))]
        parts.append(f"k{short_sizes(self.kernel_size[1:])}")
        if self.padding != "valid":
            parts.append(self.padding)
        for letter, steps in (("s", self.strides), ("d", self.dilation_rate)):
            if max(steps) > 1:
                parts.append(f"{letter}{short_sizes(steps[1:])}")
        return "-".join(parts)

    @property
    def title(self) -> str:  # type: ignore[override]  # read-only
        """The layer in a few words, as tables and progress bars show it."""
        size = "×".join(map(str, self.image_size))
        return f"{self.group.title} copies {size}"

    def transformations(self) -> list[Transformation]:
        return [CopiesPermutation(self.group, e) for e in range(1, self.group.order)]

    def training_transformations(self) -> list[Transformation]:
        return self.transformations()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CopiesConvTeacher):
            return False
        return super().__eq__(other) and self.group == other.group

    __hash__ = Teacher.__hash__

    def get_config(self) -> dict[str, Any]:
        return {
            "group": self.group.name,
            "image_size": one_or_all(self.image_size),
            "kernel_size": one_or_all(self.kernel_size[1:]),
            "padding": self.padding,
            "strides": one_or_all(self.strides[1:]),
            "dilation_rate": one_or_all(self.dilation_rate[1:]),
        }
