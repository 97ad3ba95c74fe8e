"""Properties of teachers, found by evaluating them."""

import numpy as np
import pytest
from keras import ops

import symclone_tf as sc
from symclone_tf.symmetry import dihedral
from symclone_tf.teachers import evaluation, linear_in
from symclone_tf.teachers.evaluation import check_outputs, measure_gains

from cases import CASES


class Scale(sc.Teacher):
    """`ψ · x`, and what a subclass makes of it."""

    positions_in = positions_out = 5
    representation_in = representation_out = 1
    input_shape = output_shape = (5,)
    kernel_shape = (1,)
    name = title = "scale"

    def __call__(self, inputs, kernel):
        return self.spoilt(ops.einsum("npc,kco->npo", inputs, kernel))

    def spoilt(self, outputs):
        return outputs


def spoilt(how, **declared):
    return type("Spoilt", (Scale,), {"spoilt": staticmethod(how), **declared})()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (lambda y: y[:, 1:], r"declares, \(2, 5, 1\).*\(2, 4, 1\), of scale"),
        (lambda y: y + np.inf, "must be finite.*of scale"),
        (lambda y: 0 * y, "not be all zero.*of scale"),
        (lambda y: y * np.random.normal(), "change from call to call, of scale"),
        (lambda y: y**2, "`is_linear`.*linear in neither inputs nor the kernel"),
        (lambda y: y + 1, "`is_linear`"),
    ],
)
@pytest.mark.parametrize("solver", ["sgd", "closed-form"])
def test_teachers_that_are_not_as_declared_are_refused_before_cloning(
    how, message, solver
):
    teacher = spoilt(how)
    student = sc.DenseStudent(teacher)
    with pytest.raises(ValueError, match=message) as caught:
        sc.clone(teacher, student=student, solver=solver, verbose=0)
    assert "\n" not in str(caught.value)
    assert not student.built


def test_teachers_that_are_as_declared_pass():
    check_outputs(Scale())
    check_outputs(spoilt(lambda y: y**2, is_linear=False))


@CASES
def test_convolutions_are_found_to_have_their_rank_and_gains(group, lifting):
    teacher = sc.ConvTeacher(group, 6, lifting=lifting)
    assert linear_in(teacher) == ("inputs", "kernel")
    found = measure_gains(teacher)
    np.testing.assert_allclose(found.entries, 1, rtol=1e-5)
    assert found.largest == pytest.approx(1)
    # Group convolutions on D4 have too many operators to compute their rank.
    measured = (group, lifting) != ("d4", False)
    assert found.rank == (teacher.rank if measured else None)


def test_gains_are_those_of_orbits():
    teacher = sc.OrbitTeacher(dihedral(12))
    found = measure_gains(teacher)
    np.testing.assert_allclose(found.entries, teacher.entry_gain, rtol=1e-5)
    assert found.largest == pytest.approx(teacher.largest_gain)
    assert found.rank == 7


def test_gains_are_estimated_of_many_positions_without_the_rank_of_many_operators(
    monkeypatch,
):
    teacher = sc.ConvTeacher("t2", 20)
    assert teacher.positions_in > evaluation.MAX_INPUTS
    found = measure_gains(teacher)
    np.testing.assert_allclose(found.entries, 1, rtol=1e-5)
    assert found.rank == 9
    assert found.largest == pytest.approx(1, abs=0.1)
    measure_gains.cache_clear()
    monkeypatch.setattr(evaluation, "MAX_OPERATORS", 8)
    limited = measure_gains(teacher)
    assert limited.rank is None
    np.testing.assert_allclose(limited.entries, 1, rtol=1e-5)
    measure_gains.cache_clear()
