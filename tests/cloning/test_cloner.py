import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.cloning.cloner import Cloner

from cases import later
from clones import dense


def make(seed=0, image_size=6, **options):
    return Cloner(dense("c4", image_size=image_size, seed=seed, **options))


def test_history_is_of_the_last_step_not_a_mean():
    cloner = make()
    cloner.compile()
    history = cloner.fit(steps_per_epoch=10, epochs=3, verbose=0).history
    assert set(history) == {"loss", "nmse"}
    assert history["nmse"][0] > 10 * history["nmse"][1] > 100 * history["nmse"][2]


def test_loss_is_the_mean_squared_error():
    cloner = make()
    cloner.compile(keras.optimizers.SGD(0.0))
    logs = cloner.train_step(None)
    inputs, kernel = cloner._draw(0, 0)
    targets = sc.group_conv2d(inputs, kernel, "c4")
    np.testing.assert_allclose(logs["loss"], np.mean(np.square(targets)), rtol=1e-5)
    np.testing.assert_allclose(logs["nmse"], 1.0, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("jit_compile", "steps_per_execution"),
    [
        (True, 8),
        (False, 1),
        later(True, 1),
        later(False, 8),
    ],
)
def test_fit_takes_exactly_the_given_steps(jit_compile, steps_per_execution):
    cloner = make()
    cloner.compile(jit_compile=jit_compile, steps_per_execution=steps_per_execution)
    cloner.fit(steps_per_epoch=21, epochs=2, verbose=0)
    assert int(cloner.optimizer.iterations) == 42
    assert cloner.evaluate(steps=2, verbose=0, return_dict=True)["nmse"] < 1e-8


def test_xla_and_plain_graphs_learn_the_same(monkeypatch):
    pairs = make()._draw(0, 0)
    monkeypatch.setattr(Cloner, "_draw", lambda *_: pairs)

    def learn(jit_compile):
        cloner = make()
        cloner.compile(jit_compile=jit_compile)
        cloner.fit(steps_per_epoch=5, verbose=0)
        return cloner.student.get_weights()

    for plain, compiled in zip(learn(False), learn(True), strict=True):
        np.testing.assert_allclose(plain, compiled, atol=1e-5)


def test_callbacks_validation_and_other_optimizers_work():
    cloner = make()
    cloner.compile("adam")
    stop = keras.callbacks.EarlyStopping(
        "val_nmse", mode="min", min_delta=1.0, patience=1
    )
    history = cloner.fit(
        steps_per_epoch=5, epochs=9, validation_steps=2, callbacks=[stop], verbose=0
    ).history
    assert len(history["val_nmse"]) == 2
    assert history["val_nmse"][1] < history["val_nmse"][0]


def test_evaluation_draws_pairs_that_training_never_does():
    cloner = make()
    training, held_out = (cloner._draw(use, 3)[0] for use in (0, 1))
    assert not np.allclose(training, held_out)


def test_predicts_as_its_student(rng):
    cloner = make()
    cloner.compile()
    cloner.fit(steps_per_epoch=20, verbose=0)
    images = rng.normal(size=(4, 6, 6, 1)).astype("float32")
    kernel = rng.normal(size=(3, 3, 1, 2)).astype("float32")
    np.testing.assert_array_equal(
        cloner((images, kernel)), cloner.student(images, kernel)
    )


@pytest.mark.slow
def test_saves_and_resumes_with_the_same_draws(tmp_path):
    whole = make()
    whole.compile()
    whole.fit(steps_per_epoch=12, verbose=0)

    first = make()
    first.compile()
    first.fit(steps_per_epoch=6, verbose=0)
    first.save(tmp_path / "cloner.keras")
    resumed = keras.saving.load_model(tmp_path / "cloner.keras")
    resumed.fit(steps_per_epoch=6, verbose=0)

    for a, b in zip(whole.student.get_weights(), resumed.student.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_tensor_float_32_is_off_while_training_and_back_afterwards(monkeypatch):
    monkeypatch.setattr("symclone_tf.teachers.precision.has_accelerator", lambda: True)
    enabled = tf.config.experimental.tensor_float_32_execution_enabled
    states = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: states.append(enabled())
    )
    before = enabled()
    cloner = make()
    cloner.compile()
    cloner.fit(steps_per_epoch=2, callbacks=[watch], verbose=0)
    assert before
    assert states == [False, False]
    assert enabled()
