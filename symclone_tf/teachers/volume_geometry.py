"""The geometry of a convolution of volumes, and whether a group preserves its grid."""

import dataclasses
from collections.abc import Sequence

from symclone_tf.checks import integers_along_axes, one_of
from symclone_tf.symmetry import VolumeGroup
from symclone_tf.teachers.conv_geometry import PADDINGS
from symclone_tf.teachers.sliding_windows import SlidingWindow
from symclone_tf.types import Sizes


@dataclasses.dataclass(frozen=True, init=False)
class VolumeGeometry:
    """The geometry of a convolution, along depth, height and width.

    Args:
        group: `VolumeGroup` of the convolution.
        kernel_size: Integer or triple of integers, voxels.
        padding: String, `"valid"` or `"same"`, as TensorFlow pads.
        strides: Integer or triple of integers, voxels between adjacent receptive
            fields.
        dilation_rate: Integer or triple of integers, voxels between the entries of a
            kernel.

    Raises:
        ValueError: If a size is not positive; if `padding` is not accepted, or is
            `"same"` with a kernel that is even along an axis which the group reverses,
            since no padding centres such kernels; if sizes differ along axes that the
            group exchanges; or if both strides and dilation rates exceed 1, which
            TensorFlow does not support.

    Example:

    >>> geometry = VolumeGeometry(get_volume_group("o"), 3, strides=2)
    >>> geometry.outputs((7, 7, None))
    (3, 3, None)
    """

    group: VolumeGroup
    kernel_size: tuple[int, ...]
    padding: str
    strides: tuple[int, ...]
    dilation_rate: tuple[int, ...]

    def __init__(
        self,
        group: VolumeGroup,
        kernel_size: Sizes,
        padding: str = "valid",
        strides: Sizes = 1,
        dilation_rate: Sizes = 1,
    ) -> None:
        object.__setattr__(self, "group", group)
        object.__setattr__(self, "padding", padding)
        given = {
            "kernel_size": kernel_size,
            "strides": strides,
            "dilation_rate": dilation_rate,
        }
        for name, value in given.items():
            sizes = integers_along_axes(name, value, 3)
            group.check_size(sizes, f"{name}={value}")
            object.__setattr__(self, name, sizes)
        one_of("padding", padding, PADDINGS)
        even = any(self.kernel_size[axis] % 2 == 0 for axis in group.reversed_axes)
        if padding == "same" and even:
            raise ValueError(
                '`kernel_size` must be odd with padding="same" along axes that '
                f"{group.title} reverses: an even kernel has no central voxel. "
                f"Received: kernel_size={kernel_size}"
            )
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "`strides` must be 1 where `dilation_rate` exceeds it. Received: "
                f"strides={strides}, dilation_rate={dilation_rate}"
            )

    @property
    def conv_options(self) -> tuple[tuple[int, ...], str, tuple[int, ...]]:
        """Strides, padding and dilation rate, in the order of `convolve`."""
        return self.strides, self.padding, self.dilation_rate

    @property
    def windows(self) -> tuple[SlidingWindow, ...]:
        """Tuple of `SlidingWindow`, along depth, height and width."""
        axes = zip(self.kernel_size, self.strides, self.dilation_rate)
        return tuple(SlidingWindow(*options, self.padding) for options in axes)

    def outputs(self, volume_size: Sequence[int | None]) -> tuple[int | None, ...]:
        """Depth, height and width of the outputs, in voxels.

        Args:
            volume_size: Triple of integers, `None` where a size is not known.

        Returns:
            Triple of integers, `None` where a size is not known.

        Raises:
            ValueError: If the kernel does not fit into the volume, or the group does
                not preserve the grid of receptive fields. The message names the nearest
                sizes that work.
        """
        received = tuple(volume_size)
        self.group.check_size(received, f"volume_size={received}")
        sizes = enumerate(received)
        return tuple(None if n is None else self._output_size(n, i) for i, n in sizes)

    def _output_size(self, size: int, axis: int) -> int:
        window = self.windows[axis]
        if window.extent > size:
            dilated = f", dilation_rate={window.dilation_rate}"
            raise ValueError(
                "`kernel_size` must not exceed `volume_size`. Received: kernel_size="
                f"{window.size}{dilated if window.dilation_rate > 1 else ''}, "
                f"volume_size={size}"
            )
        if axis in self.group.reversed_axes and not window.is_centred(size):
            works = " or ".join(map(str, window.centred_sizes(size)))
            raise ValueError(
                f"{self.group.title} must map the grid of a convolution's receptive "
                f"fields onto itself: `volume_size` may be {works} with "
                f"strides={window.stride}. Received: volume_size={size}"
            )
        return window.outputs(size)
