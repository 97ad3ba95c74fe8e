import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers import OrbitDense
from symclone_tf.symmetry import (
    PermutationGroup,
    cyclic,
    hexagonal,
    icosahedron,
    symmetric,
)

from layer_checks import check_layer

CASES = {
    "ring": (cyclic(6), None),
    "set": (symmetric(9), None),
    "hexagon": (hexagonal(1), None),
    "corners to faces": (icosahedron(12), icosahedron(20)),
}


@pytest.mark.parametrize("case", CASES)
def test_behaves_as_a_keras_layer(rng, tmp_path, case):
    group, group_out = CASES[case]
    layer = check_layer(
        OrbitDense,
        {
            "filters": 4,
            "group": group,
            "group_out": group_out,
            "activation": "relu",
            "kernel_regularizer": "l2",
        },
        [rng.normal(size=(3, group.points, 2)).astype("float32")],
        (3, (group_out or group).points, 4),
        weights=2,
        path=tmp_path / "model.keras",
    )
    assert layer.group == group
    assert layer.group_out == (group_out or group)


def test_groups_may_come_as_their_configuration():
    config = OrbitDense(2, cyclic(3), use_bias=False).get_config()
    assert config["group"] == cyclic(3).get_config()
    assert config["group_out"] is None
    again = OrbitDense.from_config(config)
    again.build((None, 3, 1))
    assert again.bias is None


@pytest.mark.parametrize("case", CASES)
def test_is_equivariant_whatever_its_weights(rng, case):
    group, group_out = CASES[case]
    layer = OrbitDense(3, group, group_out, activation="tanh")
    x = rng.normal(size=(4, group.points, 2)).astype("float32")
    layer.build(x.shape)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    assert sc.equivariance_error(layer, group, x, group_out=group_out) < 1e-5
    if group_out is None:
        other = np.random.default_rng(1).permutation(group.points)
        group = PermutationGroup([other])
        # A layer of a set is equivariant under all permutations.
        assert (sc.equivariance_error(layer, group, x) < 1e-5) == (case == "set")


def test_biases_are_one_for_each_orbit_of_outputs(rng):
    group = hexagonal(1)
    layer = OrbitDense(2, group)
    layer.build((None, 7, 1))
    assert layer.bias.shape == (2, 2)
    layer.bias.assign([[1, 2], [3, 4]])
    outputs = np.asarray(layer(np.zeros((1, 7, 1), "float32")))[0]
    np.testing.assert_array_equal(outputs, np.array([[1, 2], [3, 4]])[group.orbits])


def test_initial_outputs_are_as_large_whatever_the_orbits(rng):
    """Without the scale, those of a set would be about eight times as large."""
    x = rng.normal(size=(50, 128, 64)).astype("float32")
    sizes = [
        np.std(np.asarray(OrbitDense(64, group)(x)))
        for group in (cyclic(128), symmetric(128))
    ]
    assert sizes == pytest.approx([1, 1], rel=0.1)
    plain = OrbitDense(64, symmetric(128), kernel_initializer="glorot_uniform")
    assert np.std(np.asarray(plain(x))) > 6


@pytest.mark.parametrize("shape", [(2, 5, 1), (2, 6), (2, 6, 1, 1)])
def test_inputs_with_other_positions_are_refused(shape):
    message = r"inputs of shape \(batch, 6, channels\), on which C6 acts. Received"
    with pytest.raises(ValueError, match=message):
        OrbitDense(2, cyclic(6))(np.zeros(shape, "float32"))


def test_other_generators_are_refused():
    with pytest.raises(ValueError, match="`group_out` must have as many generators"):
        OrbitDense(2, cyclic(6), symmetric(6))
    with pytest.raises(TypeError, match="`group` must be a PermutationGroup"):
        OrbitDense(2, "c4")
