import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.cloning import teacher_operators
from symclone_tf.cloning.closed_form import solve

from cases import CASES
from clones import dense


def operators(student, layer):
    """Outputs for unit impulses, of shape `(pixels, …, kernel entries)`."""
    image, kernel = student.input_shapes()
    pixels = int(np.prod(image))
    impulses = np.eye(pixels, dtype="float32").reshape(pixels, *image, 1)
    entries = student.teacher.kernel_entries
    units = np.eye(entries, dtype="float32").reshape(*kernel, 1, entries)
    return np.asarray(layer(impulses, units), "float64")


def exact_nmse(student):
    """The NMSE on N(0, I) images and kernels, without any draws: student and teacher
    are linear in both, so it is the squared distance of their operators."""
    truth = operators(student, student.teacher)
    return np.sum((operators(student, student) - truth) ** 2) / np.sum(truth**2)


def solved(*arguments, **options):
    student = dense(*arguments, seed=0, **options)
    return student, solve(student)


@pytest.mark.slow
@CASES
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [6, 7])
def test_copies_every_teacher_exactly(group, lifting, padding, size):
    student, kept = solved(group, lifting, image_size=size, padding=padding)
    assert kept == pytest.approx(1)
    assert sc.nmse(student) < 1e-10


@CASES
@pytest.mark.parametrize("blocks", [1, 5, 7, 8, 12])
def test_valid_layers_reach_the_eckart_young_floor(group, lifting, blocks):
    student, kept = solved(group, lifting, image_size=6, blocks=blocks)
    assert kept == pytest.approx(min(1, blocks / 9), rel=1e-5)
    assert exact_nmse(student) == pytest.approx(1 - kept, rel=1e-3, abs=1e-10)


@pytest.mark.parametrize("blocks", [3, 5, 8])
def test_error_is_the_tail_of_the_singular_values(blocks):
    """Of an independent singular value decomposition. With padding, singular values
    are unequal, so that the choice of directions matters."""
    student, kept = solved("c4", image_size=6, padding="same", blocks=blocks)
    truth = operators(student, student.teacher)
    # (pixels, m, m, |G|, entries): an operator for each element and entry.
    rows = np.moveaxis(truth, (3, 4), (0, 1)).reshape(36, -1)
    variances = np.linalg.svd(rows, compute_uv=False) ** 2
    tail = np.sum(variances[blocks:]) / np.sum(variances)
    assert 1 - kept == pytest.approx(tail, rel=1e-3)
    assert exact_nmse(student) == pytest.approx(tail, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [9, 8, 7, 5])
def test_is_the_optimum_of_training(blocks):
    """Training cannot do better, and does as well."""
    options = {"image_size": 10, "blocks": blocks}
    _, kept = solved("c4", **options)
    trained, _ = sc.clone("c4", **options, verbose=0)
    reached = exact_nmse(trained)
    assert reached >= (1 - kept) * (1 - 1e-5)
    assert reached == pytest.approx(1 - kept, rel=0.02, abs=1e-10)


@pytest.mark.slow
def test_evaluation_in_chunks_is_the_same(monkeypatch):
    whole, kept = solved("c4", False, image_size=6)
    monkeypatch.setattr(teacher_operators, "CHUNK", 1)
    chunked, kept_in_chunks = solved("c4", False, image_size=6)
    assert kept == pytest.approx(kept_in_chunks)
    assert sc.nmse(chunked) < 1e-10
    assert whole.parameters == chunked.parameters


class AnyLinear(sc.Teacher):
    """Any map that is linear in inputs and in kernels."""

    positions_in, positions_out, representation_in, representation_out = 16, 9, 1, 1
    input_shape, kernel_shape, output_shape = (4, 4), (2, 2), (3, 3)
    name = title = "any"

    def __init__(self, operators):
        self.operators = operators

    def __call__(self, inputs, kernel):
        rows = np.reshape(inputs, (-1, 16))
        entries = np.reshape(kernel, (4, -1))
        outputs = np.einsum("nq,vqp,vo->npo", rows, self.operators, entries)
        return outputs.reshape(len(rows), 3, 3, -1).astype("float32")


def test_teacher_may_be_any_linear_map(rng):
    teacher = AnyLinear(rng.normal(size=(4, 16, 9)).astype("float32"))
    student = sc.DenseStudent(teacher)
    assert student.blocks == 4
    assert solve(student) == pytest.approx(1)
    images = rng.normal(size=(5, 4, 4, 1)).astype("float32")
    kernel = rng.normal(size=(2, 2, 1, 3)).astype("float32")
    np.testing.assert_allclose(
        student(images, kernel), teacher(images, kernel), atol=1e-4
    )


def test_teachers_that_are_not_linear_are_refused():
    teacher = AnyLinear(np.ones((4, 16, 9), "float32"))
    teacher.is_linear = False
    with pytest.raises(ValueError, match=r"needs a teacher that is linear.*any"):
        solve(sc.DenseStudent(teacher))


def test_solved_student_can_be_trained_on():
    student, _ = solved("c4", image_size=8)
    assert (
        sc.cloning.train(student, sc.cloning.Training(steps=3), verbose=0).nmse < 1e-10
    )


def test_is_one_of_the_solvers():
    student, report = sc.clone("c4", image_size=8, blocks=7, solver="closed-form")
    assert report.solver == "closed-form"
    assert report.kept_variance == pytest.approx(7 / 9)
    assert report.steps is report.jit is report.replicas is None
    assert report.nmse == sc.nmse(student)


def test_blocks_with_hidden_layers_are_refused():
    with pytest.raises(ValueError, match=r"needs linear blocks.*\[8\]"):
        solved("c4", image_size=6, hidden_units=(8,))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("steps", 5),
        ("learning_rate", 0.1),
        ("images_per_step", 9),
        ("kernels_per_step", 9),
        ("jit", True),
        ("strategy", "mirrored"),
        ("hidden_units", (8,)),
    ],
)
def test_options_of_training_are_refused(option, value):
    with pytest.raises(ValueError, match=f"solver.*sgd.*{option}="):
        sc.clone("c4", image_size=6, solver="closed-form", **{option: value})
