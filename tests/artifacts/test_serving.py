import json
import pathlib
import shlex
import shutil

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

import symclone_tf as sc
from symclone_tf.artifacts import serving

from clones import dense

# Protobuf's own modules warn of how TensorFlow Serving's were generated.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:google.protobuf")


@pytest.fixture(scope="module")
def made(shared_clone, tmp_path_factory):
    """A clone in two versions, a fused layer and a classifier."""
    root = tmp_path_factory.mktemp("served")
    for _ in range(2):
        sc.export(shared_clone[0], root)
    layer = sc.ClonedConv2D.from_kernel(np.ones((3, 3, 1, 2)), shared_clone[0])
    sc.export_layer(layer, root, "edges")
    classifier = sc.experiments.image_network("mlp", seed=0)
    sc.artifacts.export_classifier(classifier, root, "digits", {}, image_dtype="uint8")
    (root / "nothing").mkdir()
    (root / "unfinished" / ".writing-1").mkdir(parents=True)
    return root


@pytest.fixture
def root(made, tmp_path):
    """The same, for one test to write into."""
    return pathlib.Path(shutil.copytree(made, tmp_path / "a 'root' with \"é\""))


def parsed(text):
    config = model_server_config_pb2.ModelServerConfig()
    return text_format.Parse(text, config).model_config_list.config


def test_finds_the_newest_version_of_every_model(root):
    models = serving.served_models(root)
    assert [(model.name, model.path.name) for model in models] == [
        ("c4-lifting-8x8-k3", "2"),
        ("digits", "1"),
        ("edges", "1"),
    ]
    clone, digits, edges = (model.inputs for model in models)
    assert clone == {"image": ((8, 8), np.float32), "kernel": ((3, 3), np.float32)}
    assert digits == {"image": ((28, 28, 1), np.uint8)}
    assert edges == {"image": ((8, 8, 1), np.float32)}


def test_configuration_is_one_that_tensorflow_serving_reads(root):
    serving.write_serving_config(root)
    found = parsed((root / "models.config").read_text("ascii"))
    assert [(c.name, c.base_path, c.model_platform) for c in found] == [
        (name, str(root / name), "tensorflow")
        for name in ("c4-lifting-8x8-k3", "digits", "edges")
    ]


def test_paths_are_absolute_wherever_it_is_run(root, monkeypatch):
    monkeypatch.chdir(root.parent)
    serving.write_serving_config(root.name, "elsewhere/my.config")
    found = parsed((root.parent / "elsewhere" / "my.config").read_text("ascii"))
    assert found[0].base_path == str(root / "c4-lifting-8x8-k3")
    assert not (root / "models.config").exists()


def test_written_again_it_has_new_models(root):
    serving.write_serving_config(root)
    sc.export(dense("t2", image_size=4, seed=0), root)
    serving.write_serving_config(root)
    found = parsed((root / "models.config").read_text("ascii"))
    assert [config.name for config in found][-1] == "t2-4x4-k3"


def test_a_file_that_it_did_not_write_is_not_replaced(root):
    (root / "models.config").write_text("model_config_list {}")
    with pytest.raises(sc.ArtifactError, match="was not written by symclone-tf"):
        serving.write_serving_config(root)
    assert (root / "models.config").read_text() == "model_config_list {}"
    assert not list(root.rglob("request.json"))


def test_requests_have_an_instance_for_the_model(root):
    for model in serving.write_serving_config(root):
        (instance,) = json.loads(model.request.read_text())["instances"]
        signature = tf.saved_model.load(str(model.path)).signatures["serving_default"]
        inputs = {
            name: tf.constant([instance[name]], dtype)
            for name, (_, dtype) in model.inputs.items()
        }
        (outputs,) = signature(**inputs).values()
        assert np.isfinite(outputs).all()
        assert np.ptp(outputs) > 0


def test_existing_requests_are_kept(root):
    model = serving.write_serving_config(root)[0]
    model.request.write_text("mine")
    serving.write_serving_config(root)
    assert model.request.read_text() == "mine"


def test_warm_up_requests_are_inputs_of_the_model(root):
    for model in serving.write_serving_config(root, warmup=True):
        records = tf.data.TFRecordDataset(str(model.path / serving.WARMUP))
        logs = [
            prediction_log_pb2.PredictionLog.FromString(record.numpy())
            for record in records
        ]
        batches = []
        signature = tf.saved_model.load(str(model.path)).signatures["serving_default"]
        for request in (log.predict_log.request for log in logs):
            assert request.model_spec.name == model.name
            assert request.model_spec.signature_name == "serving_default"
            inputs = {
                name: tf.constant(tf.make_ndarray(tensor))
                for name, tensor in request.inputs.items()
            }
            (outputs,) = signature(**inputs).values()
            batches.append(len(outputs))
        assert batches == [1, 32]
        assert {p.name for p in model.path.joinpath("assets.extra").iterdir()} >= {
            "request.json",
            "tf_serving_warmup_requests",
        }


def test_warm_up_without_its_extra_is_refused_with_what_to_install(root, monkeypatch):
    monkeypatch.setattr(serving.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'symclone-tf\[serving\]'"):
        serving.write_serving_config(root, warmup=True)
    assert not (root / "models.config").exists()


def test_commands_name_existing_files(root):
    model = serving.write_serving_config(root)[0]
    config = root / "models.config"
    server = shlex.split(serving.server_command(config, port=1, rest_port=2))
    assert server == [
        "tensorflow_model_server",
        "--port=1",
        "--rest_api_port=2",
        f"--model_config_file={config}",
    ]
    docker = shlex.split(serving.docker_command(root, config))
    assert docker[:3] == ["docker", "run", "--rm"]
    assert f"type=bind,source={root},target={root},readonly" in docker
    assert docker[-2:] == ["tensorflow/serving", f"--model_config_file={config}"]
    assert docker.count("--mount") == 1
    outside = serving.docker_command(root, root.parent / "conf" / "my.config")
    assert shlex.split(outside).count("--mount") == 2
    curl = shlex.split(serving.curl_command(model))
    assert curl[:3] == ["curl", "-d", f"@{model.request}"]
    assert curl[3].endswith(":8501/v1/models/c4-lifting-8x8-k3:predict")


@pytest.mark.parametrize("content", [b"", b"\xff\xff\xff", b"not a protobuf"])
def test_damaged_model_is_refused(root, content):
    (root / "edges" / "1" / "saved_model.pb").write_bytes(content)
    with pytest.raises(sc.ArtifactError, match="cannot be read as a SavedModel"):
        serving.write_serving_config(root)
    assert not (root / "models.config").exists()


def test_model_without_the_signature_is_refused(root):
    tf.saved_model.save(tf.Module(), str(root / "other" / "1"))
    with pytest.raises(sc.ArtifactError, match="must have a signature serving_default"):
        serving.served_models(root)


@pytest.mark.parametrize(("path", "message"), [("", "holds no"), ("x", "not a folder")])
def test_root_without_models_is_refused(tmp_path, path, message):
    with pytest.raises(sc.ArtifactError, match=message):
        serving.served_models(tmp_path / path)
