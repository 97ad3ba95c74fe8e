"""Convolutions of the copies of an image: Keras' own, and the same for all copies."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.teachers import CopiesConvTeacher, deserialize_teacher
from symclone_tf.teachers import serialize_teacher as serialized

CASES = [
    ("c4", 8, {}),
    ("flip", (7, 6), {"padding": "same", "strides": 2}),
    ("c8", 9, {"dilation_rate": 2, "kernel_size": (3, 2)}),
]


@pytest.mark.parametrize(("group", "size", "options"), CASES)
def test_each_copy_is_convolved_as_by_keras(group, size, options, rng):
    teacher = CopiesConvTeacher(group, size, **options)
    kernel = rng.normal(size=(*teacher.kernel_shape, 2, 3)).astype("float32")
    copies = rng.normal(size=(2, *teacher.input_shape, 2)).astype("float32")
    layer = keras.layers.Conv2D(3, **{"kernel_size": 3, **options}, use_bias=False)
    layer.build((None, *teacher.input_shape[1:], 2))
    layer.kernel.assign(kernel[0])
    found = teacher(copies, kernel)
    assert found.shape[1:-1] == teacher.output_shape
    for h in range(teacher.group.order):
        np.testing.assert_allclose(found[:, h], layer(copies[:, h]), atol=1e-5)


@pytest.mark.parametrize(("group", "size", "options"), CASES)
def test_it_is_exactly_equivariant_under_permutations_of_copies(
    group, size, options, rng
):
    teacher = CopiesConvTeacher(group, size, **options)
    assert len(teacher.transformations()) == teacher.group.order - 1
    assert len(teacher.training_transformations()) == teacher.group.order - 1
    kernel = rng.normal(size=(*teacher.kernel_shape, 2, 3)).astype("float32")
    copies = rng.normal(size=(2, *teacher.input_shape, 2)).astype("float32")
    error = sc.symmetry.largest_error(
        lambda x: teacher(x, kernel), teacher.transformations(), copies
    )
    assert error < 1e-6


@pytest.mark.parametrize(("group", "size", "options"), CASES)
def test_it_is_a_value(group, size, options):
    teacher = CopiesConvTeacher(group, size, **options)
    again = deserialize_teacher(serialized(teacher))
    assert again == teacher
    assert hash(again) == hash(teacher)
    assert again.name == teacher.name
    assert teacher != CopiesConvTeacher("c2", size, **options)
    larger = teacher.resized((teacher.group.order, 11, 12))
    assert larger.image_size == (11, 12)
    assert larger.kernel_size == teacher.kernel_size


@pytest.mark.parametrize("student", ["local", "regional"])
def test_students_clone_it_in_closed_form(student):
    teacher = CopiesConvTeacher("c4", 6, padding="same", strides=2)
    _, report = sc.clone(teacher, student=student, solver="closed-form", verbose=0)
    assert report.nmse < 1e-10
    assert report.equivariance_error < 1e-5


def test_kernels_larger_than_the_image_are_refused():
    with pytest.raises(ValueError, match="must not exceed `shape`"):
        CopiesConvTeacher("c4", 2)
