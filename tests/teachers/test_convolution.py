import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.teachers import convolve
from symclone_tf.teachers.group_convolution import group_conv2d

from cases import ALL_CASES, later
from references import ACTIONS, group_conv2d_loops


def separate(inputs, kernel, groups, convolution):
    """Each group's channels and filters put to a convolution without groups."""
    channels, filters = inputs.shape[-1] // groups, kernel.shape[-1] // groups
    parts = [
        convolution(
            inputs[..., i * channels : (i + 1) * channels],
            kernel[..., i * filters : (i + 1) * filters],
        )
        for i in range(groups)
    ]
    return np.concatenate(parts, axis=-1)


def conv_loops(inputs, kernel, strides, dilation):
    """A valid convolution without groups: a loop over outputs and kernel entries."""
    size = [
        (n - (k - 1) * d - 1) // s + 1
        for n, k, s, d in zip(inputs.shape[1:], kernel.shape, strides, dilation)
    ]
    outputs = np.zeros((len(inputs), *size, kernel.shape[-1]))
    for u in itertools.product(*map(range, size)):
        for v in itertools.product(*map(range, kernel.shape[:-2])):
            at = tuple(s * i + d * j for s, i, d, j in zip(strides, u, dilation, v))
            outputs[(slice(None), *u)] += inputs[(slice(None), *at)] @ kernel[v]
    return outputs


def drawn(rng, *shape):
    return rng.normal(size=shape).astype("float32")


@ALL_CASES
@pytest.mark.parametrize(
    ("channels", "groups", "filters", "size", "padding"),
    [
        (4, 2, 6, 6, "valid"),
        later(4, 4, 4, 6, "same"),  # a channel for each
        later(6, 3, 3, 5, "same"),
        later(2, 2, 4, 7, "valid"),
    ],
)
def test_groups_of_channels_equal_loops_over_the_formula(
    rng, group, lifting, channels, groups, filters, size, padding
):
    axis = () if lifting or group == "t2" else (len(ACTIONS[group]),)
    inputs = drawn(rng, 2, size, size, *axis, channels)
    kernel = drawn(rng, 3, 3, *axis, channels // groups, filters)
    expected = separate(
        inputs, kernel, groups, lambda x, k: group_conv2d_loops(x, k, group, padding)
    )
    outputs = group_conv2d(inputs, kernel, group, padding)
    assert outputs.shape == expected.shape
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("grid", "strides", "dilation"),
    [
        ((9,), (2,), (1,)),
        ((8, 9), (1, 1), (2, 2)),
        ((8, 9), (2, 1), (1, 1)),
        ((8, 9), (1, 1), (1, 3)),
        ((5, 4, 6), (1, 1, 1), (1, 1, 1)),
    ],
)
@pytest.mark.parametrize("channels_of_group", [1, 2])
def test_strides_and_dilation_are_those_of_any_convolution(
    rng, grid, strides, dilation, channels_of_group
):
    inputs = drawn(rng, 2, *grid, 3 * channels_of_group)
    kernel = drawn(rng, *(2,) * len(grid), channels_of_group, 6)
    expected = separate(
        inputs, kernel, 3, lambda x, k: conv_loops(x, k, strides, dilation)
    )
    outputs = convolve(inputs, kernel, strides, "valid", dilation, 3)
    assert outputs.shape == expected.shape
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(("size", "kernel_size"), [(3, 3), (4, 3), (2, 3), (1, 4)])
def test_single_rows_and_columns_of_outputs_are_those_of_the_formula(
    rng, padding, axis, size, kernel_size
):
    """Where strides differ and there is one channel, oneDNN takes other pixels."""
    if padding == "valid" and size < kernel_size:
        return
    grid, kernel, strides = [6, 6], [1, 1], [1, 1]
    grid[axis], kernel[axis], strides[axis] = size, kernel_size, 5
    inputs = drawn(rng, 2, *grid, 1)
    bank = drawn(rng, *kernel, 1, 2)
    missing = max(kernel_size - size, 0) if padding == "same" else 0
    margins = [(0, 0)] * 4
    margins[1 + axis] = (missing // 2, missing - missing // 2)
    expected = conv_loops(np.pad(inputs, margins), bank, strides, (1, 1))

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 1))])
    def at_any_size(images):
        return convolve(images, bank, tuple(strides), padding, (1, 1))

    outputs = convolve(inputs, bank, tuple(strides), padding, (1, 1))
    for found in (outputs, at_any_size(inputs)):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def operations(groups, channels, representation):
    """The operations of a graph, and of all functions that it calls."""
    inputs = tf.TensorSpec((None, None, None, representation * channels))
    bank = tf.zeros((3, 3, representation * channels // groups, 4 * channels))

    @tf.function(input_signature=[inputs])
    def call(inputs):
        sizes = groups, representation, 4
        return convolve(inputs, bank, (1, 1), "same", (1, 1), *sizes)

    graph = call.get_concrete_function().graph
    return [operation.type for operation in graph.get_operations()]


@pytest.mark.parametrize("representation", [1, 4])
@pytest.mark.parametrize("groups", [1, 2, 8])
def test_each_group_is_one_convolution_and_none_is_a_function_to_compile(
    groups, representation
):
    found = operations(groups, 8, representation)
    depthwise = representation == 1 and groups == 8
    assert found.count("Conv2D") == (0 if depthwise else groups)
    assert found.count("DepthwiseConv2dNative") == depthwise
    assert not [name for name in found if "Call" in name or "Transpose" in name]


def test_an_infinite_channel_stays_in_its_group(rng):
    inputs = drawn(rng, 1, 6, 6, 4)
    inputs[..., 1] = np.inf
    outputs = convolve(inputs, drawn(rng, 3, 3, 2, 4), (1, 1), "valid", (1, 1), 2)
    finite = np.isfinite(outputs).all(axis=(0, 1, 2))
    assert finite.tolist() == [False, False, True, True]


def test_gradients_are_those_of_a_kernel_with_zeros_between_groups(rng):
    inputs, kernel = tf.constant(drawn(rng, 2, 6, 6, 4)), drawn(rng, 3, 3, 2, 6)
    whole = np.zeros((3, 3, 4, 6), "float32")
    whole[:, :, :2, :3], whole[:, :, 2:, 3:] = kernel[..., :3], kernel[..., 3:]

    def gradients(kernel, groups):
        kernel = tf.constant(kernel)
        with tf.GradientTape() as tape:
            tape.watch([inputs, kernel])
            outputs = convolve(inputs, kernel, (1, 1), "same", (1, 1), groups)
            loss = keras.ops.sum(keras.ops.tanh(outputs))
        return tape.gradient(loss, [inputs, kernel])

    of_inputs, of_kernel = gradients(kernel, 2)
    expected_inputs, expected = gradients(whole, 1)
    expected = np.concatenate([expected[:, :, :2, :3], expected[:, :, 2:, 3:]], axis=-1)
    np.testing.assert_allclose(of_inputs, expected_inputs, atol=1e-4)
    np.testing.assert_allclose(of_kernel, expected, atol=1e-4)


def test_a_kernel_that_splits_no_channels_evenly_is_refused(rng):
    with pytest.raises(
        ValueError, match=r"must divide those of the inputs.*5 channels"
    ):
        group_conv2d(drawn(rng, 1, 6, 6, 5), drawn(rng, 3, 3, 2, 4), "t2")
