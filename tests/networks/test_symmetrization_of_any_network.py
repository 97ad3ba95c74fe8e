"""Networks of any make become invariant; what cannot be done is refused."""

import keras
import numpy as np
import pytest
from keras import layers

import symclone_tf as sc
from symclone_tf.symmetry import get_group

from cases import later
from processors import NEEDS_CHANNELS_FIRST
from symmetric import classifier, images_of, largest_deviation, rectangles

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


@pytest.mark.parametrize(
    "make",
    [pytest.param(channels_first, marks=NEEDS_CHANNELS_FIRST), flattened_first],
)
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


@pytest.mark.slow
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
    assert report.notes[0].startswith("Its output b is the mean of")


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
        (classifier, "flip", {"symmetry": "frozen"}, "'frozen' is .* chooses none"),
        (
            classifier,
            "flip",
            {"symmetry": "frozen", "layers": {"first": "anchored"}},
            r"its own. Received: symmetry='frozen', layers={'first': 'anchored'}$",
        ),
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


@pytest.mark.slow
def test_clones_of_a_relaxed_network_are_counted_whole():
    relaxed, _ = sc.relax(classifier(), verbose=0)
    made, report = sc.symmetrize(relaxed, "flip")
    assert [row.name for row in report.layers] == ["first", "second", "kind"]
    assert report.layers[0].kind == "ClonedConv2D"
    assert largest_deviation(made, images_of(relaxed), "flip") < 1e-6
