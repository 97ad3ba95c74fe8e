"""The error of a whole network: against NumPy, for every kind of group."""

import keras
import numpy as np
import pytest
from keras import layers

import symclone_tf as sc
from symclone_tf.experiments.image_networks import image_network
from symclone_tf.networks import NetworkEquivariance, network_error

from references import ACTIONS


def by_numpy(model, images, group):
    """The largest relative change, and the share of other classes, by NumPy."""
    before = np.asarray(model(images), "float64")
    errors, changed = [0.0], np.zeros(len(images), bool)
    for action in ACTIONS[group]:
        transformed = np.stack([action(image) for image in images])
        after = np.asarray(model(transformed), "float64")
        errors.append(np.linalg.norm(after - before) / np.linalg.norm(before))
        changed |= after.argmax(-1) != before.argmax(-1)
    return max(errors), changed.mean()


@pytest.mark.parametrize("group", ["c2", "c4", "d4"])
def test_error_and_classes_are_those_of_numpy(rng, group):
    noise = rng.normal(size=(16, 9, 9, 2)).astype("float32")
    images = rng.normal(size=(16, 1, 1, 2)).astype("float32") + 0.3 * noise
    ends = [layers.Flatten(), layers.Dropout(0.5), layers.Dense(3, "softmax")]
    model = keras.Sequential([layers.Conv2D(4, 3), *ends])
    found = network_error(model, images, group)
    error, changed = by_numpy(model, images, group)
    assert found.equivariance_error == pytest.approx(error)
    assert found.changed_classes == changed
    assert 0 < changed < 1


@pytest.mark.parametrize("size", [20, 21, 25])
@pytest.mark.parametrize("group", ["c2", "c4", "d4"])
def test_networks_of_group_convolutions_are_exact_at_odd_and_even_sizes(
    rng, group, size
):
    model = image_network("gcnn", group, canvas=size, seed=0)
    images = rng.uniform(size=(8, size, size, 1)).astype("float32")
    found = network_error(model, images, group)
    assert found.equivariance_error < 1e-5
    assert found.changed_classes == 0


def test_a_pooling_that_leaves_a_row_out_is_an_error_of_the_network_alone(rng):
    """Each convolution is equivariant, as `layer_errors` says."""
    images = rng.normal(size=(4, 9, 9, 1)).astype("float32")
    parts = [sc.GroupConv2D(4, 3, "c4"), layers.MaxPooling3D((2, 2, 1))]
    ends = [layers.GlobalAveragePooling3D(), layers.Dense(2)]
    model = keras.Sequential([*parts, *ends])
    assert max(sc.networks.layer_errors(model, images, "c4").values()) < 1e-5
    assert network_error(model, images, "c4").equivariance_error > 0.01


def test_maps_are_transformed_and_have_no_classes(rng):
    images = rng.normal(size=(2, 7, 7, 1)).astype("float32")
    model = keras.Sequential([sc.GroupConv2D(2, 3, "d4"), sc.layers.GroupPooling()])
    found = network_error(model, images, "d4")
    assert found.equivariance_error < 1e-5
    assert found.changed_classes is None
    plain = keras.Sequential([layers.Conv2D(2, 3)])
    assert network_error(plain, images, "d4").equivariance_error > 0.1


def test_one_number_is_no_class(rng):
    images = rng.normal(size=(2, 5, 5, 1))
    model = keras.Sequential([layers.Flatten(), layers.Dense(1, "sigmoid")])
    found = network_error(model, images, "c2")
    assert found.equivariance_error > 0
    assert found.changed_classes is None


@pytest.mark.slow
def test_translations_are_by_whole_pixels_with_zeros(rng):
    images = np.zeros((4, 12, 12, 1), "float32")
    images[:, 4:8, 4:8] = rng.normal(size=(4, 4, 4, 1))
    average = [layers.GlobalAveragePooling2D(), layers.Dense(2, "softmax")]
    model = keras.Sequential([layers.Conv2D(3, 3, activation="relu"), *average])
    assert network_error(model, images, "t2").equivariance_error < 1e-5
    # Strokes that leave the image, by three pixels more than there is a margin.
    assert network_error(model, images, "t2", 7).equivariance_error > 1e-3


def test_permutations_act_on_positions(rng):
    signals = rng.normal(size=(4, 6, 2)).astype("float32")
    group = sc.symmetry.cyclic(6)
    pool = keras.Sequential([layers.GlobalAveragePooling1D(), layers.Dense(3)])
    found = network_error(pool, signals, group)
    assert found.equivariance_error < 1e-5
    assert found.changed_classes == 0
    flat = keras.Sequential([layers.Flatten(), layers.Dense(3)])
    assert network_error(flat, signals, group).equivariance_error > 0.1


def test_half_precision_does_not_overflow(rng):
    images = 100 * rng.normal(size=(4, 8, 8, 1)).astype("float32")
    dense = layers.Dense(50, kernel_initializer="ones", dtype="mixed_float16")
    model = keras.Sequential([layers.GlobalAveragePooling2D(), dense])
    assert network_error(model, images, "c4").equivariance_error < 0.01


class Subclassed(keras.Model):
    def call(self, images):
        return keras.ops.mean(images, (1, 2))


def test_subclassed_models_are_measured(rng):
    images = rng.normal(size=(2, 5, 5, 3)).astype("float32")
    assert network_error(Subclassed(), images, "d4") == NetworkEquivariance(
        pytest.approx(0, abs=1e-6), 0.0
    )


def test_several_inputs_or_outputs_are_refused():
    one, two = keras.Input((4, 4, 1)), keras.Input((4, 4, 1))
    images = np.zeros((2, 4, 4, 1))
    with pytest.raises(ValueError, match=r"with one input\. .*a network with 2 inputs"):
        network_error(keras.Model([one, two], one + two), images, "c4")
    with pytest.raises(ValueError, match=r"with one output\. .*a network with 2 out"):
        network_error(keras.Model(one, [one + 1, one * 2]), images, "c4")


@pytest.mark.parametrize("shape", [(2, 6, 6, 1), (2, 6, 1)])
def test_outputs_with_axes_are_refused_under_t2(shape):
    model = keras.Sequential([layers.Activation("relu")])
    with pytest.raises(ValueError, match=r"Under T\(2\), networks must take images"):
        network_error(model, np.zeros(shape), "t2")
