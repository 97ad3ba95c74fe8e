"""Copies of images and the mean of outputs: invariant, whatever is in between."""

import keras
import numpy as np
import pytest
from keras import layers

from symclone_tf.layers import GroupAverage, GroupCopies
from symclone_tf.symmetry import get_group

from references import ACTIONS


def transformed(images, group, element):
    action = ACTIONS[group][element]
    return np.stack(
        [
            np.stack([action(x[..., c]) for c in range(x.shape[-1])], -1)
            for x in np.asarray(images)
        ]
    )


@pytest.mark.parametrize("group", ["flip", "c4", "d4"])
def test_copies_are_inverse_transformations_beside_each_other(group, rng):
    images = rng.normal(size=(3, 5, 5, 2)).astype("float32")
    whole = get_group(group)
    copies = np.array(GroupCopies(group)(images)).reshape(3, whole.order, 5, 5, 2)
    for h in range(whole.order):
        expected = transformed(images, group, whole.inverse[h])
        np.testing.assert_array_equal(copies[:, h], expected)


@pytest.mark.parametrize("average", ["mean", "most-confident"])
def test_any_network_in_between_becomes_invariant(average, rng):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            GroupCopies("d4"),
            layers.Conv2D(3, 2, 2, "same", activation="relu"),
            layers.Flatten(),
            layers.Dense(4),
            GroupAverage("d4", average),
        ]
    )
    images = rng.normal(size=(3, 6, 6, 2)).astype("float32")
    expected = model(images)
    assert np.ptp(expected) > 0.1
    for element in range(8):
        found = model(transformed(images, "d4", element))
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_maps_are_transformed_back(rng):
    keras.utils.set_random_seed(0)
    body = layers.Conv2D(2, 2, padding="same")
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), GroupCopies("d4"), body, GroupAverage("d4")]
    )
    images = rng.normal(size=(2, 6, 6, 1)).astype("float32")
    mean = np.mean(
        [
            transformed(body(transformed(images, "d4", inverse)), "d4", h)
            for h, inverse in enumerate(get_group("d4").inverse)
        ],
        axis=0,
    )
    np.testing.assert_allclose(model(images), mean, atol=1e-6)


def test_the_most_confident_are_outputs_of_one_element():
    """Of logits: 5 is the largest, but 3 is further above the other."""
    logits = np.array([[5.0, 4.9], [3.0, 0.0]], "float32")
    np.testing.assert_array_equal(
        GroupAverage("flip", "most-confident")(logits), [[3, 0]]
    )
    np.testing.assert_allclose(GroupAverage("flip")(logits), [[4, 2.45]], atol=1e-6)


def test_channels_may_be_first(rng):
    images = rng.normal(size=(2, 3, 5, 5)).astype("float32")
    copies = GroupCopies("c4", "channels_first")(images)
    expected = np.moveaxis(GroupCopies("c4")(np.moveaxis(images, 1, -1)), -1, 1)
    np.testing.assert_array_equal(copies, expected)
    back = GroupAverage("c4", data_format="channels_first")(copies)
    np.testing.assert_allclose(back, images, atol=1e-6)


def test_vectors_are_repeated():
    found = GroupCopies("c2")(np.array([[1.0, 2.0], [3.0, 4.0]], "float32"))
    np.testing.assert_array_equal(found, [[1, 2], [1, 2], [3, 4], [3, 4]])


def test_images_of_any_size_are_taken_where_pixels_are_permuted(rng):
    images = keras.Input((None, None, 1))
    model = keras.Model(images, GroupAverage("c4")(GroupCopies("c4")(images)))
    for size in (4, 7):
        x = rng.normal(size=(2, size, size, 1)).astype("float32")
        np.testing.assert_allclose(model(x), x, atol=1e-6)
    with pytest.raises(ValueError, match="needs images of known size"):
        GroupCopies("c8")(images)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (GroupCopies("c4"), (1, 4, 6, 1), "takes square images only"),
        (GroupCopies("c4"), (1, 4, 3), "images, of 4 axes, or features, of 2"),
        (GroupAverage("c4"), (4, 4, 6, 1), "takes square images only"),
        (GroupAverage("c4"), (4, 4, 3), "maps, of 4 axes, or of shape"),
        (
            GroupAverage("c4", "most-confident"),
            (4, 3, 3, 2),
            r"must be of shape \(batch, units\)",
        ),
    ],
)
def test_other_inputs_are_refused(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer(np.zeros(shape, "float32"))


def test_other_averages_are_refused():
    with pytest.raises(ValueError, match="average"):
        GroupAverage("c4", "median")


def test_layers_are_made_again_from_their_configuration():
    for layer in (GroupCopies("d4", "channels_first"), GroupAverage("flip", "mean")):
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
        assert again.group == layer.group
