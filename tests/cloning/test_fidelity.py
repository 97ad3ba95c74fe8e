import keras
import numpy as np
import pytest

from symclone_tf.cloning.cloning import clone
from symclone_tf.cloning.fidelity import (
    NMSE,
    nmse,
    student_equivariance_error,
    teacher_equivariance_error,
)
from symclone_tf.students.dense import DenseStudent
from symclone_tf.symmetry import GroupTransformation
from symclone_tf.teachers import ConvTeacher, FunctionTeacher

from cases import CASES, later
from clones import dense, solved


def test_nmse_is_error_over_mean_square_across_batches(rng):
    targets = [rng.normal(size=(n, 3)) for n in (4, 2)]
    guesses = [t + 0.1 * rng.normal(size=t.shape) for t in targets]
    metric = NMSE()
    for target, guess in zip(targets, guesses):
        metric.update_state(target, guess)
    target, guess = np.concatenate(targets), np.concatenate(guesses)
    expected = np.sum((target - guess) ** 2) / np.sum(target**2)
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-5)
    metric.reset_state()
    assert metric.result() == 0


def test_nmse_uses_sample_weights():
    metric = NMSE()
    metric.update_state([[1.0], [2.0]], [[0.0], [2.0]], sample_weight=[0.0, 1.0])
    assert metric.result() == 0


def test_nmse_works_as_a_metric_of_compile(rng):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse", metrics=[NMSE()])
    logs = model.evaluate(
        rng.normal(size=(8, 3)), rng.normal(size=(8, 2)), verbose=0, return_dict=True
    )
    assert logs["nmse"] > 0


def test_nmse_of_an_untrained_student_is_1():
    assert nmse(dense("c4", image_size=6)) == pytest.approx(1)


def test_nmse_of_half_the_outputs_is_a_quarter(small_clone):
    student, _ = small_clone
    halved = DenseStudent.from_config(student.get_config())
    halved.build()
    halved.set_weights(student.get_weights())
    assert nmse(halved) < 1e-10
    halved.encoder.kernel.assign(halved.encoder.kernel / 2)
    assert nmse(halved) == pytest.approx(0.25, rel=1e-4)


def test_nmse_counts_every_image(small_clone):
    student, _ = small_clone
    assert nmse(student, images=33) != nmse(student, images=32)


def test_student_that_copies_its_teacher_is_equivariant(small_clone):
    student, report = small_clone
    error = student_equivariance_error(student)
    assert error < 1e-4
    # f(gx) and g f(x) are each off by at most √NMSE, on pairs of like size.
    assert error < 4 * np.sqrt(report.nmse)


@pytest.mark.slow
@CASES
@pytest.mark.parametrize("blocks", [7, 8])
@pytest.mark.parametrize("seed", [0, 1, later(2)])
def test_floor_of_too_few_blocks_is_measured_for_any_seed(group, lifting, blocks, seed):
    """Whole frames of inputs and kernels give the same error for all draws."""
    student = solved(group, lifting, image_size=12, blocks=blocks, seed=seed)
    assert nmse(student, seed=seed) == pytest.approx(1 - blocks / 9, rel=1e-3)


@pytest.mark.slow
def test_frames_that_are_too_large_are_drawn_in_part():
    student = solved("t2", image_size=28, blocks=8)
    assert nmse(student) == pytest.approx(1 / 9, rel=0.01)
    assert nmse(student, kernels=5) == pytest.approx(1 / 9, rel=0.5)


@pytest.mark.parametrize(("size", "padding"), [(3, "valid"), (3, "same")])
def test_smallest_students_have_an_error_too(size, padding):
    student = dense("t2", image_size=size, padding=padding, seed=0)
    student.build()
    assert student_equivariance_error(student) == 0


@pytest.mark.slow
def test_teachers_own_error_is_that_of_its_exact_clone():
    teacher = ConvTeacher("c8", image_size=12)
    _, report = clone(teacher, solver="closed-form", verbose=0)
    own = teacher_equivariance_error(teacher)
    assert 0.1 < own < 1  # of noise, which no interpolation keeps
    assert report.teacher_equivariance_error == own
    assert report.equivariance_error == pytest.approx(own, abs=1e-5)
    assert teacher_equivariance_error(teacher, seed=1) != own


@pytest.mark.slow
def test_teachers_own_error_is_the_same_for_worse_clones():
    teacher = ConvTeacher("c8", image_size=12)
    _, report = clone(teacher, blocks=2, solver="closed-form", verbose=0)
    assert report.teacher_equivariance_error == teacher_equivariance_error(teacher)
    assert report.equivariance_error > report.teacher_equivariance_error


@pytest.mark.parametrize("group", ["t2", "flip", later("d4")])
def test_teachers_without_interpolation_have_no_error_to_report(group):
    assert teacher_equivariance_error(ConvTeacher(group, image_size=8)) is None


@pytest.mark.slow
def test_function_teachers_with_interpolation_have_one_too():
    def scaled(inputs, kernel):
        return inputs * kernel[0]

    turns = [GroupTransformation("c8", element) for element in range(8)]
    sizes = (8, 8), 1, (8, 8)
    teacher = FunctionTeacher(scaled, *sizes, per_channel=True, transformations=turns)
    assert teacher_equivariance_error(teacher) < 1e-6
