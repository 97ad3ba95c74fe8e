"""What is said of U-Nets is what was measured."""

from benchmarks.segmenting import read_rows, table

from pages import RESULTS, doc
from pages import table as on_page

PAGE = doc("segmentation")
ROWS = read_rows(RESULTS / "segmenting.csv")


def test_the_table_is_that_of_the_runs():
    for count in {row["images"] for row in ROWS}:
        kept = [row for row in ROWS if row["images"] == count]
        assert on_page(PAGE, f"{count} images") == table(kept)


def test_what_is_concluded_is_in_the_tables():
    best = {}
    for count, ahead in ((400, 5), (50, 1)):
        *plain, exact, frozen, anchored = table(
            [row for row in ROWS if row["images"] == count]
        )
        best[count] = [percent(line) for line in (exact, frozen, anchored)]
        assert round(min(best[count]) - max(map(percent, plain)), 1) >= ahead - 0.1
    differences = [round(abs(best[n][0] - best[n][1]), 1) for n in (400, 50)]
    assert differences == [1.3, 3.6]
    assert max(best[50]) == best[50][2]


def percent(line):
    """The mean IoU, as "80.1 ± 2.0%"."""
    return float(line[4].strip("%").split(" ± ")[0])
