"""Students for tests, made without training."""

import keras
import numpy as np

import symclone_tf as sc


def dense(
    group, lifting=True, image_size=28, kernel_size=3, padding="valid", **options
):
    """A Dense student of a convolution, not yet built."""
    teacher = sc.ConvTeacher(group, image_size, kernel_size, lifting, padding)
    return sc.DenseStudent(teacher, **options)


def solved(
    group="c4",
    lifting=True,
    image_size=6,
    kernel_size=3,
    padding="valid",
    student="dense",
    **options,
):
    """A clone in closed form, as `sc.clone` makes it, but without its report."""
    teacher = sc.ConvTeacher(group, image_size, kernel_size, lifting, padding)
    options = {"seed": 0, "dtype": "float32", **options}
    student = sc.students.make_student(student, teacher, **options)
    sc.cloning.solve(student)
    return student


def draw(rng, student, channels=2, batch=4):
    image, _ = student.input_shapes((channels,))
    return rng.normal(size=(batch, *image)).astype("float32")


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def check_whole_life(student, rng, folder):
    """Stacks a student of C4 on 6×6 pixels, trains, saves, fuses, exports and serves
    it, and returns the path of its artifact."""
    close = {"rtol": 1e-4, "atol": 1e-4}
    images = rng.normal(size=(4, 6, 6, 1)).astype("float32")
    layer = sc.ClonedConv2D(3, student, "trainable", activation="relu")
    model = keras.Sequential([keras.Input((6, 6, 1)), layer])
    model.compile("sgd", "mse")
    before = [weight.copy() for weight in student.get_weights()]
    model.fit(images, np.ones((4, 4, 4, 4, 3)), verbose=0)
    pairs = zip(before, student.get_weights())
    assert any(not np.array_equal(old, new) for old, new in pairs)
    model.save(folder / "model.keras")
    again = keras.saving.load_model(folder / "model.keras")
    np.testing.assert_array_equal(again(images), model(images))

    fused = sc.fuse(layer)
    assert fused.form == "factored"
    np.testing.assert_allclose(fused.model(images), model(images), **close)

    path = sc.export(student, folder)
    assert sc.load(path).get_config() == student.get_config()
    kernels = rng.normal(size=(4, 3, 3)).astype("float32")
    served = keras.layers.TFSMLayer(str(path), call_endpoint="serve", trainable=False)
    outputs = served({"image": images[..., 0], "kernel": kernels})
    expected = student.call_pairs(images[..., 0], kernels)
    np.testing.assert_allclose(outputs, expected, **close)
    return path
