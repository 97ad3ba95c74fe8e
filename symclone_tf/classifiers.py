"""Artifacts of trained classifiers: a SavedModel, the Keras model, its figures.

Layout, as TF Serving expects it::

    trained/c4-invariance-gcnn/1/
        saved_model.pb  variables/  fingerprint.pb   needs TensorFlow alone
        assets.extra/classifier.keras                to go on with in Keras
        assets.extra/metrics.json                    how it was made
"""

import json
import pathlib

import tensorflow as tf

from symclone_tf.experiments import run_experiment
from symclone_tf.publishing import check_directory, publish

MODEL = pathlib.PurePath("assets.extra", "classifier.keras")
METRICS = pathlib.PurePath("assets.extra", "metrics.json")


def export_classifier(model, directory, name, metrics) -> pathlib.Path:
    """Writes a classifier as the next version of its artifact.

    The SavedModel's signature `serving_default` takes `image`, of the model's
    own input shape with any batch size, and returns `probabilities`. It holds
    only the weights that this takes: neither anchors nor the optimizer's. The
    `.keras` file holds all of them.

    Args:
        model: `keras.Model` with one input and one output.
        directory: String or path, the root of all classifiers.
        name: String, the artifact's folder in it.
        metrics: Dictionary, to be written as JSON.

    Returns:
        `pathlib.Path` of the new version, `directory/name/version`.

    Raises:
        ArtifactError: If `directory` cannot hold artifacts.
        OSError: If writing fails; nothing is left behind then.

    Example:

    >>> model = mnist_network("cnn", seed=0)
    >>> path = export_classifier(model, directory, "cnn", {"accuracy": 0.1})
    >>> path.parts[-2:]
    ('cnn', '1')
    """

    def write(folder):
        _write_saved_model(model, folder)
        (folder / MODEL).parent.mkdir()
        model.save(folder / MODEL)
        text = json.dumps(metrics, indent=2, ensure_ascii=False)
        (folder / METRICS).write_text(text + "\n", encoding="utf-8")

    return publish(check_directory(directory) / name, write)


def train_and_export(
    experiment, directory="trained", clones="exported", data_dir=None, verbose=1
):
    """Runs an experiment and exports what it trained.

    Args:
        experiment: `Experiment`.
        directory: String or path, the root of all classifiers.
        clones: String or path, see `run_experiment`.
        data_dir: String or path, see `run_experiment`.
        verbose: Integer, see `run_experiment`.

    Returns:
        Pair of the metrics that `run_experiment` returns and the path of the
        artifact.

    Raises:
        ArtifactError, ValueError, DataError, CloningError, OSError: See
            `run_experiment` and `export_classifier`.
    """
    check_directory(directory)
    model, metrics = run_experiment(experiment, clones, data_dir, verbose)
    return metrics, export_classifier(model, directory, experiment.name, metrics)


def _write_saved_model(model, path):
    shape = model.inputs[0].shape[1:]
    image = tf.TensorSpec((None, *shape), tf.float32, name="image")

    @tf.function(input_signature=[image])
    def classify(image):
        return {"probabilities": model(image, training=False)}

    # Keras' own export writes every variable twice, and those it does not need.
    module = tf.Module(name="classifier")
    module.weights = list(classify.get_concrete_function().graph.variables)
    module.serve = classify
    tf.saved_model.save(module, str(path), signatures={"serving_default": classify})
