"""What is said of several strengths in one training is what was measured."""

from benchmarks import strength_search
from benchmarks.almost_symmetric.rows import read

from pages import RESULTS, doc
from pages import table as on_page

ROWS = strength_search.read_rows(RESULTS / "strength_search.csv")
SINGLE = read(RESULTS / "almost_symmetric.csv")
PAGE = doc("symmetry-breaking")


def lines():
    cases = dict.fromkeys(
        tuple(row[name] for name in strength_search.KEY[:3]) for row in ROWS
    )
    return [strength_search.line(case, ROWS, SINGLE) for case in cases]


def test_searches_are_those_that_were_measured():
    measured = [
        [method, task, chosen, test, best, alone.partition(" of ")[0], time]
        for method, task, _, chosen, test, best, _, alone, time in lines()
    ]
    assert on_page(PAGE, "search") == measured


def test_what_the_text_concludes_is_in_the_table():
    for method, task, _, _, test, _, _, alone, time in lines():
        value, other = (
            float(cell.strip("%")) for cell in (test, alone.partition(" of ")[0])
        )
        if task in ("breaking", "invariance"):
            assert float(time) < 1.6
        if task in ("breaking", "invariance", "quadrant"):
            assert value >= other - 0.55, (method, task)
        else:
            assert value < other + 0.02, (method, task)
