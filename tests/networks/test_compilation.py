"""A copy of a network is compiled as the network is, with the same objects."""

import keras
import numpy as np
import pytest
from keras import layers

import symclone_tf as sc
from symclone_tf.networks import relaxed_students
from symclone_tf.networks.compilation import not_compiled

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(4, 8, 8, 1)).astype("float32")
TARGETS = RNG.normal(size=(4, 6, 6, 2)).astype("float32")


class Dice(keras.losses.Loss):
    """A loss of one's own that is not registered."""

    def call(self, y_true, y_pred):
        return 1 - keras.ops.mean(y_true * y_pred)


class Covered(keras.metrics.Metric):
    """A metric of one's own that is not registered."""

    def __init__(self, name="covered", **options):
        super().__init__(name=name, **options)
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(keras.ops.sum(y_pred))

    def result(self):
        return self.total.value


def dice(y_true, y_pred):
    """Not Keras' loss of this name."""
    return 0.0 * keras.ops.mean(y_pred) + 42.0


def squares(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred))


def network():
    return keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.Identity(name="answers")]
    )


def compiled(**options):
    model = network()
    model.compile(**{"optimizer": "adam", "loss": "mse", **options})
    return model


def keep(layer):
    """Replaces nothing."""


OPTIONS = {
    "function": {"loss": squares},
    "function with a name of Keras": {"loss": dice},
    "lambda": {"loss": lambda y_true, y_pred: 3 * squares(y_true, y_pred)},
    "loss": {"loss": Dice()},
    "metrics": {"metrics": [Covered(), dice, "mae"]},
    "weighted metrics": {"weighted_metrics": [squares]},
    "lists": {"loss": [squares], "loss_weights": [2.0], "metrics": ["mae", dice]},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_losses_and_metrics_are_the_objects_at_hand(options):
    model = compiled(**options)
    again = sc.networks.rebuilt(model, keep)
    expected = model.evaluate(IMAGES, TARGETS, verbose=0, return_dict=True)
    found = again.evaluate(IMAGES, TARGETS, verbose=0, return_dict=True)
    assert found == pytest.approx(expected, rel=1e-5)
    if options.get("loss") is dice:
        assert found["loss"] == 42


def test_metrics_have_a_state_of_their_own():
    covered = Covered()
    model = compiled(metrics=[covered])
    again = sc.networks.rebuilt(model, keep)
    model.evaluate(IMAGES, TARGETS, verbose=0)
    before = float(covered.result())
    again.evaluate(2 * IMAGES, TARGETS, verbose=0)
    assert float(covered.result()) == before != 0


class Halving(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule of one's own that is not registered."""

    def __call__(self, step):
        return 0.5 ** keras.ops.cast(step + 1, "float32")

    def get_config(self):
        return {}


class OwnSGD(keras.optimizers.SGD):
    """An optimizer of one's own that is not registered."""


def test_optimizers_are_made_again_with_their_rate_or_schedule():
    model = compiled(optimizer=OwnSGD(0.25, momentum=0.5))
    model.optimizer.learning_rate = 0.125
    again = sc.networks.rebuilt(model, keep)
    assert type(again.optimizer) is OwnSGD
    assert again.optimizer is not model.optimizer
    assert float(again.optimizer.learning_rate) == 0.125
    assert again.optimizer.momentum == 0.5
    schedule = Halving()
    again = sc.networks.rebuilt(
        compiled(optimizer=keras.optimizers.SGD(schedule)), keep
    )
    assert float(again.optimizer.learning_rate) == 0.5
    again.fit(IMAGES, TARGETS, verbose=0)
    assert float(again.optimizer.learning_rate) == 0.25


def test_loss_scaling_is_as_it_was():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        for scale in (True, False):
            model = network()
            model.compile("adam", "mse", auto_scale_loss=scale)
            kind = type(sc.networks.rebuilt(model, keep).optimizer)
            assert kind is type(model.optimizer)
            assert (kind is keras.optimizers.LossScaleOptimizer) == scale
    finally:
        keras.config.set_dtype_policy("float32")


class Distilling(keras.Model):
    """A model that is compiled with more than Keras knows of."""

    def compile(self, temperature, **options):
        super().compile(**options)
        self.temperature = temperature


def test_what_a_compile_of_its_own_sets_is_copied():
    images = keras.Input((8, 8, 1))
    model = Distilling(images, layers.Conv2D(2, 3)(images))
    model.compile(7.0, optimizer="sgd", loss=dice)
    again = sc.networks.rebuilt(model, keep)
    assert again.temperature == 7.0
    assert again.compiled
    assert again.evaluate(IMAGES, TARGETS, verbose=0) == 42


def test_networks_that_are_not_compiled_remain_so():
    assert not sc.networks.rebuilt(network(), keep).compiled
    assert not_compiled(network()) == ""


class Secret(keras.optimizers.SGD):
    """An optimizer that cannot be made again."""

    def get_config(self):
        raise NotImplementedError("no configuration")


@pytest.mark.slow
def test_what_cannot_be_compiled_alike_is_said_before_anything_is_cloned(monkeypatch):
    class Started(Exception):
        """Cloning has begun."""

    def clone(*arguments, **options):
        raise Started

    model = compiled(optimizer=Secret(0.1))
    assert not_compiled(model) == (
        "its optimizer, Secret, cannot be made again (no configuration)"
    )
    with pytest.warns(
        sc.errors.RelaxingWarning, match=r"is not compiled, unlike.*Secret"
    ):
        relaxed, report = sc.relax(model, verbose=0)
    assert not relaxed.compiled
    assert "its optimizer, Secret" in report.notes[0]
    monkeypatch.setattr(relaxed_students, "clone", clone)
    with pytest.warns(sc.errors.RelaxingWarning), pytest.raises(Started):
        sc.relax(model, verbose=0)
