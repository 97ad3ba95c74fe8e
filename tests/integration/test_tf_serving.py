"""A real TensorFlow Serving answers as Keras does, over REST and over gRPC."""

import json
import shlex
import shutil
import socket
import subprocess
import time
import urllib.request

import grpc
import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

import symclone_tf as sc

from cases import later

pytestmark = pytest.mark.skipif(
    shutil.which("tensorflow_model_server") is None,
    reason="there is no tensorflow_model_server on PATH",
)

NAMES = [f"digit {number}" for number in range(10)]


@pytest.fixture(scope="module")
def models(shared_clone, network, tmp_path_factory):
    """A clone, classifiers and a relaxed one, with their inputs and answers."""
    root = tmp_path_factory.mktemp("served")
    sc.export(shared_clone[0], root)
    sc.artifacts.export_classifier(network, root, "digits", {})
    sc.artifacts.export_classifier(network, root, "named", {}, class_names=NAMES)
    relaxed = relaxed_classifier()
    sc.artifacts.export_classifier(relaxed, root, "relaxed", {})
    clone, digits, named, other = sc.serving.write_serving_config(root, warmup=True)
    pairs, images = clone.examples(7), digits.examples(7)
    features = shared_clone[0].call_pairs(pairs["image"], pairs["kernel"])
    probabilities = network(images["image"], training=False)
    others = other.examples(7)
    answers = relaxed(others["image"], training=False)
    return root, [
        (other, others, "probabilities", np.asarray(answers)),
        (clone, pairs, "features", np.asarray(features)),
        (digits, images, "probabilities", np.asarray(probabilities)),
        (named, images, "probabilities", np.asarray(probabilities)),
    ]


def relaxed_classifier():
    """A network of plain convolutions, relaxed whole."""
    plain = keras.Sequential(
        [
            keras.Input((16, 16, 1), name="image"),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10, "softmax", name="probabilities"),
        ]
    )
    return sc.relax(plain, verbose=0)[0]


@pytest.fixture(scope="module")
def ports(models, tmp_path_factory):
    """A server on free loopback ports, for as long as the tests last."""
    root, expected = models
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    grpc_port, rest_port = (s.getsockname()[1] for s in sockets)
    for s in sockets:
        s.close()
    command = sc.serving.server_command(root / "models.config", grpc_port, rest_port)
    log = tmp_path_factory.mktemp("log") / "server.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(
            [*shlex.split(command), "--rest_api_num_threads=2"],
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        try:
            for model, *_ in expected:
                _wait(server, rest_port, model.name, log)
            yield grpc_port, rest_port
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait(server, port, name, log):
    url = f"http://127.0.0.1:{port}/v1/models/{name}"
    for _ in range(120):
        assert server.poll() is None, log.read_text("utf-8", "replace")
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                status = json.load(response)["model_version_status"]
            if status[0]["state"] == "AVAILABLE":
                return
        except OSError:
            pass
        time.sleep(0.5)
    pytest.fail(log.read_text("utf-8", "replace"))


@pytest.mark.parametrize("batch", [later(1), 7])
def test_rest(models, ports, batch):
    for model, inputs, _, expected in models[1]:
        instances = [
            {name: array[n].tolist() for name, array in inputs.items()}
            for n in range(batch)
        ]
        answers = _post(ports[1], model.name, json.dumps({"instances": instances}))
        if model.name == "named":
            best = np.argmax(expected[:batch], axis=1)
            assert [each["label"] for each in answers] == [NAMES[n] for n in best]
            answers = [each["probabilities"] for each in answers]
        np.testing.assert_allclose(answers, expected[:batch], atol=1e-5)


def test_rest_answers_the_example_that_curl_sends(models, ports):
    for model, *_, expected in models[1]:
        answers = _post(ports[1], model.name, model.request.read_text())
        if model.name == "named":
            answers = [each["probabilities"] for each in answers]
        assert np.shape(answers) == (1, *expected.shape[1:])
        assert np.isfinite(answers).all()


@pytest.mark.parametrize("batch", [later(1), 7])
def test_grpc(models, ports, batch):
    with grpc.insecure_channel(f"127.0.0.1:{ports[0]}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for model, inputs, output, expected in models[1]:
            request = predict_pb2.PredictRequest()
            request.model_spec.name = model.name
            request.model_spec.signature_name = "serving_default"
            for name, array in inputs.items():
                tensor = tf.make_tensor_proto(array[:batch])
                request.inputs[name].CopyFrom(tensor)
            answers = tf.make_ndarray(stub.Predict(request, 30).outputs[output])
            np.testing.assert_allclose(answers, expected[:batch], atol=1e-5)


def _post(port, name, body):
    url = f"http://127.0.0.1:{port}/v1/models/{name}:predict"
    request = urllib.request.Request(url, body.encode())
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["predictions"]
