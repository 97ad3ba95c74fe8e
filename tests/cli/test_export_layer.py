import json
import pathlib

import keras
import numpy as np
import pytest

import symclone_tf as sc


@pytest.fixture
def arrays(rng, tmp_path):
    kernel, bias = rng.normal(size=(3, 3, 2, 5)), rng.normal(size=5)
    np.save(tmp_path / "kernel.npy", kernel)
    np.save(tmp_path / "bias.npy", bias)
    return kernel.astype("float32"), bias


@pytest.fixture
def clone(small_clone, tmp_path):
    return sc.export(small_clone[0], tmp_path / "exported").parent


def test_exports_the_layer_and_says_which_form_and_why(run, rng, clone, arrays):
    kernel, bias = arrays
    files = ("--kernel", "kernel.npy", "--bias", "bias.npy")
    result = run("export-layer", clone, *files, "--activation", "relu")
    assert result.exit_code == 0
    path = pathlib.Path("exported", "c4-lifting-8x8-k3-c2-f5", "1")
    assert str(path) in result.stdout
    assert "convolution" in result.stdout
    assert "Why: one convolution takes " in result.stdout
    assert "Next: symclone-tf serving-config exported" in result.stdout
    images = rng.normal(size=(3, 8, 8, 2)).astype("float32")
    expected = np.maximum(sc.group_conv2d(images, kernel, "c4") + bias, 0)
    layer = keras.saving.load_model(path / "assets.extra" / "layer.keras")
    np.testing.assert_allclose(layer(images), expected, atol=1e-4)


def test_without_bias_and_under_another_name(run, clone, rng, tmp_path):
    np.save(tmp_path / "kernel.npy", rng.normal(size=(3, 3, 1, 1)))
    options = ("--kernel", "kernel.npy", "--name", "edges", "--output", "layers")
    result = run("export-layer", clone / "1", *options)
    assert result.exit_code == 0
    assert "Why: one convolution takes " in result.stdout
    record = tmp_path / "layers" / "edges" / "1" / "assets.extra" / "layer.json"
    assert json.loads(record.read_text())["form"] == "convolution"


@pytest.mark.usefixtures("arrays")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("exported", "--kernel", "kernel.npy"), "exported is not an exported clone"),
        (("CLONE", "--kernel", "nowhere.npy"), "'nowhere.npy' does not exist"),
        (("CLONE", "--kernel", "bias.npy"), "takes kernel of shape"),
        (
            ("CLONE", "--kernel", "kernel.npy", "--bias", "kernel.npy"),
            "--bias must have shape (5,)",
        ),
        (("CLONE", "--kernel", "CLONE/1/saved_model.pb"), "cannot be read as an array"),
        (
            ("CLONE", "--kernel", "kernel.npy", "--name", "../up"),
            "--name must start with a letter",
        ),
        (("CLONE", "--kernel", "kernel.npy", "--activation", "x"), "'x' is not one of"),
        (("CLONE",), "--kernel"),
    ],
)
def test_bad_input_is_one_line(refused, clone, arguments, message):
    arguments = [argument.replace("CLONE", str(clone)) for argument in arguments]
    assert message in refused("export-layer", *arguments)
