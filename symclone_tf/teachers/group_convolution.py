"""Convolutions that are equivariant by construction, as function and as layer."""

import math

from keras import ops

from symclone_tf.symmetry import PointGroup, get_group
from symclone_tf.teachers.conv_geometry import ConvGeometry
from symclone_tf.teachers.convolution import convolve


def is_lifting(shape, group: PointGroup) -> bool:
    """Whether inputs of this shape are images rather than feature maps.

    Raises:
        ValueError: If the shape is neither.
    """
    images = "(batch, height, width, channels)"
    features = f"(batch, height, width, {group.order}, channels)"
    is_image = len(shape) == 4
    is_feature = len(shape) == 5 and shape[3] == group.order and not group.is_trivial
    if not is_image and not is_feature:
        accepted = images if group.is_trivial else f"{images} or {features}"
        raise ValueError(
            f"A convolution on {group.title} takes inputs of shape {accepted}. "
            f"Received: inputs of shape {tuple(shape)}"
        )
    if not group.is_trivial and shape[1] != shape[2]:
        raise ValueError(
            f"A convolution on {group.title} takes square inputs: turning others "
            f"changes their shape. Received: inputs of shape {tuple(shape)}"
        )
    return is_image


def group_conv2d(inputs, kernel, group, padding="valid", strides=1, dilation_rate=1):
    """Cross-correlates inputs with every transformed copy of a kernel.

    Images are lifted to the group, `y[n,u,h,o] = Σ x[n,u+v,c] · (h·ψ)[v,c,o]`;
    feature maps on the group are convolved over it,
    `y[n,u,h,o] = Σ x[n,u+v,g,c] · (h·ψ)[v,g,c,o]` with
    `(h·ψ)[v,g] = ψ[h⁻¹v, h⁻¹g]`. All copies go through one convolution.

    Args:
        inputs: Tensor of shape `(batch, height, width, in_channels)` to lift,
            or `(batch, height, width, |G|, in_channels)`.
        kernel: Tensor of shape `(k, k, in_channels, filters)` to lift, else
            `(k, k, |G|, in_channels, filters)`. With a share of the channels that
            inputs have, channels are convolved in groups.
        group: String or `PointGroup`.
        padding: String, `"valid"` or `"same"`.
        strides: Integer, or a pair of integers under T(2), the steps of the
            windows in pixels. Other groups take those whose grid of windows
            turning maps onto itself.
        dilation_rate: Integer, or a pair of integers under T(2), the steps within
            a window.

    Returns:
        Tensor of shape `(batch, new_height, new_width, |G|, filters)`, without
        the group axis if the group is trivial, as T(2)'s point group is.

    Raises:
        ValueError: If shapes and group do not go together.

    Example:

    >>> images = keras.random.normal((2, 28, 28, 1))
    >>> kernel = keras.random.normal((3, 3, 1, 10))
    >>> group_conv2d(images, kernel, "c4").shape
    TensorShape([2, 26, 26, 4, 10])

    Reference:

    - [Cohen & Welling, 2016](https://arxiv.org/abs/1602.07576), section 6
    """
    group = get_group(group)
    lifting = is_lifting(inputs.shape, group)
    if len(kernel.shape) != (4 if lifting else 5):
        raise ValueError(
            f"Inputs of shape {tuple(inputs.shape)} need a kernel of shape (k, k, "
            f"{'' if lifting else f'{group.order}, '}in_channels, filters). "
            f"Received: kernel of shape {tuple(kernel.shape)}"
        )
    windows = ConvGeometry(
        group, tuple(kernel.shape[:2]), padding, strides, dilation_rate
    )
    if None not in inputs.shape[1:3]:
        windows.check_grid(tuple(inputs.shape[1:3]))
    height, width = windows.kernel_size
    in_channels, filters = kernel.shape[-2:]
    channel_groups = _channel_groups(inputs.shape[-1], in_channels, filters)
    if group.is_trivial:
        return convolve(inputs, kernel, *windows.steps, channel_groups)

    entries = ops.reshape(kernel, (-1, in_channels, filters))
    copies = ops.take(entries, group.kernel_permutations(height, lifting), axis=0)
    # (|G|, k²·|G_in|, in_channels, filters): the copies become filters.
    copies = ops.transpose(copies, (1, 2, 0, 3))
    bank = ops.reshape(copies, (height, width, -1, group.order * filters))

    rows, columns = ops.shape(inputs)[1:3]
    maps = math.prod(inputs.shape[3:-1])
    stacked = ops.reshape(inputs, (-1, rows, columns, maps * inputs.shape[-1]))
    outputs = convolve(stacked, bank, *windows.steps, channel_groups, maps, group.order)
    rows, columns = ops.shape(outputs)[1:3]
    return ops.reshape(outputs, (-1, rows, columns, group.order, filters))


def _channel_groups(channels, in_channels, filters) -> int:
    """How many groups of channels a kernel is for.

    Raises:
        ValueError: If it does not share out channels and filters evenly.
    """
    groups = channels // in_channels
    if channels % in_channels or filters % groups:
        raise ValueError(
            "A kernel's channels must divide those of the inputs, into groups that "
            f"share its filters evenly. Received: inputs of {channels} channels, "
            f"kernel of {in_channels} channels and {filters} filters"
        )
    return groups
