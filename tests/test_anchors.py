"""Penalties are the paper's formulas, and Keras adds them to the loss."""

import keras
import numpy as np
import pytest

from symclone_tf.anchors import ANCHORS, Anchored, penalty


def kl(after, before):
    p, q = (np.exp(w) / np.sum(np.exp(w)) for w in (after, before))
    return np.sum(p * np.log(p / q))


def l2(after, before):
    return np.sum((after - before) ** 2)


@pytest.mark.parametrize(("kind", "formula"), [("kl", kl), ("l2", l2)])
def test_penalties_are_the_formulas(rng, kind, formula):
    before, change = rng.normal(size=(2, 4, 5))
    found = float(penalty(kind, before + change, before))
    assert found == pytest.approx(formula(before + change, before), rel=1e-5)


@pytest.mark.parametrize("kind", ANCHORS)
def test_what_has_not_moved_pays_nothing(rng, kind):
    weight = rng.normal(size=(4, 5))
    assert float(penalty(kind, weight, weight)) == pytest.approx(0, abs=1e-6)


def test_strength_multiplies_what_joins_the_loss(rng):
    layer = keras.layers.Dense(2, use_bias=False, kernel_initializer="ones")
    layer.build((None, 3))
    layer.kernel.regularizer = Anchored("l2", 0.5, keras.Variable(np.zeros((3, 2))))
    assert float(sum(layer.losses)) == pytest.approx(0.5 * 6)
