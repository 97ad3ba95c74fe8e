"""Regional students take inputs of other sizes, and of unknown ones."""

import copy
import itertools

import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.students import regional as regional_module
from symclone_tf.students.regional import RegionalStudent

from cases import later
from clones import relative
from references import region_of
from regional_students import (
    TEACHERS,
    expected_of,
    gradients_of,
    pair_of,
    plane_of,
    random_student,
    untied,
)

# Both ways to compute, whatever is cheaper.
WAYS = pytest.mark.parametrize("samples", [0, 10**9], ids=["blocks", "convolutions"])


def way(monkeypatch, samples):
    monkeypatch.setattr(regional_module, "TYPICAL_BATCH", samples)


SIZES = {
    "T(2)": [(7, 7), (5, 12)],
    "T(2) same": [(7, 4), (12, 12)],
    "even kernel, same": [(8, 3)],
    "strides": [(10, 7), (6, 15)],
    "strides, same, even": [(9, 9), (5, 12)],
    "strides larger than the kernel": [(12, 8)],
    "dilated": [(7, 13)],
    "rectangle": [(4, 11)],
    "C4 lifting": [(9, 9)],
    "C4 group": [(7, 7)],
    "C4 group, strides": [(11, 11)],
    "D4 group": [(6, 6)],
    "signal, causal, strided": [(11,), (5,)],
    "signal, causal, dilated": [(20,)],
    "volume": [(5, 6, 7), (6, 4, 4)],
    "volume, same, strided": [(2, 6, 9)],
}
MOST_SIZES = pytest.mark.parametrize(
    "case", [c if c in ("T(2) same", "C4 group") else later(c) for c in SIZES]
)


@WAYS
@MOST_SIZES
def test_takes_inputs_of_other_sizes(rng, monkeypatch, case, samples):
    """As a student of a teacher of that size, with the same weights."""
    way(monkeypatch, samples)
    teacher, axes = TEACHERS[case], len(SIZES[case][0])
    for sizes, regions in itertools.product(SIZES[case], [(1,) * axes, (2,) * axes]):
        student = random_student(rng, teacher, regions)
        other = RegionalStudent(teacher.resized(sizes), regions, blocks=3)
        other.build()
        other.set_weights(student.get_weights())
        inputs, kernel = pair_of(rng, other)
        expected = other(inputs, kernel)
        assert student.compute_output_shape(inputs.shape, kernel.shape) == tuple(
            expected.shape
        )
        assert relative(student(inputs, kernel), expected) < 1e-5


@MOST_SIZES
def test_takes_inputs_of_unknown_size(rng, case):
    teacher, axes = TEACHERS[case], len(SIZES[case][0])
    for regions in ((1,) * axes, (2,) * axes):
        student = random_student(rng, teacher, regions)
        rest = teacher.input_shape[axes:]
        inputs, kernel = pair_of(rng, student)
        specs = [
            tf.TensorSpec((None, *[None] * axes, *rest, 2)),
            tf.TensorSpec(kernel.shape),
        ]
        compiled = tf.function(student, input_signature=specs)
        shape = student.compute_output_shape(specs[0].shape, kernel.shape)
        assert shape == (None, *[None] * axes, *teacher.output_shape[axes:], 3)
        for sizes in (teacher.input_shape[:axes], *SIZES[case]):
            inputs = rng.normal(size=(2, *sizes, *rest, 2)).astype("float32")
            assert relative(compiled(inputs, kernel), student(inputs, kernel)) < 1e-5


def test_gradients_of_inputs_of_unknown_size_are_the_same(rng):
    student = random_student(rng, TEACHERS["T(2) same"], (2, 3))
    inputs, kernel = pair_of(rng, student)

    def gradients(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(tf.square(student(inputs, kernel)))
        return tape.gradient(loss, [inputs, *student.trainable_weights])

    unknown = tf.function(
        gradients, input_signature=[tf.TensorSpec((None, None, None, 2))]
    )
    for found, expected in zip(unknown(inputs), gradients(tf.constant(inputs))):
        assert relative(found, expected) < 1e-5


# Inputs with fewer outputs than four regions, along one axis or all.
SMALL = {
    "T(2)": [(3, 3), (4, 9), (7, 5)],
    "T(2) same": [(1, 1), (2, 7), (3, 2)],
    "strides, same, odd": [(1, 2), (5, 6), (7, 12)],
    "strides larger than the kernel": [(2, 2), (5, 14), (8, 4)],
    "dilated, same": [(1, 3), (3, 9)],
    "C4 lifting": [(3, 3), (5, 5)],
    "D4 group": [(3, 3), (4, 4)],
    "signal": [(3,), (4,), (5,)],
    "signal, causal, strided": [(1,), (4,)],
    "volume, same, strided": [(1, 2, 3), (3, 9, 2)],
}
# Their teachers, for inputs with as many outputs as regions.
LARGE = {case: TEACHERS[case].resized((21,) * len(SMALL[case][0])) for case in SMALL}
MOST_SMALL = pytest.mark.parametrize(
    "case",
    [c if c in ("T(2) same", "strides, same, odd") else later(c) for c in SMALL],
)


def small_students(rng, case):
    """A student, and inputs with fewer outputs than regions, with the student that has
    the formula's shapes for them."""
    teacher, axes = LARGE[case], len(SMALL[case][0])
    student = random_student(rng, teacher, (4,) * axes)
    for sizes in SMALL[case]:
        small = copy.copy(student)
        small.teacher = teacher.resized(sizes)
        yield student, small, pair_of(rng, small)


def unknown(student, inputs, kernel):
    """Signatures of inputs of unknown size, and of a kernel."""
    free = student.free_axes
    shape = (None, *[None] * free, *inputs.shape[1 + free :])
    return [tf.TensorSpec(shape), tf.TensorSpec(kernel.shape)]


@MOST_SMALL
def test_regions_without_outputs_add_nothing_to_the_formula(rng, case):
    for student, small, (inputs, kernel) in small_students(rng, case):
        compiled = tf.function(
            student, input_signature=unknown(student, inputs, kernel)
        )
        expected = expected_of(small, inputs, kernel)
        for compute in (student, compiled, tf.function(student, jit_compile=True)):
            found = compute(inputs, kernel)
            assert found.shape == expected.shape
            assert relative(found, expected) < 1e-5


@MOST_SMALL
def test_gradients_where_regions_have_no_outputs_are_those_of_a_local_student(
    rng, case
):
    for student, small, pair in small_students(rng, case):
        pair = [tf.constant(each) for each in pair]
        local = untied(small)
        upstream = rng.normal(size=local(*pair).shape).astype("float32")
        *expected, positions = gradients_of(local, pair, local.local_weights, upstream)
        sums = np.zeros(student.region_weights.shape)
        for p, gradient in enumerate(positions.numpy()):
            sums[region_of(p, plane_of(small.teacher), student.regions)] += gradient
        expected.append(sums)

        def gradients(*pair, student=student, upstream=upstream):
            weights = student.region_weights
            return gradients_of(student, list(pair), weights, upstream)

        compiled = tf.function(gradients, input_signature=unknown(student, *pair))
        for compute in (gradients, compiled):
            for found, each in zip(compute(*pair), expected, strict=True):
                assert relative(found, each) < 1e-5


def test_inputs_that_the_kernel_does_not_fit_are_refused(rng):
    student = random_student(rng, TEACHERS["T(2)"], (3, 3))
    message = "`kernel_size` must not exceed `image_size`"
    with pytest.raises(ValueError, match=message):
        student(np.ones((1, 2, 9, 2)), np.ones((3, 3, 2, 1)))


def test_sizes_that_the_group_does_not_keep_are_refused(rng):
    student = random_student(rng, TEACHERS["C4 lifting"], (2, 2))
    with pytest.raises(ValueError, match="`image_size` must be the same along"):
        student(np.ones((1, 6, 7, 1)), np.ones((3, 3, 1, 1)))
