"""What networks say of one image under all rotations."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.studies import rotated_outputs


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    layers = keras.layers
    body = [layers.Flatten(), layers.Dense(3, "softmax")]
    return keras.Sequential([keras.Input((7, 7, 2)), *body])


@pytest.fixture
def image(rng):
    return rng.uniform(size=(7, 7, 2)).astype("float32")


def test_images_are_rotated_and_quarter_turns_exact(model, image):
    found = rotated_outputs({"it": model}, image, count=8)
    np.testing.assert_array_equal(found.angles, 45.0 * np.arange(8))
    for quarters in range(4):
        turned = np.rot90(image, quarters)
        np.testing.assert_allclose(found.images[2 * quarters], turned, atol=1e-5)
    np.testing.assert_allclose(found.outputs["it"], model(found.images), atol=1e-6)


def test_an_invariant_network_says_the_same_at_quarter_turns(model, image):
    symmetric, _ = sc.symmetrize(model, "c4")
    found = rotated_outputs({"before": model, "after": symmetric}, image, count=72)
    quarters = {name: values[::18] for name, values in found.outputs.items()}
    assert np.ptp(quarters["before"], axis=0).max() > 0.01
    assert np.ptp(quarters["after"], axis=0).max() < 1e-5
    assert np.ptp(found.outputs["after"], axis=0).max() > 1e-3  # in between


def test_other_images_and_networks_are_refused(model, image):
    with pytest.raises(ValueError, match=r"\(size, size, channels\).*\(7, 6, 2\)"):
        rotated_outputs({"it": model}, image[:, :6])
    maps = keras.Sequential([keras.Input((7, 7, 2)), keras.layers.ReLU()])
    with pytest.raises(ValueError, match="'maps', which returns"):
        rotated_outputs({"maps": maps}, image)
    for networks in ([model], model, {}):
        with pytest.raises(ValueError, match="dictionary from names to models"):
            rotated_outputs(networks, image)
    with pytest.raises(ValueError, match="count"):
        rotated_outputs({"it": model}, image, 0)
