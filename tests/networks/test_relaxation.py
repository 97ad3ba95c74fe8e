"""Relaxed networks compute the same, and may break their symmetry in training."""

import keras
import numpy as np
import pytest
from keras import layers

import symclone_tf as sc
from symclone_tf.networks import relaxed_students

from cases import later
from networks import noise, of_signals, of_volumes, plain, settle
from processors import NEEDS_CHANNELS_FIRST


def relaxed_plain(*arguments, **options):
    model = plain()
    return model, *sc.relax(model, *arguments, verbose=0, **options)


@pytest.mark.parametrize("student", ["local", "dense"])
def test_a_relaxed_network_computes_the_same(student):
    model, relaxed, report = relaxed_plain(student=student)
    assert relaxed.name == model.name
    assert relaxed.layers[0].name == model.layers[0].name == "images"
    assert relaxed.output_names == model.output_names
    names = [layer.name for layer in sc.networks.convolution_layers(model)]
    assert [layer.name for layer in sc.networks.convolution_layers(relaxed)] == names
    images = noise(model)
    expected = np.array(model(images))
    scale = np.abs(expected).max()
    assert np.ptp(expected) > 0.1
    assert np.abs(relaxed(images) - expected).max() < 1e-5 * scale
    assert report.difference < 1e-5
    assert not report.left


@pytest.mark.slow
def test_convolutions_larger_than_a_pixel_become_clones():
    _, relaxed, report = relaxed_plain("anchored", anchor="decoupled-l2-sp")
    kinds = {
        layer.name: type(layer).__name__
        for layer in sc.networks.convolution_layers(relaxed)
    }
    clones = ["first", "inner", "depthwise"]
    assert kinds == dict.fromkeys(clones, "ClonedConv2D") | {"pointwise": "Conv2D"}
    assert [row.name for row in report.layers] == clones
    layer = relaxed.get_layer("first")
    assert (layer.symmetry, layer.anchor) == ("anchored", "decoupled-l2-sp")
    assert isinstance(layer.kernel_regularizer, keras.regularizers.L2)
    assert isinstance(layer.student, sc.LocallyConnectedStudent)


@pytest.mark.slow
def test_the_report_counts_weights_and_operations():
    _, relaxed, report = relaxed_plain()
    first, inner, depthwise = report.layers
    assert (first.kind, first.teacher) == ("Conv2D", "T(2) 12×12 /2")
    assert (first.channels, first.filters) == (2, 4)
    assert first.weights_before == 9 * 2 * 4 + 4
    # A 9×9 matrix for each of 36 positions, and one of the encoder.
    assert first.weights == first.weights_before + 36 * 81 + 81
    assert first.operations_before == 2 * 36 * 9 * 2 * 4
    features, mixing = 36 * 9 * 9 * 2, 36 * 9 * 2 * 4
    assert first.operations == 2 * (features + mixing)
    assert depthwise.operations_before == 2 * 36 * 9 * 5
    assert (inner.channels, depthwise.channels, depthwise.filters) == (4, 5, 5)
    for row in report.layers:
        layer = next(
            one
            for one in sc.networks.convolution_layers(relaxed)
            if one.name == row.name
        )
        assert layer.count_params() == row.weights
        assert row.difference < 1e-5


@pytest.mark.slow
def test_a_frozen_network_takes_as_many_operations():
    _, _, report = relaxed_plain("frozen")
    for row in report.layers:
        assert row.operations == row.operations_before


@pytest.mark.slow
def test_the_given_network_does_not_change():
    model = plain()
    before = [w.numpy().copy() for w in model.weights]
    config = model.get_config()
    relaxed, _ = sc.relax(model, verbose=0)
    relaxed.compile("sgd", "mse")
    relaxed.fit(noise(model), np.ones((2, 3)), verbose=0)
    assert model.get_config() == config
    assert model.get_layer("first").output.shape == (None, 6, 6, 4)
    for weight, values in zip(model.weights, before):
        np.testing.assert_array_equal(weight, values)


def test_equal_layers_share_a_cloning_but_no_weights(monkeypatch):
    made = []
    clone = relaxed_students.clone
    monkeypatch.setattr(
        relaxed_students, "clone", lambda *a, **k: made.append(a) or clone(*a, **k)
    )
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(3, 3, padding="same"),
            layers.Conv2D(4, 3, padding="same"),
        ]
    )
    relaxed, report = sc.relax(model, verbose=0)
    assert len(made) == 1
    assert len(report.layers) == 2
    first, second = (layer.student for layer in relaxed.layers)
    assert first is not second
    second.block_weights[0].assign(0 * second.block_weights[0])
    assert np.abs(first.block_weights[0]).max() > 0.5


@pytest.mark.slow
def test_group_convolutions_are_relaxed_too():
    model = keras.Sequential(
        [
            keras.Input((9, 9, 1)),
            sc.GroupConv2D(2, 3, "c4", name="lifting"),
            sc.GroupConv2D(3, 3, "c4", name="group", activation="relu"),
        ]
    )
    settle(model)
    relaxed, report = sc.relax(model, trainable_part="encoder", verbose=0)
    assert [row.teacher for row in report.layers] == ["C4 lifting 9×9", "C4 group 7×7"]
    assert report.difference < 1e-5
    assert relaxed.layers[1].student.teacher.group.name == "c4"


def test_bad_options_are_refused_before_anything_is_cloned(monkeypatch):
    monkeypatch.setattr(relaxed_students, "clone", None)
    for options, message in (
        ({"symmetry": "relaxed"}, "`symmetry` must be one of"),
        ({"symmetry": "anchored", "anchor": "rope"}, "`anchor` must be one of"),
        ({"symmetry": "anchored", "anchor_strength": 2.0}, "a share of the inputs, g"),
        ({"trainable_part": "kernel"}, "`trainable_part` must be one of"),
        ({"student": "global"}, "`student` must be one of"),
        ({"regions": 0}, "`regions` must be a positive integer"),
        ({"regions": (2, 1.5)}, "`regions` must be a positive integer"),
        ({"regions": 2, "student": "local"}, "`regions` are those of `student` reg"),
    ):
        with pytest.raises(ValueError, match=message):
            sc.relax(plain(), verbose=0, **options)


def test_small_images_are_anchored_too():
    model = keras.Sequential(
        [
            keras.Input((3, 3, 2)),
            layers.Conv2D(3, 3, padding="same", name="three"),
            layers.Conv2D(4, 3, name="one"),
        ]
    )
    relaxed, report = sc.relax(model, "anchored", verbose=0)
    assert [row.name for row in report.layers] == ["three"]
    assert "one position" in report.left["one"]
    images = noise(model)
    assert relaxed(images, training=True).shape == (2, 1, 1, 4)


def test_clones_too_large_to_train_are_refused_before_anything_is_cloned(monkeypatch):
    monkeypatch.setattr(relaxed_students, "clone", None)
    model = keras.Sequential(
        [keras.Input((224, 224, 3)), layers.Conv2D(8, 3, name="large")]
    )
    with pytest.raises(MemoryError, match="GB of it for layer 'large'"):
        sc.relax(model, student="dense", verbose=0)


@NEEDS_CHANNELS_FIRST
def test_convolutions_with_channels_first_are_relaxed():
    model = keras.Sequential(
        [
            keras.Input((2, 8, 7)),
            layers.Conv2D(3, 3, data_format="channels_first", name="first"),
        ]
    )
    relaxed, report = sc.relax(model, verbose=0)
    assert report.layers[0].teacher == "T(2) 8×7"
    images = noise(relaxed)
    assert relaxed(images).shape == (2, 3, 6, 5)


# With strides, translations do not remain translations.
NOT_MEASURED = pytest.mark.filterwarnings("ignore:first is not measured")


def fitted(relaxed, *callbacks):
    images = noise(relaxed, 32)
    labels = np.arange(32) % 3
    relaxed.compile(
        keras.optimizers.Adam(2e-2),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    history = relaxed.fit(images, labels, epochs=5, verbose=0, callbacks=callbacks)
    return history.history["loss"]


@pytest.mark.slow
@NOT_MEASURED
def test_a_relaxed_network_trains_breaks_its_symmetry_and_is_reloaded(tmp_path):
    model, relaxed, _ = relaxed_plain("anchored", anchor="transformed-inputs")
    errors = sc.EquivarianceErrors(noise(model, 4), "t2")
    losses = fitted(relaxed, errors)
    assert losses[-1] < 0.9 * losses[0]
    assert errors.history["inner"][0] < 1e-5
    assert errors.history["inner"][-1] > 1e-3
    relaxed.save(tmp_path / "relaxed.keras")
    again = keras.saving.load_model(tmp_path / "relaxed.keras")
    images = noise(model)
    np.testing.assert_allclose(again(images), relaxed(images), rtol=1e-5, atol=1e-6)
    assert again.get_layer("first").deviation().norm > 0


@pytest.mark.slow
def test_mixed_precision_is_kept():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = plain()
    finally:
        keras.config.set_dtype_policy("float32")
    relaxed, _ = sc.relax(model, verbose=0)
    layer = relaxed.get_layer("first")
    assert layer.compute_dtype == "float16"
    images = noise(model)
    np.testing.assert_allclose(relaxed(images), model(images), atol=2e-2)
    losses = fitted(relaxed)
    assert losses[-1] < losses[0]


@pytest.mark.slow
@pytest.mark.parametrize("student", ["local", later("regional")])
@pytest.mark.parametrize("policy", ["bfloat16", later("float16")])
def test_half_precision_is_kept(student, policy, tmp_path):
    keras.config.set_dtype_policy(policy)
    try:
        model = plain()
    finally:
        keras.config.set_dtype_policy("float32")
    relaxed, report = sc.relax(model, student=student, verbose=0)
    assert not report.left
    assert relaxed.get_layer("first").kernel.dtype == policy
    images = noise(model)
    expected, found = (
        np.array(keras.ops.cast(each(images), "float32")) for each in (model, relaxed)
    )
    assert np.abs(found - expected).max() < 5e-2 * np.abs(expected).max()
    relaxed.save(tmp_path / "relaxed.keras")
    again = keras.saving.load_model(tmp_path / "relaxed.keras")
    outputs = keras.ops.cast(again(images), "float32")
    np.testing.assert_array_equal(np.array(outputs), found)


APPLICATIONS = ("MobileNetV2", "ResNet50", "EfficientNetB0", "DenseNet121")


@pytest.mark.slow
@pytest.mark.parametrize("name", APPLICATIONS)
def test_published_architectures_are_relaxed(name):
    make = getattr(keras.applications, name)
    model = make(weights=None, include_top=False, input_shape=(96, 96, 3))
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0
    images = 64 * noise(model, 4)
    model(images, training=True)  # sets the statistics of normalisation
    relaxed, report = sc.relax(model, verbose=0)
    # EfficientNet's last kernels, 5×5, are larger than their images of 3×3 pixels.
    reasons = set(report.left.values())
    assert all("kernel_size=5, image_size=3" in reason for reason in reasons)
    assert bool(reasons) == (name == "EfficientNetB0")
    assert len(report.layers) >= 13
    assert max(row.difference for row in report.layers) < 1e-5
    expected = np.array(model(images))
    assert np.ptp(expected) > 1e-3
    scale = np.abs(expected).max()
    difference = np.abs(relaxed(images) - expected).max() / scale
    if 1e-5 < difference < 1e-3:
        pytest.xfail(f"rounding grows through random layers, to {difference:.0e}")
    assert difference < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "student"),
    [
        (of_signals, "local"),
        later(of_signals, "dense"),
        later(of_volumes, "local"),
        (of_volumes, "dense"),
    ],
)
def test_networks_of_signals_and_volumes_compute_the_same(network, student):
    model = network()
    relaxed, report = sc.relax(model, student=student, verbose=0)
    assert report.difference < 1e-4
    assert report.left == {}
    convolutions = [one for one in model.layers if hasattr(one, "kernel_size")]
    assert [row.name for row in report.layers] == [one.name for one in convolutions]
    for row, layer in zip(report.layers, convolutions):
        cloned = relaxed.get_layer(layer.name)
        assert isinstance(cloned, sc.layers.Cloned)
        assert cloned.trainable_weights
        positions = int(np.prod(layer.output.shape[1:-1]))
        entries = int(np.prod(layer.kernel.shape))
        assert row.operations_before == 2 * positions * entries
    images = keras.random.normal((4, *model.input_shape[1:]))
    relaxed.compile("sgd", "mse")
    relaxed.fit(images, model(images) + 1, epochs=1, verbose=0)


def test_signals_of_any_length_need_an_image_size_for_local_students():
    signals = keras.Input((None, 1))
    model = keras.Model(signals, layers.Conv1D(2, 3)(signals))
    with pytest.raises(ValueError, match="pass `image_size`"):
        sc.relax(model, student="local", verbose=0)
    for size in (0, (3, 4), 4.0):
        with pytest.raises(ValueError, match="`image_size` must be a positive"):
            sc.relax(model, image_size=size, verbose=0)
    relaxed, report = sc.relax(model, image_size=9, verbose=0)
    assert relaxed.input_shape == (None, 9, 1)
    assert report.layers[0].teacher == "T(1) 9"


@pytest.mark.slow
def test_groups_of_channels_of_signals_remain_with_a_reason():
    model = keras.Sequential(
        [
            keras.Input((9, 2)),
            layers.Conv1D(2, 3, name="relaxed"),
            layers.Conv1D(4, 3, groups=2, name="grouped"),
        ]
    )
    _, report = sc.relax(model, verbose=0)
    assert list(report.left) == ["grouped"]
    assert "in groups" in report.left["grouped"]


ELSEWHERE = {}


class HiddenState(layers.Layer):
    """Adds to bright pixels a number that is kept elsewhere, for this very object."""

    def call(self, inputs):
        added = ELSEWHERE.get(id(self), 0.0)
        return keras.ops.where(inputs > 100, inputs + added, inputs)


@pytest.mark.slow
def test_networks_that_compute_something_else_are_warned_of():
    hidden = HiddenState()
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), hidden, layers.Conv2D(2, 3), layers.Flatten()]
    )
    _, report = sc.relax(model, verbose=0)
    assert report.difference < 1e-5
    ELSEWHERE[id(hidden)] = 1000.0
    with pytest.warns(sc.errors.RelaxingWarning, match="new network differ by"):
        _, report = sc.relax(model, verbose=0)
    assert report.difference > 0.5
