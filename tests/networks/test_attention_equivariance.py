"""The equivariance errors of attention, and of its heads."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers import ClonedAttention


def network(group, **options):
    student, _ = sc.clone(
        group,
        image_size=6,
        lifting=group == "t2",
        padding="same",
        student="relative-attention",
        solver="closed-form",
        verbose=0,
    )
    images = keras.Input((6, 6, 4))
    tokens = keras.layers.Reshape((36, 4))(images)
    if prefix := options.get("prefix_tokens"):
        tokens = keras.layers.ZeroPadding1D((prefix, 0))(tokens)
    layer = ClonedAttention(student, 2, name="attention", **options)
    return keras.Model(images, layer(tokens, tokens)), layer


@pytest.mark.parametrize("prefix", [0, 2])
def test_heads_that_attend_to_content_are_found(rng, prefix):
    model, layer = network("t2", prefix_tokens=prefix)
    images = rng.normal(size=(3, 6, 6, 4)).astype("float32")
    errors = sc.networks.layer_errors(model, images, "t2", max_translation=1)
    assert list(errors) == ["attention", *(f"attention/head_{h}" for h in range(9))]
    assert max(errors.values()) < 1e-5
    layer.content_shares.assign([0, 0.5, *[0] * 7])
    errors = sc.networks.layer_errors(model, images, "t2", max_translation=1)
    apart = {name for name, error in errors.items() if error > 1e-3}
    assert apart == {"attention", "attention/head_1"}


def test_group_attention_is_measured_as_a_whole_while_it_trains(rng):
    model, layer = network("c4", symmetry="anchored", prefix_tokens=1)
    model.compile("sgd", "mse")
    images = rng.normal(size=(2, 6, 6, 4)).astype("float32")
    errors = sc.EquivarianceErrors(images, "c4")
    logs = model.fit(images, np.ones((2, 37, 4)), callbacks=[errors], verbose=0)
    assert list(errors.history) == ["attention"]
    assert errors.history["attention"][0] < 1e-5
    assert "deviation/attention" in logs.history
    assert layer.deviation().positions.shape == (36,)
