"""Why a student cannot copy its teacher, and by which solver it is cloned."""

from symclone_tf.students import Student
from symclone_tf.teachers import FunctionTeacher, linear_in


def solver_for(student: Student) -> str:
    """The default solver for a student.

    Args:
        student: `Student`.

    Returns:
        String, `"closed-form"` for linear blocks and a `FunctionTeacher` that was
        found to be linear; else `"sgd"`, as in the paper.

    Example:

    >>> solver_for(DenseStudent(ConvTeacher("t2", 6)))
    'sgd'
    """
    teacher = student.teacher
    evaluated = isinstance(teacher, FunctionTeacher) and teacher.is_linear
    solvable = type(student).coordinates is not Student.coordinates
    return "closed-form" if evaluated and solvable and student.is_linear else "sgd"


def caveat_of(student: Student) -> str | None:
    """Why a student cannot copy its teacher, however it is cloned.

    Args:
        student: `Student`.

    Returns:
        String, one line; `None` if no reason is known.

    Example:

    >>> def squares(inputs, kernel):
    ...     return keras.ops.matmul(keras.ops.square(inputs), kernel[0])
    >>> teacher = FunctionTeacher(squares, 4, 1, 4)
    >>> caveat_of(DenseStudent(teacher)).partition(",")[0]
    'A student with linear blocks cannot copy squares'
    >>> caveat_of(DenseStudent(teacher, hidden_units=(8,))) is None
    True
    """
    teacher = student.teacher
    if teacher.is_linear:
        return None
    found = linear_in(teacher)
    if "kernel" not in found:
        return (
            f"No student can copy {teacher.title}, which is not linear in its kernel, "
            "as all encoders are."
        )
    if student.is_linear and "inputs" not in found:
        return (
            f"A student with linear blocks cannot copy {teacher.title}, which is not "
            "linear in its inputs: blocks with `hidden_units` may."
        )
    return None
