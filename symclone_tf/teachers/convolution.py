"""Convolutions with a bank of kernels, for groups of channels."""

from keras import ops


def convolve(
    inputs,
    bank,
    strides,
    padding,
    dilation_rate,
    channel_groups=1,
    representation_in=1,
    representation_out=1,
):
    """A convolution with a bank of kernels, for groups of channels.

    Keras' own shares out channels one after the other; here the channels of
    every map are shared out alike.

    Args:
        inputs: Tensor of shape `(batch, height, width, representation_in · channels)`.
        bank: Tensor of shape `(kh, kw, representation_in · channels / channel_groups,
            representation_out · filters)`.
        strides: Pair of integers.
        padding: String, `"valid"` or `"same"`.
        dilation_rate: Pair of integers.
        channel_groups: Integer.
        representation_in: Integer.
        representation_out: Integer.

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
    inputs = _exchanged(inputs, representation_in, channel_groups)
    bank = _exchanged(bank, representation_out, channel_groups)
    equal = len(set(strides)) == len(set(dilation_rate)) == 1
    if bank.shape[2] == 1 and equal:
        # Keras compiles other groups with XLA on CPUs, for want of operations.
        shape = (*bank.shape[:2], channel_groups, bank.shape[3] // channel_groups)
        outputs = ops.depthwise_conv(inputs, ops.reshape(bank, shape), **options)
    else:
        outputs = ops.conv(inputs, bank, **options)
    return _exchanged(outputs, channel_groups, representation_out)


def _exchanged(tensor, first, second):
    """Exchanges two factors of the last axis."""
    if first == 1 or second == 1:
        return tensor
    shape = ops.shape(tensor)
    rest = tensor.shape[-1] // (first * second)
    parts = ops.reshape(tensor, (*shape[:-1], first, second, rest))
    return ops.reshape(ops.swapaxes(parts, -3, -2), shape)
