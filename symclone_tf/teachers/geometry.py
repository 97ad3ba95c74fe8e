"""Where the windows of a convolution lie, and which of them turning keeps."""

import itertools

from symclone_tf.checks import one_of, positive_integer
from symclone_tf.symmetry import PointGroup

PADDINGS = ("valid", "same")
# How far from a size the nearest ones that work are looked for.
FAR = 64


def check_kernel(
    group: PointGroup,
    kernel_size: int,
    padding: str,
    strides: int = 1,
    dilation_rate: int = 1,
) -> None:
    """Refuses kernels, paddings and steps for which no such layer exists.

    Raises:
        ValueError: If a size is not a positive integer, if `padding` is neither
            `"valid"` nor `"same"`, if it is `"same"` with an even kernel on
            another group than T(2), which no padding can centre, or if both
            steps exceed 1, which TensorFlow does not compute.
    """
    positive_integer("kernel_size", kernel_size)
    positive_integer("strides", strides)
    positive_integer("dilation_rate", dilation_rate)
    one_of("padding", padding, PADDINGS)
    if padding == "same" and kernel_size % 2 == 0 and not group.is_trivial:
        raise ValueError(
            '`kernel_size` must be odd with padding="same": an even kernel has no '
            "central pixel, and turning it breaks the symmetry. "
            f"Received: kernel_size={kernel_size}"
        )
    if strides > 1 and dilation_rate > 1:
        raise ValueError(
            "`strides` must be 1 where `dilation_rate` exceeds it. Received: "
            f"strides={strides}, dilation_rate={dilation_rate}"
        )


def output_size(
    image_size: int,
    kernel_size: int,
    padding: str,
    strides: int = 1,
    dilation_rate: int = 1,
) -> int:
    """Height and width of a convolution's output, in pixels.

    Raises:
        ValueError: If the kernel does not fit into the image.
    """
    reach = (kernel_size - 1) * dilation_rate + 1
    if reach > image_size:
        dilated = f", dilation_rate={dilation_rate}" if dilation_rate > 1 else ""
        raise ValueError(
            "`kernel_size` must not exceed `image_size`. Received: "
            f"kernel_size={kernel_size}{dilated}, image_size={image_size}"
        )
    if padding == "same":
        return -(-image_size // strides)
    return (image_size - reach) // strides + 1


def padding_before(
    image_size: int,
    kernel_size: int,
    padding: str,
    strides: int = 1,
    dilation_rate: int = 1,
) -> int:
    """Pixels of zeros before the first, as TensorFlow pads."""
    if padding == "valid":
        return 0
    outputs = output_size(image_size, kernel_size, padding, strides, dilation_rate)
    reach = (kernel_size - 1) * dilation_rate + 1
    return max((outputs - 1) * strides + reach - image_size, 0) // 2


def check_turns(
    group: PointGroup,
    image_size: int,
    kernel_size: int,
    padding: str,
    strides: int = 1,
    dilation_rate: int = 1,
) -> None:
    """Refuses strides whose grid of windows turning does not map onto itself.

    Raises:
        ValueError: If the kernel does not fit into the image, or the windows do
            not lie evenly in it and the group is not T(2). The message names the
            nearest sizes where they do.
    """

    def fits(size):
        arguments = (kernel_size, padding, strides, dilation_rate)
        reach = (kernel_size - 1) * dilation_rate + 1
        if size < reach:
            return False
        span = (output_size(size, *arguments) - 1) * strides + reach
        before = padding_before(size, *arguments)
        return span - size == 2 * before

    output_size(image_size, kernel_size, padding, strides, dilation_rate)
    if group.is_trivial or fits(image_size):
        return
    near = itertools.chain.from_iterable((-d, d) for d in range(1, FAR))
    works = [image_size + d for d in near if fits(image_size + d)][:2]
    raise ValueError(
        f"Turning must map the grid of a convolution's windows on {group.title} onto "
        f"itself: `image_size` may be {' or '.join(map(str, sorted(works)))} with "
        f"strides={strides}. Received: image_size={image_size}"
    )
