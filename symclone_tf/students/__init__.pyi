from .attention import AttentionStudent as AttentionStudent
from .base import STUDENTS as STUDENTS
from .base import Student as Student
from .dense import DenseStudent as DenseStudent
from .locally_connected import LocallyConnectedStudent as LocallyConnectedStudent
from .regional import RegionalStudent as RegionalStudent
from .registry import artifact_name as artifact_name
from .registry import get_student as get_student
from .registry import make_student as make_student
from .registry import student_options as student_options
from .relative_attention import RelativeAttentionStudent as RelativeAttentionStudent
from .relative_fields import (
    relative_receptive_field as relative_receptive_field,
)
