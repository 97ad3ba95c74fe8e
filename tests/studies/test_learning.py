import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.cloning import recipe_for
from symclone_tf.symmetry import GroupTransformation, Translation
from symclone_tf.symmetry.resampling import disc

from clones import dense


@pytest.mark.parametrize("group", ["t2", "c4"])
def test_learning_curve_falls_to_the_floor(group):
    for blocks, low, high in ((9, 0, 1e-10), (5, 4 / 9, 4 / 9 + 0.05)):
        student = dense(group, image_size=8, blocks=blocks, seed=0)
        curve = sc.studies.learning_curve(student)
        assert len(curve) == recipe_for(student).steps
        assert curve[0] == pytest.approx(1)
        # The few samples of a step scatter around the error that the student can reach.
        assert low * 0.9 <= curve[-1] <= high


def test_learning_curve_ends_with_a_trained_student():
    student = dense("c4", image_size=6, seed=0)
    sc.studies.learning_curve(student)
    assert sc.nmse(student) < 1e-10


@pytest.mark.parametrize("group", ["t2", "c4"])
def test_weights_sharpen_from_zero_to_the_teachers_values(group):
    student = dense(group, image_size=8, seed=0)
    weights, values = sc.studies.weights_while_learning(student, steps=(0, 3))
    steps = list(weights)
    assert steps == [0, 3, recipe_for(student).steps]
    assert not weights[0].any()

    def distance(step):
        targets = np.append(values, 0)
        return np.abs(weights[step][:, None] - targets).min(axis=1).max()

    assert distance(steps[-1]) < 1e-5 < distance(3)
    # Each of nine translations has a weight in each of nine blocks at 36 positions.
    assert np.sum(np.abs(weights[steps[-1]]) > 1e-5) == 9 * 9 * 36


def test_steps_past_the_last_are_left_out():
    student = dense("t2", image_size=6, seed=0)
    last = recipe_for(student).steps
    weights, _ = sc.studies.weights_while_learning(student, steps=(2, 10 * last))
    assert list(weights) == [2, last]


def test_untrained_student_is_random_and_has_the_norm_of_its_teacher():
    for group in ("t2", "c4"):
        student = dense(group, image_size=8, seed=0)
        # Independent of the teacher and of its size: the errors add.
        assert sc.nmse(sc.studies.untrained(student)) == pytest.approx(2, rel=0.2)
        first, again, other = (
            sc.studies.untrained(student, seed) for seed in (0, 0, 1)
        )
        for a, b, c in zip(*(s.get_weights() for s in (first, again, other))):
            np.testing.assert_array_equal(a, b)
            assert not np.array_equal(a, c)


def test_outputs_of_transformed_inputs_are_the_transformed_outputs(rng):
    teacher = sc.ConvTeacher("t2", image_size=8)
    image, kernel = rng.normal(size=(8, 8)), rng.normal(size=(3, 3))
    found = sc.studies.transformed_outputs(
        teacher, teacher, image, kernel, Translation((2, 1))
    )
    assert found.error < 1e-6
    assert found.output.shape == (6, 6, 1)
    assert np.isnan(found.difference[:2]).all()
    assert np.isnan(found.difference[:, 0]).all()
    assert not np.isnan(found.difference[2:, 1:]).any()


def test_outputs_are_compared_where_interpolation_reaches(rng):
    teacher = sc.ConvTeacher("c8", image_size=12)
    image, kernel = rng.normal(size=(12, 12)), rng.normal(size=(3, 3))
    eighth = GroupTransformation("c8", 1)
    found = sc.studies.transformed_outputs(teacher, teacher, image, kernel, eighth)

    def layer(inputs):
        return teacher(inputs, kernel[..., None, None].astype("float32"))

    inputs = image.astype("float32")[None, ..., None]
    error = sc.symmetry.largest_error(layer, [eighth], inputs)
    assert found.error == pytest.approx(error, rel=1e-4)
    inside = disc((10, 10), margin=2)
    np.testing.assert_array_equal(np.isnan(found.difference[..., 3]), ~inside)


@pytest.mark.slow
@pytest.mark.parametrize("group", ["t2", "c4"])
def test_deformations_become_the_identity_at_every_position(group):
    student = sc.LocallyConnectedStudent(sc.ConvTeacher(group, 7), seed=0)
    kept = sc.studies.deformations_while_learning(student, [0, 12, 24], steps=(0, 3))
    assert list(kept) == [0, 3, sc.cloning.recipe_for(student).steps]
    before, while_learning, after = kept.values()
    assert not before.any()
    assert 0.05 < np.abs(while_learning - np.eye(9)).max() < 2
    np.testing.assert_allclose(after, np.stack([np.eye(9)] * 3), atol=1e-4)


def test_deformations_are_the_kernel_that_a_position_applies(rng):
    """Of relaxed students: the output at a position."""
    student = sc.LocallyConnectedStudent(sc.ConvTeacher("t2", 6), seed=0)
    student.build()
    for weight in student.weights:
        weight.assign(rng.normal(size=weight.shape))
    inputs = rng.normal(size=(1, 6, 6, 1)).astype("float32")
    kernel = rng.normal(size=(3, 3, 1, 1)).astype("float32")
    (deformed,) = sc.studies.deformations(student, [5]) @ kernel.ravel()
    # The sixth output stands in the second row and column.
    expected = np.sum(inputs[0, 1:4, 1:4, 0].ravel() * deformed)
    found = np.ravel(student(inputs, kernel))[5]
    assert found == pytest.approx(expected, rel=1e-4)
