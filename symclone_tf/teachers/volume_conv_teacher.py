"""Lifting convolutions and group convolutions of volumes, as teachers."""

import math
from typing import Any, cast

from symclone_tf.checks import integers_along_axes
from symclone_tf.symmetry import (
    Transformation,
    VolumeGroup,
    get_volume_group,
    transformations_of,
)
from symclone_tf.teachers.axes_convolution import AxesConvTeacher
from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.sliding_windows import (
    SlidingWindow,
    border_on,
    receptive_fields_on,
)
from symclone_tf.teachers.volume_convolution import group_conv3d
from symclone_tf.teachers.volume_geometry import VolumeGeometry
from symclone_tf.types import Array, Sizes, Tensor


@Teacher.register("volume")
class VolumeConvTeacher(AxesConvTeacher):
    """A convolution of volumes, equivariant under reflections or rotations.

    A lifting convolution maps volumes to feature maps on the group; a group convolution
    maps feature maps on the group to feature maps on the group. Convolutions that are
    equivariant under translations alone are those of `TranslationConvTeacher`.

    Args:
        group: String, `"flip3d"`, `"d2h"`, `"o"` or `"oh"`, see `get_volume_group`; or
            a `VolumeGroup`. Only students of groups with such names can be exported.
        volume_size: Integer, or a triple of integers, which may differ along axes that
            the group does not exchange: depth, height and width of the inputs in
            voxels.
        kernel_size: Integer, or likewise a triple of integers: those of the kernel.
        lifting: Boolean, whether inputs are volumes rather than feature maps on the
            group.
        padding: String, `"valid"` or `"same"`; `"same"` needs a kernel that is odd
            along axes that the group reverses.
        strides: Integer, or likewise a triple of integers, voxels between receptive
            fields, with which the group maps their grid onto itself.
        dilation_rate: Integer, or likewise a triple of integers, voxels between the
            kernel's entries; must be 1 if `strides` exceeds 1.

    Call arguments:
        inputs: Tensor of shape `(batch, n, n, n, channels)` or, if not lifting,
            `(batch, n, n, n, |G|, channels)`.
        kernel: Tensor of shape `(k, k, k, channels, filters)` or, if not lifting,
            `(k, k, k, |G|, channels, filters)`. If it has a fraction of the inputs'
            channels, these are convolved in groups.

    Output shape:
        `(batch, m, m, m, |G|, filters)`. Without strides and dilation, `m = n − k + 1`
        for `"valid"`, `m = n` for `"same"`.

    Raises:
        ValueError: If a size is not a positive integer, or differs along axes that the
            group exchanges; the kernel does not fit into the volume or cannot be
            centred, or the group does not map the grid of receptive fields onto itself.
            The message names the nearest sizes that work.

    Example:

    >>> teacher = VolumeConvTeacher("o", 6)
    >>> teacher.name, teacher.positions_in, teacher.representation_out, teacher.rank
    ('o-lifting-6x6x6-k3', 216, 24, 27)
    >>> volumes = keras.random.normal((2, 6, 6, 6, 1))
    >>> teacher(volumes, keras.random.normal((3, 3, 3, 1, 5))).shape
    TensorShape([2, 4, 4, 4, 24, 5])

    Reference:

    - [Winkels & Cohen, 2018](https://arxiv.org/abs/1804.04656)
    - [Worrall & Brostow, 2018](https://arxiv.org/abs/1804.04458)
    """

    def __init__(
        self,
        group: str | VolumeGroup,
        volume_size: Sizes,
        kernel_size: Sizes = 3,
        lifting: bool = True,
        padding: str = "valid",
        strides: Sizes = 1,
        dilation_rate: Sizes = 1,
    ) -> None:
        self.group = get_volume_group(group)
        options = padding, strides, dilation_rate
        self.geometry = VolumeGeometry(self.group, kernel_size, *options)
        volume_size = integers_along_axes("volume_size", volume_size, 3)
        self.set_axes(volume_size, self.geometry.kernel_size, strides, dilation_rate)
        self.padding = padding
        self.lifting = bool(lifting)
        self.volume_size = one_or_all(self.grid)
        # No size is unknown.
        self.new_grid = cast(tuple[int, ...], self.geometry.outputs(self.grid))

        axis_in = () if self.lifting else self.group.representation_shape
        self.input_shape = (*self.grid, *axis_in)
        self.kernel_shape = (*self.kernel_size, *axis_in)
        self.output_shape = (*self.new_grid, self.group.order)
        self.positions_in = math.prod(self.grid)
        self.positions_out = math.prod(self.new_grid)
        self.representation_in = math.prod(axis_in)
        self.representation_out = self.group.order

    @property
    def rank(self) -> int:
        """Integer, the voxels of the kernel: elements of the group only permute them,
        so that all maps are combinations of as many translations."""
        return self.receptive_field_size

    @property
    def receptive_fields(self) -> Array:
        """Integer array of shape `(positions_out, k³)`: the voxels under the kernel, −1
        for padding."""
        return receptive_fields_on(self.windows, self.grid)

    @property
    def receptive_field_size(self) -> int:
        return math.prod(self.kernel_size)

    @property
    def windows(self) -> tuple[SlidingWindow, ...]:
        return self.geometry.windows

    def resized(self, sizes: tuple[int, ...]) -> "VolumeConvTeacher":
        options = {**self.get_config(), "group": self.group}
        return VolumeConvTeacher(**{**options, "volume_size": tuple(sizes)})

    @property
    def border(self) -> int:
        return border_on(self.windows, self.grid)

    @property
    def name(self) -> str:  # type: ignore[override]  # read-only
        """The name that artifacts of its students start with."""
        return self.name_of(f"{self.group.name}-{self._kind}")

    @property
    def title(self) -> str:  # type: ignore[override]  # read-only
        """The layer in a few words, as tables and progress bars show it."""
        kind = f"{self.group.title} {self._kind}"
        return self.title_of(kind, ("/", self.strides), ("·", self.dilation_rate))

    @property
    def _kind(self) -> str:
        return "lifting" if self.lifting else "group"

    def __call__(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        options = self.padding, self.strides, self.dilation_rate
        return group_conv3d(inputs, kernel, self.group, *options)

    def transformations(self) -> list[Transformation]:
        return transformations_of(self.group)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VolumeConvTeacher):
            return False
        return super().__eq__(other) and self.group == other.group

    __hash__ = Teacher.__hash__

    def get_config(self) -> dict[str, Any]:
        return {
            "group": self.group.name,
            "volume_size": self.volume_size,
            "kernel_size": one_or_all(self.kernel_size),
            "lifting": self.lifting,
            "padding": self.padding,
            "strides": one_or_all(self.strides),
            "dilation_rate": one_or_all(self.dilation_rate),
        }


def one_or_all(sizes: tuple[int, ...]) -> int | list[int]:
    """Sizes as in configurations.

    Args:
        sizes: Tuple of integers.

    Returns:
        Integer if all are equal, else a list.

    Example:

    >>> one_or_all((3, 3, 3)), one_or_all((3, 3, 4))
    (3, [3, 3, 4])
    """
    return sizes[0] if len(set(sizes)) == 1 else list(sizes)
