"""Penalties are the formulas of the literature, and Keras adds them to the loss."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from symclone_tf import earlier
from symclone_tf.layers.anchors import ANCHORS, AnchorPenalty, penalty, strength_of


def kl(after, before):
    p, q = (np.exp(w) / np.sum(np.exp(w)) for w in (after, before))
    return np.sum(p * np.log(p / q))


def l2_sp(after, before):
    return np.sum((after - before) ** 2)


@pytest.mark.parametrize(("kind", "formula"), [("kl", kl), ("l2-sp", l2_sp)])
def test_penalties_are_the_formulas(rng, kind, formula):
    before, change = rng.normal(size=(2, 4, 5))
    found = float(penalty(kind, before + change, before))
    assert found == pytest.approx(formula(before + change, before), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [False, True])
def test_divergence_of_millions_of_weights_survives_rounding(rng, compiled):
    before = rng.normal(scale=0.03, size=2_000_000).astype("float32")
    after = before + rng.normal(scale=1e-3, size=before.size).astype("float32")

    @tf.function(jit_compile=compiled)
    def penalty_and_gradient(weight):
        with tf.GradientTape() as tape:
            tape.watch(weight)
            value = penalty("kl", weight, before)
        return value, tape.gradient(value, weight)

    value, gradient = penalty_and_gradient(tf.constant(after))
    expected = kl(*(w.astype("float64") for w in (after, before)))
    assert float(value) == pytest.approx(expected, rel=1e-2)
    p, change = np.exp(after.astype("float64")), after.astype("float64") - before
    p /= p.sum()
    slope = p * (change - np.sum(p * change))  # of p·log(p/q), by hand
    assert np.linalg.norm(gradient - slope) < 1e-2 * np.linalg.norm(slope)


@pytest.mark.parametrize("kind", ["kl", "l2-sp"])
def test_gradients_of_penalties_are_their_slopes(rng, kind):
    before, change = rng.normal(size=(2, 4, 5)).astype("float32")
    after, step = keras.Variable(before + change), 1e-2
    with tf.GradientTape() as tape:
        value = penalty(kind, after, keras.Variable(before, trainable=False))
    direction = tape.gradient(value, after.value)
    ahead, behind = (
        float(penalty(kind, after + sign * step * direction, before))
        for sign in (1, -1)
    )
    slope = float(tf.reduce_sum(direction**2))
    assert (ahead - behind) / (2 * step) == pytest.approx(slope, rel=1e-2)


@pytest.mark.parametrize("kind", ANCHORS)
def test_the_penalty_of_an_unchanged_weight_is_zero(rng, kind):
    weight = rng.normal(size=(4, 5))
    assert float(penalty(kind, weight, weight)) == pytest.approx(0, abs=1e-6)


def test_the_loss_has_the_penalty_times_the_strength():
    layer = keras.layers.Dense(2, use_bias=False, kernel_initializer="ones")
    layer.build((None, 3))
    layer.kernel.regularizer = AnchorPenalty(
        "l2-sp", 0.5, keras.Variable(np.zeros((3, 2)))
    )
    assert float(sum(layer.losses)) == pytest.approx(0.5 * 6)


@pytest.mark.parametrize(("name", "now"), earlier.ANCHORS.items())
def test_anchors_of_earlier_versions_are_named_as_they_are_now(name, now):
    with pytest.raises(ValueError, match=f"`anchor` {name} is called {now} since"):
        strength_of(name)
