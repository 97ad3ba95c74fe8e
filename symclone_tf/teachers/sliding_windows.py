"""How the receptive fields of a convolution follow one another along an axis."""

import dataclasses
from typing import Any

from keras import ops


@dataclasses.dataclass(frozen=True)
class SlidingWindow:
    """The receptive fields of a convolution along one axis, for inputs of any size.

    Attributes:
        size: Integer, entries of the kernel along the axis.
        stride: Integer, steps between receptive fields.
        dilation_rate: Integer, steps between the kernel's entries.
        padding: String, `"valid"`, `"same"` as TensorFlow pads, or `"causal"`.

    Example:

    >>> window = SlidingWindow(size=3, stride=2, padding="same")
    >>> window.outputs(8), window.padding_of(8)
    (4, (0, 1))
    """

    size: int
    stride: int = 1
    dilation_rate: int = 1
    padding: str = "valid"

    @property
    def extent(self) -> int:
        """Integer, the positions that the kernel spans, including those that dilation
        leaves out."""
        return (self.size - 1) * self.dilation_rate + 1

    def outputs(self, count: Any) -> Any:
        """The number of outputs along the axis.

        Args:
            count: Integer, or integer tensor, the number of inputs.

        Returns:
            Integer, or tensor. It is not positive if the kernel does not fit.
        """
        # Of numbers that are not negative where there are outputs: ONNX's division
        # rounds towards zero.
        if self.padding == "valid":
            return (count - self.extent + self.stride) // self.stride
        return (count + self.stride - 1) // self.stride

    def padding_of(self, count: Any) -> tuple[Any, Any]:
        """The zeros before and after the inputs.

        Args:
            count: Integer, or integer tensor, the number of inputs.

        Returns:
            Pair of integers, or tensors.
        """
        if self.padding == "valid":
            return 0, 0
        if self.padding == "causal":
            return self.extent - 1, 0
        if self.stride == 1:
            zeros = self.extent - 1
        else:
            end = (self.outputs(count) - 1) * self.stride + self.extent
            missing = end - count
            is_known = isinstance(missing, int)
            zeros = max(missing, 0) if is_known else ops.maximum(missing, 0)
        return zeros // 2, zeros - zeros // 2
