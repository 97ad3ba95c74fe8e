"""Several strengths are tried in one training."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers import GroupPooling, UntiedGroupConv2D


@pytest.fixture
def images(rng):
    return rng.normal(size=(24, 8, 8, 1)).astype("float32")


def untied(**options):
    return UntiedGroupConv2D(3, 3, "c4", symmetry="anchored", seed=0, **options)


def network(*layers, residual=False):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(2, 3, activation="relu", name="first")(inputs)
    for layer in layers or (untied(name="last"),):
        x = layer(x)
    x = GroupPooling()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(2, name="dense")(x)
    if residual:
        x = x + keras.ops.mean(inputs, axis=(1, 2))
    model = keras.Model(inputs, x)
    model.compile("adam", "mse")
    return model


def clone(symmetry="anchored", **options):
    student, _ = sc.clone("c4", image_size=6, student="local", verbose=0)
    return sc.ClonedConv2D(3, student, symmetry, **options)


@pytest.mark.parametrize("residual", [False, True])
def test_each_strength_begins_as_the_network_and_ends_as_its_own(images, residual):
    model = network(residual=residual)
    before = model.get_weights()
    search = sc.networks.StrengthSearch(model, (0.1, 0.5))
    for outputs in search(images).values():
        np.testing.assert_allclose(outputs, model(images), atol=1e-6)
    search.compile(keras.optimizers.Adam(0.1), "mse", metrics=["mae"])
    search.fit(images, np.ones((24, 2)), epochs=2, verbose=0)
    outputs = search.predict(images, verbose=0)
    for strength in (0.1, 0.5):
        made = search.network(strength)
        expected = outputs[f"strength_{strength:g}"]
        np.testing.assert_allclose(made(images), expected, atol=1e-6)
        assert made.get_layer("last").anchor_strength == strength
        assert made.compiled
    assert np.abs(outputs["strength_0.1"] - outputs["strength_0.5"]).max() > 1e-4
    for weight, value in zip(model.get_weights(), before):
        np.testing.assert_array_equal(weight, value)


def test_shared_layers_learn_from_the_mean_of_gradients(images):
    # Equal strengths, but for rounding, and no random numbers: as one network.
    options = {"anchor": "decoupled-l2-sp", "name": "last"}
    model = network(untied(**options, anchor_strength=0.5))
    search = sc.networks.StrengthSearch(model, (0.5, 0.5 + 1e-9, 0.5 + 2e-9))
    for each in (model, search):
        each.compile(keras.optimizers.SGD(0.1), "mse")
        each.fit(images, np.ones((24, 2)), epochs=3, shuffle=False, verbose=0)
    expected = model(images)
    for outputs in search(images).values():
        np.testing.assert_allclose(outputs, expected, atol=1e-5)


def test_the_best_on_other_images_is_chosen(images):
    search = sc.networks.StrengthSearch(network(), (0.1, 0.3, 0.5))
    search.compile(keras.optimizers.Adam(0.05), "mse", metrics=["mae"])
    targets = np.asarray(images[:, 0, 0]) * np.ones((1, 2))  # not invariant
    search.fit(images, targets, epochs=3, verbose=0)
    found = search.evaluate(images, targets, return_dict=True, verbose=0)
    best, tried = search.choose(images, targets, "mae", "min")
    scores = [found[f"strength_{each.strength:g}_mae"] for each in tried]
    assert [each.scores["mae"] for each in tried] == scores
    assert [each.is_chosen for each in tried] == [s == min(scores) for s in scores]
    kept = [each.strength for each in tried if each.is_chosen]
    assert [best.get_layer("last").anchor_strength] == kept
    _, tried = search.choose(images, targets, "mae", "max")
    assert [each.is_chosen for each in tried] == [s == max(scores) for s in scores]
    loose, _ = search.choose(images, targets, tolerance=9)
    assert loose.get_layer("last").anchor_strength == 0.5


def test_logs_have_the_best_of_all_strengths_to_stop_by(images):
    search = sc.networks.StrengthSearch(network(), (0.1, 0.5))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    other = keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name="ce")
    search.compile("sgd", loss, metrics=["accuracy", other])
    labels = np.arange(24) % 2
    stop = keras.callbacks.EarlyStopping("val_best_accuracy", mode="max", patience=9)
    options = {"validation_data": (images, labels), "callbacks": [stop], "verbose": 0}
    logs = search.fit(images, labels, epochs=2, **options).history
    for start in ("", "val_"):
        for name, best in (("accuracy", max), ("loss", min)):
            each = (logs[f"{start}strength_{s}_{name}"] for s in (0.1, 0.5))
            expected = [best(pair) for pair in zip(*each)]
            np.testing.assert_allclose(logs[f"{start}best_{name}"], expected)
    assert "strength_0.1_ce" in logs
    assert "best_ce" not in logs
    assert stop.best == max(logs["val_best_accuracy"])


def test_clones_and_batches_with_weights_are_taken(images):
    model = network(clone(name="last", seed=0))
    search = sc.networks.StrengthSearch(model, (0.2, 0.4))
    search.compile("adam", "mse", metrics=[keras.metrics.MeanAbsoluteError("error")])
    weights = np.linspace(0, 1, 24)
    logs = search.fit(images, np.ones((24, 2)), sample_weight=weights, verbose=0)
    assert {"strength_0.2_loss", "strength_0.4_error"} < set(logs.history)
    best, _ = search.choose(images, np.ones((24, 2)), "error", "min")
    assert type(best.get_layer("last")) is sc.ClonedConv2D


def test_a_layer_is_found_by_its_name(images):
    first = UntiedGroupConv2D(2, 3, "c4", symmetry="anchored", seed=0, name="one")
    model = network(first, untied(name="two"))
    search = sc.networks.StrengthSearch(model, (0.1, 0.5), layer="one")
    made = search.network(0.5)
    assert made.get_layer("one").anchor_strength == 0.5
    assert (
        made.get_layer("two").anchor_strength == model.get_layer("two").anchor_strength
    )


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (network, {"strengths": (0.1, 0.1)}, "several different numbers"),
        (network, {"strengths": (0.1,)}, "several different numbers"),
        (
            network,
            {"strengths": (0.1, -1)},
            "`strengths` must be a positive, finite",
        ),
        (network, {"layer": "first"}, "anchored layers last, and layer=first"),
        (network, {"strengths": 0.5}, "`strengths` must be several"),
        (network, {"strengths": (0.5, 2)}, "a share of the inputs"),
        (
            lambda: network(UntiedGroupConv2D(2, 3, "c4")),
            {},
            "with anchored layers none",
        ),
    ],
)
def test_what_cannot_be_tried_is_refused(model, options, message):
    with pytest.raises(ValueError, match=message):
        sc.networks.StrengthSearch(model(), **options)


def test_ends_that_use_what_comes_before_are_refused(images):
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(3, 1, name="before")(inputs)
    y = keras.layers.Conv2D(3, 1)(x)
    y = GroupPooling()(untied(padding="same")(y))
    model = keras.Model(inputs, x + y)
    with pytest.raises(ValueError, match=r"Received: layers before"):
        sc.networks.StrengthSearch(model, (0.1, 0.5))


def test_a_student_that_other_layers_share_is_refused():
    student, _ = sc.clone(
        "t2", image_size=6, padding="same", student="local", verbose=0
    )
    clones = [sc.ClonedConv2D(2, student, "anchored", name=name) for name in "ab"]
    model = keras.Sequential([keras.Input((6, 6, 1)), *clones])
    with pytest.raises(ValueError, match="'b' shares its student with 'a'"):
        sc.networks.StrengthSearch(model)


def test_wrong_arguments_are_refused(images):
    search = sc.networks.StrengthSearch(network(), (0.1, 0.5))
    for options, message in (
        ({"loss": ["mse", "mse"]}, "`loss` must be one"),
        ({"metrics": "accuracy"}, "`metrics` must be a list"),
        ({"loss_weights": [1]}, "Received: loss_weights"),
    ):
        with pytest.raises(ValueError, match=message):
            search.compile("adam", **{"loss": "mse", **options})
    search.compile("adam", "mse", metrics=["mae"])
    for options, message in (
        ({"monitor": "accuracy"}, "`monitor` must be one of"),
        ({"monitor": "mae"}, "`mode` must say whether the smallest mae is best"),
        ({"tolerance": -1}, "`tolerance` must not be negative"),
        ({"return_dict": False}, "`return_dict` is not of `choose`"),
    ):
        with pytest.raises(ValueError, match=message):
            search.choose(images, np.ones((24, 2)), **options)
    with pytest.raises(ValueError, match="No loss is finite"):
        search.choose(images, np.full((24, 2), np.nan))
    with pytest.raises(ValueError, match="`strength` must be one of"):
        search.network(0.7)
    with pytest.raises(ValueError, match="A search is not saved"):
        search.get_config()


def test_weights_that_diverged_are_not_chosen_though_the_loss_is_finite(images):
    search = sc.networks.StrengthSearch(network(), (0.1, 0.5))
    search.compile("adam", "mse")
    search.get_layer("first").bias.assign([np.nan, 0])
    with pytest.raises(ValueError, match="Weights are not finite: training diverged"):
        search.choose(images, np.ones((24, 2)))


def test_a_layer_of_one_name_in_a_nested_network_stays(images):
    head = keras.Sequential(
        [keras.Input((6, 6, 4, 3)), untied(name="last")], name="head"
    )
    inputs = keras.Input((8, 8, 1))
    x = head(sc.GroupConv2D(3, 3, "c4")(inputs))
    x = GroupPooling()(untied(padding="same", name="last")(x))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x), name="last")
    search = sc.networks.StrengthSearch(model, (0.1, 0.5))
    search.compile("adam", "mse")
    search.fit(images, np.ones((24, 3)), verbose=0)
    for strength in (0.1, 0.5):
        expected = search(images)[f"strength_{strength}"]
        np.testing.assert_allclose(
            search.network(strength)(images), expected, atol=1e-6
        )
