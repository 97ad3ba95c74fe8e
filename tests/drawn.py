"""Hypothesis strategies of several tests."""

import keras
from hypothesis import strategies as st

from processors import CHANNELS_FIRST, TRANSPOSED_DILATED


def pairs(least, most):
    """Two integers, often equal."""
    number = st.integers(least, most)
    return st.one_of(number.map(lambda n: (n, n)), st.tuples(number, number))


@st.composite
def windows(draw, equal_strides=False):
    """An image, and options of a convolution on it that TensorFlow computes."""
    kernel = draw(pairs(1, 4))
    strides = draw(pairs(1, 3))
    if equal_strides:
        strides = strides[:1] * 2
    dilation = (1, 1) if max(strides) > 1 else draw(pairs(1, 3))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    image = tuple(draw(st.integers(least, 11)) for least in reach)
    return image, {
        "kernel_size": kernel,
        "padding": draw(st.sampled_from(["valid", "same"])),
        "strides": strides,
        "dilation_rate": dilation,
    }


@st.composite
def convolutions(draw):
    """A layer of Keras' own, and the shape of its inputs without the batch.

    Returns:
        Class and arguments of a `Conv2D`, with groups or without, or of a
        `DepthwiseConv2D`; and the shape.
    """
    depthwise = draw(st.integers(0, 3)) == 0
    image, options = draw(windows(equal_strides=depthwise))
    formats = ["channels_last", *(["channels_first"] if CHANNELS_FIRST else [])]
    options["data_format"] = draw(st.sampled_from(formats))
    options["activation"] = "tanh"
    options["use_bias"] = draw(st.booleans())
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    channels = groups * draw(st.integers(1, 2))
    if depthwise:
        kind = keras.layers.DepthwiseConv2D
        options["depth_multiplier"] = draw(st.integers(1, 2))
    else:
        kind = keras.layers.Conv2D
        options["groups"] = groups
        options["filters"] = groups * draw(st.integers(1, 2))
    if options["data_format"] == "channels_first":
        return kind, options, (channels, *image)
    return kind, options, (*image, channels)


@st.composite
def transposed_convolutions(draw):
    """A transposed convolution that TensorFlow computes, and its inputs' shape.

    Returns:
        Arguments of a `Conv2DTranspose`, and the shape without the batch.
    """
    padding = draw(st.sampled_from(["valid", "same"]))
    kernel = draw(pairs(1, 5))
    strides = draw(pairs(1, 3))
    dilates = TRANSPOSED_DILATED and max(strides) == 1
    dilation = draw(pairs(1, 3)) if dilates else (1, 1)
    more = None
    if draw(st.booleans()):
        # An even kernel needs one output more to make as many inputs.
        least = [(1 - k % 2) if padding == "same" else 0 for k in kernel]
        if all(a < s for a, s in zip(least, strides)) and max(dilation) == 1:
            more = tuple(draw(st.integers(a, s - 1)) for a, s in zip(least, strides))
    image = draw(st.integers(2, 6)), draw(st.integers(2, 6))
    options = {
        "filters": draw(st.integers(1, 3)),
        "kernel_size": kernel,
        "padding": padding,
        "strides": strides,
        "output_padding": more,
        "dilation_rate": dilation,
        "activation": "tanh",
        "use_bias": draw(st.booleans()),
    }
    return options, (*image, draw(st.integers(1, 3)))
