"""What is said of students is what was measured."""

import symclone_tf as sc
from benchmarks import students

from pages import doc, results, table

PAGE = doc("students")


def test_the_page_has_all_students_as_measured():
    rows = results("students")["rows"]
    found = students.grouped(rows)
    assert {len(kept) for kept in found.values()} == {3}
    assert len(found) == len(students.STUDENTS) * len(students.GROUPS) * 2
    assert table(PAGE, "teacher") == [students.cells(kept) for kept in found.values()]


def test_all_kinds_are_named():
    kinds = {row[0].strip('`"') for row in table(PAGE, "`student=`")}
    built_in = {name for name, cls in sc.students.STUDENTS.items() if _is_ours(cls)}
    assert kinds == built_in


def _is_ours(cls):
    return cls.__module__.startswith("symclone_tf.")
