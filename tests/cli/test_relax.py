import pathlib
import warnings

import keras
import numpy as np
import pytest

import symclone_tf as sc

from networks import noise, plain


@pytest.fixture
def saved(tmp_path):
    model = plain()
    model.save(tmp_path / "model.keras")
    return model


def test_relaxes_a_saved_network(run, saved):
    result = run("relax", "model.keras")
    assert result.exit_code == 0
    output = pathlib.Path("model-relaxed.keras")
    assert f"{output}: outputs differ by" in result.stdout
    assert "DepthwiseConv2D, T(2) 6×6" in result.stdout
    assert "Next: import keras, symclone_tf\n" in result.stdout
    assert f'model = keras.saving.load_model("{output}")' in result.stdout
    relaxed = keras.saving.load_model(output)
    assert relaxed.get_layer("first").symmetry == "trainable"
    images = noise(saved)
    np.testing.assert_allclose(relaxed(images), saved(images), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_a_network_whose_loss_cannot_be_read_is_relaxed_uncompiled(
    run, tmp_path, suffix
):
    def distance(y_true, y_pred):
        return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)

    conv = keras.layers.Conv2D(2, 3, name="conv")
    model = keras.Sequential([keras.Input((6, 6, 1)), conv, keras.layers.Flatten()])
    model.compile("sgd", "mse" if suffix == ".h5" else distance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the format is a legacy one
        model.save(tmp_path / f"cnn.v2{suffix}")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = run("relax", f"cnn.v2{suffix}")
    assert result.exit_code == 0
    (note,) = (n for n in result.stderr.splitlines() if n.startswith("Note: "))
    assert note.startswith(f"Note: cnn.v2{suffix} is read, but not compiled: compile")
    output = pathlib.Path("cnn.v2-relaxed.keras")
    said = f'load_model("{output}"), and model.compile(…), model.fit(…)'
    assert said in result.stdout
    relaxed = keras.saving.load_model(output)
    assert not relaxed.compiled
    images = noise(model)
    np.testing.assert_allclose(relaxed(images), model(images), atol=1e-5)


@pytest.mark.slow
@pytest.mark.usefixtures("saved")
def test_takes_the_regularisation_and_the_layers(run):
    options = (
        "--symmetry",
        "anchored",
        "--anchor",
        "decoupled-l2-sp",
        "--anchor-strength",
        "45",
    )
    chosen = ("--layer", "first", "--layer", "inner", "--trainable-part", "encoder")
    result = run("relax", "model.keras", "--output", "new.keras", *options, *chosen)
    assert result.exit_code == 0
    relaxed = keras.saving.load_model("new.keras")
    layer = relaxed.get_layer("first")
    assert layer.treatment == ("anchored", "encoder", "decoupled-l2-sp", 45)
    found = [type(one).__name__ for one in sc.networks.convolution_layers(relaxed)]
    assert sorted(found) == ["ClonedConv2D"] * 2 + ["Conv2D", "DepthwiseConv2D"]


@pytest.mark.slow
def test_names_unchanged_layers_and_takes_a_size(run, tmp_path):
    images = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(2, 3)(images)
    one = keras.layers.Conv2D(1, (6, 4), name="one")(x)
    keras.Model(images, one).save(tmp_path / "any.keras")
    result = run("relax", "any.keras", "--image-size", "8x6")
    assert result.exit_code == 0
    assert "Left unchanged: one: its output is one position, which" in result.stdout
    assert "takes inputs of shape (None, 8, 6, 1) only, where the" in result.stdout


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.keras",), "'nowhere.keras' does not exist"),
        (("text.keras",), "text.keras cannot be read as a Keras model"),
        (("text.h5",), "text.h5 cannot be read as a Keras model"),
        (("model.keras", "--output", "text.keras"), "exists and is not replaced"),
        (("model.keras", "--output", "new.h5"), "written to a .keras file"),
        (("model.keras", "--layer", "nowhere"), "no layers named ['nowhere']"),
        (("model.keras", "--layer", "pool"), "'pool' cannot be relaxed"),
        (
            ("model.keras", "--anchor", "decoupled-l2-sp"),
            "only for --symmetry anchored",
        ),
        (
            ("model.keras", "--symmetry", "frozen", "--trainable-part", "encoder"),
            "--trainable-part is for clones that are not frozen",
        ),
        (("dense.keras",), "no convolution to relax"),
        (("any.keras", "--student", "local"), "pass --image-size"),
        (("model.keras", "--student", "local", "--regions", "2"), "--regions"),
        *(
            (
                ("model.keras", "--regions", given),
                f"{given!r} is neither numbers like 4 nor 2x4",
            )
            for given in ("axb", "1.5", "2×2", "2x2x2", "2x")
        ),
    ],
)
def test_bad_input_is_refused_in_one_line(refused, tmp_path, arguments, message):
    (tmp_path / "text.keras").write_text("no model")
    (tmp_path / "text.h5").write_text("no model")
    dense = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    dense.save(tmp_path / "dense.keras")
    images = keras.Input((None, None, 1))
    keras.Model(images, keras.layers.Conv2D(1, 3)(images)).save(tmp_path / "any.keras")
    assert message in refused("relax", *arguments)
