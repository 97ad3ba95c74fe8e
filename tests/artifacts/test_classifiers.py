import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.artifacts.classifiers import (
    METRICS,
    MODEL,
    export_classifier,
    network_file,
    training_record,
)
from symclone_tf.errors import ArtifactError
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.image_networks import image_network
from symclone_tf.experiments.runs import find_or_clone
from symclone_tf.workspace import Workspace

from cases import OFF_QUARTERS, later
from networks import noise, on_group

pytestmark = pytest.mark.slow

# A process that has never heard of this package.
ALONE = """
import sys
import numpy as np
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
images = tf.constant(np.load(sys.argv[2]))
np.save(sys.argv[3], served(image=images)["probabilities"])
assert "symclone_tf" not in sys.modules
"""


@pytest.fixture(scope="module")
def model(clones):
    students = find_or_clone(Experiment("cloned"), Workspace(clones))
    return image_network(
        "cloned", "c4", students=students, symmetry="anchored", anchor="l2-sp", seed=0
    )


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    root = tmp_path_factory.mktemp("trained")
    return export_classifier(model, root, "digits", {"accuracy": 0.5})


@pytest.mark.slow
def test_layout_is_tf_servings(path):
    assert path.parts[-2:] == ("digits", "1")
    found = {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}
    assert found >= {"saved_model.pb", "variables/variables.index"}
    assert {str(MODEL), str(METRICS)} <= found
    assert json.loads((path / METRICS).read_text()) == {"accuracy": 0.5}


def test_signature_is_image_to_probabilities(path):
    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    ((), inputs), outputs = (
        signature.structured_input_signature,
        signature.structured_outputs,
    )
    assert {name: s.shape.as_list() for name, s in inputs.items()} == {
        "image": [None, 28, 28, 1]
    }
    assert {name: s.shape.as_list() for name, s in outputs.items()} == {
        "probabilities": [None, 10]
    }


@pytest.mark.slow
@pytest.mark.parametrize("batch", [later(1), 7])
def test_the_classifier_needs_only_tensorflow(rng, model, path, tmp_path, batch):
    images = rng.uniform(size=(batch, 28, 28, 1)).astype("float32")
    np.save(tmp_path / "images.npy", images)
    files = [path, tmp_path / "images.npy", tmp_path / "outputs.npy"]
    subprocess.run([sys.executable, "-c", ALONE, *map(str, files)], check=True)
    outputs = np.load(tmp_path / "outputs.npy")
    np.testing.assert_allclose(outputs, model(images, training=False), atol=1e-5)


@pytest.mark.parametrize("batch", [later(1), 7])
def test_images_of_bytes_are_scaled_to_0_to_1(rng, model, tmp_path, batch):
    path = export_classifier(model, tmp_path, "digits", {}, image_dtype="uint8")
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    images = rng.integers(256, size=(batch, 28, 28, 1), dtype="uint8")
    outputs = served(image=tf.constant(images))["probabilities"]
    expected = model(images.astype("float32") / 255, training=False)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


@pytest.mark.parametrize("group", OFF_QUARTERS)
def test_a_network_on_a_group_is_served(tmp_path, group):
    network = on_group(group)
    images = noise(network)
    path = export_classifier(network, tmp_path, "shapes", {})
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    probabilities = served(image=tf.constant(images))["probabilities"]
    np.testing.assert_allclose(probabilities, network(images), atol=1e-5)


def test_images_of_other_types_are_refused(model, tmp_path):
    with pytest.raises(ValueError, match="`image_dtype` must be one of float32, uint8"):
        export_classifier(model, tmp_path, "digits", {}, image_dtype="int8")
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_paths_are_refused(model, tmp_path):
    with pytest.raises(ValueError, match=r"`name` must start .*name=\.\./elsewhere"):
        export_classifier(model, tmp_path / "trained", "../elsewhere", {})
    assert list(tmp_path.iterdir()) == []


NAMES = [f"digit {n}" for n in range(9)] + ["neuf °"]


@pytest.fixture(scope="module")
def named(model, tmp_path_factory):
    root = tmp_path_factory.mktemp("named")
    return export_classifier(model, root, "digits", {"loss": 1.0}, class_names=NAMES)


def test_names_of_classes_are_kept_and_served(rng, model, named):
    record = json.loads((named / METRICS).read_text("utf-8"))
    assert record == {"loss": 1.0, "class_names": NAMES}
    served = tf.saved_model.load(str(named)).signatures["serving_default"]
    images = rng.uniform(size=(7, 28, 28, 1)).astype("float32")
    outputs = served(image=tf.constant(images))
    expected = model(images, training=False)
    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-5)
    labels = [label.decode() for label in outputs["label"].numpy()]
    assert labels == [NAMES[n] for n in np.argmax(expected, axis=1)]
    # All outputs have one row per image, as the REST API of TensorFlow Serving needs.
    shapes = {k: s.shape.as_list() for k, s in served.structured_outputs.items()}
    assert shapes == {"probabilities": [None, 10], "label": [None]}


def test_keras_calls_what_is_served(rng, model, named):
    layer = keras.layers.TFSMLayer(str(named), call_endpoint="serve", trainable=False)
    images = rng.uniform(size=(3, 28, 28, 1)).astype("float32")
    outputs = layer(images)
    expected = model(images, training=False)
    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-5)
    assert outputs["label"].numpy()[0].decode() in NAMES


@pytest.mark.parametrize("names", [NAMES[1:], [*NAMES[1:], 9], "0123456789", []])
def test_names_other_than_one_per_class_are_refused(model, tmp_path, names):
    with pytest.raises(ValueError, match="`class_names` must be 10 strings"):
        export_classifier(model, tmp_path, "digits", {}, class_names=names)
    assert list(tmp_path.iterdir()) == []


def test_weights_are_written_once_and_anchors_not_at_all(model, path):
    needed, anchors = model.count_params(), 0
    for layer in model.layers:
        anchors += sum(np.prod(a.shape) for a in getattr(layer, "anchors", ()))
    files = [*(path / "variables").rglob("*"), path / "saved_model.pb"]
    assert sum(file.stat().st_size for file in files) < 1.1 * 4 * (needed - anchors)


@pytest.mark.slow
def test_keras_continues_to_train_the_model(rng, model, path):
    loaded = keras.saving.load_model(path / MODEL)
    images = rng.uniform(size=(4, 28, 28, 1)).astype("float32")
    np.testing.assert_array_equal(loaded(images), model(images))
    loaded.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    loaded.fit(images, np.arange(4), verbose=0)
    assert not np.array_equal(loaded(images), model(images))


def test_adapted_normalization_is_served(rng, tmp_path):
    images = rng.uniform(size=(4, 6, 6, 3)).astype("float32")
    for axis in (-1, (1, 2, 3)):  # a few constants, and many
        scale = keras.layers.Normalization(axis=axis)
        scale.adapt(images)
        model = keras.Sequential(
            [keras.Input((6, 6, 3)), scale, keras.layers.Flatten()]
        )
        path = export_classifier(model, tmp_path, "scaled", {})
        served = tf.saved_model.load(str(path))
        outputs = served.serve(tf.constant(images))["probabilities"]
        np.testing.assert_allclose(outputs, model(images), atol=1e-5)


def test_the_network_of_a_classifier_is_found_in_its_newest_version(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    paths = [export_classifier(model, tmp_path, "name", {}) for _ in range(2)]
    assert network_file(tmp_path / "name") == paths[1] / MODEL
    assert network_file(paths[0]) == paths[0] / MODEL
    assert network_file(paths[0] / MODEL) == paths[0] / MODEL
    assert network_file(tmp_path) is None
    assert network_file(tmp_path / "nowhere") is None


ERRORS = {
    "conv_1": {"before": 1e-7, "after": 0.5},
    "conv_2": {"before": None, "after": 1},
}


def test_what_a_classifier_was_trained_with_is_read(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    metrics = {"options": {"group": "d4"}, "equivariance_error": ERRORS}
    path = export_classifier(model, tmp_path, "name", metrics)
    found = training_record(network_file(path))
    assert found == ("d4", {"conv_1": [1e-7, 0.5]})
    other = export_classifier(model, tmp_path, "other", {})
    assert training_record(network_file(other)) == (None, {})
    model.save(tmp_path / "classifier.keras")
    assert training_record(tmp_path / "classifier.keras") == (None, {})


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"equivariance_error": 1}', '{"equivariance_error": {"a": {"b": 1}}}'],
)
def test_other_metrics_are_refused_in_one_line(tmp_path, text):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    path = export_classifier(model, tmp_path, "name", {})
    (path / METRICS).write_text(text)
    with pytest.raises(ArtifactError, match=r"metrics\.json cannot be read"):
        training_record(network_file(path))
