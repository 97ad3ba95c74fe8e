"""Regional students are cloned to the floor, in closed form and by gradient descent."""

import functools

import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.students.locally_connected import LocallyConnectedStudent
from symclone_tf.students.regional import RegionalStudent
from symclone_tf.symmetry.equivariance import largest_error
from symclone_tf.teachers import ConvTeacher

from cases import CASES, later
from regional_students import EVERY, MOST, TEACHERS, pair_of, regions_of


class TestClosedForm:
    @MOST
    def test_is_exact(self, case):
        teacher = TEACHERS[case]
        for regions in regions_of(teacher):
            student = RegionalStudent(teacher, regions, seed=0)
            kept = sc.cloning.solve(student)
            assert kept == pytest.approx(1, abs=1e-6)
            assert sc.nmse(student, seed=3) < 2e-12

    @pytest.mark.parametrize("case", ["T(2)", later("C4 group"), later("signal")])
    def test_fewer_blocks_reach_the_floor(self, case):
        teacher = TEACHERS[case]
        student = RegionalStudent(teacher, 2, blocks=2, seed=0)
        assert sc.cloning.solve(student) == pytest.approx(2 / teacher.rank, rel=1e-4)
        floor = pytest.approx(1 - 2 / teacher.rank, rel=0.05)
        assert sc.nmse(student, seed=3) == floor

    @CASES
    def test_is_equivariant_under_the_whole_group(self, rng, group, lifting):
        teacher = ConvTeacher(group, 8, lifting=lifting)
        for regions in ((2, 2), (3, 2)):
            student = RegionalStudent(teacher, regions, seed=0)
            _, report = sc.clone(
                teacher, student=student, solver="closed-form", verbose=0
            )
            assert report.equivariance_error < 1e-5
            inputs, kernel = pair_of(rng, student)
            layer = functools.partial(student, kernel=tf.constant(kernel))
            error = largest_error(layer, teacher.transformations(), inputs)
            assert error < 1e-5
            assert student.translation_equivariance().is_convolution


class TestTraining:
    """By gradient descent, with the recipe of local students."""

    @staticmethod
    def trained(teacher, regions, **options):
        student = RegionalStudent(teacher, regions, seed=0)
        _, report = sc.clone(
            teacher, student=student, solver="sgd", verbose=0, **options
        )
        local = LocallyConnectedStudent(teacher, seed=0)
        assert report.steps == sc.cloning.recipe_for(local).steps
        return student, report

    @pytest.mark.parametrize(
        ("case", "regions"),
        [("T(2) same", (3, 2)), ("signal", (6,)), ("C4 group", (2, 2))],
    )
    def test_reaches_the_floor_in_as_many_steps_as_a_local_student(self, case, regions):
        """Also where some regions have twice the positions of others."""
        student, report = self.trained(TEACHERS[case], regions)
        assert report.nmse < 1e-12
        assert report.equivariance_error < 1e-5
        assert sc.nmse(student, seed=99) < 1e-12

    @pytest.mark.slow
    @EVERY
    def test_reaches_it_for_every_teacher(self, case):
        for regions in regions_of(TEACHERS[case]):
            _, report = self.trained(TEACHERS[case], regions)
            assert report.nmse < 1e-12
            assert report.equivariance_error < 1e-5

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(5))
    def test_no_seed_and_no_size_stalls(self, seed):
        for size, regions in ((3, 1), (4, 2), (9, 4), (28, (5, 4))):
            for lifting in (True, False):
                teacher = ConvTeacher("c4", size, lifting=lifting)
                assert self.trained(teacher, regions, seed=seed)[1].nmse < 1e-12

    @pytest.mark.slow
    def test_large_images_are_cloned_too(self):
        teacher = ConvTeacher("t2", 224)
        student, report = self.trained(teacher, (7, 4))
        assert report.nmse < 1e-12
        assert student.parameters < 81 * 30
