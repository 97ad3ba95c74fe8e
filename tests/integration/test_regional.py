"""Networks of regional clones whose regions differ, where Keras exports to."""

import keras
import numpy as np
import pytest
from keras import layers
from packaging.version import Version

import symclone_tf as sc

from processes import run_script
from regional_layers import change_regions

pytestmark = pytest.mark.slow

# Images of other sizes than those that networks of any size were relaxed with: odd
# ones, and such as have fewer outputs than regions.
OTHERS = [(22, 27), (7, 6)]


def network(size):
    images = keras.Input((size, size, 3), name="images")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(images)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.Conv2D(8, 3, 2, padding="same", groups=2, name="groups")(x)
    x = layers.Conv2D(8, 3, padding="same", dilation_rate=2, name="dilated")(x)
    x = layers.SeparableConv2D(5, 3, name="separable")(x)
    return keras.Model(images, layers.GlobalAveragePooling2D()(x))


@pytest.fixture(scope="module", params=[20, None], ids=["one size", "any size"])
def relaxed(request):
    given = None if request.param else 20
    options = {"student": "regional", "regions": 2, "image_size": given}
    model, _ = sc.relax(network(request.param), **options, verbose=0)
    change_regions(model, np.random.default_rng(0))
    return model


@pytest.fixture(scope="module", params=["relaxed", "fused"])
def model(request, relaxed):
    if request.param == "relaxed":
        return relaxed
    size = None if relaxed.input_shape[1] else 20
    fused = sc.fuse_network(relaxed, image_size=size)
    assert {layer.form for layer in fused.layers.values()} == {"regions"}
    return fused.model


@pytest.fixture
def batches(rng, model):
    """Images of a size that the model takes, and of another if it takes any."""
    sizes = [(20, 20)] if model.input_shape[1] else [(20, 20), *OTHERS]
    return [rng.normal(size=(2, *size, 3)).astype("float32") for size in sizes]


def check(found, relaxed, images):
    expected = np.array(relaxed(images))
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_saved_models_run_without_this_package(relaxed, model, batches, tmp_path):
    model.export(tmp_path / "served", verbose=False)
    for number, images in enumerate(batches):
        np.save(tmp_path / f"images{number}.npy", images)
    done = run_script(
        "import sys; sys.modules['symclone_tf'] = None\n"
        "import numpy as np, tensorflow as tf\n"
        "served = tf.saved_model.load('served')\n"
        f"for number in range({len(batches)}):\n"
        "    outputs = served.serve(tf.constant(np.load(f'images{number}.npy')))\n"
        "    np.save(f'outputs{number}.npy', outputs)\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    for number, images in enumerate(batches):
        check(np.load(tmp_path / f"outputs{number}.npy"), relaxed, images)


def test_onnx_runtime_computes_what_keras_does(relaxed, model, batches, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    file = sc.artifacts.export_onnx(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (source,) = session.get_inputs()
    for images in batches:
        check(session.run(None, {source.name: images})[0], relaxed, images)


def test_litert_computes_what_keras_does(relaxed, model, batches, tmp_path):
    if Version(keras.__version__) < Version("3.13"):
        pytest.skip("Keras exports to LiteRT since 3.13")
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    file = str(tmp_path / "model.tflite")
    model.export(file, format="litert", verbose=False)
    for images in batches:
        interpreter = litert.Interpreter(model_path=file)
        (source,) = interpreter.get_input_details()
        (target,) = interpreter.get_output_details()
        interpreter.resize_tensor_input(source["index"], images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(source["index"], images)
        interpreter.invoke()
        check(interpreter.get_tensor(target["index"]), relaxed, images)


def test_files_are_read_where_the_package_is_imported(
    relaxed, model, batches, tmp_path
):
    sc.artifacts.save_network(model, tmp_path / "model.keras")
    for number, images in enumerate(batches):
        np.save(tmp_path / f"images{number}.npy", images)
    done = run_script(
        "import keras, numpy as np\n"
        "import symclone_tf\n"
        "model = keras.saving.load_model('model.keras')\n"
        f"for number in range({len(batches)}):\n"
        "    outputs = model(np.load(f'images{number}.npy'))\n"
        "    np.save(f'outputs{number}.npy', outputs)\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    for number, images in enumerate(batches):
        check(np.load(tmp_path / f"outputs{number}.npy"), relaxed, images)


def test_classifiers_are_exported_for_the_images_that_they_take(
    relaxed, model, batches, tmp_path
):
    path = sc.artifacts.export_classifier(model, tmp_path, "regional", {})
    layer = keras.layers.TFSMLayer(path, call_endpoint="serving_default")
    for images in batches:
        check(layer(images)["probabilities"], relaxed, images)
    again = sc.artifacts.load_network(sc.artifacts.network_file(path))
    check(again(batches[-1]), relaxed, batches[-1])
