"""Operators of teachers: those that differ, and how often each occurs."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.cloning.teacher_operators import (
    CHUNK,
    TeacherOperators,
    _distinct,
    impulse_response,
)
from symclone_tf.teachers import group_conv2d


def all_operators(teacher, rows):
    """By evaluating the teacher for each feature map in and each kernel entry."""
    maps, entries = teacher.representation_in, teacher.kernel_entries
    found = []
    for g in range(maps):
        inputs = np.zeros((len(rows), teacher.positions_in, maps), "float32")
        inputs[:, :, g] = rows
        inputs = inputs.reshape(len(rows), *teacher.input_shape, 1)
        units = np.eye(entries, dtype="float32")
        outputs = teacher(inputs, units.reshape(*teacher.kernel_shape, 1, entries))
        shape = (len(rows), teacher.positions_out, -1)
        found.append(np.reshape(outputs, shape))
    return np.concatenate(found, axis=-1)


TEACHERS = {
    "T(2)": (sc.ConvTeacher("t2", 6), 9),
    "C4 lifting": (sc.ConvTeacher("c4", 6), 9),
    "C4 group": (sc.ConvTeacher("c4", 5, lifting=False), 9),
    # Rotated by multiples of 45°: 8 of pixels at an edge, 8 of corners, the centre's.
    "C8 lifting": (sc.ConvTeacher("c8", 6), 17),
    "C8 group": (sc.ConvTeacher("c8", 6, lifting=False), 17),
    "reflections of volumes": (
        sc.teachers.VolumeConvTeacher("d2h", 3, 2, lifting=False),
        8,
    ),
    "ring": (sc.OrbitTeacher(sc.symmetry.cyclic(5)), 5),
}


@pytest.mark.parametrize("case", TEACHERS)
def test_all_operators_are_those_that_are_left(rng, case):
    teacher, count = TEACHERS[case]
    operators = TeacherOperators(teacher)
    assert operators.count == count
    rows = rng.normal(size=(3, teacher.positions_in)).astype("float32")
    expected = all_operators(teacher, rows)
    left = np.array(operators(rows))
    found = np.zeros_like(expected)
    spread = operators.of_all(np.moveaxis(left, -1, 0))
    found[..., operators.nonzero] = np.moveaxis(spread, 0, -1)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert operators.squared_norm == pytest.approx(np.sum(expected**2), rel=1e-5)


def test_combinations_have_the_norm_that_they_have_among_all(rng):
    """So that principal directions are those of all operators."""
    operators = TeacherOperators(TEACHERS["C4 group"][0])
    rows = rng.normal(size=(1, operators.teacher.positions_in)).astype("float32")
    direction = rng.normal(size=operators.count)
    left = np.array(operators(rows)) @ direction
    everything = all_operators(operators.teacher, rows)[..., operators.nonzero]
    np.testing.assert_allclose(
        everything @ operators.of_all(direction), left, atol=1e-4
    )
    norm = np.linalg.norm(operators.of_all(direction))
    assert norm == pytest.approx(np.linalg.norm(direction))


def test_operators_of_a_single_output_are_not_alike_by_chance():
    """Of 2,000 numbers, some differ by less than rounding."""
    teacher = sc.FunctionTeacher(
        lambda x, k: keras.ops.einsum("npc,pco->no", x, k)[:, None],
        *((2000,), (2000,), (1,)),
    )
    assert TeacherOperators(teacher).count == 2000


def test_no_chain_of_operators_that_are_nearly_the_same_is_one():
    steps = 1 + 5e-7 * np.arange(200)
    columns = np.outer(np.ones(16), steps)
    first, same = _distinct(columns)
    assert len(first) > 50
    values = columns[0, first][same]
    np.testing.assert_allclose(values, columns[0], rtol=1.1e-6)


def test_the_sum_of_squares_stops_where_it_is_not_measured():
    operators = TeacherOperators(TEACHERS["T(2)"][0])
    rows = np.ones((1, 36), "float32")
    operators(rows)
    once, operators.measures = operators.squared_norm, False
    operators(rows)
    assert operators.squared_norm == once > 0


def test_bytes_of_an_impulse_are_those_of_the_outputs():
    teacher = TEACHERS["C4 group"][0]
    assert impulse_response(teacher) == 4 * 9 * 4 * 4 * 36


def test_only_entries_of_operators_that_are_left_are_evaluated(monkeypatch):
    """Of a group convolution, those of one element: 9 of 36."""
    teacher = sc.ConvTeacher("c4", 5, lifting=False)
    operators = TeacherOperators(teacher)
    shapes = []

    def evaluate(self, inputs, kernel):
        shapes.append((inputs.shape, kernel.shape))
        return group_conv2d(inputs, kernel, "c4")

    monkeypatch.setattr(sc.ConvTeacher, "__call__", evaluate)
    operators(np.ones((2, 25), "float32"))
    assert shapes == [((2, 5, 5, 4, 1), (3, 3, 4, 1, 9))]
    assert operators.batch_size == CHUNK // (4 * 9 * 4 * 9)
