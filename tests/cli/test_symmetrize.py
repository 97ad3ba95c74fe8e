import pathlib

import keras
import numpy as np
import pytest

import symclone_tf as sc

from networks import noise, plain


@pytest.fixture
def saved(tmp_path):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(3, 3, 2, "same", name="first", activation="relu"),
            layers.Conv2D(4, 3, padding="same", name="second"),
            layers.Flatten(),
            layers.Dense(2, "softmax", name="kind"),
        ],
        name="net",
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "cells.keras")
    return model


def test_makes_a_saved_network_invariant(run, saved):
    result = run("symmetrize", "cells.keras", "--group", "d4")
    assert result.exit_code == 0, result.output
    output = pathlib.Path("cells-d4.keras")
    assert f"{output}: under D4, outputs change by" in result.stdout
    assert f'load_model("{output}"), and model.fit(…)' in result.stdout
    assert "27,648" in result.stdout  # operations of the first, eight times 3,456
    made = keras.saving.load_model(output)
    images = noise(saved)
    turned = np.rot90(images, 1, (1, 2))
    np.testing.assert_allclose(made(turned), made(images), atol=1e-6)


@pytest.mark.usefixtures("saved")
def test_takes_layers_with_a_symmetry_each(run):
    layers = ("--layer", "first", "--layer", "second=anchored")
    options = ("--anchor", "proximal", "--regions", "2", "--output", "new.keras")
    result = run("symmetrize", "cells.keras", "--group", "flip", *layers, *options)
    assert result.exit_code == 0, result.output
    made = keras.saving.load_model("new.keras").get_layer("net")
    assert made.get_layer("first").symmetry == "frozen"
    second = made.get_layer("second")
    assert (second.symmetry, second.anchor) == ("anchored", "proximal")
    assert second.student.regions == (2, 2, 2)


@pytest.mark.usefixtures("saved")
def test_symmetry_is_of_layers_without_their_own(run):
    layers = ("--layer", "first=trainable", "--layer", "second")
    options = ("--symmetry", "anchored", "--output", "new.keras")
    result = run("symmetrize", "cells.keras", "--group", "flip", *layers, *options)
    assert result.exit_code == 0, result.output
    made = keras.saving.load_model("new.keras").get_layer("net")
    found = [made.get_layer(name).symmetry for name in ("first", "second")]
    assert found == ["trainable", "anchored"]


@pytest.mark.usefixtures("saved")
def test_symmetry_alone_is_of_the_last_convolution(run):
    options = ("--symmetry", "trainable", "--output", "new.keras")
    result = run("symmetrize", "cells.keras", "--group", "flip", *options)
    assert result.exit_code == 0, result.output
    made = keras.saving.load_model("new.keras").get_layer("net")
    assert made.get_layer("second").symmetry == "trainable"
    assert type(made.get_layer("first")) is keras.layers.Conv2D


@pytest.mark.usefixtures("saved")
def test_measures_on_images_of_ones_own(run, rng):
    x, y = rng.integers(0, 255, (20, 16, 16), "uint8"), np.arange(20) % 2
    np.savez("cells.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    options = ("--data", "cells.npz", "--images", 10)
    result = run("symmetrize", "cells.keras", "--group", "flip", *options)
    assert result.exit_code == 0, result.output
    assert "on the given images; made in" in " ".join(result.stdout.split())


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--group", "t2"), "must have reflections or rotations"),
        (("--group", "c65"), "'c65' is not t2, flip, cN or dN"),
        ((), "Missing option '--group'"),
        (("--group", "d4", "--layer", "third"), "no convolutions named ['third']"),
        (("--group", "d4", "--layer", "first=loose"), "'loose' is not one of frozen"),
        (
            ("--group", "d4", "--anchor", "proximal"),
            "only for layers that are anchored",
        ),
        (
            (
                *("--group", "d4", "--symmetry", "anchored"),
                *("--layer", "first=frozen", "--layer", "second=trainable"),
            ),
            "--symmetry anchored is for layers without their own, and there are none: "
            "--layer first=frozen --layer second=trainable.",
        ),
        (
            ("--group", "d4", "--symmetry", "frozen"),
            "--symmetry frozen is for layers that --layer names, and it names none.",
        ),
        (("--group", "d4", "--output", "new.h5"), "new.h5"),
        (("--group", "d4", "--regions", "0"), "0 is not in the range"),
    ],
)
def test_bad_input_is_refused(refused, options, message):
    assert message in refused("symmetrize", "cells.keras", *options)


def test_rectangles_are_refused_under_quarter_turns(refused, tmp_path):
    x = keras.Input((6, 8, 1))
    keras.Model(x, keras.layers.Flatten()(x)).save(tmp_path / "wide.keras")
    message = refused("symmetrize", "wide.keras", "--group", "c4")
    assert "takes square images only" in message
    assert "flip, c2 and d2 take others" in message


def test_networks_that_relax_takes_are_taken(run, tmp_path):
    model = plain()
    model.save(tmp_path / "model.keras")
    result = run("symmetrize", "model.keras", "--group", "c4")
    assert result.exit_code == 0, result.output
    made = keras.saving.load_model("model-c4.keras")
    error = sc.networks.network_error(made, noise(model), "c4").equivariance_error
    assert error < 1e-5
