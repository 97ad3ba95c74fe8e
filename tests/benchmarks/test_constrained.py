"""A free part that a dual variable closes, where the loss does not need it."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from benchmarks.peers.constrained import Constrained


def network(strength, **options):
    keras.utils.set_random_seed(0)
    layer = Constrained(3, 3, "c4", strength=strength, **options)
    return keras.Sequential([keras.Input((6, 6, 2)), layer]), layer


def test_is_a_group_convolution_and_a_free_one(rng):
    model, layer = network(0.1)
    images = rng.normal(size=(2, 6, 6, 2)).astype("float32")
    start = sc.GroupConv2D(3, 3, "c4")
    start.build(images.shape)
    start.kernel.assign(layer.kernel)
    assert np.abs(model(images) - start(images)).max() > 0.1
    free = keras.ops.transpose(layer.free, (1, 2, 0, 3))
    free = keras.ops.conv(images, keras.ops.reshape(free, (3, 3, 2, 12)))
    layer.gamma.assign(0.5)
    expected = start(images) + 0.5 * np.reshape(free, (2, 4, 4, 4, 3))
    np.testing.assert_allclose(model(images), expected, atol=1e-5)


def test_a_step_of_the_dual_is_the_formula(rng):
    model, layer = network(0.1, rho=2.0, rate=0.5)
    layer.gamma.assign(-0.7)
    layer.slack.assign(0.2)
    layer.dual.assign(0.3)
    model(rng.normal(size=(2, 6, 6, 2)), training=True)
    assert float(sum(model.losses)) == pytest.approx(0.3 * 0.7)
    assert float(layer.slack) == pytest.approx(0.2 - 0.5 * (2 * 0.2 - 0.3))
    assert float(layer.dual) == pytest.approx(0.3 + 0.1 * (0.7 - 0.2))
    model(rng.normal(size=(2, 6, 6, 2)))
    assert float(layer.dual) == pytest.approx(0.35)


@pytest.mark.parametrize(("broken", "low", "high"), [(False, 0, 0.1), (True, 0.3, 9)])
def test_it_ends_equivariant_where_the_target_is(rng, broken, low, high):
    images = rng.normal(size=(64, 6, 6, 2)).astype("float32")
    kernel = rng.normal(size=(3, 3, 2, 3)).astype("float32")
    targets = np.array(sc.group_conv2d(images, kernel, "c4"))
    if broken:  # one element's maps are none of the kernel's copies
        targets[:, :, :, 1] *= -1
    model, layer = network(0.03)
    model.compile(keras.optimizers.Adam(0.02), "mse")
    model.fit(images, targets, epochs=80, verbose=0)
    assert low <= sc.equivariance_error(layer, "c4", images) < high
    assert (abs(float(layer.gamma)) > 0.9) is broken
