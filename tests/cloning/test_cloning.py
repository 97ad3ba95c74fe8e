import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.cloning import recipe_for
from symclone_tf.cloning.cloner import Cloner
from symclone_tf.cloning.cloning import Training, clone, train
from symclone_tf.cloning.fidelity import nmse

from cases import CASES, later
from clones import dense


@CASES
@pytest.mark.parametrize(
    ("size", "padding"),
    [(7, "valid"), later(7, "same"), later(8, "valid"), later(8, "same")],
)
def test_copies_every_teacher_exactly(group, lifting, size, padding):
    student, report = clone(group, lifting, image_size=size, padding=padding, verbose=0)
    assert report.nmse < 1e-10
    assert report.equivariance_error < 1e-4
    # The report's figures hold on draws of another seed.
    assert nmse(student, seed=99) < 1e-10


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(later(n) for n in range(1, 5))])
def test_no_seed_stalls(seed):
    assert clone("c4", image_size=9, seed=seed, verbose=0)[1].nmse < 1e-10
    assert clone("c4", False, image_size=9, seed=seed, verbose=0)[1].nmse < 1e-10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "kernel_size"), [(3, 3), later(8, 1), (8, 4), later(9, 5)]
)
def test_copies_any_kernel_that_fits(size, kernel_size):
    _, report = clone("c4", image_size=size, kernel_size=kernel_size, verbose=0)
    assert report.nmse < 1e-10


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [later(5), 7, later(8)])
def test_fewer_blocks_reach_the_eckart_young_floor(blocks):
    student, _ = clone("c4", image_size=10, blocks=blocks, verbose=0)
    reached = nmse(student, images=2048, kernels=64)
    assert reached == pytest.approx(1 - blocks / 9, rel=0.02)


@pytest.mark.slow
def test_more_blocks_than_needed_do_no_harm():
    assert clone("c4", image_size=8, blocks=12, verbose=0)[1].nmse < 1e-10


@pytest.mark.slow
def test_hidden_layer_learns():
    options = {"image_size": 5, "hidden_units": (32,), "verbose": 0}
    _, short = clone("c4", steps=50, **options)
    _, long = clone("c4", steps=800, **options)
    assert long.nmse < 0.01
    assert long.nmse < short.nmse / 10


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"images_per_step": 5},
        {"kernels_per_step": 4},
        later({"images_per_step": 200}),
    ],
)
def test_any_batch_converges(options):
    assert clone("c4", image_size=8, verbose=0, **options)[1].nmse < 1e-8


def test_same_seed_gives_the_same_bits():
    def weights(seed):
        student, _ = clone("c4", image_size=12, seed=seed, verbose=0)
        return np.concatenate([w.ravel() for w in student.get_weights()])

    np.testing.assert_array_equal(weights(3), weights(3))
    assert not np.array_equal(weights(3), weights(4))


def test_report_says_how_the_clone_was_made(small_clone):
    student, report = small_clone
    recipe = recipe_for(student)
    assert report.steps == recipe.steps
    assert report.images_per_step == recipe.images_per_step
    assert report.seconds > 0
    assert report.jit == bool(tf.config.list_physical_devices("GPU"))
    assert report.versions["keras"] == keras.__version__
    assert report.nmse == nmse(student)


@pytest.mark.parametrize("exported", [False, True])
def test_recipe_is_computed_once(monkeypatch, tmp_path, exported):
    computed = []

    def count(student, *arguments):
        computed.append(student)
        return recipe_for(student, *arguments)

    monkeypatch.setattr("symclone_tf.cloning.training_options.recipe_for", count)
    monkeypatch.setattr("symclone_tf.cloning.cloner.recipe_for", count)
    student = dense("t2", image_size=5, seed=0)
    if exported:
        list(
            sc.workspace.clone_and_export(
                [student], Training(steps=2), tmp_path, verbose=0
            )
        )
    else:
        train(student, Training(steps=2), verbose=0)
    assert computed == [student]


@pytest.mark.slow
def test_training_continues_from_the_students_weights():
    student, _ = clone("c4", image_size=6, steps=5, verbose=0)
    before = nmse(student)
    assert train(student, Training(seed=1, steps=5), verbose=0).nmse < before / 2


@pytest.mark.slow
def test_xla_and_plain_graphs_are_equally_faithful():
    for jit in (True, False):
        assert clone("c4", image_size=6, jit=jit, verbose=0)[1].nmse < 1e-10


def test_divergence_is_reported_and_returns_nothing():
    with pytest.raises(sc.CloningError, match=r"diverged.*learning_rate=50"):
        clone("c4", image_size=6, learning_rate=50, verbose=0)


@pytest.mark.slow
def test_fidelity_that_is_not_reached_is_reported():
    with pytest.raises(sc.CloningError, match=r"reached an NMSE of .*1\.0e-03"):
        clone("c4", image_size=6, blocks=5, max_nmse=1e-3, verbose=0)


@pytest.mark.slow
def test_xla_is_on_where_there_is_a_gpu():
    cloner = Cloner(dense("c4", image_size=6, seed=0))
    cloner.compile()
    assert cloner.jit_compile == bool(tf.config.list_physical_devices("GPU"))
    assert clone("c4", image_size=5, jit=True, steps=2, verbose=0)[1].jit


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group": "c1"}, "`group` must be t2, flip, cN"),
        ({"solver": "magic"}, "`solver` must be one of sgd"),
        ({"steps": 0}, "`steps` must be a positive integer"),
        ({"learning_rate": float("nan")}, "`learning_rate` must be a positive"),
        ({"images_per_step": -1}, "`images_per_step` must be"),
        ({"kernels_per_step": 0}, "`kernels_per_step` must be"),
        ({"max_nmse": 0}, "`max_nmse` must be"),
        ({"blocks": 0}, "`blocks` must be"),
        ({"regions": 2}, "`regions` is not for `student` dense.*regions=2"),
        ({"student": "local", "regions": 2}, "`regions` is not for `student` local"),
        ({"student": "regional", "regions": 5}, "must not exceed the 4×4 positions"),
        ({"student": "regional", "regions": 0}, "`regions` must be a positive integer"),
    ],
)
def test_bad_arguments_are_refused_before_any_work(options, message, monkeypatch):
    monkeypatch.setattr(Cloner, "fit", lambda *_, **__: pytest.fail("it trained"))
    with pytest.raises(ValueError, match=message):
        clone(**{"group": "c4", "image_size": 6, "verbose": 0, **options})


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["sgd", "closed-form"])
def test_regional_students_are_cloned(solver):
    options = {"image_size": 6, "student": "regional", "solver": solver, "verbose": 0}
    student, report = clone("t2", regions=(2, 3), **options)
    assert (student.kind, student.regions) == ("regional", (2, 3))
    assert report.nmse < 1e-12


def test_regions_are_for_students_of_convolutions_that_are_named():
    teacher = sc.ConvTeacher("c4", 6)
    student = sc.students.RegionalStudent(teacher, 2)
    with pytest.raises(ValueError, match="`regions` is for a `student` that is a name"):
        clone(teacher, student=student, regions=2, verbose=0)
    ring = sc.OrbitTeacher(sc.symmetry.cyclic(5))
    with pytest.raises(ValueError, match="`student` regional is for convolutions"):
        clone(ring, student="regional", verbose=0)


@pytest.mark.parametrize(
    "group", ["d2", later("c3"), "c8", later("c12"), later("d8"), later("c16")]
)
@pytest.mark.parametrize("lifting", [True, later(False)])
def test_every_group_is_cloned_to_rounding(group, lifting):
    for student in ("dense", "local", "regional"):
        options = {"regions": (2, 2)} if student == "regional" else {}
        found, report = clone(
            group,
            lifting,
            8,
            5,
            student=student,
            solver="closed-form",
            verbose=0,
            **options,
        )
        assert report.nmse < 1e-11
        assert found.blocks == (25 if group == "d2" else 17)
