"""The axes, sizes and names of convolutions along one to three axes."""

from typing import Any

from symclone_tf.checks import integers_along_axes, one_of
from symclone_tf.teachers.base import Teacher

# Largest translation along each axis, by the number of axes.
MAX_TRANSLATION = {1: 4, 2: 2, 3: 1}


class AxesConvTeacher(Teacher):
    """Base of convolutions along one to three axes, of volumes on groups, and of
    transposed ones.

    Attributes:
        grid: Tuple of integers, the size of inputs along each axis.
        kernel_size: Tuple of integers, the size of the kernel along each axis.
        strides: Tuple of integers.
        dilation_rate: Tuple of integers.
        padding: String.
    """

    representation_in = representation_out = 1
    padding: str

    def set_axes(
        self,
        shape: int | tuple[int, ...] | list[int],
        kernel_size: int | tuple[int, ...] | list[int],
        strides: int | tuple[int, ...] | list[int],
        dilation_rate: int | tuple[int, ...] | list[int],
    ) -> None:
        """Sets the sizes along each axis.

        Args:
            shape: Integer, or tuple of up to three, the size of inputs.
            kernel_size: Integer, or tuple of as many.
            strides: Integer, or tuple of as many.
            dilation_rate: Integer, or tuple of as many.

        Raises:
            ValueError: If there are others.
        """
        count = len(shape) if isinstance(shape, (tuple, list)) else 1
        self.grid = self.input_shape = integers_along_axes("shape", shape, count)
        one_of("shape's number of axes", count, MAX_TRANSLATION)
        self.kernel_size = integers_along_axes("kernel_size", kernel_size, count)
        self.kernel_shape = self.kernel_size
        self.strides = integers_along_axes("strides", strides, count)
        self.dilation_rate = integers_along_axes("dilation_rate", dilation_rate, count)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "`strides` must be 1 where `dilation_rate` exceeds it. Received: "
                f"strides={strides}, dilation_rate={dilation_rate}"
            )

    @property
    def extent(self) -> tuple[int, ...]:
        """Tuple of integers, the positions that the kernel spans along each axis,
        including those that dilation leaves out."""
        pairs = zip(self.kernel_size, self.dilation_rate)
        return tuple((size - 1) * step + 1 for size, step in pairs)

    def name_of(self, kind: str) -> str:
        """The name that artifacts of its students start with.

        Args:
            kind: String, what the convolution is.

        Returns:
            String, with what differs from Keras' defaults.
        """
        parts = [kind, "x".join(map(str, self.grid))]
        parts.append(f"k{short_sizes(self.kernel_size)}")
        if self.padding != "valid":
            parts.append(self.padding)
        for letter, steps in (("s", self.strides), ("d", self.dilation_rate)):
            if max(steps) > 1:
                parts.append(f"{letter}{short_sizes(steps)}")
        return "-".join(parts)

    def title_of(self, kind: str, *steps: tuple[str, tuple[int, ...]]) -> str:
        """The layer in a few words, as tables and progress bars show it.

        Args:
            kind: String, what the convolution is.
            *steps: Pairs of a sign and integers, which are shown where one is over 1.

        Returns:
            String.
        """
        size = "×".join(map(str, self.grid))
        for sign, each in steps:
            if max(each) > 1:
                size += f" {sign}{short_sizes(each, '×')}"
        return f"{kind} {size}"

    def get_config(self) -> dict[str, Any]:
        return {
            "shape": plain_sizes(self.grid),
            "kernel_size": plain_sizes(self.kernel_size),
            "padding": self.padding,
            "strides": plain_sizes(self.strides),
            "dilation_rate": plain_sizes(self.dilation_rate),
        }


def plain_sizes(sizes: tuple[int, ...]) -> int | list[int]:
    """Sizes as in configurations.

    Args:
        sizes: Tuple of integers.

    Returns:
        Integer for one axis, else a list.
    """
    return sizes[0] if len(sizes) == 1 else list(sizes)


def short_sizes(sizes: tuple[int, ...], sign: str = "x") -> str:
    """Sizes as part of a name.

    Args:
        sizes: Tuple of integers.
        sign: String, between two of them.

    Returns:
        String, one number if all are equal.
    """
    return sign.join(map(str, sizes if len(set(sizes)) > 1 else sizes[:1]))
