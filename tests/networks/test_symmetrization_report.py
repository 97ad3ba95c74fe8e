"""What is said of a network that was made symmetric."""

import keras
import numpy as np
import pytest
from keras import layers

import symclone_tf as sc
from symclone_tf.networks.symmetrization_report import deviation, operations
from symclone_tf.symmetry import get_group

from cases import later


@pytest.mark.parametrize(
    ("layer", "shape", "multiplications"),
    [
        (layers.Conv2D(4, 3, 2, "same"), (None, 7, 6, 2), 4 * 3 * 9 * 2 * 4),
        (layers.Conv2D(4, 3, groups=2), (None, 6, 6, 2), 16 * 9 * 4),
        (layers.DepthwiseConv2D(3), (None, 6, 6, 2), 16 * 9 * 2),
        (layers.SeparableConv2D(5, 3), (None, 6, 6, 2), 16 * (9 * 2 + 2 * 5)),
        (layers.Conv2DTranspose(4, 3, 2), (None, 5, 5, 2), 25 * 9 * 2 * 4),
        (layers.Dense(5), (None, 7), 35),
        (layers.Dense(5), (None, 3, 7), 105),
    ],
)
def test_operations_are_those_of_the_formula(layer, shape, multiplications):
    layer.build(shape)
    assert operations(layer, shape) == 2 * multiplications


def network():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(3, 3, 2, "same", name="first"),
            layers.Conv2D(4, 3, padding="same", name="second"),
            layers.Flatten(),
            layers.Dense(2, "softmax", name="kind"),
        ]
    )


def test_layers_are_counted_before_and_after():
    model = network()
    made, report = sc.symmetrize(model, "d4", layers="second")
    first, second, kind = report.layers
    assert [row.name for row in report.layers] == ["first", "second", "kind"]
    assert [row.symmetry for row in report.layers] == ["", "frozen", ""]
    assert first.operations == 8 * first.operations_before == 8 * 2 * 16 * 9 * 3
    assert second.operations == 64 * second.operations_before
    assert (kind.kind, kind.weights) == ("Dense", 4 * 4 * 4 * 2 + 2)
    # A kernel for each element, a basis of 9 entries, and an encoder.
    assert second.weights == 8 * 9 * 3 * 4 + 4 + 81 + 81
    assert report.weights_before == model.count_params()
    assert report.weights == made.count_params()


@pytest.mark.parametrize("group", ["flip", later("d4")])
def test_deviations_are_measured_on_the_users_images(group, rng):
    model, images = network(), rng.normal(size=(4, 8, 8, 1)).astype("float32")
    _, report = sc.symmetrize(model, group, images=images)
    assert report.on == "the given images"
    expected = np.array(model(images), "float64")
    largest = max(
        np.linalg.norm(model(get_group(group).transform(images, e)) - expected)
        for e in range(1, get_group(group).order)
    )
    relative = largest / np.linalg.norm(expected)
    assert report.deviation_before == pytest.approx(relative, rel=1e-4)
    assert report.deviation < 1e-6


def test_images_are_computed_a_few_at_a_time(monkeypatch, rng):
    model, images = network(), rng.normal(size=(7, 8, 8, 1)).astype("float32")
    whole = deviation(model, images, get_group("c4"))
    monkeypatch.setattr("symclone_tf.networks.symmetrization_report.BATCH", 3)
    assert deviation(model, images, get_group("c4")) == pytest.approx(whole, rel=1e-5)


def test_of_several_outputs_the_largest_counts(rng):
    x = keras.Input((4, 4, 1), name="x")
    blind = layers.GlobalAveragePooling2D()(x)
    seen = layers.Flatten()(x)
    model = keras.Model({"x": x}, {"blind": blind, "seen": seen})
    images = rng.normal(size=(3, 4, 4, 1)).astype("float32")
    expected = np.linalg.norm(images[:, :, ::-1] - images) / np.linalg.norm(images)
    found = deviation(model, {"x": images}, get_group("flip"))
    assert found == pytest.approx(expected, rel=1e-5)
