import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.cloning.cloner import Cloner, full_float32
from symclone_tf.cloning.cloning import Training, clone, train
from symclone_tf.symmetry.groups import GROUPS
from symclone_tf.cloning.fidelity import nmse
from symclone_tf.students.dense import DenseStudent

from cases import CASES


def make(seed=0, image_size=6, **options):
    return Cloner(DenseStudent("c4", image_size=image_size, seed=seed, **options))


@CASES
@pytest.mark.parametrize("size", [7, 8])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_copies_every_teacher_exactly(group, lifting, size, padding):
    student, report = clone(group, lifting, image_size=size, padding=padding, verbose=0)
    assert report.nmse < 1e-10
    assert report.equivariance_error < 1e-4
    # The report's figures hold on draws of another seed.
    assert nmse(student, seed=99) < 1e-10


@pytest.mark.parametrize("seed", range(5))
def test_no_seed_stalls(seed):
    assert clone("c4", image_size=9, seed=seed, verbose=0)[1].nmse < 1e-10
    assert clone("c4", False, image_size=9, seed=seed, verbose=0)[1].nmse < 1e-10


@pytest.mark.parametrize(("size", "kernel_size"), [(3, 3), (8, 1), (8, 4), (9, 5)])
def test_copies_any_kernel_that_fits(size, kernel_size):
    _, report = clone("c4", image_size=size, kernel_size=kernel_size, verbose=0)
    assert report.nmse < 1e-10


@pytest.mark.parametrize("blocks", [5, 7, 8])
def test_fewer_blocks_reach_the_eckart_young_floor(blocks):
    student, _ = clone("c4", image_size=10, blocks=blocks, verbose=0)
    reached = nmse(student, images=2048, kernels=64)
    assert reached == pytest.approx(1 - blocks / 9, rel=0.02)


def test_more_blocks_than_needed_do_no_harm():
    assert clone("c4", image_size=8, blocks=12, verbose=0)[1].nmse < 1e-10


def test_hidden_layer_learns():
    options = {"image_size": 5, "hidden_units": (32,), "verbose": 0}
    _, short = clone("c4", steps=50, **options)
    _, long = clone("c4", steps=800, **options)
    assert long.nmse < 0.01
    assert long.nmse < short.nmse / 10


@pytest.mark.parametrize(
    "options",
    [{"images_per_step": 5}, {"kernels_per_step": 4}, {"images_per_step": 200}],
)
def test_any_batch_converges(options):
    assert clone("c4", image_size=8, verbose=0, **options)[1].nmse < 1e-8


def test_same_seed_gives_the_same_bits():
    def weights(seed):
        student, _ = clone("c4", image_size=12, seed=seed, verbose=0)
        return np.concatenate([w.ravel() for w in student.get_weights()])

    np.testing.assert_array_equal(weights(3), weights(3))
    assert not np.array_equal(weights(3), weights(4))


def test_report_says_how_the_clone_was_made(small_clone):
    student, report = small_clone
    recipe = student.recipe()
    assert report.steps == recipe.steps
    assert report.images_per_step == recipe.images_per_step
    assert report.seconds > 0
    assert report.jit == bool(tf.config.list_physical_devices("GPU"))
    assert report.versions["keras"] == keras.__version__
    assert report.nmse == nmse(student)


def test_training_goes_on_from_where_it_was():
    student, _ = clone("c4", image_size=6, steps=5, verbose=0)
    before = nmse(student)
    assert train(student, Training(seed=1, steps=5), verbose=0).nmse < before / 2


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


@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("steps_per_execution", [1, 8])
def test_fit_takes_exactly_the_steps_asked_for(jit_compile, steps_per_execution):
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


def test_xla_and_plain_graphs_are_equally_faithful():
    for jit in (True, False):
        assert clone("c4", image_size=6, jit=jit, verbose=0)[1].nmse < 1e-10


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


def test_evaluation_draws_what_training_never_does():
    cloner = make()
    training, held_out = (cloner._draw(use, 3)[0] for use in (0, 1))
    assert not np.allclose(training, held_out)


def test_predicts_like_its_student(rng):
    cloner = make()
    cloner.compile()
    cloner.fit(steps_per_epoch=20, verbose=0)
    images = rng.normal(size=(4, 6, 6, 1)).astype("float32")
    kernel = rng.normal(size=(3, 3, 1, 2)).astype("float32")
    np.testing.assert_array_equal(
        cloner((images, kernel)), cloner.student(images, kernel)
    )


def test_saves_and_resumes_with_the_draws_it_would_have_made(tmp_path):
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


def test_divergence_is_reported_and_returns_nothing():
    with pytest.raises(sc.CloningError, match=r"diverged.*learning_rate=50"):
        clone("c4", image_size=6, learning_rate=50, verbose=0)


def test_fidelity_that_is_not_reached_is_reported():
    with pytest.raises(sc.CloningError, match=r"reached an NMSE of .*1\.0e-03"):
        clone("c4", image_size=6, blocks=5, max_nmse=1e-3, verbose=0)


def test_tensor_float_32_is_off_while_training_and_back_afterwards():
    enabled = tf.config.experimental.tensor_float_32_execution_enabled
    seen = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(enabled())
    )
    before = enabled()
    cloner = make()
    cloner.compile()
    cloner.fit(steps_per_epoch=2, callbacks=[watch], verbose=0)
    assert before
    assert seen == [False, False]
    assert enabled()


def test_tensor_float_32_comes_back_after_an_error():
    with pytest.raises(KeyError), full_float32():
        raise KeyError
    assert tf.config.experimental.tensor_float_32_execution_enabled()


def test_xla_is_on_where_there_is_a_gpu():
    cloner = make()
    cloner.compile()
    assert cloner.jit_compile == bool(tf.config.list_physical_devices("GPU"))
    assert clone("c4", image_size=5, jit=True, steps=2, verbose=0)[1].jit


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group": "c3"}, "`group` must be one of"),
        ({"solver": "magic"}, "`solver` must be one of sgd"),
        ({"steps": 0}, "`steps` must be a positive integer"),
        ({"learning_rate": float("nan")}, "`learning_rate` must be a positive"),
        ({"images_per_step": -1}, "`images_per_step` must be"),
        ({"kernels_per_step": 0}, "`kernels_per_step` must be"),
        ({"max_nmse": 0}, "`max_nmse` must be"),
        ({"blocks": 0}, "`blocks` must be"),
    ],
)
def test_bad_arguments_are_refused_before_any_work(options, message, monkeypatch):
    monkeypatch.setattr(Cloner, "fit", lambda *_, **__: pytest.fail("it trained"))
    with pytest.raises(ValueError, match=message):
        clone(**{"group": "c4", "image_size": 6, "verbose": 0, **options})


def test_all_groups_are_cloned():
    assert {case[0] for case in CASES.args[1]} == set(GROUPS)
