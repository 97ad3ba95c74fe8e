"""Convolutions along one axis and three, as Keras computes them."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.cloning import student_equivariance_error
from symclone_tf.symmetry.equivariance import largest_error
from symclone_tf.teachers import (
    TranslationConvTeacher,
    deserialize_teacher,
    serialize_teacher,
)

from cases import later

LAYERS = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}
CASES = {
    "plain": ((12,), {}),
    "causal": ((12,), {"padding": "causal"}),
    "causal, dilated": ((12,), {"padding": "causal", "dilation_rate": 2}),
    "causal, strided": ((13,), {"padding": "causal", "strides": 2}),
    "same, strided": ((12,), {"padding": "same", "strides": 3, "kernel_size": 4}),
    "dilated": ((15,), {"dilation_rate": 3}),
    "image": ((6, 7), {"kernel_size": (2, 3)}),
    "volume": ((5, 4, 6), {"kernel_size": (2, 2, 3)}),
    "volume, same": ((4, 4, 4), {"padding": "same"}),
    "volume, strided": ((6, 6, 6), {"strides": (2, 2, 2)}),
    "volume, dilated": ((5, 5, 5), {"dilation_rate": 2}),
}
EVERY = pytest.mark.parametrize("case", CASES)
FEW = ("plain", "causal, strided", "same, strided", "image", "volume, dilated")
MOST = pytest.mark.parametrize("case", [c if c in FEW else later(c) for c in CASES])


def made(case):
    shape, options = CASES[case]
    layer = LAYERS[len(shape)](3, **{"kernel_size": 3, "use_bias": False, **options})
    return TranslationConvTeacher(shape, **options), layer


@pytest.mark.slow
@MOST
def test_teachers_and_clones_compute_as_keras_layers(rng, case):
    teacher, layer = made(case)
    inputs = rng.normal(size=(2, *teacher.input_shape, 2)).astype("float32")
    expected = layer(inputs)
    assert teacher.output_shape == expected.shape[1:-1]
    outputs = teacher(inputs, layer.kernel)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    for kind in ("dense", "local"):
        student, report = sc.clone(
            teacher, student=kind, solver="closed-form", verbose=0
        )
        assert report.nmse < 1e-10
        outputs = student(inputs, layer.kernel)
        np.testing.assert_allclose(outputs, expected, atol=1e-4)


@EVERY
def test_receptive_fields_are_those_that_are_measured(case):
    teacher, _ = made(case)
    undeclared = sc.FunctionTeacher(
        teacher, teacher.input_shape, teacher.kernel_shape, teacher.output_shape
    )
    found = sc.students.receptive_fields.receptive_fields_of(undeclared)
    declared = [sorted(row[row >= 0]) for row in teacher.receptive_fields]
    assert declared == [sorted(row[row >= 0]) for row in found]
    assert teacher.receptive_field_size == teacher.receptive_fields.shape[1]


@EVERY
def test_it_commutes_with_its_translations(rng, case):
    teacher, _ = made(case)
    inputs = rng.normal(size=(2, *teacher.input_shape, 1)).astype("float32")
    kernel = rng.normal(size=(*teacher.kernel_shape, 1, 1)).astype("float32")
    for transformations in (
        teacher.transformations(),
        teacher.training_transformations(),
    ):
        axes = {len(translation.offset) for translation in transformations}
        assert axes <= {len(teacher.input_shape)}
    error = largest_error(
        lambda x: teacher(x, kernel), teacher.transformations(), inputs
    )
    assert error is None or error < 1e-5


def test_causal_outputs_depend_on_no_later_input(rng):
    teacher = TranslationConvTeacher(9, padding="causal", dilation_rate=2)
    late = np.zeros((1, 9, 1), "float32")
    late[:, 5:] = 1
    kernel = rng.normal(size=(3, 1, 1)).astype("float32")
    assert not np.any(teacher(late, kernel)[:, :5])
    assert np.all(teacher(late, kernel)[:, 5:])


@pytest.mark.slow
def test_it_is_cloned_by_training_too():
    teacher = TranslationConvTeacher(16, padding="causal")
    for kind in ("dense", "local"):
        student, report = sc.clone(teacher, student=kind, verbose=0)
        assert report.nmse < 1e-8
        assert student_equivariance_error(student) < 1e-3


def test_maps_that_break_translations_have_an_error(rng):
    teacher = TranslationConvTeacher((5, 5, 5))
    weights = rng.normal(size=(5, 5, 5, 1)).astype("float32")
    inputs = rng.normal(size=(2, 5, 5, 5, 1)).astype("float32")
    kernel = np.ones((3, 3, 3, 1, 1), "float32")

    def broken(inputs):
        return teacher(inputs * weights, kernel)

    assert largest_error(broken, teacher.transformations(), inputs) > 0.1


@pytest.mark.parametrize("shape", [(9,), (5, 6), (5, 4, 6)])
@pytest.mark.parametrize("groups", [2, 4])
def test_channels_in_groups_are_convolved_separately(rng, shape, groups):
    teacher = TranslationConvTeacher(shape, padding="same")
    inputs = rng.normal(size=(2, *shape, 4)).astype("float32")
    kernel = rng.normal(size=(*(3,) * len(shape), 4 // groups, 8)).astype("float32")
    parts = zip(np.split(inputs, groups, -1), np.split(kernel, groups, -1))
    expected = np.concatenate([teacher(*part) for part in parts], axis=-1)
    np.testing.assert_allclose(teacher(inputs, kernel), expected, atol=1e-5)
    student, _ = sc.clone(teacher, solver="closed-form", verbose=0)
    np.testing.assert_allclose(student(inputs, kernel), expected, atol=1e-4)


@EVERY
def test_it_is_recreated_from_plain_values(case):
    teacher, _ = made(case)
    again = deserialize_teacher(serialize_teacher(teacher))
    assert again == teacher
    assert again.name == teacher.name


@pytest.mark.slow
def test_frozen_clones_of_signals_compute_as_a_convolution(rng):
    inputs = rng.normal(size=(2, 13, 2)).astype("float32")
    for case in ("causal, strided", "causal, dilated"):
        teacher, _ = made(case)
        for kind in ("dense", "local"):
            student, _ = sc.clone(
                teacher, student=kind, solver="closed-form", verbose=0
            )
            assert student.translation_equivariance().is_convolution
            kernel = rng.normal(size=(3, 2, 4)).astype("float32")
            signals = inputs[:, : teacher.input_shape[0]]
            expected = teacher(signals, kernel)
            np.testing.assert_allclose(
                student.convolve(signals, kernel), expected, atol=1e-4
            )


def test_gigantic_sizes_cost_nothing_until_they_are_computed():
    teacher = TranslationConvTeacher((10**6, 10**6, 10**6), padding="same")
    assert teacher.positions_out == 10**18
    assert sc.DenseStudent(teacher).parameters > 10**36


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": 0}, "`shape` must be a positive integer"),
        ({"shape": (4,) * 4}, "number of axes` must be one of 1, 2, 3.*=4"),
        ({"shape": (4, 4), "kernel_size": (3,)}, "`kernel_size` must be.*each axis"),
        ({"shape": 2}, "`kernel_size` must not exceed `shape`"),
        (
            {"shape": (4, 4), "padding": "causal"},
            "`padding` must be one of valid, same",
        ),
        ({"shape": 9, "strides": 2, "dilation_rate": 2}, "`strides` must be 1 where"),
    ],
)
def test_sizes_and_options_that_are_not_supported_are_refused(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        TranslationConvTeacher(**options)
    assert "\n" not in str(caught.value)
