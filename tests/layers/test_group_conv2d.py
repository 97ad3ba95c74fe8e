"""Group convolution as a Keras layer, equivariant whatever its weights."""

import pickle

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers.group_conv2d import GroupConv2D
from symclone_tf.symmetry.equivariance import equivariance_error
from symclone_tf.symmetry.named_groups import GROUPS

from cases import ALL_CASES, CASES
from layer_checks import check_layer


def draw(rng, group, lifting, size, kernel_size, channels=2, filters=3):
    axis = () if lifting else GROUPS[group].representation_shape
    return (
        rng.normal(size=(2, size, size, *axis, channels)).astype("float32"),
        rng.normal(size=(kernel_size, kernel_size, *axis, channels, filters)).astype(
            "float32"
        ),
    )


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_t2_is_conv2d(rng, padding):
    inputs = rng.normal(size=(3, 9, 8, 2)).astype("float32")
    ours = GroupConv2D(5, 3, "t2", padding, activation="tanh")
    keras_own = keras.layers.Conv2D(5, 3, padding=padding, activation="tanh")
    ours.build(inputs.shape)
    keras_own.build(inputs.shape)
    ours.bias.assign(rng.normal(size=5))
    keras_own.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(inputs), keras_own(inputs), atol=1e-6)


@ALL_CASES
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [8, 9])
def test_is_equivariant(rng, group, lifting, padding, size):
    inputs, _ = draw(rng, group, lifting, size, 3)
    layer = GroupConv2D(3, 3, group, padding, activation="relu")
    border = 1 if padding == "same" else 0
    assert equivariance_error(layer, group, inputs, border=border) < 1e-5


def test_stack_with_keras_pooling_is_invariant(rng):
    network = keras.Sequential(
        [
            GroupConv2D(4, 3, "c4", activation="relu"),
            GroupConv2D(4, 3, "c4", activation="relu"),
            keras.layers.MaxPooling3D((2, 2, 1)),
            keras.layers.GlobalAveragePooling3D(),
        ]
    )
    images = rng.normal(size=(4, 12, 12, 1)).astype("float32")
    assert equivariance_error(network, "c4", images) < 1e-5


def test_ordinary_convolution_is_not_equivariant_under_c4(rng):
    images = rng.normal(size=(4, 8, 8, 1)).astype("float32")
    layer = keras.layers.Conv2D(3, 3)
    assert equivariance_error(layer, "c4", images) > 0.1


@CASES
def test_behaves_as_a_keras_layer(rng, tmp_path, group, lifting):
    inputs, _ = draw(rng, group, lifting, 6, 3)
    check_layer(
        GroupConv2D,
        {
            "filters": 4,
            "kernel_size": 3,
            "group": group,
            "padding": "valid",
            "activation": "relu",
            "kernel_regularizer": "l2",
            "bias_constraint": "non_neg",
            "lifting": lifting,
        },
        [inputs],
        (2, 4, 4, *GROUPS[group].representation_shape, 4),
        weights=2,
        path=tmp_path / "model.keras",
    )


def test_unknown_spatial_size_works(rng):
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, GroupConv2D(2, 3, "c4")(inputs))
    assert model.output_shape == (None, None, None, 4, 2)
    image = rng.normal(size=(1, 7, 7, 1)).astype("float32")
    assert model.predict_on_batch(image).shape == (1, 5, 5, 4, 2)


def test_kernel_size_may_be_a_pair():
    assert GroupConv2D(2, (3, 3), "c4").kernel_size == (3, 3)


def test_mixed_precision_computes_in_half(rng):
    layer = GroupConv2D(2, 3, "c4", dtype="mixed_float16")
    outputs = layer(rng.normal(size=(1, 6, 6, 1)))
    assert keras.backend.standardize_dtype(outputs.dtype) == "float16"
    assert layer.kernel.dtype == "float32"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": 0}, r"`filters` must be a positive integer.*filters=0"),
        ({"kernel_size": 0}, r"`kernel_size` must be a positive integer, or a pair"),
        (
            {"kernel_size": (3, 5)},
            r"`kernel_size` must .*; with t2, flip, c2 and d2 they may",
        ),
        ({"padding": "full"}, r"`padding` must be one of valid, same.*full"),
        ({"kernel_size": 4, "padding": "same"}, r"must be odd.*kernel_size=4"),
        ({"group": "so2"}, r"`group` must be t2, flip, cN.*so2"),
        ({"lifting": "yes"}, r"`lifting` must be one of None, True, False.*=yes"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    defaults = {"filters": 2, "kernel_size": 3, "group": "c4"}
    with pytest.raises(ValueError, match=message):
        GroupConv2D(**{**defaults, **arguments})


@pytest.mark.parametrize(
    ("group", "shape", "message"),
    [
        (
            "c4",
            (1, 6, 7, 1),
            r"square.*t2, flip, c2 and d2 take others.*\(1, 6, 7, 1\)",
        ),
        ("d4", (1, 7, 6, 8, 1), r"D4 takes square.*\(1, 7, 6, 8, 1\)"),
        ("c4", (1, 6, 6, 3, 1), r"\(batch, height, width, 4, channels\).*6, 6, 3, 1"),
        ("c4", (6, 6, 1), r"takes inputs of shape"),
        ("t2", (1, 6, 6, 4, 1), r"T\(2\) takes inputs of shape"),
    ],
)
def test_bad_inputs_are_refused(group, shape, message):
    with pytest.raises(ValueError, match=message):
        GroupConv2D(2, 3, group)(np.zeros(shape))


IMAGES, FEATURES = (2, 6, 6, 1), (2, 6, 6, 4, 1)


@pytest.mark.parametrize(
    ("lifting", "accepted", "refused"),
    [
        (True, IMAGES, FEATURES),
        (True, IMAGES, (2, 6, 6, 3, 1)),
        (False, FEATURES, IMAGES),
        (False, FEATURES, (2, 6, 6, 3, 1)),
    ],
)
def test_lifting_says_which_inputs_are_accepted(rng, lifting, accepted, refused):
    inputs = rng.normal(size=accepted).astype("float32")
    layer, free = GroupConv2D(2, 3, "c4", lifting=lifting), GroupConv2D(2, 3, "c4")
    layer.build(accepted)
    free.build(accepted)
    free.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(inputs), free(inputs))
    assert layer.compute_output_shape(accepted) == (2, 4, 4, 4, 2)
    shape = ", ".join(map(str, (*accepted[3:-1], "channels")))
    other = GroupConv2D(2, 3, "c4", lifting=lifting)
    for check in (other.build, other.compute_output_shape):
        with pytest.raises(ValueError, match="C4 with lifting") as caught:
            check(refused)
        assert str(caught.value) == (
            f"A convolution on C4 with lifting={lifting} takes inputs of shape (batch, "
            f"height, width, {shape}). Received: inputs of shape {refused}"
        )
    assert not other.built


@pytest.mark.parametrize("lifting", [True, False])
def test_translations_ignore_lifting_as_their_teacher_does(lifting):
    layer = GroupConv2D(2, 3, "t2", lifting=lifting)
    assert layer.lifting == sc.ConvTeacher("t2", 6, lifting=lifting).lifting
    assert layer(np.zeros(IMAGES)).shape == (2, 4, 4, 2)
    with pytest.raises(ValueError, match=r"^A convolution on T\(2\) takes inputs of"):
        layer.compute_output_shape(FEATURES)


def test_lifting_is_saved_copied_and_pickled(tmp_path):
    each = [True, False, None]
    layers = [GroupConv2D(2, 1, "c4", lifting=lifting) for lifting in each]
    model = keras.Sequential([keras.Input(IMAGES[1:]), *layers])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    copied = keras.models.clone_model(model)
    pickled = pickle.loads(pickle.dumps(model))
    rebuilt = sc.networks.rebuilt(model, lambda layer: None)
    for same in (loaded, copied, pickled, rebuilt):
        assert [layer.lifting for layer in same.layers] == each


def test_configurations_without_lifting_accept_both():
    config = GroupConv2D(2, 3, "c4", lifting=True).get_config()
    assert config.pop("lifting") is True
    layer = GroupConv2D.from_config(config)
    assert layer.lifting is None
    assert layer.compute_output_shape(FEATURES) == layer.compute_output_shape(IMAGES)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [(5, 8), (6, 9), (8, 7)])
def test_rectangles_are_equivariant_under_half_turns(rng, padding, size):
    """Against NumPy: outputs of a turned image, turned, with elements exchanged."""
    images = rng.normal(size=(2, *size, 2)).astype("float32")
    options = {"padding": padding, "activation": "relu"}
    layers = [GroupConv2D(3, (3, 1), "c2", **options), GroupConv2D(2, 3, "c2")]
    model = keras.Sequential(layers)
    features = np.asarray(model(images))
    turned = model(np.rot90(images, 2, (1, 2)))
    expected = np.rot90(features, 2, (1, 2))[:, :, :, ::-1]
    np.testing.assert_allclose(turned, expected, atol=1e-5)
    assert features.shape == model.compute_output_shape(images.shape)
    assert equivariance_error(model, "c2", images) < 1e-5


def test_rectangles_may_have_strides_along_one_axis(rng):
    images = rng.normal(size=(2, 9, 8, 1)).astype("float32")
    layer = GroupConv2D(2, 3, "c2", strides=(2, 1))
    assert layer(images).shape == (2, 4, 6, 2, 2)
    assert equivariance_error(layer, "c2", images) < 1e-5
    with pytest.raises(ValueError, match=r"may be 7 or 9 with strides=2.*size=8"):
        layer(images[:, :8])


def test_image_smaller_than_kernel_is_refused():
    with pytest.raises(ValueError, match="must not exceed"):
        GroupConv2D(2, 5, "c4").compute_output_shape((1, 4, 4, 1))
