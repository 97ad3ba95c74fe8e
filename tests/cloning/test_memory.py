import psutil
import pytest

from symclone_tf.cloning import recipe_for
from symclone_tf.cloning.memory import check_memory, solving_memory, training_memory
from symclone_tf.cloning.teacher_operators import CHUNK
from symclone_tf.students import DenseStudent
from symclone_tf.symmetry import cyclic, symmetric
from symclone_tf.teachers import OrbitTeacher

from clones import dense


def test_need_grows_with_the_fourth_power_of_the_size():
    def need(size):
        student = dense("c4", image_size=size)
        return training_memory(student, recipe_for(student))

    assert 12 < need(128) / need(64) < 18


def test_need_covers_weights_and_gradients():
    student = dense("c4", image_size=28)
    assert training_memory(student, recipe_for(student)) > 3 * 4 * student.parameters


def test_student_too_large_is_refused_with_its_size():
    student = dense("c4", image_size=512)
    with pytest.raises(MemoryError, match=r"2\.45 TB of weights.* TB of memory.*avail"):
        check_memory(student, training_memory(student, recipe_for(student)))
    assert not student.built


def test_student_that_fits_is_accepted():
    student = dense("c4", image_size=10)
    check_memory(student, training_memory(student, recipe_for(student)))
    needed = training_memory(student, recipe_for(student))
    assert needed < psutil.virtual_memory().available


@pytest.mark.parametrize("size", [48, 64, 96])
def test_closed_form_takes_less_than_six_times_the_weights_and_a_chunk(size):
    student = dense("c4", image_size=size)
    weights = 4 * student.parameters
    assert 2 * weights < solving_memory(student) < 6 * weights + 5 * CHUNK


def test_weights_and_their_copies_are_less_than_six_times_the_weights():
    """What training holds, apart from the batch."""
    student = dense("c4", image_size=64)
    smallest = training_memory(student, recipe_for(student, 1, 1))
    assert smallest < 6 * 4 * student.parameters


def test_memory_of_teachers_calls_is_counted(monkeypatch):
    ring, members = (OrbitTeacher(group) for group in (cyclic(128), symmetric(128)))
    assert ring.call_memory(10) == 2 * 4 * 128**2 * 10
    assert members.call_memory(10) == 0  # no matrix of pairs
    student = DenseStudent(ring, blocks=1)
    needs = [solving_memory(student), training_memory(student, recipe_for(student))]
    monkeypatch.setattr(OrbitTeacher, "call_memory", lambda self, kernels: 0)
    less = [solving_memory(student), training_memory(student, recipe_for(student))]
    for more, without in zip(needs, less):
        assert more - without == pytest.approx(1.1 * 8 * 128**3, abs=2)
