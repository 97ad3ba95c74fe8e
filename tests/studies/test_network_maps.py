"""Maps of layers for an image and for the transformed image agree up to the break."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers import GroupConv2D
from symclone_tf.studies import layer_maps

from cases import later
from networks import breaks_last, on_group


@pytest.fixture
def image(rng):
    return rng.uniform(size=(12, 12, 3)).astype("float32")


def test_the_first_layer_that_differs_is_the_one_that_breaks_the_symmetry(image):
    found = layer_maps(breaks_last(), image, "c4")
    names = [layer.name for layer in found.layers]
    assert names == ["one", "two", "plain"]
    one, two, plain = found.layers
    for layer in (one, two):
        assert layer.error < 1e-5
        assert layer.own_error < 1e-5
        assert np.abs(layer.difference).max() < 1e-5
    assert plain.error > 0.05
    assert plain.own_error > 0.05
    assert found.title == "rotated by 90°"
    np.testing.assert_array_equal(found.transformed, np.rot90(image))


def test_maps_are_the_layers_outputs_and_those_of_the_image_turned_by_hand(image):
    """Against NumPy's rotation, of layers whose maps are images."""
    first = keras.layers.Conv2D(5, 3, activation="relu", name="first")
    model = keras.Sequential([keras.Input((12, 12, 3)), first])
    (layer,) = layer_maps(model, image, "c4", element=3).layers
    straight = np.asarray(model(image[None]))[0]
    turned = np.asarray(model(np.rot90(image, 3)[None]))[0]
    np.testing.assert_allclose(layer.maps[:, :, 0], straight, atol=1e-6)
    np.testing.assert_allclose(layer.turned_back[:, :, 0], np.rot90(turned), atol=1e-6)
    np.testing.assert_allclose(
        layer.difference, layer.turned_back - layer.maps, atol=1e-12
    )
    difference = np.linalg.norm(np.rot90(turned) - straight)
    assert layer.error == pytest.approx(difference / np.linalg.norm(straight), 1e-5)


def test_elements_of_the_group_are_permuted_with_the_image(image):
    """Against maps on the group that are turned and permuted by hand."""
    model = keras.Sequential([keras.Input((12, 12, 3)), GroupConv2D(2, 3, "c4")])
    (layer,) = layer_maps(model, image, "c4").layers
    turned = np.asarray(model(np.rot90(image)[None]))[0]
    by_hand = np.roll(np.rot90(turned, -1), -1, axis=2)
    np.testing.assert_allclose(layer.turned_back, by_hand, atol=1e-5)


@pytest.mark.parametrize("group", ["flip", later("d4")])
def test_reflections_too(group, image):
    found = layer_maps(breaks_last(group), image, group, element=1)
    assert [layer.error < 1e-5 for layer in found.layers] == [True, True, False]


def test_what_interpolates_is_compared_within_the_disc(image):
    model = keras.Sequential([keras.Input((12, 12, 3)), GroupConv2D(2, 3, "c8")])
    found = layer_maps(model, image, "c8")
    (layer,) = found.layers
    assert found.interpolates
    assert np.isnan(layer.difference[0, 0]).all()
    assert np.isfinite(layer.difference[5, 5]).all()
    assert 1e-3 < layer.error < 1


def test_copies_of_an_image_are_permuted(rng):
    layers = [keras.Input((12, 12, 2)), keras.layers.Conv2D(4, 3, name="conv")]
    layers += [keras.layers.Flatten(), keras.layers.Dense(3)]
    symmetric, _ = sc.symmetrize(keras.Sequential(layers), "c4")
    image = rng.uniform(size=(12, 12, 2))
    (layer,) = layer_maps(symmetric, image, "c4").layers
    assert layer.maps.shape == (10, 10, 4, 4)
    assert layer.error < 1e-5
    # Each copy is another image: without the permutation little would agree.
    others = np.roll(layer.maps, 1, axis=2)
    assert np.linalg.norm(others - layer.maps) > 0.1 * np.linalg.norm(layer.maps)


def test_trained_clones_err_as_the_errors_of_layers_say(rng):
    model = on_group("c4")
    student = model.get_layer("group").student
    weights = student.block_weights[0]
    weights.assign(weights + 0.02 * rng.normal(size=weights.shape))
    image = rng.uniform(size=(9, 9, 1)).astype("float32")
    lifting, group = layer_maps(model, image, "c4").layers
    assert lifting.error < 1e-4 < group.error
    errors = sc.networks.layer_errors(model, image[None], "c4")
    assert group.own_error == pytest.approx(errors["group"])


def test_layers_without_maps_are_left_out_with_a_warning(image):
    first = GroupConv2D(2, 3, "c4", name="other")
    rest = [keras.layers.Reshape((10, 10, 8)), keras.layers.Conv2D(2, 3, name="rest")]
    model = keras.Sequential([keras.Input((12, 12, 3)), first, *rest])
    with pytest.warns(UserWarning, match="other has no maps to show: C2 does not act"):
        found = layer_maps(model, image, "c2")
    assert [layer.name for layer in found.layers] == ["rest"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group": "t2"}, r"`group` must have.*T\(2\) has no layer maps.*group=t2"),
        ({"element": 0}, "`element` must be from 1 to 3.*element=0"),
        ({"element": 4}, "element=4"),
        ({"image": np.zeros((12, 12))}, r"`image` must have.*\(12, 12\)"),
    ],
)
def test_other_arguments_are_refused(image, options, message):
    with pytest.raises(ValueError, match=message):
        layer_maps(breaks_last(), **{"image": image, **options})


def test_networks_without_convolutions_are_refused(image):
    layers = [keras.Input((12, 12, 3)), keras.layers.Flatten(), keras.layers.Dense(2)]
    with pytest.raises(ValueError, match=r"must have convolutions.*0 convolutions"):
        layer_maps(keras.Sequential(layers), image)
