"""What is said of distillation is what was measured."""

import statistics

from benchmarks.distilling import METHODS, TEACHER, read_rows

from pages import RESULTS, doc, flowing
from pages import table as on_page

ROWS = read_rows(RESULTS / "distilling.csv")


def mean(title, name):
    return statistics.mean(row[name] for row in ROWS if row["method"] == title)


def test_students_are_those_of_the_table():
    measured = [
        [
            title.removeprefix("student, "),
            *(f"{mean(title, name):.1%}" for name in ("as_they_are", "transformed")),
            f"{mean(title, 'error'):.1g}",
        ]
        for title in METHODS
    ]
    assert on_page(doc("background/related-work"), "student") == measured
    assert {row["seed"] for row in ROWS} == {0, 1, 2}


def test_the_text_concludes_what_is_in_the_table():
    text = flowing(doc("background/related-work"))
    shares = {f"{mean(TEACHER, n):.1%}" for n in ("as_they_are", "transformed")}
    (share,) = shares
    assert f"The teacher has {share} of upright and of rotated digits" in text
    alone, distilled = (
        mean(f"student, {how}", "transformed") for how in ("from labels", "distilled")
    )
    gained = (distilled - alone) / (mean(TEACHER, "transformed") - alone)
    assert 0.15 < gained < 0.25
    rotated = [
        f"student, {how}, on rotated digits" for how in ("from labels", "distilled")
    ]
    first, second = (mean(title, "transformed") for title in rotated)
    assert second <= first
