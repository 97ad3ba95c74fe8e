"""What a student cannot do of its teacher, and how it is cloned unless told."""

from symclone_tf.students import Student
from symclone_tf.teachers import FunctionTeacher, linear_in


def solver_for(student) -> str:
    """How a student is cloned unless somebody says.

    Args:
        student: `Student`.

    Returns:
        String, `"closed-form"` for linear blocks of a function that was found to be
        linear; else `"sgd"`, the paper's.

    Example:

    >>> solver_for(DenseStudent(ConvTeacher("t2", 6)))
    'sgd'
    """
    teacher = student.teacher
    evaluated = isinstance(teacher, FunctionTeacher) and teacher.is_linear
    solved = type(student).coordinates is not Student.coordinates
    return "closed-form" if evaluated and solved and student.is_linear else "sgd"


def caveat_of(student) -> str | None:
    """Why a student cannot copy its teacher, however it is cloned.

    Args:
        student: `Student`.

    Returns:
        String, one line; `None` where nothing is known that stands in its way.

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
