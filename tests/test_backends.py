"""What each backend does in its own way."""

import keras
import numpy as np
import pytest

from symclone_tf.backends import (
    BACKENDS,
    backend,
    check_backend,
    check_jit,
    tensorflow_alone,
)


def test_it_is_that_of_keras():
    assert backend().name == keras.config.backend()
    assert backend().version().count(".") == 2


@pytest.mark.parametrize("name", BACKENDS)
def test_the_backends_of_the_package_are_accepted(name):
    check_backend(name)


def test_others_are_refused_by_name():
    with pytest.raises(ImportError, match=r"Received: KERAS_BACKEND=openvino"):
        check_backend("openvino")


def test_what_is_tensorflows_names_the_backend_that_it_is_not(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    with pytest.raises(ValueError, match=r"^This is TensorFlow's alone.*=torch$"):
        tensorflow_alone("This")


def test_steps_are_compiled_where_xla_is():
    check_jit(None)
    check_jit(False)
    if backend().compiles:
        check_jit(True)


def test_gradients_of_ones_own_have_the_values_of_the_backends(rng):
    """Of a function whose own gradient is right, they are the same."""
    values = rng.normal(size=(3, 4)).astype("float32")
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")

    @backend().custom_gradient
    def doubled(tensor):
        return 2.0 * tensor, lambda upstream: 2.0 * upstream

    class Doubled(keras.layers.Layer):
        def call(self, inputs):
            return doubled(inputs)

    model = keras.Sequential([keras.Input((4,)), layer, Doubled()])
    model.compile(keras.optimizers.SGD(1.0), lambda y, x: keras.ops.sum(x))
    model.fit(values, np.zeros((3, 1)), batch_size=3, verbose=0)
    expected = 1 - 2 * values.sum(axis=0)
    np.testing.assert_allclose(layer.get_weights()[0][:, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("rows", [2, 6])
def test_orthonormal_rows(rows):
    draws = backend().normal((3, rows, 8), backend().random_state(0, 0, 0))
    found = backend().orthonormal(draws, far_from_square=2 * rows <= 8)
    found = keras.ops.convert_to_numpy(found)
    products = found @ found.swapaxes(1, 2)
    np.testing.assert_allclose(products, np.stack([np.eye(rows)] * 3), atol=1e-5)
