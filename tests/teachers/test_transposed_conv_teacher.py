"""Transposed convolutions along one axis to three, as Keras computes them."""

import itertools

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.cloning import student_equivariance_error
from symclone_tf.students.receptive_fields import receptive_fields_of
from symclone_tf.symmetry.equivariance import largest_error
from symclone_tf.teachers import (
    TransposedConvTeacher,
    deserialize_teacher,
    serialize_teacher,
)

from cases import later
from processors import TRANSPOSED_DILATED

LAYERS = {
    1: keras.layers.Conv1DTranspose,
    2: keras.layers.Conv2DTranspose,
    3: keras.layers.Conv3DTranspose,
}
CASES = {
    "plain": ((5, 6), {}),
    "U-Net's": ((4, 4), {"kernel_size": 2, "strides": 2}),
    "same, strided": ((5, 4), {"padding": "same", "strides": 2}),
    "autoencoder's": ((4, 6), {"kernel_size": 4, "padding": "same", "strides": 2}),
    "rectangle": ((5, 7), {"kernel_size": (3, 2), "strides": (1, 3)}),
    "stride exceeds kernel": ((5, 4), {"kernel_size": 2, "strides": 3}),
    "even, same": ((8, 7), {"kernel_size": 4, "padding": "same"}),
    "more outputs": ((4, 5), {"strides": 3, "output_padding": (2, 0)}),
    "fewer outputs": ((5, 4), {"strides": 2, "padding": "same", "output_padding": 0}),
    "dilated": ((6, 7), {"dilation_rate": 2}),
    "dilated, same": ((6, 8), {"dilation_rate": (2, 3), "padding": "same"}),
    "signal": ((8,), {"kernel_size": 4, "strides": 2}),
    "volume": ((4, 6, 5), {"kernel_size": (2, 3, 3), "strides": (2, 1, 2)}),
}
EVERY = pytest.mark.parametrize("case", CASES)
FEW = ("same, strided", "rectangle", "more outputs", "dilated, same", "volume")
MOST = pytest.mark.parametrize("case", [c if c in FEW else later(c) for c in CASES])


def made(case):
    shape, options = CASES[case]
    layer = LAYERS[len(shape)](
        3, **{"kernel_size": 3, **options}, bias_initializer="ones"
    )
    return TransposedConvTeacher(shape, **options), layer


def drawn(rng, teacher, channels=2, filters=3):
    inputs = rng.normal(size=(2, *teacher.input_shape, channels)).astype("float32")
    kernel = rng.normal(size=(*teacher.kernel_shape, channels, filters))
    return inputs, kernel.astype("float32")


def loops(inputs, kernel, strides, dilation_rate, cropping, output_shape):
    """The formula, `y[q] = Σ x[p] · ψ[v]` over `q = s·p + d·v − b`."""
    outputs = np.zeros((len(inputs), *output_shape, kernel.shape[-1]))
    axes = len(output_shape)
    for p in np.ndindex(*inputs.shape[1:-1]):
        for v in np.ndindex(*kernel.shape[:axes]):
            parts = zip(p, v, strides, dilation_rate, cropping)
            q = tuple(s * a + d * b - c for a, b, s, d, c in parts)
            if all(0 <= at < size for at, size in zip(q, output_shape)):
                outputs[(slice(None), *q)] += inputs[(slice(None), *p)] @ kernel[v]
    return outputs


@EVERY
def test_computes_the_formula_and_what_keras_computes(rng, case):
    teacher, layer = made(case)
    inputs, kernel = drawn(rng, teacher)
    layer.build(inputs.shape)
    layer.kernel.assign(np.swapaxes(kernel, -1, -2))
    expected = layer.compute_output_shape(inputs.shape)
    assert (len(inputs), *teacher.output_shape, 3) == tuple(expected)
    outputs = teacher(inputs, kernel)
    if TRANSPOSED_DILATED or max(teacher.dilation_rate) == 1:
        np.testing.assert_allclose(outputs, layer(inputs) - 1, atol=1e-5)
    geometry = teacher.strides, teacher.dilation_rate, teacher.cropping
    by_loops = loops(inputs, kernel, *geometry, teacher.output_shape)
    np.testing.assert_allclose(outputs, by_loops, atol=1e-4)


@pytest.mark.slow
def test_all_that_keras_computes_is_accepted_and_nothing_else(rng):
    """Kernels, strides, paddings, dilations, and sizes even and odd, along an axis."""
    paddings, output_paddings = ("valid", "same"), (None, 0, 1, 2)
    dilation_rates = (1, 2) if TRANSPOSED_DILATED else (1,)
    drawn = itertools.product(
        *((1, 2, 3, 4, 5), (1, 2, 3), paddings, output_paddings),
        *(dilation_rates, (2, 5)),
    )
    computed = 0
    for kernel_size, strides, padding, output_padding, dilation_rate, size in drawn:
        options = {
            "padding": padding,
            "strides": strides,
            "output_padding": output_padding,
            "dilation_rate": dilation_rate,
        }
        inputs = rng.normal(size=(1, size, 2)).astype("float32")
        kernel = rng.normal(size=(kernel_size, 2, 1)).astype("float32")
        expected = None
        try:
            layer = keras.layers.Conv1DTranspose(1, kernel_size, **options)
            layer.build(inputs.shape)
            layer.kernel.assign(np.swapaxes(kernel, -1, -2))
            expected = layer(inputs)
        except Exception:  # of several types, from Keras and from TensorFlow
            with pytest.raises(ValueError, match="must be") as caught:
                TransposedConvTeacher(size, kernel_size, **options)
            assert "\n" not in str(caught.value)
            continue
        teacher = TransposedConvTeacher(size, kernel_size, **options)
        outputs = teacher(inputs, kernel)
        np.testing.assert_allclose(outputs, expected, atol=1e-5)
        geometry = teacher.strides, teacher.dilation_rate, teacher.cropping
        by_loops = loops(inputs, kernel, *geometry, teacher.output_shape)
        np.testing.assert_allclose(outputs, by_loops, atol=1e-4)
        computed += 1
    assert computed > 100 * len(dilation_rates)


@EVERY
def test_receptive_fields_are_those_that_are_measured(case):
    teacher, _ = made(case)
    undeclared = sc.FunctionTeacher(
        teacher, teacher.input_shape, teacher.kernel_shape, teacher.output_shape
    )
    found = receptive_fields_of(undeclared)
    declared = [sorted(row[row >= 0]) for row in teacher.receptive_fields]
    assert declared == [sorted(row[row >= 0]) for row in found]
    assert teacher.receptive_field_size == teacher.receptive_fields.shape[1]


@EVERY
def test_each_entry_of_the_kernel_is_where_it_is_declared(case):
    """The output for the impulse of an input and of an entry is there and nowhere."""
    teacher, _ = made(case)
    impulses = np.eye(teacher.positions_in, dtype="float32")
    impulses = impulses.reshape(-1, *teacher.input_shape, 1)
    units = np.eye(teacher.kernel_entries, dtype="float32")
    units = units.reshape(*teacher.kernel_shape, 1, -1)
    outputs = np.array(teacher(impulses, units))
    found = outputs.reshape(teacher.positions_in, teacher.positions_out, -1)
    declared = np.zeros_like(found)
    outputs, terms = np.nonzero(teacher.receptive_fields >= 0)
    inputs = teacher.receptive_fields[outputs, terms]
    entries = teacher.field_entries[outputs, terms]
    np.add.at(declared, (inputs, outputs, entries), 1)
    np.testing.assert_array_equal(found, declared)
    assert np.linalg.matrix_rank(found.reshape(-1, teacher.rank)) == teacher.rank


@EVERY
def test_the_gain_of_an_entry_is_what_it_adds_to_the_outputs(case):
    teacher, _ = made(case)
    ones = np.ones((1, *teacher.input_shape, 1), "float32")
    units = np.eye(teacher.kernel_entries, dtype="float32")
    outputs = teacher(ones, units.reshape(*teacher.kernel_shape, 1, -1))
    mean = np.array(outputs).reshape(-1, teacher.kernel_entries).mean(axis=0)
    np.testing.assert_allclose(teacher.entry_gain.ravel(), mean, rtol=1e-5)


def test_entries_that_reach_no_output_have_a_gain_too():
    teacher = TransposedConvTeacher((1, 1), kernel_size=5, padding="same")
    assert teacher.entry_gain.shape == (5, 5)
    assert np.all(teacher.entry_gain > 0)


@EVERY
def test_it_commutes_with_its_translations(rng, case):
    teacher, _ = made(case)
    inputs, kernel = drawn(rng, teacher)
    transformations = teacher.transformations()
    error = largest_error(lambda x: teacher(x, kernel), transformations, inputs)
    assert error is not None if case != "dilated, same" else error is None
    assert error is None or error < 1e-5
    shapes = teacher.input_shape, teacher.output_shape
    for translation in teacher.training_transformations():
        sources = translation.sources(*shapes)
        assert [len(part) for part in sources] == [np.prod(s) for s in shapes]


def test_inputs_translated_by_a_pixel_translate_outputs_by_the_stride(rng):
    teacher = TransposedConvTeacher((6, 5), kernel_size=2, strides=(2, 3))
    inputs, kernel = drawn(rng, teacher)
    inputs[:, -1] = inputs[:, :, -1] = 0
    moved = np.roll(inputs, (1, 1), axis=(1, 2))
    expected = np.roll(teacher(inputs, kernel), (2, 3), axis=(1, 2))
    np.testing.assert_allclose(teacher(moved, kernel), expected, atol=1e-5)
    (translation,) = (t for t in teacher.transformations() if t.offset == (1, 1))
    np.testing.assert_array_equal(translation.inputs(inputs), moved)
    outputs = translation.outputs(np.array(teacher(inputs, kernel)))
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


@EVERY
def test_pixels_within_the_border_are_not_equivariant(rng, case):
    """One pixel fewer than `border` is compared with what came from outside."""
    teacher, _ = made(case)
    if not teacher.border:
        return
    inputs, kernel = drawn(rng, teacher)
    transformations = teacher.training_transformations()
    for translation in transformations:
        translation.border = teacher.border - 1
    error = largest_error(lambda x: teacher(x, kernel), transformations, inputs)
    assert error > 1e-3


def test_maps_that_break_translations_have_an_error(rng):
    teacher = TransposedConvTeacher((6, 6), strides=2, padding="same")
    weights = rng.normal(size=(6, 6, 1)).astype("float32")
    inputs, kernel = drawn(rng, teacher, channels=1)
    error = largest_error(
        lambda x: teacher(x * weights, kernel), teacher.transformations(), inputs
    )
    assert error > 0.1


@pytest.mark.slow
@MOST
@pytest.mark.parametrize("kind", ["local", "dense"])
def test_clones_compute_what_it_computes(rng, case, kind):
    teacher, _ = made(case)
    inputs, kernel = drawn(rng, teacher)
    student, report = sc.clone(teacher, student=kind, solver="closed-form", verbose=0)
    assert report.nmse < 1e-12
    expected = teacher(inputs, kernel)
    np.testing.assert_allclose(student(inputs, kernel), expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["local", "dense"])
def test_it_is_cloned_by_training_too(kind):
    teacher = TransposedConvTeacher((6, 6), strides=2, padding="same")
    student, report = sc.clone(teacher, student=kind, verbose=0)
    assert report.nmse < 1e-8
    assert student_equivariance_error(student) < 1e-3


@EVERY
def test_it_is_recreated_from_plain_values(case):
    teacher, _ = made(case)
    again = deserialize_teacher(serialize_teacher(teacher))
    assert again == teacher
    assert again.name == teacher.name


def test_names_tell_geometries_apart():
    teachers = [made(case)[0] for case in CASES]
    assert len({teacher.name for teacher in teachers}) == len(CASES)
    assert teachers[2].title == "T(2) transposed 5×4 ↑2"


def test_gigantic_sizes_cost_nothing_until_they_are_computed():
    teacher = TransposedConvTeacher((10**6, 10**6, 10**6), strides=2, padding="same")
    assert teacher.positions_out == 8 * 10**18
    assert sc.DenseStudent(teacher).parameters > 10**36


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": 0}, "`shape` must be a positive integer"),
        ({"shape": (4,) * 4}, "number of axes` must be one of 1, 2, 3.*=4"),
        ({"shape": (4, 4), "kernel_size": (3,)}, "`kernel_size` must be.*each axis"),
        ({"shape": 9, "padding": "causal"}, "`padding` must be one of valid, same"),
        ({"shape": 9, "strides": 2, "dilation_rate": 2}, "`strides` must be 1 where"),
        ({"shape": 9, "output_padding": -1}, "`output_padding` must be a non-negative"),
        ({"shape": 9, "output_padding": 1}, "must be from 0 to 0 with.*valid"),
        (
            {"shape": 9, "kernel_size": 2, "padding": "same", "output_padding": 0},
            "must be None with.*same.*of 2 pixels and strides of 1",
        ),
        (
            {
                **{"shape": 9, "kernel_size": 4, "padding": "same", "strides": 3},
                "output_padding": 0,
            },
            "must be from 1 to 2 with.*same.*of 4 pixels and strides of 3",
        ),
    ],
)
def test_sizes_and_options_that_are_not_supported_are_refused(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        TransposedConvTeacher(**options)
    assert "\n" not in str(caught.value)
