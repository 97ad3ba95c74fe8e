from keras import ops

import symclone_tf as sc
from symclone_tf.cloning.caveats import caveat_of, solver_for

from clones import dense


def linear(inputs, kernel):
    return ops.matmul(inputs, kernel[0])


def in_inputs(inputs, kernel):
    return ops.matmul(ops.sin(inputs), kernel[0])


def in_kernel(inputs, kernel):
    return ops.matmul(inputs, ops.sin(kernel[0]))


def teacher_of(function):
    return sc.FunctionTeacher(function, 4, 1, 4)


def test_linear_functions_are_solved_and_others_are_trained():
    assert solver_for(sc.DenseStudent(teacher_of(linear))) == "closed-form"
    assert solver_for(sc.DenseStudent(teacher_of(linear), hidden_units=(4,))) == "sgd"
    assert solver_for(sc.DenseStudent(teacher_of(in_inputs))) == "sgd"
    assert solver_for(dense("t2", image_size=6)) == "sgd"  # as the paper has it


def test_a_student_whose_blocks_have_no_closed_form_is_trained():
    class Bare(sc.Student):
        is_linear = True

    assert solver_for(Bare(teacher_of(linear))) == "sgd"


def test_linear_blocks_cannot_copy_functions_that_hidden_layers_may():
    assert "linear blocks cannot" in caveat_of(sc.DenseStudent(teacher_of(in_inputs)))
    hidden = sc.DenseStudent(teacher_of(in_inputs), hidden_units=(4,))
    assert caveat_of(hidden) is None
    assert caveat_of(dense("t2", image_size=6, hidden_units=(4,))) is None


def test_no_student_can_copy_functions_not_linear_in_the_kernel():
    for units in ((), (4,)):
        student = sc.DenseStudent(teacher_of(in_kernel), hidden_units=units)
        assert "No student can copy in-kernel" in caveat_of(student)
