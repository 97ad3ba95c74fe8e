"""Trained networks become invariant, whatever their layers do in between."""

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers
from own_networks import Block

import symclone_tf as sc
from symclone_tf.symmetry import get_group

from cases import later
from networks import settle


def classifier(shape=(8, 8, 2), activation="softmax", **compiled):
    """Nothing of it commutes with a reflection or a rotation."""
    keras.utils.set_random_seed(0)
    body = [
        layers.Conv2D(4, 3, 2, "same", activation="relu", name="first"),
        layers.BatchNormalization(),
        layers.Conv2D(5, 3, padding="same", activation="relu", name="second"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(3, activation, name="kind"),
    ]
    model = keras.Sequential([keras.Input(shape, name="image"), *body], name="net")
    settle(model)
    if compiled:
        model.compile(**compiled)
    return model


def images_of(model, count=4):
    shape = model.inputs[0].shape[1:]
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, *shape)).astype("float32")


def largest_deviation(model, images, group):
    whole, expected = get_group(group), np.array(model(images))
    return max(
        np.abs(model(whole.transform(images, element)) - expected).max()
        for element in range(whole.order)
    )


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


def rectangles():
    return classifier((6, 9, 1))


@pytest.mark.parametrize(
    ("make", "group"), [(nested, "d4"), (rectangles, "flip"), (rectangles, "d2")]
)
def test_nested_networks_and_rectangles_become_invariant(make, group):
    model = make()
    made, _ = sc.symmetrize(model, group)
    assert largest_deviation(model, images_of(model), group) > 1e-3
    assert largest_deviation(made, images_of(model), group) < 1e-6


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


def test_a_layer_may_break_the_symmetry_where_labels_do():
    model = classifier(optimizer="adam", loss="sparse_categorical_crossentropy")
    made, _ = sc.symmetrize(model, "flip", "trainable", layers={"second": "trainable"})
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


@pytest.mark.parametrize("group", ["d4", later("c8")])
def test_it_is_exported_to_a_saved_model(group, tmp_path):
    model = classifier()
    made, _ = sc.symmetrize(model, group, layers="second")
    made.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    images = images_of(model)
    np.testing.assert_allclose(served.serve(images), made(images), atol=1e-6)


@pytest.mark.parametrize("group", ["d4", later("c8"), later("flip")])
def test_it_is_exported_to_onnx(group, tmp_path):
    model = classifier()
    made, _ = sc.symmetrize(model, group, layers="second")
    images, file = images_of(model), tmp_path / "made.onnx"
    made(images)
    sc.artifacts.export_onnx(made, file)
    session = onnxruntime.InferenceSession(file)
    (found,) = session.run(None, {session.get_inputs()[0].name: images})
    np.testing.assert_allclose(found, made(images), atol=1e-5)


def test_layers_of_copies_are_measured_while_they_train():
    model = classifier(optimizer="adam", loss="sparse_categorical_crossentropy")
    each = {"first": "frozen", "second": "anchored"}
    made, _ = sc.symmetrize(model, "c4", "anchored", layers=each)
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


FIRST = {"data_format": "channels_first"}


def channels_first():
    x = keras.Input((3, 8, 8))
    y = layers.Conv2D(4, 3, 2, "same", activation="relu", **FIRST)(x)
    y = layers.Flatten()(y)
    return keras.Model(x, layers.Dense(3, "softmax")(y))


def flattened_first():
    x = keras.Input((8, 8, 3))
    y = layers.Conv2D(4, 3, 2, "same", activation="relu")(x)
    return keras.Model(x, layers.Dense(3)(layers.Flatten(**FIRST)(y)))


@pytest.mark.parametrize("make", [channels_first, flattened_first])
@pytest.mark.parametrize("group", ["flip", later("d4")])
def test_channels_may_be_first_at_images_or_within(make, group, rng):
    model = make()
    made, report = sc.symmetrize(model, group)
    images = rng.normal(size=(2, 8, 8, 3)).astype("float32")
    first = model.input_shape[1] == 3

    def outputs(network, x):
        return np.array(network(np.moveaxis(x, -1, 1) if first else x))

    expected, whole = outputs(made, images), get_group(group)
    for element in range(whole.order):
        found = outputs(made, whole.transform(images, element))
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert report.deviation < 1e-6 < 1e-3 < report.deviation_before


def test_a_softmax_over_other_axes_is_left_where_it_is(rng):
    x = keras.Input((8, 8, 1))
    logits = layers.Dense(3)(layers.Flatten()(x))
    model = keras.Model(x, layers.Softmax(axis=1)(logits))
    made, report = sc.symmetrize(model, "flip")
    images = rng.normal(size=(2, 8, 8, 1)).astype("float32")
    mean = (model(images) + model(images[:, :, ::-1])) / 2
    np.testing.assert_allclose(made(images), mean, atol=1e-6)
    assert "no softmax or sigmoid over the last axis" in report.notes[0]


def test_maps_of_probabilities_sum_to_one_outside_the_disc_too(rng):
    x = keras.Input((9, 9, 2))
    model = keras.Model(x, layers.Conv2D(3, 3, padding="same", activation="softmax")(x))
    images = rng.normal(size=(2, 9, 9, 2)).astype("float32")
    for average in ("probabilities", "logits"):
        made, _ = sc.symmetrize(model, "c8", average=average)
        sums = np.sum(made(images), axis=-1)
        # Cubic interpolation keeps sums within the disc, away from its edge.
        corners = sums[:, [0, 0, -1, -1], [0, -1, 0, -1]]
        np.testing.assert_allclose(corners, 1, atol=1e-5)


def named_like_its_input():
    x = keras.Input((8, 8, 1), name="cells")
    return keras.Model(x, layers.Dense(2, name="a")(layers.Flatten()(x)), name="cells")


def an_output_twice():
    x = keras.Input((8, 8, 1), name="x")
    y = layers.Dense(2, "softmax", name="a")(layers.Flatten()(x))
    return keras.Model(
        x, [y, layers.Dense(1, name="a_average")(layers.Flatten()(x)), y]
    )


def nested_outputs():
    x, y = keras.Input((8, 8, 1), name="x"), keras.Input((8, 8, 1), name="y")
    flat = layers.Flatten()(x)
    inner = keras.Model(x, [layers.Dense(2)(flat), layers.Dense(3)(flat)], name="inner")
    return keras.Model(y, list(inner(y)))


@pytest.mark.parametrize(
    "make", [named_like_its_input, an_output_twice, nested_outputs]
)
def test_names_may_be_alike(make, rng, tmp_path):
    model = make()
    made, _ = sc.symmetrize(model, "flip")
    images = rng.normal(size=(2, 8, 8, 1)).astype("float32")
    before, after = (
        keras.tree.flatten([network(images), network(images[:, :, ::-1])])
        for network in (model, made)
    )
    half = len(before) // 2
    for found, again in zip(after[:half], after[half:]):
        np.testing.assert_allclose(found, again, atol=1e-6)
    made.save(tmp_path / "made.keras")
    keras.models.load_model(tmp_path / "made.keras")


def test_what_is_said_of_outputs_names_those_without_probabilities():
    x = keras.Input((8, 8, 1))
    flat = layers.Flatten()(x)
    outputs = [
        layers.Dense(2, "softmax", name="a")(flat),
        layers.Dense(1, name="b")(flat),
    ]
    _, report = sc.symmetrize(keras.Model(x, outputs), "flip")
    assert report.notes[0].startswith("Its outputs b are the mean of")


def test_rectangles_are_refused_by_networks_of_any_size_too(rng):
    x = keras.Input((None, None, 1))
    made, _ = sc.symmetrize(keras.Model(x, layers.GlobalMaxPooling2D()(x)), "c4")
    with pytest.raises(ValueError, match="takes square images only"):
        made(rng.normal(size=(1, 5, 6, 1)).astype("float32"))


def of_patches():
    x = keras.Input((8, 8, 3))
    parts = keras.ops.reshape(keras.ops.transpose(x, (0, 3, 1, 2)), (-1, 8, 8, 1))
    y = layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3, name="second")(parts))
    return keras.Model(x, layers.Dense(2)(keras.ops.reshape(y, (-1, 12))))


def of_rectangular_maps():
    x = keras.Input((8, 8, 3))
    y = layers.Conv2D(4, (3, 2), strides=(2, 1))(x)
    y = layers.Conv2D(4, 2, name="second")(y)
    return keras.Model(x, layers.Dense(2)(layers.Flatten()(y)))


def of_two_images():
    x = keras.Input(batch_shape=(2, 8, 8, 1))
    return keras.Model(x, keras.ops.reshape(x, (2, -1)))


def several_inputs():
    image, other = keras.Input((4, 4, 1), name="a"), keras.Input((5, 3), name="b")
    flat = layers.Concatenate()([layers.Flatten()(image), layers.Flatten()(other)])
    return keras.Model([image, other], layers.Dense(2)(flat))


def read_again():
    x = keras.Input((4, 4, 1))
    first = layers.Dense(2, "softmax")(layers.Flatten()(x))
    return keras.Model(x, [first, layers.Dense(1)(first)])


def of_sequences():
    x = keras.Input((4, 4, 1))
    return keras.Model(x, layers.Reshape((16, 1))(x))


@pytest.mark.parametrize(
    ("make", "group", "options", "message"),
    [
        (classifier, "t2", {}, "must have reflections or rotations, as flip"),
        (classifier, "c65", {}, "c65"),
        (rectangles, "c4", {}, "square images only.* flip, c2 and d2 take others"),
        (rectangles, "c8", {}, "takes square images only"),
        (several_inputs, "flip", {}, r"images, .* Received: .*\(None, 5, 3\)"),
        (read_again, "flip", {}, 'average="probabilities" leaves both'),
        (of_sequences, "flip", {}, r"maps of 4 axes. Received: .* \(None, 16, 1\)"),
        (
            lambda: classifier(activation=None),
            "flip",
            {"average": "probabilities"},
            "no softmax or sigmoid",
        ),
        (
            lambda: classifier(activation="sigmoid"),
            "flip",
            {"average": "most-confident"},
            "needs outputs of a softmax",
        ),
        (classifier, "flip", {"average": "median"}, "average"),
        (classifier, "flip", {"symmetry": "loose"}, "symmetry"),
        (classifier, "flip", {"regions": 0}, "regions"),
        (classifier, "flip", {"layers": "third"}, "no convolutions named"),
        (classifier, "flip", {"image_size": 9}, "image_size=9"),
        (classifier, "flip", {"layers": "kind"}, "Dense, is not that of a convolution"),
        (classifier, "flip", {"regions": 2}, "that are trainable or anchored, and"),
        (classifier, "flip", {"anchor": "kl"}, "`anchor` is of layers that are anch"),
        (classifier, "flip", {"symmetry": "anchored", "layers": []}, "chooses none"),
        (of_patches, "flip", {"layers": "second"}, "parts of images"),
        (of_rectangular_maps, "c4", {"layers": "second"}, r"3×7 pixels, and C4 takes"),
        (of_two_images, "c4", {}, "with 4 times as many images, as where a layer"),
        (classifier, "flip", {"images": "malaria"}, "an object of type str"),
    ],
)
def test_what_cannot_be_done_is_refused(make, group, options, message):
    with pytest.raises(ValueError, match=message):
        sc.symmetrize(make(), group, **options)


def test_unknown_options_are_refused():
    with pytest.raises(TypeError, match=r"Options of layers are anchor, .*: foo"):
        sc.symmetrize(classifier(), "flip", foo=3)


def test_other_objects_are_refused():
    with pytest.raises(TypeError, match="must be a Keras model"):
        sc.symmetrize(layers.Dense(2), "flip")


def test_what_has_no_room_is_refused_with_how_much_it_takes(monkeypatch):
    class Memory:
        available = 1000

    path = "symclone_tf.networks.symmetrization_checks.psutil.virtual_memory"
    monkeypatch.setattr(path, lambda: Memory)
    with pytest.raises(MemoryError, match=r"8 elements of D4 take .* GB of memory"):
        sc.symmetrize(classifier(), "d4")


def test_what_subclasses_do_of_their_own_is_said():
    class Trained(keras.Model):
        def train_step(self, data):
            return super().train_step(data)

    x = keras.Input((4, 4, 1))
    model = Trained(x, layers.Dense(2, "softmax")(layers.Flatten()(x)))
    _, report = sc.symmetrize(model, "flip")
    assert report.notes == (
        "It is a keras.Model: train_step of Trained are not those of the new network.",
    )


def test_clones_of_a_relaxed_network_are_counted_whole():
    relaxed, _ = sc.relax(classifier(), verbose=0)
    made, report = sc.symmetrize(relaxed, "flip")
    assert [row.name for row in report.layers] == ["first", "second", "kind"]
    assert report.layers[0].kind == "ClonedConv2D"
    assert largest_deviation(made, images_of(relaxed), "flip") < 1e-6
