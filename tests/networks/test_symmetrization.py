"""Trained networks become invariant, whatever their layers do in between."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from own_networks import Block

import symclone_tf as sc
from symclone_tf.symmetry import get_group

from cases import later
from symmetric import classifier, images_of, largest_deviation, rectangles


@pytest.mark.parametrize("average", ["logits", "probabilities", "most-confident"])
@pytest.mark.parametrize("group", ["flip", "d4", later("c4"), later("d2")])
def test_any_classifier_becomes_exactly_invariant(group, average):
    model = classifier()
    images, before = images_of(model), model.get_weights()
    made, report = sc.symmetrize(model, group, average=average)
    assert largest_deviation(model, images, group) > 0.05
    assert largest_deviation(made, images, group) < 1e-6
    assert report.deviation < 1e-6 < report.deviation_before
    for found, expected in zip(model.get_weights(), before):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_outputs_are_the_mean_of_logits_or_of_probabilities():
    model = classifier()
    images, group = images_of(model), get_group("c4")
    probabilities = np.stack([model(group.transform(images, e)) for e in range(4)])
    mean, _ = sc.symmetrize(model, "c4", average="probabilities")
    np.testing.assert_allclose(mean(images), probabilities.mean(axis=0), atol=1e-6)
    # Logits are logarithms of probabilities, up to a number for each image.
    exponentials = np.exp(np.log(probabilities).mean(axis=0))
    logits, _ = sc.symmetrize(model, "c4")
    expected = exponentials / exponentials.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(logits(images), expected, atol=1e-6)
    surest, _ = sc.symmetrize(model, "c4", average="most-confident")
    chosen = probabilities.max(axis=-1).argmax(axis=0)
    expected = probabilities[chosen, np.arange(len(images))]
    np.testing.assert_allclose(surest(images), expected, atol=1e-6)


@pytest.mark.parametrize("last", [layers.Softmax, lambda: layers.Activation("sigmoid")])
def test_activations_of_their_own_layer_are_found(last):
    x = keras.Input((6, 6, 1))
    outputs = last()(layers.Dense(2)(layers.Flatten()(x)))
    model = keras.Model(x, outputs)
    images = images_of(model)
    logits = keras.Model(x, model.layers[-2].output)
    made, _ = sc.symmetrize(model, "flip")
    mean = (logits(images) + logits(images[:, :, ::-1])) / 2
    np.testing.assert_allclose(made(images), model.layers[-1](mean), atol=1e-6)


def test_maps_are_equivariant():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(3, 3, 2, "same", activation="relu"),
            layers.Conv2DTranspose(2, 3, 2, "same"),
        ]
    )
    made, report = sc.symmetrize(model, "d4")
    images = images_of(model)
    turned = np.rot90(images, 1, (1, 2))
    expected = np.rot90(made(images), 1, (1, 2))
    np.testing.assert_allclose(made(turned), expected, atol=1e-6)
    assert report.deviation_before > 0.1
    assert report.deviation < 1e-6
    assert "mean of the given network's as they are" in report.notes[0]


def nested():
    x = keras.Input((10, 10, 1))
    inner = keras.Sequential(
        [keras.Input((10, 10, 1)), layers.Resizing(7, 7), Block(3)]
    )
    y = layers.Flatten()(layers.Rescaling(0.5)(inner(x)))
    return keras.Model(x, layers.Dense(2, "softmax")(y))


@pytest.mark.parametrize(
    ("make", "group"), [(nested, "d4"), (rectangles, "flip"), (rectangles, "d2")]
)
def test_nested_networks_and_rectangles_become_invariant(make, group):
    model = make()
    made, _ = sc.symmetrize(model, group)
    assert largest_deviation(model, images_of(model), group) > 1e-3
    assert largest_deviation(made, images_of(model), group) < 1e-6


@pytest.mark.slow
def test_rotations_by_any_angle_are_as_exact_as_interpolation(rng):
    model = classifier((16, 16, 1))
    rows, columns = np.mgrid[:16, :16] - 7.5
    spot = np.exp(-((rows - 2) ** 2 + (columns + 1) ** 2) / 8)
    images = spot[None, ..., None].astype("float32")
    made, _ = sc.symmetrize(model, "c8", images=images)
    before = largest_deviation(model, images, "c8")
    assert largest_deviation(made, images, "c8") < 0.1 * before
    assert largest_deviation(made, images, "c4") < 1e-6


@pytest.mark.parametrize("dtype", ["uint8", later("int32")])
def test_images_of_whole_numbers_are_taken(dtype, rng):
    x = keras.Input((8, 8, 3), dtype=dtype)
    y = layers.Conv2D(4, 3, 2, "same")(layers.Rescaling(1 / 255)(x))
    model = keras.Model(x, layers.Dense(3, "softmax")(layers.Flatten()(y)))
    images = rng.integers(0, 256, size=(3, 8, 8, 3)).astype(dtype)
    made, _ = sc.symmetrize(model, "d4", images=images)
    assert made.inputs[0].dtype == dtype
    assert largest_deviation(model, images, "d4") > 0.01
    assert largest_deviation(made, images, "d4") < 1e-6


def test_under_mixed_precision_copies_keep_the_precision_of_images(rng):
    images = rng.uniform(0, 255, size=(2, 8, 8, 1)).astype("float32")
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = classifier((8, 8, 1))
        made, _ = sc.symmetrize(model, "d4", layers="second")
    finally:
        keras.mixed_precision.set_global_policy("float32")
    copies = made.get_layer("image_copies")
    np.testing.assert_array_equal(copies(images)[0], images[0])
    assert made.get_layer("net").get_layer("second").compute_dtype == "float16"
    assert largest_deviation(made, images, "d4") < 0.01


def test_images_of_any_size_stay_so():
    x = keras.Input((None, None, 1))
    y = layers.Conv2D(3, 3, 2, "same", activation="relu")(x)
    model = keras.Model(x, layers.Dense(2)(layers.GlobalMaxPooling2D()(y)))
    made, _ = sc.symmetrize(model, "d4")
    for size in (8, 13):
        images = np.random.default_rng(0).normal(size=(2, size, size, 1)).astype("f4")
        assert largest_deviation(made, images, "d4") < 1e-6
    with pytest.raises(ValueError, match="pass `image_size`"):
        sc.symmetrize(model, "c8")
    made, _ = sc.symmetrize(model, "c8", image_size=9)
    assert made.input_shape == (None, 9, 9, 1)


@pytest.mark.slow
def test_the_new_network_is_compiled_trains_and_stays_invariant():
    options = {"optimizer": keras.optimizers.Adam(0.01), "metrics": ["accuracy"]}
    model = classifier(loss={"kind": "sparse_categorical_crossentropy"}, **options)
    made, _ = sc.symmetrize(model, "d4", layers=["first", "second"])
    assert made.output_names == ["kind"]
    images, labels = images_of(model, 24), np.arange(24) % 3
    before = made.evaluate(images, labels, verbose=0)[0]
    made.fit(images, labels, epochs=8, verbose=0)
    assert made.evaluate(images, labels, verbose=0)[0] < before - 0.05
    kernel = made.get_layer("net").get_layer("second").kernel
    assert np.abs(kernel[0, :, :, 4:]).max() > 1e-3  # of other copies
    assert largest_deviation(made, images, "d4") < 1e-5


@pytest.mark.slow
def test_a_layer_may_break_the_symmetry_where_labels_do():
    model = classifier(optimizer="adam", loss="sparse_categorical_crossentropy")
    made, _ = sc.symmetrize(model, "flip", layers={"second": "trainable"})
    images = images_of(model, 32)
    both = np.concatenate([images, images[:, :, ::-1]])
    labels = np.repeat([0, 1], 32)  # reflected ones have another
    assert largest_deviation(made, images, "flip") < 1e-6
    made.optimizer.learning_rate = 0.02
    made.fit(both, labels, epochs=30, verbose=0)
    assert largest_deviation(made, images, "flip") > 0.1
    found = np.argmax(made.predict(both, verbose=0), axis=-1)
    assert np.mean(found == labels) > 0.6


@pytest.mark.parametrize("symmetry", ["frozen", later("anchored")])
def test_it_is_saved_and_loaded(symmetry, tmp_path):
    model = classifier()
    made, _ = sc.symmetrize(model, "c4", symmetry, layers="second")
    made.save(tmp_path / "made.keras")
    again = keras.models.load_model(tmp_path / "made.keras")
    np.testing.assert_array_equal(again(images_of(model)), made(images_of(model)))


@pytest.mark.slow
@pytest.mark.parametrize("group", ["d4", later("c8")])
def test_it_is_exported_to_a_saved_model(group, tmp_path):
    model = classifier()
    made, _ = sc.symmetrize(model, group, layers="second")
    made.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    images = images_of(model)
    np.testing.assert_allclose(served.serve(images), made(images), atol=1e-6)


@pytest.mark.slow
def test_layers_of_copies_are_measured_while_they_train():
    model = classifier(optimizer="adam", loss="sparse_categorical_crossentropy")
    each = {"first": "frozen", "second": "anchored"}
    made, _ = sc.symmetrize(model, "c4", layers=each)
    images, labels = images_of(model, 16), np.arange(16) % 3
    errors = sc.EquivarianceErrors(images, "c4")
    made.optimizer.learning_rate = 0.05
    made.fit(images, labels, epochs=2, callbacks=[errors], verbose=0)
    assert list(errors.history) == ["first", "second"]
    assert max(errors.history["first"]) < 1e-5
    assert errors.history["second"][0] < 1e-5 < 1e-3 < errors.history["second"][-1]
    assert errors.network[0].equivariance_error < 1e-5
    assert list(errors.deviations) == ["second"]
    with pytest.warns(UserWarning, match="its copies are those of C4"):
        assert sc.networks.layer_errors(made, images, "d4") == {}


def test_what_works_on_copies_is_not_fused():
    made, _ = sc.symmetrize(classifier(), "c4", layers="second")
    with pytest.raises(ValueError, match="works on copies of images under a group"):
        sc.networks.fuse_network(made)
