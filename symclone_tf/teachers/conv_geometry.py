"""Where the windows of a convolution lie, and which of them turning keeps."""

import dataclasses
import itertools

import numpy as np

from symclone_tf.checks import one_of, one_or_two, positive_pair
from symclone_tf.symmetry import PointGroup

PADDINGS = ("valid", "same")
# How far from a size the nearest ones that work are looked for.
FAR = 64


@dataclasses.dataclass(frozen=True)
class ConvGeometry:
    """The windows of a convolution, along height and width.

    Args:
        group: `PointGroup`, of the convolution.
        kernel_size: Integer or pair of integers, pixels.
        padding: String, `"valid"` or `"same"`, as TensorFlow pads.
        strides: Integer or pair of integers, pixels from window to window.
        dilation_rate: Integer or pair of integers, the steps within a window.

    Raises:
        ValueError: If a size is not positive; if `padding` is none, or `"same"`
            with an even kernel on another group than T(2), which no padding can
            centre; if height and width differ on such a group; or if both kinds
            of steps exceed 1, which TensorFlow does not compute.
    """

    group: PointGroup
    kernel_size: tuple[int, int]
    padding: str = "valid"
    strides: tuple[int, int] = (1, 1)
    dilation_rate: tuple[int, int] = (1, 1)

    def __post_init__(self):
        for name in ("kernel_size", "strides", "dilation_rate"):
            pair = positive_pair(name, getattr(self, name))
            object.__setattr__(self, name, pair)
            self._check_square(name, pair)
        one_of("padding", self.padding, PADDINGS)
        even = any(size % 2 == 0 for size in self.kernel_size)
        if self.padding == "same" and even and not self.group.is_trivial:
            raise ValueError(
                '`kernel_size` must be odd with padding="same": an even kernel has no '
                "central pixel, and turning it breaks the symmetry. "
                f"Received: kernel_size={one_or_two(self.kernel_size)}"
            )
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "`strides` must be 1 where `dilation_rate` exceeds it. Received: "
                f"strides={one_or_two(self.strides)}, "
                f"dilation_rate={one_or_two(self.dilation_rate)}"
            )

    def _check_square(self, name, pair) -> None:
        if pair[0] != pair[1] and not self.group.is_trivial:
            raise ValueError(
                f"`{name}` must be the same along height and width on "
                f"{self.group.title}: turning exchanges them. Received: {name}={pair}"
            )

    @property
    def steps(self) -> tuple:
        """Strides, padding and dilation rate, in the order of `convolve`."""
        return self.strides, self.padding, self.dilation_rate

    @property
    def reach(self) -> tuple[int, int]:
        """Pair of integers, the pixels from the first to the last of a window."""
        pairs = zip(self.kernel_size, self.dilation_rate)
        return tuple((size - 1) * step + 1 for size, step in pairs)

    def outputs(self, image_size) -> tuple[int, int]:
        """Height and width of the outputs, in pixels.

        Args:
            image_size: Pair of integers, or `None` for what is not known.

        Returns:
            Pair of integers, `None` where the size is not known.

        Raises:
            ValueError: If the kernel does not fit into the image.
        """
        return tuple(
            None if size is None else self._outputs(size, axis)
            for axis, size in enumerate(image_size)
        )

    def _outputs(self, size, axis) -> int:
        reach, stride = self.reach[axis], self.strides[axis]
        if reach > size:
            dilation = one_or_two(self.dilation_rate)
            dilated = "" if dilation == 1 else f", dilation_rate={dilation}"
            raise ValueError(
                "`kernel_size` must not exceed `image_size`. Received: kernel_size="
                f"{one_or_two(self.kernel_size)}{dilated}, image_size={size}"
            )
        if self.padding == "same":
            return -(-size // stride)
        return (size - reach) // stride + 1

    def lines(self, image_size) -> list[np.ndarray]:
        """The lines of pixels under the windows, those of the padding too.

        Args:
            image_size: Pair of integers.

        Returns:
            Two integer arrays, `(new_height, kh)` and `(new_width, kw)`.
        """
        return [self._lines(size, axis) for axis, size in enumerate(image_size)]

    def _lines(self, size, axis):
        starts = self.strides[axis] * np.arange(self._outputs(size, axis))
        within = self.dilation_rate[axis] * np.arange(self.kernel_size[axis])
        return starts[:, None] + within - self._before(size, axis)

    def _before(self, size, axis) -> int:
        """Pixels of zeros before the first, as TensorFlow pads."""
        if self.padding == "valid":
            return 0
        return max(self._span(size, axis) - size, 0) // 2

    def _span(self, size, axis) -> int:
        """Pixels from the first window's first to the last window's last."""
        steps = self._outputs(size, axis) - 1
        return steps * self.strides[axis] + self.reach[axis]

    def check_grid(self, image_size) -> None:
        """Refuses images whose grid of windows turning does not keep.

        Args:
            image_size: Pair of integers.

        Raises:
            ValueError: If the kernel does not fit into the image or, on other
                groups than T(2), if the image is not square, or the windows do
                not lie evenly in it. The message names the nearest sizes where
                they do.
        """
        self.outputs(image_size)
        self._check_square("image_size", tuple(image_size))
        size = image_size[0]
        if self.group.is_trivial or self._lie_evenly(size):
            return
        near = itertools.chain.from_iterable((-d, d) for d in range(1, FAR))
        works = [size + d for d in near if self._lie_evenly(size + d)][:2]
        raise ValueError(
            "Turning must map the grid of a convolution's windows on "
            f"{self.group.title} onto itself: `image_size` may be "
            f"{' or '.join(map(str, sorted(works)))} with "
            f"strides={self.strides[0]}. Received: image_size={size}"
        )

    def _lie_evenly(self, size) -> bool:
        if size < self.reach[0]:
            return False
        return self._span(size, 0) - size == 2 * self._before(size, 0)
