from .base import STUDENTS as STUDENTS
from .base import Student as Student
from .dense import DenseStudent as DenseStudent
from .local import LocalStudent as LocalStudent
from .registry import get_student as get_student
from .registry import make_student as make_student
from .registry import student_options as student_options
from .windows import window_of as window_of
