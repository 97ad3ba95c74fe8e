"""Peers start at the group convolution, and pay what their papers say."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from benchmarks.peers import PEERS

from cases import CASES

pytestmark = pytest.mark.slow

EVERY_PEER = pytest.mark.parametrize("name", PEERS)


def made(rng, name, group, lifting, **options):
    """A peer, its inputs, and the group convolution that it starts at."""
    if (name, group) == ("relaxed rotation", "t2"):
        pytest.skip("there are no rotations")
    shape = (2, 6, 6, *(() if lifting else sc.get_group(group).representation_shape), 2)
    inputs = tf.constant(rng.normal(size=shape), tf.float32)
    peer = PEERS[name](3, 3, group, activation="tanh", **options)
    peer.build(shape)
    peer.bias.assign(rng.normal(size=3))
    start = sc.GroupConv2D(3, 3, group, activation="tanh")
    start.build(shape)
    kernels = [peer.kernel, *getattr(peer, "others", ())]
    start.kernel.assign(sum(kernels) / len(kernels))
    start.bias.assign(peer.bias)
    return peer, inputs, start


@CASES
@EVERY_PEER
def test_starts_at_the_group_convolution(rng, name, group, lifting):
    peer, inputs, start = made(rng, name, group, lifting)
    np.testing.assert_allclose(peer(inputs), start(inputs), atol=1e-5)
    assert peer(inputs).shape == peer.compute_output_shape(inputs.shape)
    assert sc.equivariance_error(peer, group, inputs) < 1e-5


@CASES
@EVERY_PEER
def test_may_leave_it(rng, name, group, lifting):
    """All trainable weights have gradients, and break the symmetry when changed."""
    peer, inputs, _ = made(rng, name, group, lifting)
    weights = peer.trainable_weights
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(peer(inputs) - 0.3))
    gradients = tape.gradient(loss, [w.value for w in weights])
    own = [w for w in weights if w.path not in (peer.kernel.path, peer.bias.path)]
    assert own
    for weight, gradient in zip(weights, gradients):
        assert np.linalg.norm(gradient) > 0, weight.path
    for weight in own:
        weight.assign(weight + rng.normal(size=weight.shape))
    # One group element has no other to differ from.
    if (name, group) != ("relaxed rotation", "t2"):
        assert sc.equivariance_error(peer, group, inputs) > 1e-2


def numpy_penalty(peer):
    """The papers' penalties, in plain loops."""
    own = {w.path.split("/")[-1]: w.numpy() for w in peer.weights}
    if "position_bias" in own:
        return np.sum(own["position_bias"] ** 2)
    if "free" in own:
        return np.sum(own["kernel"] ** 2) + 100 * np.sum(own["free"] ** 2)
    if "kernels" in own:
        kernels = own["kernels"]
        mean = kernels.mean(axis=(0, 1))
        positions = np.ndindex(*kernels.shape[:2])
        return sum(np.sum((kernels[i, j] - mean) ** 2) for i, j in positions)
    shares = own["shares"]
    if shares.ndim == 2:
        order = shares.shape[1]
        pairs = [(r, s) for r in range(order) for s in range(r + 1, order)]
        return sum(abs(w[r] - w[s]) for w in shares for r, s in pairs)
    three, four = range(3), range(4)
    down = [abs(w[i + 1, j] - w[i, j]) for w in shares for i in three for j in four]
    right = [abs(w[i, j + 1] - w[i, j]) for w in shares for i in four for j in three]
    return np.mean(down) + np.mean(right)


@pytest.mark.parametrize("group", ["t2", "c4"])
@EVERY_PEER
def test_pays_what_the_paper_says(rng, name, group):
    peer, inputs, _ = made(rng, name, group, True, strength=0.5)
    for weight in peer.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    peer(inputs)
    expected = 0.5 * numpy_penalty(peer)
    assert float(sum(peer.losses)) == pytest.approx(expected, rel=1e-4)
    free, _, _ = made(rng, name, group, True)
    free(inputs)
    assert free.losses == []


@CASES
@EVERY_PEER
def test_transformed_inputs_see_the_mean_over_the_group(rng, name, group, lifting):
    """Of a peer that is equivariant they change nothing, of others they do."""
    peer, inputs, start = made(rng, name, group, lifting, share=1.0)
    inputs = tf.repeat(inputs, 20, axis=0)  # not all by the identity
    expected = start(inputs)
    same = (
        np.array(peer(inputs, training=True)) - expected,
        np.array(peer(inputs)) - expected,
    )
    # Translations lose what leaves the image.
    assert group == "t2" or np.abs(same[0]).max() < 1e-5
    assert np.abs(same[1]).max() < 1e-5
    for weight in peer.trainable_weights:
        weight.assign(weight + rng.normal(size=weight.shape))
    changed = np.array(peer(inputs, training=True)) - np.array(peer(inputs))
    assert group == "t2" or np.abs(changed).max() > 1e-2


@pytest.mark.slow
@EVERY_PEER
def test_trains_in_a_model(rng, name):
    layers = [PEERS[name](2, 3, "c4", strength=1e-4) for _ in range(2)]
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), *layers, keras.layers.GlobalAveragePooling3D()]
    )
    model.compile("adam", "mse")
    inputs, targets = rng.normal(size=(16, 8, 8, 1)), rng.normal(size=(16, 2))
    before = model.evaluate(inputs, targets, verbose=0)
    model.fit(inputs, targets, epochs=20, verbose=0)
    assert model.evaluate(inputs, targets, verbose=0) < before


def test_groups_that_are_not_known_are_refused_in_one_line():
    for peer in PEERS.values():
        with pytest.raises(ValueError, match="must be t2, flip, cN or dN"):
            peer(2, 3, "c1")


def test_rotations_are_relaxed_under_groups_of_rotations_only():
    layer = PEERS["relaxed rotation"](2, 3, "t2")
    with pytest.raises(ValueError, match=r"group of rotations.*Received: group=t2"):
        layer.build((None, 6, 6, 1))
