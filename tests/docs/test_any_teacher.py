"""What is said of teachers of every kind is what was measured."""

from benchmarks import teachers

from pages import doc, flowing, results, table

PAGE = doc("any-teacher")
ROWS = results("teachers")["rows"]


def test_the_page_has_all_teachers_as_measured():
    assert table(PAGE, "teacher") == [teachers.cells(row) for row in ROWS]


def test_linear_ones_are_solved_and_others_trained():
    linear = [row for row in ROWS if row["linear"] == ["inputs", "kernel"]]
    assert len(linear) == 9
    for row in linear:
        assert row["solver"] == "closed-form"
        assert row["nmse"] < 1e-10
        assert (row["equivariance_error"] or 0) < 1e-5
        assert row["caveat"] is None
    others = [row for row in ROWS if row not in linear]
    assert {row["solver"] for row in others} == {"sgd"}
    assert sum(row["seconds"] for row in ROWS) < 120


def test_what_is_said_of_attention_is_what_it_reached():
    plain, hidden, everything = ROWS[-3:]
    text = flowing(PAGE)
    assert plain["linear"] == hidden["linear"] == ["kernel"]
    assert "linear blocks" in plain["caveat"]
    assert hidden["caveat"] is None
    assert f"from {plain['nmse']:.0%} of the outputs' mean square" in text
    assert f"to {hidden['nmse']:.2%}" in text
    assert hidden["nmse"] < plain["nmse"] / 100
    assert everything["linear"] == []
    assert "No student" in everything["caveat"]
    assert f"reach {everything['nmse']:.2f} where {everything['floor']:.2f}" in text
    assert everything["floor"] - 0.01 < everything["nmse"] < everything["floor"] + 0.1
