"""Layers of regional students take inputs of any size that their teacher could have."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc


def test_layers_of_regional_students_take_inputs_of_any_size(rng):
    teacher = sc.ConvTeacher("c4", image_size=9, lifting=False)
    student = sc.students.RegionalStudent(teacher, regions=3, seed=0)
    sc.cloning.solve(student)
    layer = sc.ClonedConv2D(2, student, "trainable", data_format="channels_first")
    shape = (None, 3, None, None, 4)
    assert layer.compute_output_shape(shape) == (None, 2, None, None, 4)
    assert layer.compute_output_shape((5, 3, 12, 12, 4)) == (5, 2, 10, 10, 4)
    inputs = rng.normal(size=(2, 3, 12, 12, 4)).astype("float32")
    outputs = layer(inputs)
    last = sc.group_conv2d(np.moveaxis(inputs, 1, -1), layer.kernel, "c4")
    np.testing.assert_allclose(outputs, np.moveaxis(last, -1, 1), atol=1e-4)


@pytest.mark.parametrize("symmetry", ["frozen", "trainable"])
def test_layers_take_inputs_with_fewer_outputs_than_regions(rng, symmetry):
    teacher = sc.ConvTeacher("t2", image_size=20, padding="same", strides=2)
    student = sc.students.RegionalStudent(teacher, regions=4, seed=0)
    sc.cloning.solve(student)
    layer = sc.ClonedConv2D(2, student, symmetry)
    layer.build((None, None, None, 3))
    assert layer.computes_as() == ("convolution" if symmetry == "frozen" else "blocks")
    unknown = tf.function(layer, input_signature=[tf.TensorSpec((None,) * 3 + (3,))])
    for size in ((5, 6), (2, 1), (13, 3)):
        inputs = rng.normal(size=(2, *size, 3)).astype("float32")
        expected = keras.ops.conv(inputs, layer.kernel, 2, "same")
        for compute in (layer, unknown):
            np.testing.assert_allclose(compute(inputs), expected, atol=1e-5)


def test_inputs_that_a_regional_student_cannot_take_are_refused():
    teacher = sc.ConvTeacher("c4", image_size=9, lifting=False)
    student = sc.students.RegionalStudent(teacher, regions=3, seed=0)
    layer = sc.ClonedConv2D(2, student)
    for shape, message in (
        ((1, 9, 9, 1), r"\(batch, any size, any size, 4, channels\)"),
        ((1, 9, 9, 8, 1), r"\(batch, any size, any size, 4, channels\)"),
        ((1, 9, 8, 4, 1), "`image_size` must be the same along height and width"),
        ((1, 2, 2, 4, 1), "`kernel_size` must not exceed `image_size`"),
    ):
        with pytest.raises(ValueError, match=message):
            layer(np.zeros(shape, "float32"))
