"""What reaches the outputs of transposed convolutions, gathered and summed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.students.receptive_fields import receptive_fields_of
from symclone_tf.students.relative_fields import (
    gather_receptive_fields,
    receptive_fields_by_position,
    relative_receptive_field,
)
from symclone_tf.students.transposed_fields import (
    transposed_kernel,
    transposed_receptive_fields,
)
from symclone_tf.teachers import TransposedConvTeacher

from cases import later

CASES = {
    "plain": ((5, 6), {}),
    "U-Net's": ((4, 5), {"kernel_size": 2, "strides": 2}),
    "same": ((5, 4), {"padding": "same", "strides": 2}),
    "large, same": ((4, 4), {"kernel_size": (5, 7), "padding": "same", "strides": 2}),
    "stride exceeds kernel": ((4, 3), {"kernel_size": 2, "strides": 3}),
    "one stride": ((4, 5), {"kernel_size": (3, 2), "strides": (1, 3)}),
    "more outputs": ((4, 3), {"strides": 3, "output_padding": (0, 2)}),
    "fewer outputs": ((4, 5), {"padding": "same", "strides": 2, "output_padding": 0}),
    "dilated": ((5, 6), {"dilation_rate": 2}),
    "signal": ((7,), {"kernel_size": 5, "strides": 3, "padding": "same"}),
    "volume": ((2, 3, 4), {"kernel_size": 3, "strides": 2}),
}
EVERY = pytest.mark.parametrize("case", CASES)


def made(case):
    shape, options = CASES[case]
    return TransposedConvTeacher(shape, **options)


def gathered(teacher, inputs):
    """By a loop over output positions and their receptive fields."""
    fields = receptive_fields_of(teacher)
    batch, _, maps = inputs.shape
    expected = np.zeros((batch, *fields.shape, maps))
    for output, field in enumerate(fields):
        for entry, position in enumerate(field):
            if position >= 0:
                expected[:, output, entry] = inputs[:, position]
    return expected


@EVERY
def test_what_reaches_each_output_is_gathered(rng, case):
    teacher = made(case)
    inputs = rng.normal(size=(2, teacher.positions_in, 3)).astype("float32")
    expected = gathered(teacher, inputs)
    np.testing.assert_array_equal(gather_receptive_fields(teacher, inputs), expected)
    rows = receptive_fields_by_position(teacher, inputs)
    expected = expected.transpose(1, 0, 2, 3).reshape(rows.shape)
    np.testing.assert_array_equal(rows, expected)


def test_gradients_reach_each_input_as_often_as_it_is_gathered(rng):
    for case in CASES:
        teacher = made(case)
        inputs = tf.constant(rng.normal(size=(2, teacher.positions_in, 1)))
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            total = tf.reduce_sum(gather_receptive_fields(teacher, inputs))
        fields = receptive_fields_of(teacher)
        counts = np.bincount(fields[fields >= 0], minlength=teacher.positions_in)
        found = tape.gradient(total, inputs)
        np.testing.assert_array_equal(found[..., 0], np.stack([counts, counts]))


def test_an_infinite_input_stays_where_it_is_seen(rng):
    teacher = made("same")
    inputs = rng.normal(size=(1, teacher.positions_in, 1)).astype("float32")
    inputs[0, 5] = np.inf
    found = np.array(gather_receptive_fields(teacher, inputs))
    assert not np.isnan(found).any()
    np.testing.assert_array_equal(
        np.isinf(found[0, :, :, 0]), receptive_fields_of(teacher) == 5
    )


@EVERY
def test_plain_layers_gather_the_same(rng, case):
    teacher = made(case)
    fields = transposed_receptive_fields(teacher)
    if case in ("dilated", "volume"):
        assert fields is None
        return
    parts = fields.plain_layers(maps=3)
    inputs = rng.normal(size=(2, teacher.positions_in, 3)).astype("float32")
    model = keras.Sequential(
        [keras.Input(inputs.shape[1:]), *(part for part, _ in parts)]
    )
    for part, values in parts:
        part.set_weights(values)
    expected = gathered(teacher, inputs).transpose(0, 1, 3, 2)
    np.testing.assert_array_equal(model(inputs), expected)
    assert model.count_params() == fields.plain_entries


def test_only_transposed_convolutions_have_such_fields():
    assert transposed_receptive_fields(sc.ConvTeacher("t2", 6)) is None


def test_with_strides_no_receptive_field_is_that_of_all():
    assert relative_receptive_field(made("same")) is None
    assert relative_receptive_field(made("plain")) is not None


@pytest.mark.parametrize(
    "case", [c if c in ("same", "signal") else later(c) for c in CASES]
)
@pytest.mark.parametrize("kind", ["local", later("dense")])
def test_frozen_clones_compute_as_one_transposed_convolution(rng, case, kind):
    teacher = made(case)
    student, _ = sc.clone(teacher, student=kind, solver="closed-form", verbose=0)
    found = student.translation_equivariance()
    assert found.is_convolution
    assert found.deviation < 1e-6
    inputs = rng.normal(size=(2, *teacher.input_shape, 2)).astype("float32")
    kernel = rng.normal(size=(*teacher.kernel_shape, 2, 3)).astype("float32")
    expected = teacher(inputs, kernel)
    np.testing.assert_allclose(student.convolve(inputs, kernel), expected, atol=1e-5)
    np.testing.assert_allclose(transposed_kernel(student, kernel), kernel, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["local", "dense"])
def test_one_weight_that_differs_is_found(rng, kind):
    """At any position: the distance from the mean of all that are tied."""
    teacher = made("same")
    student, _ = sc.clone(teacher, student=kind, solver="closed-form", verbose=0)
    fields, entries = receptive_fields_of(teacher), teacher.field_entries
    output, term = np.argwhere(entries == 4)[-1]
    (weights,) = student.block_weights
    before = np.array(weights)
    after = before.copy()
    if kind == "local":
        after[output, term, 3] += 1
    else:
        after[fields[output, term], 3 * teacher.positions_out + output] += 1
    weights.assign(after)
    student.weights_changed()
    tied = np.sum(entries == 4)
    norm = np.linalg.norm(after[entries >= 0] if kind == "local" else after)
    expected = np.sqrt(1 - 1 / tied) / norm
    found = student.translation_equivariance()
    assert found.deviation == pytest.approx(expected, rel=1e-4)
    assert not found.is_convolution
    assert "they deviate by" in found.reason


def test_weights_outside_of_the_receptive_fields_are_found():
    teacher = made("U-Net's")
    student, _ = sc.clone(teacher, student="dense", solver="closed-form", verbose=0)
    (weights,) = student.block_weights
    after = np.array(weights)
    outside = next(p for p in range(20) if p not in receptive_fields_of(teacher)[0])
    assert after[outside, 0] == 0
    after[outside, 0] = 1
    weights.assign(after)
    student.weights_changed()
    expected = 1 / np.linalg.norm(after)
    found = student.translation_equivariance()
    assert found.deviation == pytest.approx(expected, rel=1e-4)
