"""What all spatial poolings share: arguments, shapes, and maps on a group."""

import keras
import numpy as np
import pytest

from symclone_tf.layers import (
    AntialiasedMaxPooling2D,
    CentredAveragePooling2D,
    CentredMaxPooling2D,
)
from symclone_tf.layers.base_pooling import SpatialPooling2D
from symclone_tf.symmetry import GroupTransformation, equivariance_error, get_group

from cases import later
from layer_checks import check_layer

POOLINGS = pytest.mark.parametrize(
    "pooling", [CentredMaxPooling2D, CentredAveragePooling2D, AntialiasedMaxPooling2D]
)
# Windows and strides that touch, overlap, and leave gaps.
WINDOWS = [
    (2, 2),
    (3, 2),
    (2, 3),
    *(later(*w) for w in [(3, 3), (2, 1), (1, 1), (3, 5)]),
]


@POOLINGS
@pytest.mark.parametrize(("pool_size", "strides"), WINDOWS)
def test_rotations_and_reflections_commute_at_every_size(
    rng, pooling, pool_size, strides
):
    layer = pooling(pool_size, strides)
    for size in (*range(pool_size, 10), 27, 28):
        images = rng.normal(size=(2, size, size, 2)).astype("float32")
        assert equivariance_error(layer, "d4", images) < 1e-6


@POOLINGS
@pytest.mark.parametrize("group", ["c2", "c4", "d4"])
def test_feature_maps_commute_with_the_group(rng, pooling, group):
    order = get_group(group).order
    for size in (2, 5, 8, 9):
        features = rng.normal(size=(2, size, size, order, 3)).astype("float32")
        assert equivariance_error(pooling(), group, features) < 1e-6


@POOLINGS
def test_each_element_and_channel_is_pooled_for_itself(rng, pooling):
    features = rng.normal(size=(2, 7, 6, 4, 3)).astype("float32")
    found = np.asarray(pooling(2)(features))
    for element in range(4):
        alone = pooling(2)(features[:, :, :, element])
        np.testing.assert_allclose(found[:, :, :, element], alone, atol=1e-6)


@POOLINGS
@pytest.mark.parametrize("size", [(5, 8), (8, 5), (7, 3)])
def test_rectangles_commute_with_reflections_and_quarter_turns(rng, pooling, size):
    images = rng.normal(size=(2, *size, 2)).astype("float32")
    layer = pooling(2)
    pooled = np.asarray(layer(images))
    np.testing.assert_allclose(layer(images[:, ::-1]), pooled[:, ::-1], atol=1e-6)
    np.testing.assert_allclose(layer(images[:, :, ::-1]), pooled[:, :, ::-1], atol=1e-6)
    turned = np.rot90(images, 1, (1, 2))
    np.testing.assert_allclose(layer(turned), np.rot90(pooled, 1, (1, 2)), atol=1e-6)


@POOLINGS
def test_windows_and_strides_may_differ_along_the_axes(rng, pooling):
    images = rng.normal(size=(2, 9, 8, 1)).astype("float32")
    layer = pooling((3, 2), (4, 3))
    across = pooling((2, 3), (3, 4))(np.swapaxes(images, 1, 2))
    pooled = np.array(layer(images))
    np.testing.assert_allclose(pooled, np.swapaxes(across, 1, 2), atol=1e-6)
    flipped = layer(images[:, ::-1, ::-1])
    np.testing.assert_allclose(flipped, pooled[:, ::-1, ::-1], atol=1e-6)


@POOLINGS
@pytest.mark.parametrize(("pool_size", "strides"), WINDOWS)
def test_outputs_are_as_many_as_of_keras_valid_pooling(pooling, pool_size, strides):
    theirs = keras.layers.MaxPooling2D(pool_size, strides)
    ours = pooling(pool_size, strides)
    for height in range(pool_size, 12):
        shape = (2, height, height + 1, 3)
        assert ours.compute_output_shape(shape) == theirs.compute_output_shape(shape)
        assert ours(np.zeros(shape)).shape == theirs.compute_output_shape(shape)
    assert ours.compute_output_shape((None, None, 9, 3))[1] is None


@POOLINGS
@pytest.mark.parametrize(("pool_size", "strides"), [(2, 2), (3, 2), (2, 3)])
def test_sizes_that_are_known_when_called_give_the_same(
    rng, pooling, pool_size, strides
):
    layer = pooling(pool_size, strides)
    model = keras.Sequential([keras.Input((None, None, 2)), layer])
    model.compile(run_eagerly=False)
    for size in [(pool_size, 7), (6, 9), (8, pool_size + 1)]:
        images = rng.normal(size=(2, *size, 2)).astype("float32")
        np.testing.assert_allclose(
            model.predict_on_batch(images), layer(images), atol=1e-6
        )


@POOLINGS
def test_maps_on_a_group_may_have_unknown_sizes(rng, pooling):
    features = rng.normal(size=(2, 7, 5, 4, 3)).astype("float32")
    model = keras.Sequential([keras.Input((None, None, 4, 3)), pooling(2)])
    assert model.output_shape == (None, None, None, 4, 3)
    np.testing.assert_allclose(model(features), pooling(2)(features), atol=1e-6)


@POOLINGS
def test_channels_may_be_first(rng, pooling):
    images = rng.normal(size=(2, 3, 7, 6)).astype("float32")
    layer = pooling(2, data_format="channels_first")
    expected = np.moveaxis(pooling(2)(np.moveaxis(images, 1, -1)), -1, 1)
    np.testing.assert_array_equal(layer(images), expected)
    assert layer.compute_output_shape(images.shape) == expected.shape
    keras.config.set_image_data_format("channels_first")
    try:
        np.testing.assert_array_equal(pooling(2)(images), expected)
    finally:
        keras.config.set_image_data_format("channels_last")


@POOLINGS
@pytest.mark.parametrize("shape", [(2, 5, 6, 3), (2, 5, 5, 4, 2)])
def test_behaves_as_a_keras_layer(rng, tmp_path, pooling, shape):
    inputs = rng.normal(size=shape).astype("float32")
    arguments = {"pool_size": 3, "strides": [2, 1], "data_format": "channels_last"}
    expected = (2, 2, shape[2] - 2, *shape[3:])
    check_layer(pooling, arguments, [inputs], expected, 0, tmp_path / "model.keras")


@POOLINGS
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("size", [7, None])
def test_takes_half_precision_and_xla(rng, pooling, policy, size):
    images = rng.normal(size=(2, 7, 7, 4, 2)).astype("float32")
    inputs = keras.Input((size, size, 4, 2))
    model = keras.Model(inputs, pooling(dtype=policy)(inputs))
    model.compile(jit_compile=True)
    answers = model.predict_on_batch(images)
    assert answers.dtype == policy.removeprefix("mixed_")
    np.testing.assert_allclose(
        np.asarray(answers, "float32"), pooling()(images), atol=0.02
    )


@POOLINGS
@pytest.mark.tensorflow
def test_gradients_are_those_of_a_commuting_map(rng, pooling):
    """The gradient of a sum that weighs all outputs alike turns with the image."""
    import tensorflow as tf

    rotation = GroupTransformation("c4", 1)

    def gradient(images):
        images = tf.constant(images)
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = tf.reduce_sum(pooling(2)(images) ** 2)
        return tape.gradient(total, images).numpy()

    for size in (6, 7):
        images = rng.normal(size=(1, size, size, 1)).astype("float32")
        turned = rotation.inputs(gradient(images))
        np.testing.assert_allclose(gradient(rotation.inputs(images)), turned, atol=1e-5)
        assert np.abs(turned).max() > 0.1


@POOLINGS
@pytest.mark.parametrize(
    ("options", "shape", "message"),
    [
        ({"pool_size": 0}, (1, 4, 4, 1), "`pool_size` must be a positive integer"),
        ({"strides": (2, 0)}, (1, 4, 4, 1), r"`strides` must .*strides=\(2, 0\)"),
        ({"data_format": "last"}, (1, 4, 4, 1), "must be one of channels_last, chan"),
        ({}, (1, 4, 4), r"takes images of four axes.*\(1, 4, 4\)"),
        (
            {"data_format": "channels_first"},
            (1, 4, 4, 4, 1),
            r"\(batch, height, width, \|G\|, channels\) with.*\(1, 4, 4, 4, 1\)",
        ),
        (
            {"pool_size": 5},
            (1, 6, 4, 1),
            r"as large as `pool_size`.*=5, .*6, 4",
        ),
    ],
)
def test_bad_input_is_refused(pooling, options, shape, message):
    with pytest.raises(ValueError, match=message):
        pooling(**options)(np.zeros(shape))


def test_a_pooling_without_windows_is_no_pooling():
    with pytest.raises(TypeError, match="SpatialPooling2D must implement `pool`"):
        SpatialPooling2D()(np.zeros((1, 4, 4, 1)))
