"""Every way to reuse what was exported, each in a process of its own."""

import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

import symclone_tf as sc

from cases import later

# For processes that are not to have this package.
ABSENT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "symclone_tf":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
"""


def run(script, folder, before=""):
    """Runs a script in a folder; a failing one shows what it said."""
    code = before + textwrap.dedent(script)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def student(small_clone):
    return small_clone[0]


@pytest.fixture
def exported(student, tmp_path):
    return sc.export(student, tmp_path / "exported")


@pytest.mark.slow
@pytest.mark.parametrize("batch", [later(1), 7])
@pytest.mark.usefixtures("exported")
def test_load_gives_a_trainable_student_for_a_layer(rng, student, tmp_path, batch):
    images = rng.normal(size=(batch, 8, 8, 2)).astype("float32")
    kernel, bias = rng.normal(size=(3, 3, 2, 4)), rng.normal(size=4)
    np.savez(tmp_path / "in.npz", images=images, kernel=kernel, bias=bias)
    run(
        """
        import keras
        import numpy as np
        import symclone_tf as sc
        given = np.load("in.npz")
        student = sc.load("exported/c4-lifting-8x8-k3")
        layer = sc.ClonedConv2D(4, student, "trainable", activation="relu")
        layer.build((None, 8, 8, 2))
        layer.kernel.assign(given["kernel"])
        layer.bias.assign(given["bias"])
        assert len(layer.trainable_weights) == 4
        np.save("out.npy", layer(given["images"]))
        """,
        tmp_path,
    )
    layer = sc.ClonedConv2D.from_kernel(kernel, student, bias, activation="relu")
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), layer(images), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [later(1), 7])
@pytest.mark.usefixtures("exported")
def test_keras_serves_the_saved_model_without_this_package(
    rng, student, tmp_path, batch
):
    images = rng.normal(size=(batch, 8, 8)).astype("float32")
    kernels = rng.normal(size=(batch, 3, 3)).astype("float32")
    np.savez(tmp_path / "in.npz", image=images, kernel=kernels)
    run(
        """
        import keras
        import numpy as np
        layer = keras.layers.TFSMLayer(
            "exported/c4-lifting-8x8-k3/1", call_endpoint="serve"
        )
        inputs = {name: np.load("in.npz")[name] for name in ("image", "kernel")}
        np.save("out.npy", layer(inputs))
        assert "symclone_tf" not in sys.modules
        """,
        tmp_path,
        before=ABSENT,
    )
    np.testing.assert_allclose(
        np.load(tmp_path / "out.npy"), student.call_pairs(images, kernels), atol=1e-5
    )


@pytest.mark.parametrize(
    "imports",
    [
        "import keras, symclone_tf",
        "import symclone_tf as sc; sc.ClonedConv2D; import keras",
    ],
)
@pytest.mark.slow
@pytest.mark.usefixtures("exported")
def test_keras_loads_the_student_itself(rng, student, tmp_path, imports):
    images = rng.normal(size=(7, 8, 8)).astype("float32")
    kernels = rng.normal(size=(7, 3, 3)).astype("float32")
    np.savez(tmp_path / "in.npz", images=images, kernels=kernels)
    run(
        f"""
        {imports}
        import numpy as np
        student = keras.saving.load_model(
            "exported/c4-lifting-8x8-k3/1/assets.extra/student.keras"
        )
        given = np.load("in.npz")
        np.save("out.npy", student.call_pairs(given["images"], given["kernels"]))
        """,
        tmp_path,
    )
    np.testing.assert_allclose(
        np.load(tmp_path / "out.npy"), student.call_pairs(images, kernels), atol=1e-5
    )


@pytest.mark.slow
def test_model_of_clones_is_saved_reloaded_trained_on_and_exported(rng, tmp_path):
    """A frozen and a trainable clone in one model, each as it was."""
    students = [
        sc.clone("c4", False, size, solver="closed-form", verbose=0)[0]
        for size in (8, 6)
    ]
    model = keras.Sequential(
        [
            keras.Input((8, 8, 4, 2)),
            sc.ClonedConv2D(3, students[0], "frozen", activation="relu"),
            sc.ClonedConv2D(3, students[1], "trainable", activation="relu"),
            keras.layers.GlobalAveragePooling3D(),
            keras.layers.Dense(3, "softmax"),
        ]
    )
    model.save(tmp_path / "model.keras")
    images = rng.normal(size=(32, 8, 8, 4, 2)).astype("float32")
    np.savez(tmp_path / "in.npz", images=images, labels=rng.integers(3, size=32))
    run(
        """
        import keras
        import numpy as np
        import symclone_tf
        given = np.load("in.npz")
        images, labels = given["images"], given["labels"]
        model = keras.saving.load_model("model.keras")
        np.save("reloaded.npy", model(images))
        students = [layer.student for layer in model.layers[:2]]
        before = [student.get_weights() for student in students]
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(images, labels, epochs=2, verbose=0)
        after = [student.get_weights() for student in students]
        changed = [
            any((a != b).any() for a, b in zip(*pair)) for pair in zip(before, after)
        ]
        assert changed == [False, True]
        np.save("trained.npy", model(images))
        model.save("again.keras")
        model.export("served", verbose=False)
        """,
        tmp_path,
    )
    run(
        """
        import numpy as np
        import tensorflow as tf
        served = tf.saved_model.load("served").signatures["serving_default"]
        images = np.load("in.npz")["images"]
        for count in (1, 7):
            (answers,) = served(tf.constant(images[:count])).values()
            np.save(f"served{count}.npy", answers)
        assert "symclone_tf" not in sys.modules
        """,
        tmp_path,
        before=ABSENT,
    )
    found = {f.stem: np.load(f) for f in tmp_path.glob("*.npy")}
    np.testing.assert_allclose(found["reloaded"], model(images), atol=1e-5)
    for count in (1, 7):
        expected = found["trained"][:count]
        np.testing.assert_allclose(found[f"served{count}"], expected, atol=1e-5)
    again = keras.saving.load_model(tmp_path / "again.keras")
    np.testing.assert_allclose(again(images), found["trained"], atol=1e-5)
