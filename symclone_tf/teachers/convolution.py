"""Convolutions with a bank of kernels, for groups of channels."""

from keras import ops

from symclone_tf.types import Tensor


def convolve(
    inputs: Tensor,
    bank: Tensor,
    strides: tuple[int, int],
    padding: str,
    dilation_rate: tuple[int, int],
    channel_groups: int = 1,
    representation_in: int = 1,
    representation_out: int = 1,
) -> Tensor:
    """A convolution with a bank of kernels, for groups of channels.

    Keras' own convolution splits the last axis into contiguous groups. Here, the
    channels of each element of the representation are split into the same groups.

    Args:
        inputs: Tensor of shape `(batch, height, width, representation_in · channels)`.
        bank: Tensor of shape `(kh, kw, representation_in · channels / channel_groups,
            representation_out · filters)`.
        strides: Pair of integers.
        padding: String, `"valid"` or `"same"`.
        dilation_rate: Pair of integers.
        channel_groups: Integer, number of groups of channels, as `groups` of
            `keras.layers.Conv2D`.
        representation_in: Integer, size of the inputs' representation.
        representation_out: Integer, size of the outputs' representation.

    Returns:
        Tensor of shape `(batch, new_height, new_width, representation_out · filters)`.

    Example:

    >>> images = keras.random.normal((2, 8, 8, 4))
    >>> bank = keras.random.normal((3, 3, 1, 12))  # a channel for each of 4 groups
    >>> convolve(images, bank, (1, 1), "same", (1, 1), channel_groups=4).shape
    TensorShape([2, 8, 8, 12])
    """
    options = {
        "strides": strides,
        "padding": padding,
        "data_format": "channels_last",
        "dilation_rate": dilation_rate,
    }
    if channel_groups == 1:
        return ops.conv(inputs, bank, **options)
    inputs = _swap_factors(inputs, representation_in, channel_groups)
    bank = _swap_factors(bank, representation_out, channel_groups)
    equal = len(set(strides)) == len(set(dilation_rate)) == 1
    if bank.shape[2] == 1 and equal:
        # On CPUs, Keras has to compile a grouped convolution with XLA.
        shape = (*bank.shape[:2], channel_groups, bank.shape[3] // channel_groups)
        outputs = ops.depthwise_conv(inputs, ops.reshape(bank, shape), **options)
    else:
        outputs = ops.conv(inputs, bank, **options)
    return _swap_factors(outputs, channel_groups, representation_out)


def _swap_factors(tensor: Tensor, first: int, second: int) -> Tensor:
    """Swaps the two leading factors of the last axis' size."""
    if first == 1 or second == 1:
        return tensor
    shape = ops.shape(tensor)
    rest = tensor.shape[-1] // (first * second)
    parts = ops.reshape(tensor, (*shape[:-1], first, second, rest))
    return ops.reshape(ops.swapaxes(parts, -3, -2), shape)
