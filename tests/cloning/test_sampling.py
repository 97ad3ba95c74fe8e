import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.cloning import sampling

from clones import dense


def test_orthogonal_rows_are_orthogonal_and_of_unit_variance():
    for count, size in ((20, 100), (9, 9), (70, 100)):
        rows = sampling.orthogonal_rows(count, size, tf.constant([1, 2])).numpy()
        np.testing.assert_allclose(rows @ rows.T, size * np.eye(count), atol=1e-3)


def test_more_rows_than_dimensions_come_in_frames():
    rows = sampling.orthogonal_rows(18, 9, tf.constant([1, 2])).numpy()
    np.testing.assert_allclose(rows.T @ rows, 18 * np.eye(9), atol=1e-3)
    assert not np.allclose(rows[:9], rows[9:])
    assert sampling.orthogonal_rows(20, 9, tf.constant([1, 2])).shape == (20, 9)


@pytest.mark.parametrize("draw", [sampling.gaussian_rows, sampling.orthogonal_rows])
def test_draws_have_mean_0_and_variance_1(draw):
    rows = np.concatenate([draw(30, 64, tf.constant([0, i])) for i in range(40)])
    assert abs(rows.mean()) < 0.02
    assert abs(rows.var() - 1) < 0.02
    np.testing.assert_allclose(np.cov(rows.T), np.eye(64), atol=0.2)


def test_streams_differ_by_seed_use_and_step():
    states = {
        tuple(sampling.stream(seed, use, step).numpy())
        for seed in (0, 1)
        for use in (sampling.TRAINING, sampling.HELD_OUT)
        for step in (-1, 0, 1)
    }
    assert len(states) == 12
    repeated = sampling.stream(0, sampling.TRAINING, tf.constant(1, tf.int64))
    assert tuple(repeated.numpy()) in states


@pytest.mark.parametrize("lifting", [True, False])
def test_pairs_have_the_shapes_that_the_student_takes(lifting):
    student = dense("c4", lifting, image_size=6)
    images, kernel = sampling.draw_pairs(
        student.teacher, 3, 5, sampling.stream(0, 0, 0), orthogonal=True
    )
    assert student(images, kernel).shape == (3, 4, 4, 4, 5)
