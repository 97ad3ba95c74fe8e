"""Networks in `.keras` files."""

import json
import warnings
import zipfile

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.artifacts import check_keras_file, load_network, save_network

from cases import OFF_QUARTERS
from networks import noise, on_group, plain


def test_a_written_network_is_read(tmp_path):
    model = plain()
    file = save_network(model, tmp_path / "new" / "model.keras")
    assert [one.name for one in file.parent.iterdir()] == ["model.keras"]
    images = noise(model)
    np.testing.assert_array_equal(load_network(file)(images), model(images))


@pytest.mark.slow
@pytest.mark.parametrize("group", OFF_QUARTERS)
def test_a_network_on_a_group_is_read_and_trained_on(tmp_path, group):
    model = on_group(group)
    model.compile("sgd", "sparse_categorical_crossentropy")
    images = noise(model)
    again = load_network(save_network(model, tmp_path / "model.keras"))
    np.testing.assert_array_equal(again(images), model(images))
    assert again.get_layer("lifting").student.teacher.group == sc.get_group(group)
    labels = np.arange(len(images)) % 3
    before, after = (net.fit(images, labels, verbose=0) for net in (model, again))
    assert after.history["loss"] == pytest.approx(before.history["loss"], rel=1e-5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.h5", r"written to a \.keras file, not to .*model\.h5"),
        ("there.keras", "exists and is not replaced"),
        ("there.keras/model.keras", "is not a folder"),
    ],
)
def test_nothing_is_overwritten(name, message, tmp_path):
    (tmp_path / "there.keras").write_text("mine")
    with pytest.raises(sc.ArtifactError, match=message):
        check_keras_file(tmp_path / name)
    with pytest.raises(sc.ArtifactError, match=message):
        save_network(plain(), tmp_path / name)
    assert [one.name for one in tmp_path.iterdir()] == ["there.keras"]
    assert (tmp_path / "there.keras").read_text() == "mine"


def test_failure_leaves_no_files_behind(tmp_path):
    class Broken(keras.layers.Layer):
        def get_config(self):
            raise OSError("no space left")

    model = keras.Sequential([keras.Input((2,)), Broken()])
    with pytest.raises(OSError, match="no space left"):
        save_network(model, tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())


def test_damaged_files_are_refused_in_one_line(tmp_path):
    file = save_network(plain(), tmp_path / "model.keras")
    whole = file.read_bytes()
    for name, content in (
        ("short", whole[: len(whole) // 2]),
        ("empty", b""),
        ("other", b"not a model at all" * 100),
    ):
        damaged = tmp_path / f"{name}.keras"
        damaged.write_bytes(content)
        with pytest.raises(sc.ArtifactError, match=r"cannot be read as a Keras") as why:
            load_network(damaged)
        assert "\n" not in str(why.value)
    with pytest.raises(sc.ArtifactError, match="is not a file"):
        load_network(tmp_path / "nowhere.keras")


def test_code_in_a_file_is_not_executed(tmp_path):
    marker = tmp_path / "ran"

    def leave_a_mark(x):
        open(marker, "w").close()
        return x

    images = keras.Input((2,))
    model = keras.Model(images, keras.layers.Lambda(leave_a_mark)(images))
    marker.unlink()
    model.save(tmp_path / "model.keras")
    marker.unlink(missing_ok=True)
    with pytest.raises(sc.ArtifactError, match="cannot be read as a Keras model"):
        load_network(tmp_path / "model.keras")
    assert not marker.exists()


class Cover(keras.losses.Loss):
    """A loss that is not registered with Keras, nor has a name of Keras'."""

    def call(self, y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


class Area(keras.metrics.MeanAbsoluteError):
    """A metric likewise."""


class Descent(keras.optimizers.SGD):
    """An optimizer likewise."""


def distance(y_true, y_pred):
    """A function likewise."""
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


# How networks are compiled that Keras does not read compiled.
UNREADABLE = {
    "legacy mse": (".h5", {"loss": "mse"}),
    "legacy mae and metric": (".h5", {"loss": "mae", "metrics": ["mse"]}),
    "legacy function": (".h5", {"loss": distance}),
    "legacy class": (".h5", {"loss": Cover()}),
    "legacy optimizer": (".h5", {"loss": "mse", "optimizer": Descent()}),
    "function": (".keras", {"loss": distance}),
    "class": (".keras", {"loss": Cover()}),
    "metric": (".keras", {"loss": "mse", "metrics": [Area()]}),
    "optimizer": (".keras", {"loss": "mse", "optimizer": Descent()}),
    "lambda": (".keras", {"loss": lambda y_true, y_pred: distance(y_true, y_pred)}),
}


def written(file, **options):
    """A network in a file, compiled and trained."""
    images = keras.Input((6, 6, 2))
    x = keras.layers.Conv2D(2, 3, padding="same")(images)
    x = keras.layers.BatchNormalization()(keras.layers.Add()([x, images]))
    x = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(x))
    model = keras.Model(images, x)
    model.compile(**{"optimizer": "sgd", **options})
    model.fit(noise(model, 4), np.zeros((4, 3)), verbose=0)
    with warnings.catch_warnings():
        # That the format is a legacy one, and that a lambda is unsafe.
        warnings.simplefilter("ignore")
        model.save(file)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("name", UNREADABLE)
def test_a_network_whose_loss_cannot_be_read_is_not_compiled(tmp_path, name):
    suffix, options = UNREADABLE[name]
    file = tmp_path / f"model{suffix}"
    model = written(file, **options)
    with pytest.warns(sc.errors.ArtifactWarning, match="not compiled: compile") as said:
        found = load_network(file)
    (warning,) = [w for w in said if w.category is sc.errors.ArtifactWarning]
    assert str(file) in str(warning.message)
    assert "\n" not in str(warning.message)
    assert not found.compiled
    images = noise(model)
    np.testing.assert_array_equal(found(images), model(images))
    found.compile("sgd", "mse")
    found.fit(images, np.zeros((2, 3)), verbose=0)


@pytest.mark.parametrize("suffix", [".h5", ".hdf5", ".keras"])
def test_a_network_whose_loss_can_be_read_is_compiled(tmp_path, suffix):
    file = tmp_path / f"model{suffix}"
    model = written(file, optimizer="adam", loss=keras.losses.MeanSquaredError())
    found = load_network(file)  # without a warning, which were an error
    assert found.compiled
    assert type(found.optimizer) is keras.optimizers.Adam
    images = noise(model)
    np.testing.assert_array_equal(found(images), model(images))


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_layers_that_are_not_registered_are_refused_in_one_line(tmp_path, suffix):
    class Doubled(keras.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    model = keras.Sequential([keras.Input((2,)), Doubled()])
    model.compile("sgd", distance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(tmp_path / f"model{suffix}")
    with pytest.raises(sc.ArtifactError, match="cannot be read as a Keras") as why:
        load_network(tmp_path / f"model{suffix}")
    assert "\n" not in str(why.value)


def test_damaged_legacy_files_are_refused_in_one_line(tmp_path):
    file = tmp_path / "model.h5"
    written(file, loss=distance)
    whole = file.read_bytes()
    for name, content in (
        ("short", whole[: len(whole) // 2]),
        ("empty", b""),
        ("other", b"not a model at all" * 100),
    ):
        damaged = tmp_path / f"{name}.h5"
        damaged.write_bytes(content)
        with pytest.raises(sc.ArtifactError, match=r"cannot be read as a Keras") as why:
            load_network(damaged)
        assert "\n" not in str(why.value)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_code_in_a_file_with_an_unreadable_loss_is_not_executed(tmp_path, suffix):
    marker = tmp_path / "ran"

    def leave_a_mark(x):
        open(marker, "w").close()
        return x

    images = keras.Input((2,))
    model = keras.Model(images, keras.layers.Lambda(leave_a_mark)(images))
    model.compile("sgd", distance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(tmp_path / f"model{suffix}")
    marker.unlink(missing_ok=True)
    with pytest.raises(sc.ArtifactError, match="cannot be read as a Keras model"):
        load_network(tmp_path / f"model{suffix}")
    assert not marker.exists()


def test_legacy_files_with_operations_between_layers_are_refused_with_a_way_out(
    tmp_path,
):
    images = keras.Input((4,))
    summed = keras.layers.Dense(3)(images) + keras.layers.Dense(3)(images)
    model = keras.Model(images, summed)
    model.save(tmp_path / "sum.h5")
    with pytest.raises(sc.errors.ArtifactError, match=r"no operations between") as e:
        load_network(tmp_path / "sum.h5")
    assert "\n" not in str(e.value)
    model.save(tmp_path / "sum.keras")
    assert load_network(tmp_path / "sum.keras").count_params() == model.count_params()


def test_optimizers_of_pytorch_are_those_of_this_backend(tmp_path):
    """As Keras 3.15.1 writes them there, and does not read them elsewhere."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.003), "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    written = sc.artifacts.save_network(model, tmp_path / "here.keras")
    there = tmp_path / "there.keras"
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(there, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["compile_config"]["optimizer"] |= {
                    "module": "keras.src.backend.torch.optimizers.torch_adam",
                    "registered_name": "Adam",
                }
                content = json.dumps(config)
            new.writestr(name, content)
    found = sc.artifacts.load_network(there)
    assert type(found.optimizer) is keras.optimizers.Adam
    assert int(found.optimizer.iterations) == 1
    for mine, theirs in zip(found.optimizer.variables, model.optimizer.variables):
        np.testing.assert_array_equal(mine, theirs)
