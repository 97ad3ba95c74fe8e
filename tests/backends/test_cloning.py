"""Clones are made on every backend, trained or solved for."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.backends import backend

from cases import later
from other_backends import BACKEND


@pytest.mark.parametrize("student", ["local", "regional"])
def test_closed_form(student):
    _, report = sc.clone(
        "c4", image_size=6, student=student, solver="closed-form", verbose=0
    )
    assert report.nmse < 1e-11
    assert report.equivariance_error < 1e-4


@pytest.mark.parametrize("student", ["dense", "regional"])
def test_trained(student):
    _, report = sc.clone("c4", image_size=6, student=student, verbose=0)
    assert report.nmse < 1e-9
    assert list(report.versions)[1] == BACKEND


def test_blocks_that_are_not_linear_are_trained_by_adam():
    _, report = sc.clone("t2", image_size=5, student="attention", steps=60, verbose=0)
    assert report.nmse < 0.95


def test_the_same_seed_gives_the_same_clone():
    teacher = sc.ConvTeacher("c4", 6)
    weights = []
    for _ in range(2):
        student = sc.DenseStudent(teacher, seed=0)
        cloner = sc.Cloner(student)
        cloner.compile()
        cloner.fit(steps_per_epoch=5, verbose=0)
        weights.append(student.get_weights())
    for first, second in zip(*weights, strict=True):
        np.testing.assert_array_equal(first, second)


def test_draws_differ_by_seed_use_step_and_part():
    draw = sc.cloning.sampling.gaussian_rows
    states = [
        backend().random_state(seed, use, step)
        for seed in (0, 1)
        for use in (0, 1)
        for step in (-1, 0, 1)
    ]
    states += backend().split(states[0])
    rows = {tuple(keras.ops.convert_to_numpy(draw(1, 3, s))[0]) for s in states}
    assert len(rows) == len(states)


def test_a_cloner_saves_and_resumes_with_the_same_draws(tmp_path):
    def make():
        teacher = sc.ConvTeacher("c4", 6)
        cloner = sc.Cloner(sc.DenseStudent(teacher, seed=0))
        cloner.compile()
        return cloner

    whole, first = make(), make()
    whole.fit(steps_per_epoch=6, verbose=0)
    first.fit(steps_per_epoch=3, verbose=0)
    first.save(tmp_path / "cloner.keras")
    resumed = keras.saving.load_model(tmp_path / "cloner.keras")
    resumed.fit(steps_per_epoch=3, verbose=0)
    pairs = zip(whole.student.get_weights(), resumed.student.get_weights())
    for a, b in pairs:
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert resumed.evaluate(steps=2, verbose=0, return_dict=True)["nmse"] < 0.5


@pytest.mark.parametrize("per_channel", [later(False), True])
def test_functions_are_teachers(per_channel):
    powers = np.stack([np.eye(6), np.eye(6, k=1)]).astype("float32")
    pattern = "kqp,np,k->nq" if per_channel else "kqp,npc,kco->nqo"

    def function(inputs, kernel):
        return keras.ops.einsum(pattern, powers, inputs, kernel)

    teacher = sc.FunctionTeacher(function, 6, 2, 6, per_channel=per_channel)
    assert teacher.is_linear
    _, report = sc.clone(teacher, verbose=0)
    assert report.nmse < 1e-10


def test_sets_are_cloned_too():
    teacher = sc.OrbitTeacher(sc.symmetry.symmetric(5))
    _, report = sc.clone(teacher, solver="closed-form", verbose=0)
    assert report.nmse < 1e-10
