"""Convolutions that are equivariant by construction, as a function."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from symclone_tf.symmetry import PointGroup, get_group
from symclone_tf.teachers.conv_geometry import ConvGeometry
from symclone_tf.teachers.convolution import channel_groups_of, convolve
from symclone_tf.types import Array, Pair, Tensor


def is_lifting(
    shape: Sequence[int | None], group: PointGroup, lifting: bool | None = None
) -> bool:
    """Whether inputs of this shape are images rather than feature maps on a group.

    Args:
        shape: Sequence, that of a batch of inputs, `None` where it is not known.
        group: `PointGroup`.
        lifting: Boolean, whether they have to be images; `None` if both are accepted.
            Ignored if the group is trivial.

    Returns:
        Boolean.

    Raises:
        ValueError: If the shape is neither, or not the one that it has to be.
    """
    kinds = {
        True: "(batch, height, width, channels)",
        False: f"(batch, height, width, {group.order}, channels)",
    }
    wanted = True if group.is_trivial else lifting
    accepted = {kind: kinds[kind] for kind in kinds if wanted in (None, kind)}
    given = lifting is not None and not group.is_trivial
    option = f" with lifting={lifting}" if given else ""
    is_image = len(shape) == 4
    is_feature = len(shape) == 5 and shape[3] == group.order
    if not (is_image or is_feature) or is_image not in accepted:
        raise ValueError(
            f"A convolution on {group.title}{option} takes inputs of shape "
            f"{' or '.join(accepted.values())}. "
            f"Received: inputs of shape {tuple(shape)}"
        )
    group.check_size(shape[1:3], f"inputs of shape {tuple(shape)}")
    return is_image


def group_conv2d(
    inputs: Tensor,
    kernel: Tensor,
    group: str | PointGroup,
    padding: str = "valid",
    strides: Pair = 1,
    dilation_rate: Pair = 1,
) -> Tensor:
    """Cross-correlates inputs with all transformed copies of a kernel.

    A lifting convolution maps images to feature maps on the group,
    `y[n,u,h,o] = Σ_{v,c} x[n,u+v,c] · (h·ψ)[v,c,o]`. A group convolution maps feature
    maps on the group to feature maps on the group,
    `y[n,u,h,o] = Σ_{v,g,c} x[n,u+v,g,c] · (h·ψ)[v,g,c,o]`, where
    `(h·ψ)[v,g] = ψ[h⁻¹v, h⁻¹g]`. All copies are computed by one convolution.

    Args:
        inputs: Tensor of shape `(batch, height, width, in_channels)`, images, or
            `(batch, height, width, |G|, in_channels)`, feature maps; square unless the
            group keeps rectangles, as T(2), reflections and half turns do.
        kernel: Tensor of shape `(k, k, in_channels, filters)` for images,
            `(k, k, |G|, in_channels, filters)` for feature maps; where rectangles are
            kept, its height and width may differ. If it has a fraction of the inputs'
            channels, these are convolved in groups, as by `keras.layers.Conv2D` with
            `groups`.
        group: String or `PointGroup`.
        padding: String, `"valid"` or `"same"`.
        strides: Integer, or a pair where rectangles are kept, pixels between receptive
            fields. Groups other than T(2) accept those with which they map the grid of
            receptive fields onto itself.
        dilation_rate: Integer, or a pair where rectangles are kept, pixels between the
            kernel's entries.

    Returns:
        Tensor of shape `(batch, new_height, new_width, |G|, filters)`; of shape
        `(batch, new_height, new_width, filters)` if the group is trivial, as T(2)'s
        point group is.

    Raises:
        ValueError: If the shapes do not match each other or the group.

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
    geometry = ConvGeometry(
        group, tuple(kernel.shape[:2]), padding, strides, dilation_rate
    )
    if None not in inputs.shape[1:3]:
        geometry.check_grid(tuple(inputs.shape[1:3]))
    in_channels, filters = kernel.shape[-2:]
    channel_groups = channel_groups_of(inputs.shape[-1], in_channels, filters)
    if group.is_trivial:
        return convolve(inputs, kernel, *geometry.conv_options, channel_groups)

    copies = transformed_kernels(kernel, group)
    return convolve_with_copies(inputs, copies, geometry, channel_groups)


def convolve_with_copies(
    inputs: Tensor, copies: Tensor, geometry: Any, channel_groups: int
) -> Tensor:
    """Cross-correlates inputs with all copies of a kernel, by one convolution.

    Args:
        inputs: Tensor of shape `(batch, *sizes, channels)`, with feature maps on a
            group `(batch, *sizes, |G|, channels)`.
        copies: Tensor of shape `(|G|, entries, in_channels, filters)`, as from
            `transformed_kernels`.
        geometry: `ConvGeometry` or `VolumeGeometry`.
        channel_groups: Integer, see `channel_groups_of`.

    Returns:
        Tensor of shape `(batch, *new_sizes, |G|, filters)`.
    """
    kernel_size, axes = geometry.kernel_size, len(geometry.kernel_size)
    order, _, _, filters = copies.shape
    # (|G|, entries·|G_in|, in_channels, filters): the copies become filters.
    copies = ops.transpose(copies, (1, 2, 0, 3))
    bank = ops.reshape(copies, (*kernel_size, -1, order * filters))

    sizes = ops.shape(inputs)[1 : 1 + axes]
    representation = math.prod(inputs.shape[1 + axes : -1])
    stacked = ops.reshape(inputs, (-1, *sizes, representation * inputs.shape[-1]))
    split = channel_groups, representation, order
    strides, padding, dilation_rate = geometry.conv_options
    outputs = convolve(stacked, bank, strides, padding, dilation_rate, *split)
    return ops.reshape(outputs, (-1, *ops.shape(outputs)[1:-1], order, filters))


def transformed_kernels(kernel: Tensor, group: PointGroup) -> Tensor:
    """All copies of a kernel, each transformed by an element of a group.

    Args:
        kernel: Tensor of shape `(k, k, in_channels, filters)`, or `(k, k, |G|,
            in_channels, filters)` of a group convolution.
        group: `PointGroup`.

    Returns:
        Tensor of shape `(|G|, k², in_channels, filters)`, or `(|G|, k²·|G|,
        in_channels, filters)`: `(h·ψ)[v, g] = ψ[h⁻¹v, h⁻¹g]`.

    Raises:
        ValueError: If the kernel cannot tell the group's rotations apart.
    """
    size, (in_channels, filters) = tuple(kernel.shape[:2]), kernel.shape[-2:]
    lifting = len(kernel.shape) == 4
    if group.permutes_pixels:
        entries = ops.reshape(kernel, (-1, in_channels, filters))
        return ops.take(entries, group.kernel_permutations(size, lifting), axis=0)
    pixels = size[0] * size[1]
    matrices = ops.cast(group.kernel_matrices(size), kernel.dtype)
    flat = ops.reshape(kernel, (pixels, -1))
    rotated = ops.matmul(ops.reshape(matrices, (-1, pixels)), flat)
    if lifting:
        return ops.reshape(rotated, (group.order, pixels, in_channels, filters))
    rotated = ops.reshape(rotated, (group.order, pixels, group.order, -1))
    # The copy of h has at g what h⁻¹g had.
    sources = group.product[group.inverse]
    moved = ops.take_along_axis(rotated, sources[:, None, :, None], axis=2)
    return ops.reshape(moved, (group.order, -1, in_channels, filters))


def equivariant_part(
    copies: Tensor, group: PointGroup, kernel_size: tuple[int, int]
) -> Tensor:
    """The nearest copies of one kernel, to a kernel for each element of a group.

    Of all that `transformed_kernels` returns, it is what differs least from `copies`
    in the sum of squares: the orthogonal projection on equivariant convolutions.

    Args:
        copies: Tensor of the shape that `transformed_kernels` returns.
        group: `PointGroup`.
        kernel_size: Pair of integers, the kernel's height and width.

    Returns:
        Tensor of the same shape.
    """
    order, entries, in_channels, filters = copies.shape
    pixels = kernel_size[0] * kernel_size[1]
    matrices = group.kernel_matrices(kernel_size)
    # Eigenvalues are of the order of the group's, or zero up to rounding.
    squares = np.sum(matrices.transpose(0, 2, 1) @ matrices, axis=0)
    inverse = np.linalg.pinv(squares, rcond=1e-6, hermitian=True)
    back = (inverse @ matrices.transpose(0, 2, 1)).transpose(1, 0, 2)
    lifting = entries == pixels
    rows = ops.reshape(copies, (order, pixels, entries // pixels, -1))
    if not lifting:
        # What the copy of h has at hg, the kernel has at g.
        rows = ops.take_along_axis(rows, group.product[:, None, :, None], axis=2)
    rows = ops.reshape(rows, (order * pixels, -1))
    back = ops.cast(back.reshape(pixels, -1), copies.dtype)
    axis = () if lifting else (order,)
    kernel = ops.reshape(
        ops.matmul(back, rows), (*kernel_size, *axis, in_channels, filters)
    )
    return transformed_kernels(kernel, group)


def kernel_gains(group: PointGroup, kernel_size: Pair) -> Array:
    """The mean square of outputs, for N(0, I) inputs, as a quadratic form of a kernel.

    Args:
        group: `PointGroup`.
        kernel_size: Integer or pair of integers, the kernel's height and width.

    Returns:
        Array of shape `(k², k²)`, for each feature map in: the identity if the group
        permutes pixels.

    Example:

    >>> gains = kernel_gains(get_group("c8"), 5)
    >>> np.allclose(gains, np.eye(25)), bool(np.trace(gains) < 25)
    (False, True)
    """
    matrices = group.kernel_matrices(kernel_size)
    return np.mean(matrices.transpose(0, 2, 1) @ matrices, axis=0)


def mean_gain(group: PointGroup, kernel_size: Pair) -> float:
    """The mean of a kernel's entries' gains: 1 if the group permutes pixels.

    Args:
        group: `PointGroup`.
        kernel_size: Integer or pair of integers, the kernel's height and width.

    Returns:
        Float.

    Example:

    >>> mean_gain(get_group("c4"), 5), mean_gain(get_group("c8"), 5) < 1
    (1.0, True)
    """
    if group.permutes_pixels:
        return 1.0
    return float(np.mean(np.diagonal(kernel_gains(group, kernel_size))))
