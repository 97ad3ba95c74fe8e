"""Exported models run in C, on the loader that TensorFlow Serving itself uses."""

import pathlib
import shutil
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import symclone_tf as sc

from cases import later

SOURCE = pathlib.Path(__file__).with_name("serve.c")
COMPILER = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(COMPILER is None, reason="there is no C compiler"),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The C program, linked with the library in TensorFlow's package."""
    target = tmp_path_factory.mktemp("native") / "serve"
    folder = pathlib.Path(tf.sysconfig.get_lib())
    libraries = [
        next(folder.glob(f"lib{n}.so*"))
        for n in ("tensorflow_cc", "tensorflow_framework")
    ]
    subprocess.run(
        [
            *(COMPILER, "-O1", "-Wall", "-Werror", f"-I{tf.sysconfig.get_include()}"),
            *(str(SOURCE), "-o", str(target), *map(str, libraries)),
            f"-Wl,-rpath,{folder}",
        ],
        check=True,
    )
    return target


def serve(program, path, folder, **inputs):
    """What the program answers, as a flat array."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((path / "saved_model.pb").read_bytes())
    signature = saved.meta_graphs[0].signature_def["serving_default"]
    (output,) = signature.outputs.values()
    arguments = []
    for name, array in inputs.items():
        file = folder / f"{name}.bin"
        array.astype("float32").tofile(file)
        shape = ",".join(map(str, array.shape))
        arguments += [signature.inputs[name].name.split(":")[0], str(file), shape]
    answers = folder / "answers.bin"
    subprocess.run(
        [program, path, output.name.split(":")[0], answers, *arguments],
        check=True,
        timeout=120,
    )
    return np.fromfile(answers, "float32")


@pytest.mark.parametrize("batch", [later(1), 7])
def test_clone(program, rng, small_clone, tmp_path, batch):
    student, _ = small_clone
    path = sc.export(student, tmp_path)
    images = rng.normal(size=(batch, 8, 8)).astype("float32")
    kernels = rng.normal(size=(batch, 3, 3)).astype("float32")
    answers = serve(program, path, tmp_path, image=images, kernel=kernels)
    expected = student.call_pairs(images, kernels)
    np.testing.assert_allclose(answers, np.ravel(expected), atol=1e-5)


@pytest.mark.parametrize("filters", [1, 6])
def test_fused_layer(program, rng, small_clone, tmp_path, filters):
    kernel = rng.normal(size=(3, 3, 2, filters))
    layer = sc.ClonedConv2D.from_kernel(kernel, small_clone[0], activation="relu")
    path = sc.export_layer(layer, tmp_path)
    images = rng.normal(size=(7, 8, 8, 2)).astype("float32")
    answers = serve(program, path, tmp_path, image=images)
    np.testing.assert_allclose(answers, np.ravel(layer(images)), atol=1e-5)


@pytest.mark.parametrize("batch", [later(1), 7])
def test_classifier(program, rng, network, tmp_path, batch):
    path = sc.artifacts.export_classifier(network, tmp_path, "digits", {})
    images = rng.uniform(size=(batch, 20, 20, 1)).astype("float32")
    answers = serve(program, path, tmp_path, image=images)
    expected = network(images, training=False)
    np.testing.assert_allclose(answers, np.ravel(expected), atol=1e-5)


def test_what_is_no_model_is_an_error(program, tmp_path):
    done = subprocess.run(
        [program, tmp_path, "a", "b", "c", "d", "1"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr
