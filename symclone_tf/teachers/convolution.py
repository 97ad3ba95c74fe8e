"""Convolutions with a bank of kernels, for groups of channels."""

from keras import ops

from symclone_tf.types import Tensor


def convolve(
    inputs: Tensor,
    bank: Tensor,
    strides: tuple[int, ...],
    padding: str,
    dilation_rate: tuple[int, ...],
    channel_groups: int = 1,
    representation_in: int = 1,
    representation_out: int = 1,
) -> Tensor:
    """A convolution with a bank of kernels, for groups of channels.

    Keras' own convolution splits the last axis into contiguous groups. Here, the
    channels of each element of the representation are split into the same groups.
    Each group is a convolution of its own, without XLA, so that the time of all of them
    is about that of one convolution of as many channels, or less, and ONNX and LiteRT
    have it.

    Args:
        inputs: Tensor of shape `(batch, *grid, representation_in · channels)`, with
            one to three axes of positions.
        bank: Tensor of shape `(*kernel_size, representation_in · channels /
            channel_groups, representation_out · filters)`.
        strides: Tuple of integers, one for each axis of positions.
        padding: String, `"valid"` or `"same"`.
        dilation_rate: Tuple of integers, likewise.
        channel_groups: Integer, number of groups of channels, as `groups` of
            `keras.layers.Conv2D`.
        representation_in: Integer, size of the inputs' representation.
        representation_out: Integer, size of the outputs' representation.

    Returns:
        Tensor of shape `(batch, *new_grid, representation_out · filters)`.

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
        return _conv(inputs, bank, **options)
    if _is_depthwise(inputs, bank, channel_groups, strides, dilation_rate):
        return _depthwise(inputs, bank, channel_groups, representation_out, options)
    # Not `ops.conv` of all channels: with fewer channels in the kernel than in the
    # inputs, Keras compiles it with XLA, anew in each eager call, with slow gradients
    # on CPUs, and ONNX has no such operation.
    outputs = [
        _conv(part, kernel, **options)
        for part, kernel in zip(
            _split(inputs, channel_groups, representation_in),
            _split(bank, channel_groups, representation_out),
            strict=True,
        )
    ]
    return _concatenate(outputs, representation_out)


def _conv(inputs, bank, strides, padding, **options):
    """A convolution as Keras computes it.

    Where images of one channel become a single column, and strides are larger along
    the width, oneDNN in TensorFlow 2.21 computes something else on some CPUs; not with
    a second channel, of zeros.
    """
    sizes = inputs.shape[1:-1]
    axes = zip(sizes, bank.shape, strides)
    # One output, or a number that is not known.
    few = any(n is None or n < size + stride for n, size, stride in axes)
    if inputs.shape[-1] == 1 and len(set(strides)) > 1 and few:
        # Not by `ops.pad`, which TensorFlow takes for a padding of positions.
        inputs = ops.concatenate([inputs, ops.zeros_like(inputs)], axis=-1)
        bank = ops.concatenate([bank, ops.zeros_like(bank)], axis=-2)
    return ops.conv(inputs, bank, strides, padding, **options)


def channel_groups_of(channels: int, in_channels: int, filters: int) -> int:
    """The number of groups of channels, from the shapes of inputs and kernel.

    Args:
        channels: Integer, the inputs' channels.
        in_channels: Integer, the kernel's channels.
        filters: Integer.

    Returns:
        Integer.

    Raises:
        ValueError: If channels or filters cannot be split evenly into such groups.

    Example:

    >>> channel_groups_of(channels=6, in_channels=2, filters=9)
    3
    """
    groups = channels // in_channels
    if channels % in_channels or filters % groups:
        raise ValueError(
            "A kernel's channels must divide those of the inputs, and the number of "
            f"groups its filters. Received: inputs with {channels} channels, "
            f"kernel with {in_channels} channels and {filters} filters"
        )
    return groups


def _is_depthwise(inputs, bank, channel_groups, strides, dilation_rate) -> bool:
    """Whether each channel is a group, and `ops.depthwise_conv` takes the options."""
    equal = len(set(strides)) == len(set(dilation_rate)) == 1
    per_channel = bank.shape[-2] == 1 and inputs.shape[-1] == channel_groups
    return per_channel and equal and len(inputs.shape) <= 4


def _depthwise(inputs, bank, channels, representation_out, options) -> Tensor:
    filters = bank.shape[-1] // channels
    bank = ops.concatenate(_split(bank, channels, representation_out), axis=-1)
    bank = ops.reshape(bank, (*bank.shape[:-2], channels, filters))
    outputs = ops.depthwise_conv(inputs, bank, **options)
    if representation_out == 1:
        return outputs
    return _concatenate(ops.split(outputs, channels, axis=-1), representation_out)


def _split(tensor: Tensor, groups: int, representation: int) -> list[Tensor]:
    """Splits the channels of each element of the representation into groups."""
    if representation == 1:
        return ops.split(tensor, groups, axis=-1)
    shape, channels = ops.shape(tensor)[:-1], tensor.shape[-1] // representation
    tensor = ops.reshape(tensor, (*shape, representation, channels))
    parts = ops.split(tensor, groups, axis=-1)
    size = representation * channels // groups
    return [ops.reshape(part, (*shape, size)) for part in parts]


def _concatenate(parts: list[Tensor], representation: int) -> Tensor:
    """The inverse of `_split`."""
    if representation == 1:
        return ops.concatenate(parts, axis=-1)
    shape, channels = ops.shape(parts[0])[:-1], parts[0].shape[-1] // representation
    parts = [ops.reshape(part, (*shape, representation, channels)) for part in parts]
    size = representation * channels * len(parts)
    return ops.reshape(ops.concatenate(parts, axis=-1), (*shape, size))
