"""What is said of training on images of one's own is what was measured."""

import re

from benchmarks.own_images import complete, overview, read_rows

from pages import RESULTS, doc, flowing, table

PAGE = doc("your-images")
ROWS = read_rows(RESULTS / "own_images.csv")


def test_accuracies_and_minutes_are_those_that_were_measured():
    assert table(PAGE, "network") == overview(ROWS)
    assert f"| network | {' | '.join(complete(ROWS))} |" in flowing(PAGE)
    assert {row["seed"] for row in ROWS if row["data"] in complete(ROWS)} == {0}
    assert "one seed (`python -m benchmarks.own_images`" in flowing(PAGE)


def test_what_is_concluded_is_in_the_table():
    # Accuracies and minutes, as "85.0% (3)".
    found = [
        [re.findall(r"[\d.]+", cell) for cell in line[1:]] for line in overview(ROWS)
    ]
    few, more = (complete(ROWS).index(f"{count} cells") for count in (120, 900))
    plain, augmented, *symmetric = (float(line[few][0]) for line in found)
    assert augmented > plain
    assert [round(found - augmented) for found in symmetric] == [1, 3]
    close = [float(line[more][0]) for line in found[1:]]
    assert max(close) - min(close) <= 1
    augmented, exact = ([float(minutes) for _, minutes in line] for line in found[1:3])
    assert min(b / a for a, b in zip(augmented, exact)) > 2
