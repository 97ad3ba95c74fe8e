"""Centred windows: against loops over windows, and against Keras where strides fit."""

import keras
import numpy as np
import pytest
from keras import layers

from symclone_tf.layers import CentredAveragePooling2D, CentredMaxPooling2D
from symclone_tf.layers.centred_pooling import CentredPooling2D
from symclone_tf.symmetry import equivariance_error

KINDS = pytest.mark.parametrize(
    ("pooling", "plain", "reduce"),
    [
        (CentredMaxPooling2D, layers.MaxPooling2D, np.max),
        (CentredAveragePooling2D, layers.AveragePooling2D, np.mean),
    ],
)


def windows(size, pool_size, strides):
    """First and last pixel of windows that reach from edge to edge."""
    width = pool_size
    while (size - width) % strides:
        width += 1
    return [(i, i + width) for i in range(0, size - width + 1, strides)]


def pooled_by_loops(images, pool_size, strides, reduce):
    rows, columns = (windows(n, pool_size, strides) for n in images.shape[1:3])
    return np.array(
        [[reduce(images[:, a:b, c:d], (1, 2)) for c, d in columns] for a, b in rows]
    ).transpose(2, 0, 1, 3)


@KINDS
@pytest.mark.parametrize(("pool_size", "strides"), [(2, 2), (3, 2), (2, 3), (1, 4)])
def test_windows_are_enlarged_until_they_reach_the_edges(
    rng, pooling, plain, reduce, pool_size, strides
):
    for size in [(pool_size, 9), (6, 7), (10, 5), (8, 11)]:
        images = rng.normal(size=(2, *size, 2)).astype("float32")
        expected = pooled_by_loops(images, pool_size, strides, reduce)
        found = pooling(pool_size, strides)(images)
        np.testing.assert_allclose(found, expected, atol=1e-6)


@KINDS
@pytest.mark.parametrize(("pool_size", "strides"), [(2, 2), (3, 2), (3, 1), (2, 3)])
def test_nothing_differs_from_keras_where_strides_fit(
    rng, pooling, plain, reduce, pool_size, strides
):
    for steps in range(4):
        size = pool_size + steps * strides
        images = rng.normal(size=(2, size, size + strides, 3)).astype("float32")
        expected = plain(pool_size, strides)(images)
        np.testing.assert_array_equal(pooling(pool_size, strides)(images), expected)


@KINDS
def test_keras_pooling_breaks_the_symmetry_where_strides_do_not_fit(
    rng, pooling, plain, reduce
):
    images = rng.normal(size=(2, 7, 7, 3)).astype("float32")
    assert equivariance_error(plain(2), "c2", images) > 0.1
    assert equivariance_error(pooling(2), "c2", images) < 1e-6


@KINDS
@pytest.mark.parametrize(("pool_size", "strides"), [(2, 2), (3, 2), (3, 3), (2, 3)])
def test_keras_poolings_keep_the_symmetry_at_the_sizes_that_the_pages_name(
    rng, pooling, plain, reduce, pool_size, strides
):
    for size in range(5, 13):
        images = rng.normal(size=(2, size, size, 3)).astype("float32")
        error = equivariance_error(plain(pool_size, strides), "d4", images)
        assert (error < 1e-6) == ((size - pool_size) % strides == 0)
        outputs = -(-size // strides)
        padded = max((outputs - 1) * strides + pool_size - size, 0)
        left_out = max(size - (outputs - 1) * strides - pool_size, 0)
        same = plain(pool_size, strides, padding="same")
        error = equivariance_error(same, "d4", images)
        assert (error < 1e-6) == (padded % 2 == 0 and left_out == 0)


@KINDS
@pytest.mark.parametrize("shape", [(2, 7, 8, 3), (2, 7, 9, 4, 2)])
def test_plain_layers_are_keras_own_and_compute_the_same(
    rng, pooling, plain, reduce, shape
):
    inputs = rng.normal(size=shape).astype("float32")
    layer = pooling(2)
    parts = layer.plain_layers((None, *shape[1:]))
    assert {type(part) for part in parts} <= {plain, layers.Reshape}
    answers = keras.Sequential([keras.Input(shape[1:]), *parts])(inputs)
    np.testing.assert_array_equal(answers, layer(inputs))


@KINDS
def test_plain_layers_keep_channels_first(rng, pooling, plain, reduce):
    images = rng.normal(size=(2, 3, 7, 6)).astype("float32")
    layer = pooling(2, data_format="channels_first")
    (part,) = layer.plain_layers(images.shape)
    np.testing.assert_array_equal(part(images), layer(images))


@KINDS
def test_plain_layers_need_a_size(pooling, plain, reduce):
    with pytest.raises(ValueError, match=r"batch must be known.*\(None, 7, None, 3\)"):
        pooling(2).plain_layers((None, 7, None, 3))


def test_a_centred_pooling_says_what_it_computes():
    with pytest.raises(TypeError, match="must implement `pool_windows`"):
        CentredPooling2D()(np.zeros((1, 4, 4, 1)))
    with pytest.raises(TypeError, match="must implement `reduce`"):
        CentredPooling2D.reduce(np.zeros((1, 4, 4, 1)), 1)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_bfloat16"])
@pytest.mark.parametrize("shape", [(1, 64, 64, 2), (1, 64, 64, 2, 2)])
def test_means_of_large_windows_are_right_in_half_precision(rng, dtype, shape):
    """Keras' own are not, on TensorFlow and JAX: sums of so many stop growing."""
    images = rng.uniform(0, 10, size=shape).astype("float32")
    layer = CentredAveragePooling2D(64, dtype=dtype, data_format="channels_last")
    found = layer(images)
    expected = images.mean((1, 2), keepdims=True)
    plain = keras.Sequential(layer.plain_layers(shape))(images)
    for each in (found, plain):
        assert keras.backend.standardize_dtype(each.dtype) == layer.compute_dtype
        values = keras.ops.cast(each, "float32")
        np.testing.assert_allclose(values, expected, rtol=0.01)
