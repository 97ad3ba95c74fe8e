"""Convolutions of volumes on groups, against loops over their formula."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.symmetry import equivariance_error, get_volume_group
from symclone_tf.teachers.volume_convolution import group_conv3d

from cases import later
from clones import relative
from references import group_conv3d_loops

GROUPS = ("flip3d", "d2h", "o", "oh")
EVERY = pytest.mark.parametrize("group", GROUPS)


def draw(rng, group, lifting, size, kernel_size=3, channels=1, filters=2):
    axis = () if lifting else get_volume_group(group).representation_shape
    grid = size if isinstance(size, tuple) else (size,) * 3
    inputs = rng.normal(size=(2, *grid, *axis, channels)).astype("float32")
    shape = (*(kernel_size,) * 3, *axis, channels, filters)
    return inputs, rng.normal(size=shape).astype("float32")


@EVERY
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [4, 5])
def test_lifting_equals_loops_over_the_formula(rng, group, padding, size):
    inputs, kernel = draw(rng, group, True, size, channels=2)
    expected = group_conv3d_loops(inputs, kernel, group, padding)
    outputs = group_conv3d(inputs, kernel, group, padding)
    assert outputs.shape == expected.shape
    assert relative(outputs, expected) < 1e-5


@pytest.mark.parametrize(
    ("group", "size", "padding"),
    [
        ("flip3d", 4, "valid"),
        ("flip3d", 3, "same"),
        ("d2h", (4, 3, 5), "valid"),
        ("d2h", (3, 5, 4), "same"),
        ("o", 4, "valid"),
        later("o", 3, "same"),
        later("oh", 4, "valid"),
    ],
)
def test_group_convolutions_equal_loops_over_the_formula(rng, group, size, padding):
    inputs, kernel = draw(rng, group, False, size)
    expected = group_conv3d_loops(inputs, kernel, group, padding)
    outputs = group_conv3d(inputs, kernel, group, padding)
    assert outputs.shape == expected.shape
    assert relative(outputs, expected) < 1e-5


@pytest.mark.parametrize(
    ("size", "options"),
    [(7, {"strides": 2}), (7, {"dilation": 2}), (6, {"strides": 3}), (5, {})],
)
@pytest.mark.parametrize("lifting", [True, False])
def test_strides_dilation_and_even_kernels_equal_loops(rng, lifting, size, options):
    kernel_size = 3 if options else 2
    inputs, kernel = draw(rng, "d2h", lifting, size, kernel_size)
    expected = group_conv3d_loops(inputs, kernel, "d2h", **options)
    names = {"dilation": "dilation_rate", "strides": "strides"}
    options = {names[name]: value for name, value in options.items()}
    outputs = group_conv3d(inputs, kernel, "d2h", **options)
    assert relative(outputs, expected) < 1e-5


@EVERY
@pytest.mark.parametrize("lifting", [True, False])
@pytest.mark.parametrize(
    ("size", "padding", "strides", "dilation_rate"),
    [
        (5, "valid", 1, 1),
        (4, "same", 1, 1),
        (5, "valid", 2, 1),
        (5, "same", 2, 1),
        (6, "valid", 1, 2),
    ],
)
def test_it_is_equivariant_under_the_whole_group(
    rng, group, lifting, size, padding, strides, dilation_rate
):
    inputs, kernel = draw(rng, group, lifting, size)
    options = padding, strides, dilation_rate

    def convolution(x):
        return group_conv3d(x, kernel, group, *options)

    assert equivariance_error(convolution, group, inputs) < 1e-5


@pytest.mark.parametrize("group", ["flip3d", "d2h", "o", later("oh")])
@pytest.mark.parametrize("size", [6, 7])
def test_two_layers_are_equivariant_too(rng, group, size):
    volumes, first = draw(rng, group, True, size)
    _, second = draw(rng, group, False, size, channels=2)

    def layers(x):
        return group_conv3d(group_conv3d(x, first, group), second, group, "same")

    assert equivariance_error(layers, group, volumes) < 1e-5


@pytest.mark.parametrize("size", [(4, 5, 6), (7, 3, 4)])
@pytest.mark.parametrize("group", ["flip3d", "d2h"])
def test_reflections_act_on_boxes(rng, group, size):
    boxes, first = draw(rng, group, True, size)
    _, second = draw(rng, group, False, size, channels=2)

    def layers(x):
        return group_conv3d(group_conv3d(x, first, group, "same"), second, group)

    assert equivariance_error(layers, group, boxes) < 1e-5


def test_an_ordinary_convolution_is_not_equivariant(rng):
    volumes = rng.normal(size=(2, 6, 6, 6, 1)).astype("float32")
    for group in GROUPS:
        assert equivariance_error(keras.layers.Conv3D(2, 3), group, volumes) > 0.1


def test_channels_in_groups_are_convolved_separately(rng):
    inputs, kernel = draw(rng, "d2h", False, 4, channels=2, filters=4)
    inputs = np.concatenate([inputs, -(inputs**2)], axis=-1)
    parts = zip(np.split(inputs, 2, -1), np.split(kernel, 2, -1))
    expected = np.concatenate([group_conv3d(*part, "d2h") for part in parts], axis=-1)
    np.testing.assert_allclose(group_conv3d(inputs, kernel, "d2h"), expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("lifting", [True, False])
def test_all_copies_are_one_convolution(lifting, rng):
    inputs, kernel = draw(rng, "oh", lifting, 4)
    traced = tf.function(lambda x: group_conv3d(x, kernel, "oh"))
    graph = traced.get_concrete_function(tf.TensorSpec(inputs.shape)).graph
    kinds = [operation.type for operation in graph.get_operations()]
    assert kinds.count("Conv3D") == 1
    assert not {"BatchMatMulV2", "MatMul", "Einsum"} & set(kinds)


@pytest.mark.parametrize("options", [{}, {"strides": 2}, {"dilation_rate": 2}])
def test_gradients_are_there_for_any_geometry(rng, options):
    """Of inputs and kernel, against finite differences along a random direction."""
    inputs, kernel = draw(rng, "d2h", False, 5)

    def loss(scale):
        moved = inputs * (1 + scale), kernel * (1 + scale)
        return tf.reduce_sum(group_conv3d(*moved, "d2h", **options) ** 2)

    scale = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        value = loss(scale)
    # Outputs are quadratic in the scale, their squares of the fourth degree.
    assert float(tape.gradient(value, scale)) == pytest.approx(4 * float(value), 1e-4)


@pytest.mark.parametrize(
    ("inputs", "kernel", "message"),
    [
        (
            (1, 5, 5, 5, 1),
            (3, 3, 3, 24, 1, 2),
            r"a kernel of shape \(k, k, k, in_",
        ),
        (
            (1, 5, 5, 5, 24, 1),
            (3, 3, 3, 1, 2),
            r"\(k, k, k, 24, in_channels, fil",
        ),
        ((1, 5, 5, 5, 24, 1), (3, 3, 3, 8, 1, 2), r"Received: kernel .*3, 8, 1, 2\)"),
        ((1, 5, 5, 5, 8, 1), (3, 3, 3, 8, 1, 2), "O takes volumes"),
        ((1, 5, 5, 6, 1), (3, 3, 3, 1, 2), "O exchanges depth, height and width"),
        ((1, 5, 5, 5, 1), (3, 3, 2, 1, 2), r"O exchanges .*kernel_size=\(3, 3, 2\)"),
        ((1, 5, 5, 5, 3), (3, 3, 3, 2, 2), "kernel's channels must divide"),
    ],
)
def test_shapes_that_do_not_match_are_refused(inputs, kernel, message):
    with pytest.raises(ValueError, match=message) as caught:
        group_conv3d(np.zeros(inputs), np.zeros(kernel), "o")
    assert "\n" not in str(caught.value)
