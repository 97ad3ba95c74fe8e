"""How far clones have left their teachers, of all kinds and wherever it happened."""

import keras
import numpy as np
import pytest
from untied import built, change, untied

import symclone_tf as sc
from symclone_tf.layers import ClonedConv2D
from symclone_tf.networks import teacher_deviations

from cases import later
from clones import solved

SYMMETRIES = ["trainable", later("frozen"), later("anchored")]


def network(symmetry, student):
    layer = ClonedConv2D(2, student, symmetry, name="conv")
    return keras.Sequential([keras.Input((6, 6, 1)), layer])


@pytest.mark.parametrize("symmetry", SYMMETRIES)
def test_exact_clones_of_any_kind_begin_at_rounding(symmetry):
    found = teacher_deviations(network(symmetry, solved("c4", image_size=6)))
    assert found["conv"].shape == (4, 4, 4)
    assert np.linalg.norm(found["conv"]) < 1e-5


@pytest.mark.parametrize("blocks", [7, later(4)])
def test_the_norm_over_positions_is_the_root_of_nmse(blocks):
    """Of a clone that cannot be exact, against the Eckart–Young floor."""
    student = sc.DenseStudent(sc.ConvTeacher("t2", 6), blocks=blocks)
    sc.cloning.solve(student)
    norm = np.linalg.norm(teacher_deviations(network("frozen", student))["conv"])
    assert norm**2 == pytest.approx(1 - blocks / 9, rel=1e-3)
    assert norm**2 == pytest.approx(sc.nmse(student), rel=1e-3)


def test_positions_that_change_are_those_that_deviate(rng):
    student = solved("t2", image_size=6, student="local")
    weights = student.local_weights.numpy()
    weights[5] *= 1.5
    student.local_weights.assign(weights)
    found = teacher_deviations(network("trainable", student))["conv"]
    assert np.argwhere(found > 1e-5).tolist() == [[1, 1]]
    # All 16 positions have outputs of the same size.
    assert found[1, 1] == pytest.approx(0.5 / 4, rel=1e-3)


def test_training_a_layer_without_anchors_is_seen(rng):
    model = network("trainable", solved("c4", image_size=6))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x = rng.normal(size=(16, 6, 6, 1))
    model.fit(x, np.ones((16, 4, 4, 4, 2)), epochs=3, verbose=0)
    assert sc.networks.deviations(model) == {}
    assert np.linalg.norm(teacher_deviations(model)["conv"]) > 0.01


@pytest.mark.slow
def test_a_network_from_a_file_deviates_as_it_did(rng, tmp_path):
    student = solved("c4", image_size=6)
    model = network("trainable", student)
    encoder = student.encoder.kernel
    encoder.assign(encoder + 0.1 * rng.normal(size=encoder.shape))
    before = teacher_deviations(model)["conv"]
    file = sc.artifacts.save_network(model, tmp_path / "model.keras")
    after = teacher_deviations(sc.artifacts.load_network(file))["conv"]
    np.testing.assert_allclose(after, before, rtol=1e-4)
    assert np.linalg.norm(before) > 0.01


@pytest.mark.parametrize(
    ("kind", "shape"), [("SeparableConv2D", (8, 8, 2)), ("Conv2DTranspose", (6, 6, 3))]
)
def test_other_kinds_of_clones_have_deviations(kind, shape, rng):
    layer = untied(built(kind, shape, name=kind), shape, symmetry="trainable")
    model = keras.Sequential([keras.Input(shape), layer])
    assert np.linalg.norm(teacher_deviations(model)[kind]) < 1e-5
    change(layer, rng)
    assert np.linalg.norm(teacher_deviations(model)[kind]) > 1e-3


def test_copies_of_images_have_theirs_last(rng):
    layers = [keras.Input((8, 8, 2)), keras.layers.Conv2D(4, 3, name="conv")]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)]
    plain = keras.Sequential(layers)
    symmetric, _ = sc.symmetrize(plain, "c4", "trainable", layers=["conv"])
    (found,) = teacher_deviations(symmetric).values()
    assert found.shape == (6, 6, 4)
    assert np.linalg.norm(found) < 1e-4


def test_networks_without_clones_have_none():
    layers = [keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3)]
    assert teacher_deviations(keras.Sequential(layers)) == {}
