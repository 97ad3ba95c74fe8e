"""Trained networks whose convolutions become attention."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers import ClonedAttention


@pytest.fixture
def cnn():
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="first"),
            layers.Conv2D(4, 3, strides=2, padding="same", name="strided"),
            layers.Conv2D(3, 3, padding="same", name="last"),
            layers.GlobalAveragePooling2D(),
        ]
    )
    model.compile("adam", "mse")
    return model


def test_a_network_goes_on_as_a_transformer(rng, cnn, tmp_path):
    images = rng.normal(size=(4, 6, 6, 2)).astype("float32")
    cnn.fit(images, np.ones((4, 3)), verbose=0)
    attending, report = sc.networks.relax_to_attention(cnn, verbose=0)
    np.testing.assert_allclose(attending(images), cnn(images), atol=1e-5)
    assert report.difference < 1e-5
    assert [row.name for row in report.layers] == ["first", "last"]
    assert report.left == {
        "strided": "attention has as many outputs as inputs: it takes padding='same' "
        "and no strides"
    }
    first = report.layers[0]
    assert first.operations_before == 2 * 36 * 9 * 2 * 4
    # Queries, keys and values of two numbers, scores, and what is merged.
    assert first.operations == 2 * 36 * 9 * (3 * 2 * 2 + 2 * 4 + 36 * 4)
    attending.fit(images, np.ones((4, 3)), epochs=2, verbose=0)
    layer = attending.get_layer("first")
    assert isinstance(layer, ClonedAttention)
    assert np.max(layer.content_shares) > 0
    attending.save(tmp_path / "attending.keras")
    again = keras.saving.load_model(tmp_path / "attending.keras")
    np.testing.assert_array_equal(again(images), attending(images))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"groups": 2}, "its channels are in groups"),
        ({"kernel_regularizer": "l2"}, "it has a kernel_regularizer"),
        ({"padding": "valid"}, "attention has as many outputs as inputs"),
    ],
)
def test_what_attention_does_not_compute_is_refused(options, reason):
    options = {"padding": "same", **options}
    layer = keras.layers.Conv2D(4, 3, name="edges", **options)
    model = keras.Sequential([keras.Input((6, 6, 2)), layer])
    with pytest.raises(ValueError, match=f"'edges' cannot be relaxed: {reason}"):
        sc.networks.relax_to_attention(model, layers="edges", verbose=0)


def test_images_with_too_many_positions_are_refused():
    layer = keras.layers.Conv2D(4, 3, padding="same")
    model = keras.Sequential([keras.Input((56, 56, 2)), layer])
    with pytest.raises(ValueError, match="9 heads would have 89 million scores"):
        sc.networks.relax_to_attention(model, verbose=0)
