"""Networks in ONNX files that have the network's inputs alone."""

import contextlib
import importlib.util
import pathlib
import uuid
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from symclone_tf.artifacts.keras_files import check_new_file
from symclone_tf.artifacts.onnx_operations import (
    convolutions_by_groups,
    replace_erfc,
    without_augmentation,
)
from symclone_tf.backends import tensorflow_alone
from symclone_tf.errors import ArtifactError
from symclone_tf.networks.reconstruction import inputs_of, is_network
from symclone_tf.types import Path


def export_onnx(model: keras.Model, file: Path) -> pathlib.Path:
    """Writes a network to an ONNX file, whole or not at all.

    As `model.export(file, format="onnx")`, and in six ways beyond:

    - means and variances of `keras.layers.Normalization` are constants of the file,
      where Keras makes them inputs without values;
    - a `keras.layers.Conv2D` with `groups` is a convolution for each of them, where
      Keras leaves a call that no runtime reads;
    - activations `gelu` are there, where tf2onnx leaves TensorFlow's `Erfc`;
    - augmentation, as by `keras.layers.RandomFlip`, is not part of the file, where
      Keras' exports transform images at random;
    - what ONNX cannot compute is refused;
    - the network need not have been called before.

    Needs the extra `onnx`, and TensorFlow; on other backends `model.export(file,
    format="onnx")` goes Keras' own way.

    Args:
        model: `keras.Sequential` or functional `keras.Model`, built.
        file: String or path of a file that does not exist yet, with the suffix `.onnx`.

    Returns:
        `pathlib.Path`.

    Raises:
        ArtifactError: If the file exists, or its name does not end in `.onnx`; if
            the network has operations that ONNX has not, or tensors that are no
            weights.
        ValueError: If it is another model, or tf2onnx is not installed.
        OSError: If writing fails.

    Example:

    >>> scale = keras.layers.Normalization(mean=0.5, variance=0.25)
    >>> model = keras.Sequential([keras.Input((2,)), scale, keras.layers.Dense(1)])
    >>> export_onnx(model, directory / "model.onnx").name
    'model.onnx'
    """
    tensorflow_alone("`export_onnx`, which uses tf2onnx,")
    file = check_new_file(file, ".onnx")
    if not is_network(model):
        raise ValueError(
            "`model` must be a Sequential or functional model, built. "
            f"Received: {getattr(model, 'name', model)!r}, a {type(model).__name__}"
        )
    if importlib.util.find_spec("tf2onnx") is None:
        raise ValueError(
            "Export to ONNX needs tf2onnx: pip install 'symclone-tf[onnx]'"
        )
    import tensorflow as tf

    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{uuid.uuid4().hex}.onnx")
    inputs = inputs_of(model)
    signature = [
        keras.tree.map_structure(
            lambda tensor: tf.TensorSpec(tensor.shape, tensor.dtype, tensor.name),
            inputs,
        )
    ]
    try:
        with (
            _constant_statistics(model),
            convolutions_by_groups(model),
            without_augmentation(model),
            warnings.catch_warnings(),
        ):
            # About names that Keras asks NumPy for, which tf2onnx still uses.
            warnings.simplefilter("ignore", FutureWarning)
            model.export(aside, format="onnx", verbose=False, input_signature=signature)
        replace_erfc(aside)
        _check(aside, model.name, len(keras.tree.flatten(inputs)))
        aside.rename(file)
    finally:
        aside.unlink(missing_ok=True)
    return file


@contextlib.contextmanager
def _constant_statistics(model) -> Iterator[None]:
    """Lets `Normalization` layers hold arrays instead of tensors.

    A traced function has tensors of its surroundings as further inputs, and tf2onnx
    keeps all inputs that are no variables. Arrays become constants.
    """
    held: list[tuple[Any, str, Any]] = [
        (layer, name, getattr(layer, name))
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, keras.layers.Normalization)
        for name in ("mean", "variance")
    ]
    try:
        for layer, name, tensor in held:
            setattr(layer, name, np.asarray(tensor))
        yield
    finally:
        for layer, name, tensor in held:
            setattr(layer, name, tensor)


def _check(file, name, count) -> None:
    """Checks that a file has what runtimes need.

    Raises:
        ArtifactError: If it has not.
    """
    import onnx

    proto = onnx.load(file)
    known = {schema.name for schema in onnx.defs.get_all_schemas()}
    used = {node.op_type for node in proto.graph.node if not node.domain}
    if used - known:
        raise ArtifactError(
            f"ONNX has no operation for what {name!r} computes, such as a "
            "keras.layers.Conv1D with groups. "
            f"Received: a network with {', '.join(sorted(used - known))}"
        )
    if len(proto.graph.input) != count:
        found = ", ".join(value.name for value in proto.graph.input)
        raise ArtifactError(
            "An ONNX file has weights and constants, and a layer of the network holds "
            "tensors that are neither: make these NumPy arrays. "
            f"Received: {name!r}, with inputs {found}"
        )
    try:
        onnx.checker.check_model(proto, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = " ".join(str(error).split())
        raise ArtifactError(
            f"ONNX refuses types or shapes of what {name!r} computes: {reason}"
        ) from error
