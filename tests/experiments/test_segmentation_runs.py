import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.cloning import Checkpoint, checkpoints
from symclone_tf.data import open_segmented
from symclone_tf.experiments import (
    Segmentation,
    find_or_clone_unet,
    run_segmentation,
    train_and_export,
)
from symclone_tf.layers import ClonedConv2D
from symclone_tf.workspace import Workspace

from segmented import shapes

QUIET = Workspace(verbose=0)


@pytest.fixture
def file(tmp_path):
    images, masks = shapes(20)
    np.savez(tmp_path / "cells.npz", x_train=images, y_train=masks)
    return str(tmp_path / "cells.npz")


def test_masks_rotate_with_images_after_training(file):
    experiment = Segmentation("gcnn", "c4", data=file, epochs=1)
    _, metrics = run_segmentation(experiment, QUIET)
    error = metrics["equivariance_error"]["network"]
    assert error["before"] < 1e-5
    assert error["after"] < 1e-5
    assert metrics["transformed_mean_iou"] == pytest.approx(metrics["mean_iou"])
    assert set(metrics["iou"]) == {"0", "1", "2"}
    assert metrics["epochs"] == 1
    json.dumps(metrics)


def test_a_plain_unet_learns_and_is_not_equivariant():
    images, masks = shapes(24)
    opened = open_segmented((images, (masks > 0)))
    experiment = Segmentation("cnn", "c4", data="cells", epochs=30, batch_size=8)
    _, metrics = run_segmentation(experiment, QUIET, images=opened)
    assert metrics["learned"]
    assert metrics["mean_iou"] > 0.6 > metrics["largest_class"] / 2 + 0.1
    assert metrics["equivariance_error"]["network"]["after"] > 1e-3


@pytest.mark.slow
def test_what_was_interrupted_goes_on_to_the_same_weights(file, tmp_path, monkeypatch):
    """With dropout, augmentation and the order of images."""
    monkeypatch.setattr(checkpoints, "SECONDS", 0)
    options = {"epochs": 3, "augment": "flip,rotation", "batch_size": 6}
    experiment = Segmentation("cnn", "flip", data=file, **options)

    class Interrupting(Checkpoint):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            if epoch == 1:
                raise KeyboardInterrupt

    whole, expected = run_segmentation(experiment, QUIET)
    state = tmp_path / "unfinished.weights.h5"
    with pytest.raises(KeyboardInterrupt):
        run_segmentation(experiment, QUIET, Interrupting(state))
    found, metrics = run_segmentation(experiment, QUIET, Checkpoint(state), resume=True)
    for one, other in zip(whole.get_weights(), found.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert metrics["iou"] == expected["iou"]


@pytest.mark.slow
def test_clones_of_equal_teachers_are_made_once_and_saved_once(file, tmp_path):
    workspace = Workspace(tmp_path / "clones", verbose=0)
    symmetry = ",".join(["frozen"] * 9 + ["anchored"])
    experiment = Segmentation(
        "cloned", "c2", data=file, epochs=1, student="regional", symmetry=symmetry
    )
    completed, _ = experiment.open(workspace)
    students = find_or_clone_unet(completed, workspace)
    assert len(list((tmp_path / "clones").iterdir())) == 4
    # Of the sizes 16, 16, 8, 8, 4, 4, 8, 8, 16 and 16; the last one is free.
    assert students[1] is students[8]
    assert students[9] is not students[1]
    metrics, path = train_and_export(experiment, tmp_path / "trained", workspace)
    assert path.parent.name.startswith("c2-cells-segmentation-cloned")
    error = metrics["equivariance_error"]
    assert error["network"]["before"] < 1e-4
    assert list(metrics["deviation"]) == ["conv_10"]
    model = keras.saving.load_model(path / "assets.extra" / "classifier.keras")
    clones = [layer for layer in model.layers if isinstance(layer, ClonedConv2D)]
    assert clones[1].student is clones[8].student
    images = np.random.default_rng(0).uniform(size=(3, 16, 16, 1)).astype("float32")
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    found = served(image=images)
    wanted = model.predict(images, verbose=0)
    np.testing.assert_allclose(found["probabilities"], wanted, atol=1e-5)
    np.testing.assert_array_equal(found["mask"], wanted.argmax(-1))


@pytest.mark.slow
def test_translations_have_no_error_of_the_network(file):
    _, metrics = run_segmentation(
        Segmentation("gcnn", "t2", data=file, epochs=1), QUIET
    )
    assert metrics["equivariance_error"]["network"] == {"before": None, "after": None}
    assert metrics["transformed_mean_iou"] == metrics["mean_iou"]
