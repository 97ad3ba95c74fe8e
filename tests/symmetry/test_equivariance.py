import keras
import numpy as np
import pytest

from symclone_tf.cloning.fidelity import NMSE, nmse, student_equivariance_error
from symclone_tf.symmetry.equivariance import equivariance_error
from symclone_tf.symmetry.shifts import shifted
from symclone_tf.students.dense import DenseStudent


def test_nmse_is_error_over_power_across_batches(rng):
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


def test_nmse_heeds_sample_weights():
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
    assert nmse(DenseStudent("c4", image_size=6)) == pytest.approx(1)


def test_nmse_of_half_the_answer_is_a_quarter(small_clone):
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


def test_shift_of_t2_is_seen(rng):
    images = rng.normal(size=(2, 9, 9, 1))
    assert equivariance_error(lambda x: x, "t2", images) == 0
    ramp = np.linspace(0, 1, 9)[None, :, None, None]
    assert equivariance_error(lambda x: x * ramp, "t2", images) > 0.1


def test_border_is_left_out_under_t2(rng):
    def wrong_at_the_edge(x):
        y = x.copy()
        y[:, 0] = y[:, -1] = y[:, :, 0] = y[:, :, -1] = 1
        return y

    images = rng.normal(size=(2, 9, 9, 1))
    assert equivariance_error(wrong_at_the_edge, "t2", images) > 0.1
    assert equivariance_error(wrong_at_the_edge, "t2", images, border=1) == 0


def test_error_is_the_largest_over_the_group(rng):
    """A function that treats half turns well and quarter turns badly."""
    images = rng.normal(size=(2, 6, 6, 1))
    turned = lambda x: x + np.rot90(x, 2, axes=(1, 2))  # noqa: E731
    assert equivariance_error(turned, "c4", images) < 1e-6
    stripes = np.where(np.arange(6) < 3, 1, -1)[None, :, None, None] ** 2
    assert equivariance_error(lambda x: x * stripes, "c4", images) == 0
    edges = np.zeros((1, 6, 6, 1))
    edges[:, [0, -1]] = 1  # kept by half turns only
    assert equivariance_error(lambda x: x * edges, "c2", images) < 1e-6
    assert equivariance_error(lambda x: x * edges, "c4", images) > 0.5


def test_error_is_relative(rng):
    images = rng.normal(size=(4, 6, 6, 1))
    small = lambda x: 1e-6 * np.square(x) * np.arange(6)[None, :, None, None]  # noqa: E731
    large = lambda x: 1e6 * small(x)  # noqa: E731
    assert equivariance_error(small, "c4", images) == pytest.approx(
        equivariance_error(large, "c4", images)
    )


def test_vectors_are_expected_to_be_invariant(rng):
    images = rng.normal(size=(4, 6, 6, 1))
    total = lambda x: np.sum(x, axis=(1, 2))  # noqa: E731
    corner = lambda x: x[:, 0, 0]  # noqa: E731
    assert equivariance_error(total, "c4", images) < 1e-6
    assert equivariance_error(corner, "c4", images) > 0.5


def test_nothing_but_zeros_is_equivariant(rng):
    assert equivariance_error(np.zeros_like, "c4", rng.normal(size=(1, 4, 4, 1))) == 0


def test_answer_that_appears_with_a_move_is_no_small_error():
    images = np.zeros((1, 4, 4, 1))
    images[:, 0] = 1
    lower_half = np.arange(4)[None, :, None, None] > 1
    assert equivariance_error(lambda x: x * lower_half, "c2", images) == np.inf


def test_many_shifts_are_judged_by_some_the_farthest_among_them(rng):
    images = np.zeros((1, 40, 40, 1))
    images[:, 18:22, 18:22] = 1
    far = np.maximum(np.abs(np.arange(40) - 19.5) - 15, 0)[None, :, None, None]
    calls = []

    def wrong_at_the_edge(x):
        calls.append(1)
        return x + far * np.max(x)

    assert equivariance_error(wrong_at_the_edge, "t2", images, max_shift=15) > 0.5
    assert len(calls) == 13**2


def test_nothing_to_compare_is_refused(rng):
    with pytest.raises(ValueError, match="No part of the outputs is left"):
        equivariance_error(lambda x: x, "t2", rng.normal(size=(1, 4, 4, 1)), border=2)


@pytest.mark.parametrize("size", [2, 3])
def test_shifts_that_leave_nothing_are_no_reason_to_refuse(rng, size):
    images = rng.normal(size=(2, size, size, 1))
    assert equivariance_error(lambda x: x, "t2", images, max_shift=5) == 0
    ramp = np.arange(1.0, size + 1)[None, :, None, None]
    assert equivariance_error(lambda x: x * ramp, "t2", images, max_shift=5) > 0.1


@pytest.mark.parametrize(("size", "padding"), [(3, "valid"), (3, "same")])
def test_smallest_students_have_an_error_too(size, padding):
    student = DenseStudent("t2", image_size=size, padding=padding, seed=0)
    student.build()
    assert student_equivariance_error(student) == 0


def test_shifts_move_down_and_right():
    image = np.zeros((1, 5, 5, 1))
    image[0, 1, 1] = 1
    assert np.argwhere(shifted(image, (2, -1))[0, ..., 0]).tolist() == [[3, 0]]
    assert not shifted(image, (9, 0)).any()
