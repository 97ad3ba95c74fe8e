"""Copies that learn of each other: a group convolution, in the frame of each copy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.layers import ClonedCopiesConv2D, GroupCopies
from symclone_tf.students import RegionalStudent
from symclone_tf.symmetry import get_group
from symclone_tf.teachers import CopiesConvTeacher

from cases import later


def made(group, size, symmetry="frozen", regions=1, filters=3, channels=2, **geometry):
    """A layer with random weights between all copies."""
    teacher = CopiesConvTeacher(group, size, **geometry)
    student = RegionalStudent(teacher, regions=regions, seed=0)
    sc.cloning.solve(student)
    layer = ClonedCopiesConv2D(filters, student, symmetry)
    layer.build((None, *teacher.input_shape[1:], channels))
    drawn = np.random.default_rng(0).normal(size=layer.kernel.shape)
    layer.kernel.assign(drawn.astype("float32"))
    return layer


def loops(copies, kernel, group, strides, padding):
    """`out[h] = Σ_u conv(u·copies[hu], kernel of u)`, by Keras' convolution."""
    whole = get_group(group)
    outputs = []
    for h in range(whole.order):
        moved = [
            whole.transform(copies[:, whole.product[h, u]], u)
            for u in range(whole.order)
        ]
        kernels = np.split(kernel, whole.order, axis=2)
        parts = [tf.nn.conv2d(*pair, strides, padding) for pair in zip(moved, kernels)]
        outputs.append(sum(np.array(part) for part in parts))
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize(
    ("group", "size", "geometry"),
    [
        ("c4", 6, {"strides": 2, "padding": "same"}),
        ("d4", 5, {}),
        ("flip", (5, 4), {"padding": "same", "strides": 2}),
        ("c8", 7, {}),
    ],
)
def test_the_copies_are_convolved_by_the_formula(group, size, geometry, rng):
    layer = made(group, size, **geometry)
    copies = rng.normal(size=(2, *layer.student.teacher.input_shape, 2)).astype("f4")
    strides, padding = geometry.get("strides", 1), geometry.get("padding", "valid")
    expected = loops(copies, layer.kernel.numpy()[0], group, strides, padding.upper())
    found = layer.of_copies(copies)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    folded = layer(copies.reshape(-1, *copies.shape[2:]))
    np.testing.assert_array_equal(folded, np.reshape(found, folded.shape))
    assert layer.compute_output_shape((None, *copies.shape[2:])) == (
        None,
        *folded.shape[1:],
    )


@pytest.mark.parametrize("group", ["flip", "d4", later("c4")])
def test_transformed_images_permute_the_outputs(group, rng):
    """Strides on even sizes, of which no group convolution of images is equivariant."""
    layer = made(group, 6, strides=2, padding="same")
    images = rng.normal(size=(2, 6, 6, 2)).astype("float32")
    whole = get_group(group)

    def outputs(x):
        return layer.unfolded(layer(GroupCopies(group)(x))).numpy()

    expected = outputs(images)
    for element in range(whole.order):
        found = outputs(whole.transform(images, element))
        permuted = expected[:, whole.representation_permutation(element)]
        np.testing.assert_allclose(found, permuted, rtol=1e-4, atol=1e-4)


def test_each_copy_may_get_weights_of_its_own(rng):
    layer = made("c4", 6, "trainable", regions=(4, 1, 1))
    images = rng.normal(size=(8, 6, 6, 2)).astype("float32")
    whole = get_group("c4")

    def error():
        expected = layer.unfolded(layer(GroupCopies("c4")(images))).numpy()
        turned = whole.transform(images, 1)
        found = layer.unfolded(layer(GroupCopies("c4")(turned))).numpy()
        permuted = expected[:, whole.representation_permutation(1)]
        return np.abs(found - permuted).max() / np.abs(permuted).max()

    assert error() < 1e-5
    weights = layer.student.trainable_weights[0]
    weights.assign(weights + 0.1 * rng.normal(size=weights.shape))
    assert error() > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("anchor", ["transformed-inputs", "proximal"])
def test_anchored_layers_train(anchor, rng):
    teacher = CopiesConvTeacher("c4", 6, padding="same")
    student = RegionalStudent(teacher, regions=(4, 1, 1), seed=0)
    sc.cloning.solve(student)
    layer = ClonedCopiesConv2D(2, student, "anchored", anchor=anchor, seed=0)
    model = keras.Sequential([keras.Input((6, 6, 1)), GroupCopies("c4"), layer])
    model.compile("adam", "mse")
    x = rng.normal(size=(8, 6, 6, 1)).astype("float32")
    before = layer.student.get_weights()
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(x, training=True) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply(gradients, model.trainable_variables)

    step()
    moved = [np.abs(a - b).max() for a, b in zip(layer.student.get_weights(), before)]
    assert max(moved) > 1e-4
    assert layer.deviation().norm > 0


def test_a_convolution_becomes_one_that_computes_the_same(rng):
    convolution = keras.layers.Conv2D(3, 3, 2, "same", activation="relu", name="conv")
    convolution.build((None, 6, 6, 2))
    convolution.bias.assign(rng.normal(size=3))
    teacher = CopiesConvTeacher("d4", 6, strides=2, padding="same")
    student = RegionalStudent(teacher, regions=1, seed=0)
    sc.cloning.solve(student)
    layer = ClonedCopiesConv2D.from_conv(convolution, student)
    assert (layer.name, layer.kernel.shape) == ("conv", (1, 3, 3, 16, 3))
    copies = rng.normal(size=(16, 6, 6, 2)).astype("float32")
    np.testing.assert_allclose(layer(copies), convolution(copies), atol=1e-5)


def test_layers_are_made_again_from_their_configuration():
    layer = made("c4", 6)
    again = ClonedCopiesConv2D.from_config(layer.get_config())
    assert again.student.teacher == layer.student.teacher
    assert again.filters == 3


def test_other_students_and_layers_are_refused():
    student, _ = sc.clone("t2", image_size=6, solver="closed-form", verbose=0)
    with pytest.raises(ValueError, match="must imitate a CopiesConvTeacher"):
        ClonedCopiesConv2D(2, student)
    student = made("c4", 6).student
    with pytest.raises(ValueError, match='have `data_format="channels_last"`'):
        ClonedCopiesConv2D(2, student, data_format="channels_first")
    depthwise = keras.layers.DepthwiseConv2D(3, name="depthwise")
    depthwise.build((None, 6, 6, 2))
    with pytest.raises(ValueError, match="'depthwise', a DepthwiseConv2D"):
        ClonedCopiesConv2D.from_conv(depthwise, student)
