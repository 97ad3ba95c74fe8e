"""The page on students says what was measured."""

import pytest

import symclone_tf as sc
from benchmarks import students

from pages import doc, flowing, results, table

PAGE = doc("students")


def test_the_page_has_all_students_as_measured():
    rows = results("students")["rows"]
    found = students.grouped(rows)
    assert {len(kept) for kept in found.values()} == {3}
    assert len(found) == len(students.STUDENTS) * len(students.GROUPS) * 2
    assert table(PAGE, "teacher") == [students.cells(kept) for kept in found.values()]


@pytest.fixture(scope="module")
def found():
    """Rows of a student on images of a size: all groups and seeds."""
    kept = {}
    for row in results("students")["rows"]:
        kept.setdefault((row["student"], row["size"]), []).append(row)
    return kept


def of(rows, name):
    return [row[name] for row in rows]


def test_floors_are_reached_by_what_is_linear(found):
    for size in students.SIZES:
        linear = ("Dense", "local", "relative attention")
        rows = [row for title in linear for row in found[title, size]]
        assert max(of(rows, "nmse")) < 1e-11
        fewest = {title: min(of(found[title, size], "weights")) for title, _ in found}
        assert min(fewest, key=fewest.get) == "relative attention"
    local, relative = (
        next(row for row in found[title, 28] if row["group"] == "c4")
        for title in ("local", "relative attention")
    )
    assert f"{relative['weights'] / local['weights']:.1%} of their weights" in flowing(
        PAGE
    )
    assert relative["operations"] // local["operations"] == 5
    assert relative["steps"] == local["steps"]


def test_attention_comes_near(found):
    small, large = (sorted(of(found["attention", size], "nmse")) for size in (10, 28))
    assert small[4] < 4e-5
    assert 1e-3 < small[5] < 2e-3
    share = found["attention", 28][0]["weights"] / found["Dense", 28][0]["weights"]
    assert f"{share:.0%} of a Dense" in flowing(PAGE)
    assert max(large) < 0.2
    assert not any(of(found["attention", 28], "whole"))


def test_others_do_not(found):
    dense = max(of(found["Dense", 10], "steps"))
    hidden = found["Dense, hidden units", 10]
    assert f"{min(of(hidden, 'steps')) // dense} times the steps" in flowing(PAGE)
    assert max(of(hidden, "nmse")) < 6e-4
    assert min(of(found["Dense, hidden units", 28], "nmse")) > 0.9


def test_all_kinds_are_named():
    kinds = {row[0].strip('`"') for row in table(PAGE, "`student=`")}
    built_in = {name for name, cls in sc.students.STUDENTS.items() if _is_ours(cls)}
    assert kinds == built_in


def _is_ours(cls):
    return cls.__module__.startswith("symclone_tf.")
