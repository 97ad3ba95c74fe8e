import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.students.receptive_fields import receptive_fields_of
from symclone_tf.students.translation_equivariance import (
    TOLERANCE,
    translation_equivariance,
)

from cases import CASES, later
from clones import dense, solved
from toys import Web


@CASES
@pytest.mark.parametrize(
    ("student", "padding"),
    [
        ("dense", "valid"),
        later("dense", "same"),
        later("local", "valid"),
        ("local", "same"),
    ],
)
def test_solved_clones_are_convolutions(group, lifting, padding, student):
    found = translation_equivariance(
        solved(group, lifting, padding=padding, student=student)
    )
    assert found.is_convolution
    assert found.deviation < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("student", ["dense", "local"])
def test_trained_clones_are_convolutions_if_they_are_exact(student):
    options = {"image_size": 6, "student": student, "verbose": 0}
    exact, _ = sc.clone("c4", **options)
    assert translation_equivariance(exact).is_convolution
    fewer, _ = sc.clone("c4", blocks=7, **options)
    assert 1e-4 < translation_equivariance(fewer).deviation < 1
    assert "are not translation equivariant" in translation_equivariance(fewer).reason


@pytest.mark.parametrize("kind", [sc.DenseStudent, sc.LocallyConnectedStudent])
def test_deviation_is_the_distance_from_the_mean(rng, kind):
    """Blocks of one kernel at all positions but one."""
    student = kind(sc.ConvTeacher("t2", 6), 2)
    sc.cloning.solve(student)
    weights = student.block_weights[0].numpy().copy()
    change = rng.normal(size=(9, 2)).astype("float32")
    fields = receptive_fields_of(student.teacher)
    if kind is sc.LocallyConnectedStudent:
        weights[5] += change
        norm = np.linalg.norm(weights)
    else:
        blocks = weights.reshape(36, 2, 16)
        blocks[fields[5], :, 5] += change
        norm = np.linalg.norm(blocks)
    student.block_weights[0].assign(weights)
    # The mean changes by a sixteenth; one position deviates by fifteen sixteenths.
    expected = np.linalg.norm(change) * np.sqrt(15 / 16) / norm
    assert translation_equivariance(student).deviation == pytest.approx(
        expected, rel=1e-4
    )


@pytest.mark.slow
@pytest.mark.parametrize(("share", "is_convolution"), [(0.5, True), (2, False)])
def test_tolerance_is_relative_to_all_weights(share, is_convolution):
    student = solved("t2", image_size=9, student="local")
    (weight,) = student.block_weights
    weights = weight.numpy().copy()
    weights[7, 4, 2] += share * TOLERANCE * np.linalg.norm(weights)
    weight.assign(weights)
    assert translation_equivariance(student).is_convolution == is_convolution


def test_weights_outside_of_receptive_fields_count(rng):
    student = solved("t2", image_size=6)
    (weight,) = student.block_weights
    weights = weight.numpy().copy().reshape(36, 9, 16)
    weights[35, 4, 0] = np.linalg.norm(weights)
    weight.assign(weights.reshape(36, -1))
    assert translation_equivariance(student).deviation == pytest.approx(
        1 / np.sqrt(2), rel=1e-4
    )


@pytest.mark.slow
def test_weights_of_the_padding_do_not_count(rng):
    student = solved("t2", image_size=6, padding="same", student="local")
    (weight,) = student.block_weights
    outside = receptive_fields_of(student.teacher) < 0
    weight.assign(np.where(outside[..., None], np.nan, weight))
    assert translation_equivariance(student).is_convolution


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            lambda: sc.LocallyConnectedStudent(sc.ConvTeacher("t2", 6)),
            "it has no weights yet",
        ),
        (lambda: dense("t2", image_size=6, hidden_units=(3,)), "are not linear"),
        (lambda: dense("t2", image_size=6), "its blocks are zero"),
        (lambda: sc.LocallyConnectedStudent(Web()), "has no relative receptive field"),
    ],
)
def test_reason_says_why_not(make, reason):
    student = make()
    if "yet" not in reason:
        student.build()
    found = translation_equivariance(student)
    assert not found.is_convolution
    assert found.deviation is None
    assert reason in found.reason


@pytest.mark.parametrize("student", ["dense", "local"])
def test_weights_stay_as_they_are(student):
    student = solved("t2", image_size=6, student=student)
    before = [weight.copy() for weight in student.get_weights()]
    translation_equivariance(student)
    for weight, was in zip(student.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, was)


def test_weights_that_are_not_finite_are_not_a_convolution():
    student = solved("t2", image_size=6)
    student.block_weights[0].assign(np.full(student.block_weights[0].shape, np.nan))
    assert translation_equivariance(student).reason == "its weights are not finite"
