"""Configurations and commands with which TensorFlow Serving serves artifacts."""

import dataclasses
import importlib.util
import json
import os
import pathlib
import shlex
import urllib.parse
import zlib

import numpy as np
import tensorflow as tf
from google.protobuf import text_encoding
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from symclone_tf.artifacts.publishing import version_number, write_file
from symclone_tf.errors import ArtifactError
from symclone_tf.types import Path

SIGNATURE = "serving_default"
REQUEST = pathlib.PurePath("assets.extra", "request.json")
WARMUP = pathlib.PurePath("assets.extra", "tf_serving_warmup_requests")
WARMUP_BATCHES = (1, 32)
HEADER = "# Written by symclone-tf serving-config, which will write it again."


@dataclasses.dataclass(frozen=True)
class ServedModel:
    """One artifact for TensorFlow Serving.

    Attributes:
        name: String, the name under which it is served.
        path: `pathlib.Path` of its newest version.
        inputs: Dictionary from the signature's inputs to pairs of a shape
            without the batch, and a data type.
    """

    name: str
    path: pathlib.Path
    inputs: dict[str, tuple[tuple[int, ...], np.dtype]]

    @property
    def request(self) -> pathlib.Path:
        """The file with an example request."""
        return self.path / REQUEST

    def examples(self, count: int) -> dict[str, np.ndarray]:
        """Draws inputs for the model, the same each time.

        Args:
            count: Integer, the size of the batch.

        Returns:
            Dictionary from the signature's inputs to arrays.
        """
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        return {
            name: rng.integers(256, size=(count, *shape)).astype(dtype)
            if dtype.kind in "iu"
            # Sixteenths are exact, and short in JSON.
            else (rng.integers(-16, 17, size=(count, *shape)) / 16).astype(dtype)
            for name, (shape, dtype) in self.inputs.items()
        }


def served_models(root: Path) -> list[ServedModel]:
    """The newest version of every SavedModel under a root, by name.

    Args:
        root: String or path, the folder of exported clones and layers, or of
            trained classifiers.

    Returns:
        List of `ServedModel`.

    Raises:
        ArtifactError: If `root` is not a folder, or has no SavedModels, or one that
            cannot be served.

    Example:

    >>> path = export(DenseStudent(ConvTeacher("t2", 6), seed=0), directory)
    >>> [model.name for model in served_models(directory)]
    ['t2-6x6-k3']
    """
    root = pathlib.Path(root)
    if not root.is_dir():
        raise ArtifactError(f"{root} is not a folder")
    newest = [_newest(home) for home in sorted(root.iterdir()) if home.is_dir()]
    models = [
        ServedModel(path.parent.name, path, _inputs(path)) for path in newest if path
    ]
    if not models:
        raise ArtifactError(
            f"{root} holds no SavedModels: it must have folders like "
            "c4-lifting-28x28-k3, with versions 1, 2, … in them"
        )
    return models


def models_config(models: list[ServedModel]) -> str:
    """The configuration of a server for a list of models, as protobuf text.

    Args:
        models: List of `ServedModel`.

    Returns:
        String, a `ModelServerConfig`.
    """
    lines = [HEADER, "model_config_list {"]
    for model in models:
        lines += [
            "  config {",
            f'    name: "{text_encoding.CEscape(model.name, as_utf8=False)}"',
            f'    base_path: "{_escaped(model.path.parent.absolute())}"',
            '    model_platform: "tensorflow"',
            "  }",
        ]
    return "\n".join([*lines, "}", ""])


def write_serving_config(
    root: Path, output: Path | None = None, warmup: bool = False
) -> list[ServedModel]:
    """Writes the configuration of a server for every SavedModel under a root.

    An example request is added to the `assets.extra` of each newest version, unless
    it has one.

    Args:
        root: String or path, see `served_models`.
        output: String or path of the file; `None` for `root/models.config`.
        warmup: Boolean, whether to add requests, unless there are some, with which
            the server warms up a model before it serves it. Needs the extra
            `serving`.

    Returns:
        List of `ServedModel`, the models of the configuration.

    Raises:
        ValueError: If `warmup` is true and tensorflow-serving-api is not installed.
        ArtifactError: If a model cannot be served, or `output` exists and was not
            written by this function.
        OSError: If writing fails.
    """
    if warmup and importlib.util.find_spec("tensorflow_serving") is None:
        raise ValueError(
            "`warmup` needs tensorflow-serving-api: pip install 'symclone-tf[serving]'"
        )
    models = served_models(root)
    output = config_file(root, output)
    if output.exists() and not _has_header(output):
        raise ArtifactError(
            f"{output} was not written by symclone-tf serving-config: move it away, "
            "or pass another `output`"
        )
    for model in models:
        if not model.request.exists():
            write_file(model.request, json.dumps(_request(model)).encode() + b"\n")
        if warmup and not (model.path / WARMUP).exists():
            _write_warmup(model)
    write_file(output, models_config(models).encode("ascii"))
    return models


def config_file(root: Path, output: Path | None = None) -> pathlib.Path:
    """The file that `write_serving_config` writes.

    Args:
        root: String or path, the folder of all models.
        output: String or path of a file; `None` for `models.config` in the root.

    Returns:
        `pathlib.Path`.
    """
    return (
        pathlib.Path(root, "models.config") if output is None else pathlib.Path(output)
    )


def server_command(config: Path, port: int = 8500, rest_port: int = 8501) -> str:
    """The command that serves a configuration with an installed server.

    Args:
        config: String or path of the configuration.
        port: Integer, for gRPC.
        rest_port: Integer, for REST.
    """
    return shlex.join(
        [
            "tensorflow_model_server",
            f"--port={port}",
            f"--rest_api_port={rest_port}",
            f"--model_config_file={pathlib.Path(config).absolute()}",
        ]
    )


def docker_command(
    root: Path, config: Path, port: int = 8500, rest_port: int = 8501
) -> str:
    """The command that serves a configuration with TensorFlow Serving's image.

    The folders have the same paths in the container, so that one configuration is
    for both commands.

    Args:
        root: String or path of the folder of SavedModels.
        config: String or path of the configuration.
        port: Integer, for gRPC.
        rest_port: Integer, for REST.
    """
    root, config = pathlib.Path(root).absolute(), pathlib.Path(config).absolute()
    folders = {root} if config.is_relative_to(root) else {root, config.parent}
    command = ["docker", "run", "--rm", "-p", f"{port}:8500", "-p", f"{rest_port}:8501"]
    for folder in sorted(folders):
        command += ["--mount", f"type=bind,source={folder},target={folder},readonly"]
    return shlex.join([*command, "tensorflow/serving", f"--model_config_file={config}"])


def curl_command(model: ServedModel, rest_port: int = 8501) -> str:
    """The command that sends the example request to a model's server.

    Args:
        model: `ServedModel`.
        rest_port: Integer.
    """
    url = f"http://localhost:{rest_port}/v1/models/{urllib.parse.quote(model.name)}:predict"
    return shlex.join(["curl", "-d", f"@{model.request}", url])


def _newest(home):
    versions = [p for p in home.iterdir() if (p / "saved_model.pb").is_file()]
    return max(filter(version_number, versions), key=version_number, default=None)


def _inputs(path):
    """The inputs of the signature, read without loading the model."""
    file = path / "saved_model.pb"
    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString(file.read_bytes())
        signature = saved.meta_graphs[0].signature_def[SIGNATURE]
    except (DecodeError, IndexError) as error:
        raise ArtifactError(f"{file} cannot be read as a SavedModel") from error
    if not signature.inputs:
        raise ArtifactError(f"{file} must have a signature {SIGNATURE} with inputs")
    return {
        name: (
            tuple(dimension.size for dimension in info.tensor_shape.dim[1:]),
            np.dtype(tf.as_dtype(info.dtype).as_numpy_dtype),
        )
        for name, info in sorted(signature.inputs.items())
    }


def _request(model) -> dict:
    examples = model.examples(1)
    return {
        "instances": [{name: array[0].tolist() for name, array in examples.items()}]
    }


def _write_warmup(model):
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    aside = model.path / f"{WARMUP}.writing"
    with tf.io.TFRecordWriter(str(aside)) as writer:
        for count in WARMUP_BATCHES:
            request = predict_pb2.PredictRequest()
            request.model_spec.name = model.name
            request.model_spec.signature_name = SIGNATURE
            for name, array in model.examples(count).items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
            log = prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request)
            )
            writer.write(log.SerializeToString())
    aside.rename(model.path / WARMUP)


def _has_header(file) -> bool:
    with file.open("rb") as stream:
        return stream.readline().strip() == HEADER.encode()


def _escaped(path) -> str:
    return text_encoding.CEscape(os.fsencode(path), as_utf8=False)
