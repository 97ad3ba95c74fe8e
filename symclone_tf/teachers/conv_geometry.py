"""The geometry of a convolution: its receptive fields, and whether a group preserves
their grid."""

import dataclasses
from collections.abc import Sequence

from symclone_tf.checks import one_of, one_or_two, positive_pair
from symclone_tf.symmetry import PointGroup
from symclone_tf.symmetry.point_groups import RECTANGLES
from symclone_tf.teachers.sliding_windows import SlidingWindow
from symclone_tf.types import Pair

PADDINGS = ("valid", "same")


@dataclasses.dataclass(frozen=True, init=False)
class ConvGeometry:
    """The geometry of a convolution, along height and width.

    Args:
        group: `PointGroup` of the convolution.
        kernel_size: Integer or pair of integers, pixels.
        padding: String, `"valid"` or `"same"`, as TensorFlow pads.
        strides: Integer or pair of integers, pixels between adjacent receptive fields.
        dilation_rate: Integer or pair of integers, pixels between the entries of a
            kernel.

    Raises:
        ValueError: If a size is not positive; if `padding` is not accepted, or is
            `"same"` with a kernel that is even along an axis which the group reverses,
            since no padding centres such kernels; if height and width differ with a
            group that exchanges them; or if both strides and dilation rates exceed 1,
            which TensorFlow does not support.
    """

    group: PointGroup
    kernel_size: tuple[int, int]
    padding: str
    strides: tuple[int, int]
    dilation_rate: tuple[int, int]

    def __init__(
        self,
        group: PointGroup,
        kernel_size: Pair,
        padding: str = "valid",
        strides: Pair = 1,
        dilation_rate: Pair = 1,
    ) -> None:
        object.__setattr__(self, "group", group)
        object.__setattr__(self, "padding", padding)
        pairs = {
            "kernel_size": kernel_size,
            "strides": strides,
            "dilation_rate": dilation_rate,
        }
        for name, value in pairs.items():
            pair = positive_pair(name, value)
            object.__setattr__(self, name, pair)
            self._check_square(name, pair)
        self.group.check_kernel(self.kernel_size)
        one_of("padding", padding, PADDINGS)
        even = any(self.kernel_size[axis] % 2 == 0 for axis in group.reversed_axes)
        if self.padding == "same" and even:
            raise ValueError(
                '`kernel_size` must be odd with padding="same": an even kernel has no '
                "central pixel, which breaks the symmetry. "
                f"Received: kernel_size={one_or_two(self.kernel_size)}"
            )
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "`strides` must be 1 where `dilation_rate` exceeds it. Received: "
                f"strides={one_or_two(self.strides)}, "
                f"dilation_rate={one_or_two(self.dilation_rate)}"
            )

    def _check_square(self, name: str, pair: Sequence[int | None]) -> None:
        if pair[0] != pair[1] and not self.group.keeps_rectangles:
            raise ValueError(
                f"`{name}` must be the same along height and width with "
                f"{self.group.title}, which exchanges them; with {RECTANGLES} "
                f"they may differ. Received: {name}={tuple(pair)}"
            )

    @property
    def conv_options(self) -> tuple[tuple[int, int], str, tuple[int, int]]:
        """Strides, padding and dilation rate, in the order of `convolve`."""
        return self.strides, self.padding, self.dilation_rate

    @property
    def windows(self) -> tuple[SlidingWindow, SlidingWindow]:
        """Pair of `SlidingWindow`, along height and width."""
        rows, columns = (
            SlidingWindow(size, stride, step, self.padding)
            for size, stride, step in zip(
                self.kernel_size, self.strides, self.dilation_rate
            )
        )
        return rows, columns

    def outputs(
        self, image_size: Sequence[int | None]
    ) -> tuple[int | None, int | None]:
        """Height and width of the outputs, in pixels.

        Args:
            image_size: Pair of integers, or `None` where a size is not known.

        Returns:
            Pair of integers, `None` where a size is not known.

        Raises:
            ValueError: If the kernel does not fit into the image.
        """
        height, width = (
            None if size is None else self.output_size(size, axis)
            for axis, size in enumerate(image_size)
        )
        return height, width

    def output_size(self, size: int, axis: int) -> int:
        """Pixels of the outputs along one axis.

        Args:
            size: Integer, pixels of the image along this axis.
            axis: Integer, 0 for height or 1 for width.

        Raises:
            ValueError: If the kernel does not fit into the image.
        """
        window = self.windows[axis]
        if window.extent > size:
            dilation = one_or_two(self.dilation_rate)
            dilated = "" if dilation == 1 else f", dilation_rate={dilation}"
            raise ValueError(
                "`kernel_size` must not exceed `image_size`. Received: kernel_size="
                f"{one_or_two(self.kernel_size)}{dilated}, image_size={size}"
            )
        return window.outputs(size)

    def check_grid(self, image_size: Sequence[int]) -> None:
        """Refuses image sizes for which the group does not preserve the grid of
        receptive fields.

        Args:
            image_size: Pair of integers.

        Raises:
            ValueError: If the kernel does not fit into the image or, with groups other
                than T(2), if the receptive fields are not centred in it, or if height
                and width differ and the group exchanges them. The message names the
                nearest sizes that work.
        """
        self.outputs(image_size)
        self._check_square("image_size", tuple(image_size))
        for axis in self.group.reversed_axes:
            self._check_centred(image_size[axis], axis)

    def _check_centred(self, size: int, axis: int) -> None:
        window = self.windows[axis]
        if window.is_centred(size):
            return
        works = " or ".join(map(str, window.centred_sizes(size)))
        raise ValueError(
            f"{self.group.title} must map the grid of a convolution's receptive fields "
            f"onto itself: `image_size` may be {works} "
            f"with strides={self.strides[axis]}. Received: image_size={size}"
        )
