"""Decoupled anchors follow the learning rate, whatever the gradients are."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.layers.decoupled_anchors import DECOUPLED, regularized

from cases import later
from clones import draw, solved
from processes import run_script


def test_steps_are_the_formulas(rng):
    before, change = rng.normal(size=(2, 4, 5)).astype("float32")
    found = regularized("decoupled-l2-sp", before + change, before, 0.25)
    np.testing.assert_allclose(found, before + 0.75 * change, rtol=1e-6)
    found = regularized("proximal", before + change, before, 0.25)
    shrunk = np.sign(change) * np.maximum(np.abs(change) - 0.25, 0)
    np.testing.assert_allclose(found, before + shrunk, rtol=1e-6, atol=1e-12)
    assert np.sum(np.array(found) == before) > 0


def test_steps_never_go_past_the_anchor(rng):
    before, change = rng.normal(size=(2, 4, 5)).astype("float32")
    for kind in DECOUPLED:
        found = regularized(kind, before + change, before, 1e6)
        np.testing.assert_allclose(found, before, atol=1e-12)


class ZeroGradients(keras.losses.Loss):
    """A loss whose gradients are zero, so that only anchors change weights."""

    def call(self, y_true, y_pred):
        return 0.0 * keras.ops.sum(y_pred, axis=tuple(range(1, len(y_pred.shape))))


def displaced(rng, strength=2.0, student="local", anchor="decoupled-l2-sp", **options):
    """A model of one anchored layer, whose student deviates from its anchors."""
    student = solved("t2", image_size=6, student=student)
    layer = sc.ClonedConv2D(
        2, student, "anchored", anchor=anchor, anchor_strength=strength, **options
    )
    model = keras.Sequential([keras.Input((6, 6, 1)), layer])
    changes = [rng.normal(size=w.shape).astype("float32") for w in student.weights]
    for weight, change in zip(student.weights, changes):
        weight.assign(weight + change)
    return model, layer, changes


def fit(model, steps, optimizer, **options):
    model.compile(optimizer, ZeroGradients(), **options)
    inputs, targets = np.ones((4 * steps, 6, 6, 1)), np.zeros((4 * steps, 4, 4, 2))
    model.fit(inputs, targets, batch_size=4, verbose=0)


def remaining(layer, changes):
    """The share of the displacement that remains, the same for all weights."""
    shares = [
        (np.array(w.numpy()) - a.numpy()) / change
        for w, a, change in zip(layer.student.weights, layer.anchors, changes)
    ]
    assert max(np.ptp(share) for share in shares) < 1e-3
    return np.mean([share.mean() for share in shares])


@pytest.mark.slow
@pytest.mark.parametrize("student", ["local", later("dense")])
@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.SGD,
        keras.optimizers.Adam,
        later(keras.optimizers.RMSprop),
        later(keras.optimizers.Lion),
        later(keras.optimizers.Adafactor),
    ],
)
def test_each_step_decays_by_learning_rate_and_strength(rng, optimizer, student, jit):
    """Whatever an optimizer makes of gradients, for any student."""
    model, layer, changes = displaced(rng, 2.0, student)
    fit(model, 5, optimizer(0.1), jit_compile=jit)
    assert remaining(layer, changes) == pytest.approx(0.8**5, rel=1e-4)


@pytest.mark.slow
def test_schedules_are_followed(rng):
    model, layer, changes = displaced(rng)
    rates = [0.1, 0.2, 0.05]
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0, 1], rates)
    fit(model, 3, keras.optimizers.SGD(schedule))
    expected = np.prod([1 - 2 * rate for rate in rates])
    assert remaining(layer, changes) == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_a_rate_that_is_set_later_is_followed(rng):
    model, layer, changes = displaced(rng)
    fit(model, 1, keras.optimizers.SGD(0.1))
    model.optimizer.learning_rate = 0.2
    model.fit(np.ones((4, 6, 6, 1)), np.zeros((4, 4, 4, 2)), verbose=0)
    assert remaining(layer, changes) == pytest.approx(0.8 * 0.6, rel=1e-4)


@pytest.mark.slow
def test_accumulated_steps_decay_once_in_all(rng):
    model, layer, changes = displaced(rng)
    fit(model, 8, keras.optimizers.SGD(0.01, gradient_accumulation_steps=4))
    assert remaining(layer, changes) == pytest.approx(0.98**2, rel=1e-3)


@pytest.mark.slow
def test_scaled_losses_decay_alike(rng):
    model, layer, changes = displaced(rng, dtype="mixed_float16")
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    fit(model, 5, scaled)
    assert remaining(layer, changes) == pytest.approx(0.8**5, rel=1e-4)


@pytest.mark.slow
def test_reloaded_models_continue_to_decay(rng, tmp_path):
    model, _, changes = displaced(rng)
    fit(model, 2, keras.optimizers.SGD(0.1))
    model.save(tmp_path / "model.keras")
    reloaded = keras.saving.load_model(
        tmp_path / "model.keras", custom_objects={"ZeroGradients": ZeroGradients}
    )
    (layer,) = reloaded.layers
    assert (layer.anchor, layer.anchor_strength) == ("decoupled-l2-sp", 2.0)
    fit(reloaded, 3, keras.optimizers.SGD(0.1))
    assert remaining(layer, changes) == pytest.approx(0.8**5, rel=1e-4)


@pytest.mark.slow
def test_soft_thresholding_leaves_small_changes_at_exactly_zero(rng):
    model, layer, changes = displaced(rng, 1.0, anchor="proximal")
    fit(model, 4, keras.optimizers.SGD(0.05))
    for weight, anchor, change in zip(layer.student.weights, layer.anchors, changes):
        found = weight.numpy() - anchor.numpy()
        expected = np.sign(change) * np.maximum(np.abs(change) - 0.2, 0)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert np.any(found == 0)


@pytest.mark.slow
def test_two_layers_of_one_student_decay_once(rng):
    student = solved("t2", image_size=6, padding="same")
    options = {"anchor": "decoupled-l2-sp", "anchor_strength": 2.0}
    layers = [sc.ClonedConv2D(1, student, "anchored", **options) for _ in range(2)]
    model = keras.Sequential([keras.Input((6, 6, 1)), *layers])
    (weight,) = student.block_weights
    before = weight.numpy().copy()
    weight.assign(before + 1)
    model.compile(keras.optimizers.SGD(0.1), ZeroGradients())
    model.fit(np.ones((4, 6, 6, 1)), np.zeros((4, 6, 6, 1)), verbose=0)
    np.testing.assert_allclose(weight - before, np.full(weight.shape, 0.8), atol=1e-5)


class TestCustomTrainingLoops:
    @staticmethod
    def step(layer, optimizer, inputs):
        with tf.GradientTape() as tape:
            loss = 0.0 * tf.reduce_sum(layer(inputs))
        weights = layer.trainable_weights
        optimizer.apply(tape.gradient(loss, [w.value for w in weights]), weights)

    @pytest.mark.slow
    def test_the_layer_follows_the_optimizer_that_it_is_passed(self, rng):
        _, layer, changes = displaced(rng)
        optimizer = keras.optimizers.SGD(0.1)
        layer.hold(optimizer)
        self.step(layer, optimizer, draw(rng, layer.student, 1))
        assert remaining(layer, changes) == pytest.approx(0.8, rel=1e-4)

    def test_a_layer_without_an_optimizer_says_how_to_pass_one(self, rng):
        _, layer, _ = displaced(rng)
        with pytest.raises(ValueError, match=r"no optimizer is known.*layer\.hold"):
            self.step(layer, keras.optimizers.SGD(0.1), draw(rng, layer.student, 1))


@pytest.mark.slow
def test_replicas_decay_as_one_process(tmp_path):
    script = f"""
import keras
import numpy as np
import tensorflow as tf
cpu, = tf.config.list_physical_devices("CPU")
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, two)
import symclone_tf as sc
student, _ = sc.clone("t2", image_size=6, student="local", solver="closed-form")
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    student = type(student).from_config(student.get_config())
    layer = sc.ClonedConv2D(
        2, student, "anchored", anchor="decoupled-l2-sp", anchor_strength=2.0
    )
    frozen = sc.clone("t2", image_size=4, student="local", solver="closed-form")[0]
    frozen = sc.ClonedConv2D(2, frozen)
    model = keras.Sequential([keras.Input((6, 6, 1)), layer, frozen])
    (weight,) = student.block_weights
    weight.assign(weight + 1)
    model.compile(keras.optimizers.SGD(0.1), "mse", loss_weights=[0.0])
data = tf.data.Dataset.from_tensors((np.ones((8, 6, 6, 1)), np.zeros((8, 2, 2, 2))))
model.fit(data.repeat(3), verbose=0)
assert frozen.computes_as() == "convolution"
np.save({str(tmp_path / "weight.npy")!r}, weight)
"""
    process = run_script(script, tmp_path)
    assert process.returncode == 0, process.stderr
    found = np.load(tmp_path / "weight.npy")
    np.testing.assert_allclose(found, np.full(found.shape, 0.8**3), rtol=1e-4)


def test_an_optimizer_without_a_learning_rate_is_refused(rng):
    class Other:
        """An object that is not an optimizer."""

    _, layer, _ = displaced(rng)
    layer.hold(Other())
    weight = layer.student.encoder.kernel
    with pytest.raises(ValueError, match=r"number or a schedule. Received: Other with"):
        weight.constraint(weight)
