import contextlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.artifacts import METRICS
from symclone_tf.errors import ArtifactError, DataError, DataWarning
from symclone_tf.experiments.classifier_export import train_and_export
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.workspace import Workspace

from pictures import SHAPES, write_folder, write_npz


@pytest.mark.slow
@pytest.mark.usefixtures("mnist")
def test_training_ends_in_an_artifact(tmp_path):
    experiment = Experiment("mlp", train_size=64, test_size=32, epochs=1)
    metrics, path = train_and_export(experiment, tmp_path / "out", Workspace(verbose=0))
    assert path == tmp_path / "out" / "c4-invariance-mlp" / "1"
    assert json.loads((path / METRICS).read_text()) == metrics
    assert 0 <= metrics["accuracy"] <= 1


@pytest.mark.slow
def test_own_images_are_trained_on_and_their_classes_named(tmp_path, rng):
    data = write_folder(tmp_path / "shapes", rng, channels=3)
    (data / "ring" / "bad.png").write_text("bad")
    experiment = Experiment("mlp", "t2", "breaking", data=data, epochs=1)
    with pytest.warns(DataWarning, match=r"1 file is left out.*bad\.png"):
        metrics, path = train_and_export(
            experiment, tmp_path / "out", Workspace(verbose=0)
        )
    assert path == tmp_path / "out" / "t2-shapes-breaking-mlp" / "1"
    assert json.loads((path / METRICS).read_text()) == metrics
    names = ["cross", "disc", "ring", *(f"{n}, translated right" for n in SHAPES)]
    assert metrics["class_names"] == names
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    images = rng.uniform(size=(5, 28, 28, 3)).astype("float32")
    answers = served(image=tf.constant(images))
    best = np.argmax(answers["probabilities"], axis=1)
    assert [label.decode() for label in answers["label"].numpy()] == [
        names[index] for index in best
    ]


def test_augmentation_is_not_served(tmp_path, rng):
    data = str(write_npz(tmp_path / "own.npz", rng))
    options = {"augment": "flip,rotation", "epochs": 1, "data": data}
    _, path = train_and_export(
        Experiment("cnn", **options), tmp_path, Workspace(verbose=0)
    )
    served = keras.layers.TFSMLayer(str(path), call_endpoint="serve", trainable=False)
    model = sc.artifacts.load_network(path / "assets.extra" / "classifier.keras")
    images = rng.uniform(size=(8, *model.input_shape[1:])).astype("float32")
    expected = model.predict(images, verbose=0)
    assert np.abs(model(images, training=True) - expected).max() > 1e-4
    for _ in range(2):
        found = served(images)["probabilities"]
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("strict", [False, True])
def test_bad_images_are_refused_before_anything_is_written(tmp_path, rng, strict):
    data = write_folder(tmp_path / "shapes", rng)
    (data / "ring" / "bad.png").write_text("bad")
    sizes = {} if strict else {"test_size": 7}
    before = sorted(tmp_path.rglob("*"))
    error = DataError if strict else ValueError
    said = contextlib.nullcontext() if strict else pytest.warns(DataWarning)
    message = r"1 file is not|`test_size` must be at most 6"
    with said, pytest.raises(error, match=message):
        train_and_export(
            Experiment(data=data, student="local", **sizes),
            tmp_path / "out",
            Workspace(tmp_path / "clones", strict=strict),
        )
    assert sorted(tmp_path.rglob("*")) == before


def test_output_is_checked_before_anything_is_trained(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match="`output` must be a folder"):
        train_and_export(Experiment("mlp"), tmp_path / "file")
