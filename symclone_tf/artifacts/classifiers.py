"""Artifacts of trained classifiers: a SavedModel, the Keras model, its metrics.

Layout, as TF Serving expects it::

    trained/c4-invariance-gcnn/1/
        saved_model.pb  variables/  fingerprint.pb   needs only TensorFlow
        assets.extra/classifier.keras                can be trained on in Keras
        assets.extra/metrics.json                    how it was made
"""

import json
import pathlib
from collections.abc import Sequence
from typing import Any

import keras

from symclone_tf.artifacts.publishing import (
    check_directory,
    check_name,
    publish,
    version_number,
)
from symclone_tf.artifacts.records import plain_json
from symclone_tf.artifacts.saved_model_process import is_tensorflow, write_by_process
from symclone_tf.checks import one_of
from symclone_tf.errors import ArtifactError
from symclone_tf.types import Path

MODEL = pathlib.PurePath("assets.extra", "classifier.keras")
IMAGE_DTYPES = ("float32", "uint8")
"""The types of images that exported classifiers take, 0 to 1 and 0 to 255."""
METRICS = pathlib.PurePath("assets.extra", "metrics.json")
"""The file of metrics in a classifier's version."""


def export_classifier(
    model: keras.Model,
    directory: Path,
    name: str,
    metrics: dict[str, Any],
    image_dtype: str = "float32",
    class_names: Sequence[str] | None = None,
) -> pathlib.Path:
    """Writes a classifier as the next version of its artifact.

    The SavedModel's signature `serving_default` takes `image`, of the model's
    own input shape with any batch size, and returns `probabilities`, and with
    `class_names` also `label`, the name of the most probable class; or, of a network
    that classifies pixels, `mask`, the index of the most probable class of each. It
    holds only the weights that this takes: neither anchors nor the optimizer's. The
    `.keras` file holds all of them.

    Args:
        model: `keras.Model` with one input and one output.
        directory: String or path, the root of all classifiers.
        name: String, the artifact's folder in it.
        metrics: Dictionary, which is written as JSON.
        image_dtype: String, the type of the SavedModel's images: `"float32"` from 0
            to 1, or `"uint8"` from 0 to 255.
        class_names: Sequence of strings, one per class, which are added to the
            metrics; `None` for none.

    Returns:
        `pathlib.Path` of the new version, `directory/name/version`.

    Raises:
        ValueError: If `image_dtype`, `name` or `class_names` is not accepted.
        ArtifactError: If `directory` cannot hold artifacts.
        OSError: If writing fails, which leaves no files behind.

    Example:

    >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    >>> path = export_classifier(model, directory, "flat", {"accuracy": 0.1})
    >>> path.parts[-2:]
    ('flat', '1')
    """
    one_of("image_dtype", image_dtype, IMAGE_DTYPES)
    check_name("name", name)
    if class_names is not None:
        class_names = _check_class_names(class_names, model)
        metrics = {**metrics, "class_names": class_names}

    def write(folder):
        options = {"output": "probabilities", "image_dtype": image_dtype}
        if is_tensorflow():
            from symclone_tf.artifacts.saved_models import write_saved_model

            write_saved_model(model, folder, **options, names=class_names)
        (folder / MODEL).parent.mkdir(parents=True)
        model.save(folder / MODEL)
        text = json.dumps(metrics, indent=2, ensure_ascii=False)
        (folder / METRICS).write_text(text + "\n", encoding="utf-8")
        if not is_tensorflow():
            write_by_process(folder / MODEL, folder, **options, names=class_names)

    return publish(check_directory(directory) / name, write)


def network_file(path: Path) -> pathlib.Path | None:
    """The Keras file of a network at a path.

    Args:
        path: String or path, of a file, or of an exported classifier or one version of
            it.

    Returns:
        `pathlib.Path`: the file itself, or that of the classifier, in its newest
        version unless the path names one; `None` if it is neither.

    Example:

    >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    >>> path = export_classifier(model, directory, "flat", {"accuracy": 0.1})
    >>> network_file(path.parent) == network_file(path)
    True
    """
    path = pathlib.Path(path)
    if path.is_file():
        return path
    if (path / MODEL).is_file():
        return path / MODEL
    versions = [] if not path.is_dir() else list(filter(version_number, path.iterdir()))
    found = [version for version in versions if (version / MODEL).is_file()]
    return max(found, key=version_number) / MODEL if found else None


def training_record(file: Path) -> tuple[str | None, dict[str, list[float]]]:
    """The group that a classifier was trained with, and how its errors changed.

    Args:
        file: String or path of a network's Keras file, see `network_file`.

    Returns:
        Pair of a string, the name of the group, and a dictionary from layer names, and
        `"network"`, to lists of equivariance errors, before and after training; `None`
        and an empty dictionary for a file that is in no artifact.

    Raises:
        ArtifactError: If the metrics of the artifact cannot be read.

    Example:

    >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    >>> errors = {"conv_1": {"before": 1e-7, "after": 0.5}}
    >>> metrics = {"options": {"group": "c4"}, "equivariance_error": errors}
    >>> path = export_classifier(model, directory, "flat", metrics)
    >>> training_record(network_file(path))
    ('c4', {'conv_1': [1e-07, 0.5]})
    """
    file = pathlib.Path(file)
    metrics = file.parent / METRICS.name
    if file.name != MODEL.name or not metrics.is_file():
        return None, {}
    try:
        found = plain_json(metrics.read_bytes())
        errors = found.get("equivariance_error", {})
        history = {
            str(name): [float(error["before"]), float(error["after"])]
            for name, error in errors.items()
            if None not in (error["before"], error["after"])
        }
        group = found.get("options", {}).get("group")
    except Exception as error:  # damaged files cause errors of many types
        raise ArtifactError(f"{metrics} cannot be read: {error!r}") from error
    return (group if isinstance(group, str) else None), history


def _check_class_names(names, model) -> list[str]:
    count = model.output_shape[-1]
    names = [names] if isinstance(names, str) else list(names)
    if len(names) != count or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"`class_names` must be {count} strings, one per class. "
            f"Received: class_names={names}"
        )
    return names
