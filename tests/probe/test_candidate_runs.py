import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.probe.candidate_runs import compiled, draw_samples, fit, run
from symclone_tf.probe.candidates import Candidate
from symclone_tf.probe.plans import Plan

from probes import stripes

PLAN = Plan(100, 25, 30, 3, {})


@pytest.fixture
def images(tmp_path):
    return sc.data.open_images(stripes(tmp_path / "a.npz"))


def test_images_of_a_seed_are_other_ones_in_each_part(images):
    (sample, other) = draw_samples(images, PLAN, 2)
    parts = [{x.tobytes() for x in part[0]} for part in (sample.train, sample.test)]
    parts.append({x.tobytes() for x in sample.validation[0]})
    assert [len(part) for part in parts] == [100, 30, 25]
    assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]
    assert np.array_equal(sample.test[0], other.test[0])
    assert not np.array_equal(sample.train[0], other.train[0])


def test_labels_stay_with_their_images(images):
    (sample,) = draw_samples(images, PLAN, 1)
    for image, label in zip(*sample.train):
        rows, columns = (image[..., 0].astype(int).sum(axis) for axis in (1, 0))
        assert (rows.max() > columns.max()) == bool(label)


def test_few_are_the_first_of_all(images):
    (sample,) = draw_samples(images, PLAN, 1)
    few = sample.few(25)
    assert np.array_equal(few.train[0], sample.train[0][:25])
    assert few.test is sample.test


def test_images_are_normalised_by_those_of_the_training(images):
    (sample,) = draw_samples(images, PLAN, 1)
    x = np.concatenate([x for x, _ in sample.batches("train", 32)])
    assert abs(x.mean()) < 1e-3
    assert x.std() == pytest.approx(1, abs=1e-3)
    y = np.concatenate([y for _, y in sample.batches("train", 32)])
    assert np.array_equal(y, sample.train[1])


@pytest.mark.slow
def test_the_best_weights_are_kept(images):
    (sample,) = draw_samples(images, PLAN, 1)
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
    model = compiled(keras.Sequential([keras.Input((16, 16, 1)), *layers]))
    history = keras.callbacks.History()
    epochs = fit(model, sample, 32, 60, callbacks=[history])
    losses = history.history["val_loss"]
    assert epochs == len(losses)
    loss = model.evaluate(sample.batches("validation", 250), verbose=0)[0]
    assert loss == pytest.approx(min(losses), rel=1e-4)


@pytest.mark.slow
def test_a_run_has_all_results(images, local_clones):
    (sample,) = draw_samples(images, PLAN, 1)
    candidate = Candidate("t2", "assumed")
    workspace = sc.workspace.Workspace(local_clones)
    found = run(candidate, images, sample.few(50), PLAN, 0, workspace, 32)
    assert (found.group, found.kind, found.train_size) == ("t2", "assumed", 50)
    assert 0 <= found.accuracy <= 1
    assert found.chance == max(np.bincount(sample.test[1])) / 30
    # Half of the images are seen twice as often.
    assert 1 <= found.epochs <= 6
    assert list(found.errors) == ["conv_1", "conv_2", "conv_3", "conv_4"]
    assert max(found.errors.values()) < 1e-5


def test_deep_images_are_normalised_as_bytes_are(images, rng):
    (sample,) = draw_samples(images, PLAN, 1)
    expected = sample.normalized(sample.test[0])
    parts = {
        name: (getattr(sample, name)[0].astype("float32") / 255, sample.test[1])
        for name in ("train", "validation", "test")
    }
    deep = type(sample)(**parts)
    np.testing.assert_allclose(deep.normalized(deep.test[0]), expected, atol=1e-4)
    # Images that are bright all over, of which single precision has to keep the rest.
    bright = 0.9 + 1e-3 * rng.uniform(size=(400, 16, 16, 1)).astype("float32")
    deep = type(sample)((bright, None), (bright, None), (bright, None))
    mean, spread = deep._pixels
    assert mean == pytest.approx(bright.mean(dtype="float64"), abs=1e-6)
    assert spread == pytest.approx(1 / 255)
