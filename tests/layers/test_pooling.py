"""Group pooling is the mean, until training changes its weights."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers.pooling import GroupPooling

from layer_checks import check_layer

WEIGHTS = {"frozen": (0, 0), "trainable": (1, 1), "anchored": (2, 1)}


@pytest.mark.parametrize("symmetry", WEIGHTS)
def test_begins_as_the_mean_and_is_invariant(rng, symmetry):
    features = rng.normal(size=(2, 5, 5, 4, 3)).astype("float32")
    layer = GroupPooling(symmetry)
    np.testing.assert_allclose(layer(features), features.mean(axis=3), atol=1e-6)
    rotation = sc.symmetry.GroupTransformation("c4", 1)
    rotated = np.rot90(layer(features), 1, (1, 2))
    np.testing.assert_allclose(layer(rotation.inputs(features)), rotated, atol=1e-6)


def test_takes_feature_maps_of_volumes_too(rng):
    features = rng.normal(size=(2, 4, 3, 5, 8, 3)).astype("float32")
    for symmetry in WEIGHTS:
        found = GroupPooling(symmetry)(features)
        np.testing.assert_allclose(found, features.mean(axis=4), atol=1e-6)
    with pytest.raises(ValueError, match=r"Group pooling takes .*\(2, 3, 5, 3\)"):
        GroupPooling()(features[:, 0, :, :, 0])


@pytest.mark.parametrize("symmetry", WEIGHTS)
@pytest.mark.parametrize("shape", [(5, 4, 8, 3), (4, 3, 5, 8, 2)])
def test_its_plain_layer_computes_the_same_at_every_size(rng, symmetry, shape):
    layer = GroupPooling(symmetry, name="over_group")
    layer(keras.Input((*[None] * (len(shape) - 2), *shape[-2:])))
    if symmetry != "frozen":
        layer.shares.assign(rng.normal(size=layer.shares.shape))
    plain = layer.plain_layer()
    assert (type(plain), plain.name) == (keras.layers.EinsumDense, "over_group")
    assert plain.trainable == (symmetry != "frozen")
    for more in (0, 2):
        size = (2, shape[0] + more, *shape[1:])
        features = rng.normal(size=size).astype("float32")
        np.testing.assert_allclose(plain(features), layer(features), atol=1e-5)


def test_its_plain_layer_has_the_shapes_of_its_own_calls():
    one, other = keras.Input((5, 4, 8, 3)), keras.Input((5, 6, 8, 3))
    layer = GroupPooling()
    assert layer(one).shape == (None, 5, 4, 3)
    assert layer.plain_layer()(one).shape == (None, 5, 4, 3)
    layer(other)
    plain = layer.plain_layer()
    assert plain(one).shape == plain(other).shape == (None, 5, None, 3)


@pytest.mark.parametrize("symmetry", ["trainable", "anchored"])
def test_behaves_as_a_keras_layer(rng, tmp_path, symmetry):
    features = rng.normal(size=(2, 3, 3, 4, 3)).astype("float32")
    weights, trainable = WEIGHTS[symmetry]
    check_layer(
        GroupPooling,
        {"symmetry": symmetry, "anchor": "proximal", "anchor_strength": 0.2},
        [features],
        (2, 3, 3, 3),
        weights,
        tmp_path / "model.keras",
        trainable,
    )


def trained(rng, symmetry, **options):
    """A layer trained to select the first element."""
    layer = GroupPooling(symmetry, **options)
    model = keras.Sequential([keras.Input((3, 3, 4, 2)), layer])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    features = rng.normal(size=(64, 3, 3, 4, 2)).astype("float32")
    model.fit(features, features[..., 0, :], epochs=40, verbose=0)
    return layer


@pytest.mark.slow
def test_learns_to_weigh_the_elements(rng):
    shares = trained(rng, "trainable").shares.numpy()
    np.testing.assert_allclose(shares, [[1, 1], [0, 0], [0, 0], [0, 0]], atol=0.05)


@pytest.mark.slow
def test_stronger_anchors_leave_it_nearer_to_the_mean(rng):
    def distance(symmetry, **options):
        rng = np.random.default_rng(0)
        return float(np.linalg.norm(trained(rng, symmetry, **options).shares - 0.25))

    free = distance("trainable")
    anchored = [
        distance("anchored", anchor_strength=strength) for strength in (1.0, 8.0)
    ]
    assert free > anchored[0] > anchored[1] > 0
    assert distance("anchored", anchor="proximal", anchor_strength=2.0) < 1e-6


@pytest.mark.parametrize(
    ("options", "shape", "message"),
    [
        ({"symmetry": "melted"}, (1, 3, 3, 4, 2), "`symmetry` must be one of frozen"),
        (
            {"anchor": "kl"},
            (1, 3, 3, 4, 2),
            "`anchor` must be one of decoupled-l2-sp, proximal",
        ),
        ({"anchor_strength": -1}, (1, 3, 3, 4, 2), "`anchor_strength` must be a pos"),
        (
            {},
            (1, 3, 3, 2),
            r"\(batch, height, width, \|G\|, chan.*\(1, 3, 3, 2\)",
        ),
    ],
)
def test_bad_input_is_refused(options, shape, message):
    with pytest.raises(ValueError, match=message):
        GroupPooling(**options)(np.zeros(shape))
