"""Networks in ONNX files."""

import keras
import numpy as np
import pytest
from keras import layers

import symclone_tf as sc
from symclone_tf.artifacts import export_onnx, load_network

from cases import OFF_QUARTERS
from networks import noise, on_group

onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture
def images(rng):
    return rng.normal(3, 2, size=(5, 6, 6, 3)).astype("float32")


def normalization(images, **options):
    layer = layers.Normalization(**options)
    layer.adapt(images)
    return layer


def network(front):
    parts = layers.Conv2D(4, 3, name="conv"), layers.Flatten(), layers.Dense(2)
    return keras.Sequential([keras.Input((6, 6, 3)), front, *parts])


def nested(front):
    """In a Sequential model, in a functional one with two branches."""
    front = keras.Sequential([keras.Input((6, 6, 3)), front], name="front")
    x = inputs = keras.Input((6, 6, 3), name="images")
    x = layers.Conv2D(3, 3, padding="same", name="conv")(front(x))
    x = layers.Add()([x, inputs])
    return keras.Model(inputs, layers.Flatten()(x))


def outputs_of(file, *inputs):
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    names = [source.name for source in session.get_inputs()]
    return session.run(None, dict(zip(names, inputs, strict=True)))[0]


@pytest.mark.parametrize("make", [network, nested])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"axis": None},
        {"axis": (1, 2, 3)},  # more numbers than TensorFlow keeps in a graph
        {"invert": True},
    ],
)
def test_adapted_normalization_is_part_of_the_file(images, tmp_path, make, options):
    front = normalization(images, **options)
    model = make(front)
    expected, mean = model(images), front.mean
    file = export_onnx(model, tmp_path / "new" / "model.onnx")
    assert [one.name for one in file.parent.iterdir()] == ["model.onnx"]
    np.testing.assert_allclose(outputs_of(file, images), expected, atol=1e-5)
    # The layer is as it was, and may be adapted again.
    assert front.mean is mean
    front.adapt(2 * images)
    assert not np.allclose(model(images), expected, atol=1e-3)
    again = export_onnx(model, tmp_path / "again.onnx")
    np.testing.assert_allclose(outputs_of(again, images), model(images), atol=1e-5)


def test_given_statistics_are_part_of_the_file(images, tmp_path):
    model = network(layers.Normalization(mean=[1, 2, 3], variance=[4, 5, 6]))
    file = export_onnx(model, tmp_path / "model.onnx")
    np.testing.assert_allclose(outputs_of(file, images), model(images), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("make", [network, nested])
def test_relaxed_and_fused_networks_keep_their_statistics(images, tmp_path, make):
    model = make(normalization(images))
    expected = model(images)
    relaxed, _ = sc.relax(model, verbose=0)
    fused = sc.fuse_network(relaxed).model
    for name, one in {"relaxed": relaxed, "fused": fused}.items():
        file = export_onnx(one, tmp_path / f"{name}.onnx")
        np.testing.assert_allclose(outputs_of(file, images), expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("group", OFF_QUARTERS)
def test_networks_on_a_group_are_computed_alike(tmp_path, group):
    """With its clones, and with the convolutions that these are fused to."""
    model = on_group(group)
    images = noise(model)
    for name, network in (("own", model), ("fused", sc.fuse_network(model).model)):
        file = export_onnx(network, tmp_path / f"{name}.onnx")
        np.testing.assert_allclose(outputs_of(file, images), model(images), atol=1e-5)


def test_a_loaded_network_need_not_be_called_first(images, tmp_path):
    model = network(normalization(images))
    model.save(tmp_path / "model.keras")
    loaded = load_network(tmp_path / "model.keras")
    file = export_onnx(loaded, tmp_path / "model.onnx")
    np.testing.assert_allclose(outputs_of(file, images), model(images), atol=1e-5)


@pytest.mark.parametrize("structure", [list, dict])
def test_a_network_of_several_inputs_has_all_of_them(rng, tmp_path, structure):
    first, second = keras.Input((3,), name="first"), keras.Input((2,), name="second")
    pair = [first, second]
    values = [rng.normal(size=(4, n)).astype("float32") for n in (3, 2)]
    scale = layers.Normalization(mean=1.0, variance=4.0)
    x = layers.Concatenate()([scale(first), layers.Dense(2)(second)])
    inputs, given = pair, values
    if structure is dict:
        inputs = dict(zip(("first", "second"), pair))
        given = dict(zip(inputs, values))
    model = keras.Model(inputs, x)
    file = export_onnx(model, tmp_path / "model.onnx")
    np.testing.assert_allclose(outputs_of(file, *values), model(given), atol=1e-5)


def test_what_onnx_cannot_compute_is_refused(tmp_path):
    grouped = layers.Conv1D(4, 3, groups=2, name="grouped")
    model = keras.Sequential([keras.Input((6, 4)), grouped])
    with pytest.raises(sc.ArtifactError, match=r"no operation.*PartitionedCall") as why:
        export_onnx(model, tmp_path / "model.onnx")
    assert "\n" not in str(why.value)
    assert not list(tmp_path.iterdir())


def test_types_that_onnx_does_not_compute_with_are_refused(images, tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = network(normalization(images))
    with pytest.raises(sc.ArtifactError, match=r"refuses types.*bfloat16") as why:
        export_onnx(model, tmp_path / "model.onnx")
    assert "\n" not in str(why.value)
    assert not list(tmp_path.iterdir())


def test_other_tensors_that_layers_hold_are_refused(tmp_path):
    class Shift(layers.Layer):
        def __init__(self):
            super().__init__()
            self.by = keras.ops.ones((2,))

        def call(self, inputs):
            return inputs + self.by

    model = keras.Sequential([keras.Input((2,)), Shift()], name="shifted")
    with pytest.raises(sc.ArtifactError, match=r"make these NumPy.*'shifted', with"):
        export_onnx(model, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.pb", r"written to a \.onnx file, not to .*model\.pb"),
        ("there.onnx", "exists and is not replaced"),
    ],
)
def test_nothing_is_overwritten(images, tmp_path, name, message):
    (tmp_path / "there.onnx").write_text("mine")
    with pytest.raises(sc.ArtifactError, match=message):
        export_onnx(network(normalization(images)), tmp_path / name)
    assert (tmp_path / "there.onnx").read_text() == "mine"


def test_models_without_declared_inputs_are_refused(tmp_path):
    class Mine(keras.Model):
        def call(self, inputs):
            return 2 * inputs

    message = "must be a Sequential or functional model"
    for model in (Mine(name="mine"), keras.Sequential([layers.Dense(1)], name="mine")):
        with pytest.raises(ValueError, match=rf"{message}.*'mine', a "):
            export_onnx(model, tmp_path / "model.onnx")


def test_it_says_what_to_install(images, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'symclone-tf\[onnx\]'"):
        export_onnx(network(normalization(images)), tmp_path / "model.onnx")
