"""How well each kind of student clones: what is measured, written and drawn."""

import json

import pytest

import symclone_tf as sc
from benchmarks import students
from symclone_tf.cloning import recipe_for

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("title", students.STUDENTS)
def test_students_are_those_of_the_names(title):
    made = students.make(title, "c4", 6, 0)
    name, _ = students.STUDENTS[title]
    assert isinstance(made, sc.students.get_student(name))
    assert made.teacher == sc.ConvTeacher("c4", 6)
    hidden = getattr(made, "hidden_units", ())
    assert (hidden == (36,)) == (title == "Dense, hidden units")


def test_operations_are_those_of_the_products():
    """Of Dense blocks that are mixed first or last, three passes of each."""
    student = students.make("Dense", "t2", 6, 0)
    recipe = recipe_for(student)
    through, mixing = 9 * 36 * 16, 9 * 16 * recipe.kernels_per_step
    assert students.operations_per_step(student) == 3 * recipe.images_per_step * (
        through + mixing
    )
    attending = students.make("attention", "t2", 6, 0)
    shared = 9 * 36 * 16 * 16
    of_each = attending.operations(1, 32)
    assert students.operations_per_step(attending) == 3 * (24 * of_each + shared)


@pytest.fixture
def few(tmp_path, monkeypatch):
    """A file of two quick students, with two seeds."""
    monkeypatch.setitem(students.SIZES, 10, 1e7)
    file = tmp_path / "students.json"
    for seed in (0, 1):
        for title in ("local", "attention"):
            students.measure_once(file, (title, "c4", 10, seed))
    return file


def test_what_was_measured_is_kept_written_and_drawn(few, capsys):
    rows = students.read(few)
    assert [(row["student"], row["seed"]) for row in rows] == [
        ("local", 0),
        ("attention", 0),
        ("local", 1),
        ("attention", 1),
    ]
    local, attention = rows[:2]
    assert attention["steps"] < 1000
    assert not attention["whole"]
    assert local["nmse"] < attention["nmse"] < 1.1
    assert attention["weights"] == 16 * (101 + 9 * 64) + 9 * 9 * 4
    spent, reached = zip(*local["curve"])
    assert list(spent) == sorted(spent)
    assert spent[-1] <= 1e7
    assert reached[-1] < reached[0]

    students.measure_once(few, ("local", "c4", 10, 1))  # is there already
    assert students.read(few) == rows
    students.write(few)
    text = few.with_suffix(".md").read_text()
    assert f"| {' | '.join(students.cells([local, rows[2]]))} |" in text
    assert "the worst of 2 seeds" in text
    left, small, large = students.draw(rows).axes
    assert len(small.get_lines()) == 4
    assert len(large.get_lines()) == 0
    weights = {x for line in left.get_lines() for x in line.get_xdata()}
    assert weights == {local["weights"], attention["weights"]}
    assert json.loads(few.read_text())["machine"]["cores"] > 0
