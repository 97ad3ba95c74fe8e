"""What is said of training on images of one's own is what was measured."""

import re

from benchmarks.own_images import complete, overview, read_rows

from pages import RESULTS, doc, flowing, table

PAGE = doc("your-images")
ROWS = read_rows(RESULTS / "own_images.csv")
DATA = complete(ROWS)


def test_accuracies_and_minutes_are_those_that_were_measured():
    assert table(PAGE, "network") == overview(ROWS)
    assert f"| network | {' | '.join(DATA)} |" in flowing(PAGE)
    for data in DATA:
        assert {row["seed"] for row in ROWS if row["data"] == data} == {0, 1, 2}
    assert "standard deviation of three seeds" in flowing(PAGE)
    weights = {row["weights"] for row in ROWS if row["data"] == "120 cells"}
    for said in (7_789, 26_689):
        assert said in weights
        assert f"{said:,}" in flowing(PAGE)


def measured():
    """Mean accuracies and minutes, by data: of the CNN, the augmented one, the group
    convolution, and the clones."""
    # As "85.0 ± 0.4% (3.1)".
    lines = [[re.findall(r"[\d.]+", cell) for cell in line] for line in overview(ROWS)]
    return {
        data: [(float(line[n][0]), float(line[n][-1])) for line in lines]
        for n, data in enumerate(DATA, start=1)
    }


def test_what_is_concluded_is_in_the_table():
    ahead = {}
    for data, found in measured().items():
        (plain, _), (augmented, seconds), *symmetric = found
        best = max(plain, augmented)
        assert min(accuracy for accuracy, _ in symmetric) > best, data
        ahead[data] = max(accuracy for accuracy, _ in symmetric) - best
        assert all(1.7 < spent / seconds < 5.2 for _, spent in symmetric), data
        assert (augmented > plain) == (data in ("120 cells", "900 cells"))
    assert min(ahead, key=ahead.get) == "8,000 cells"
    assert 0.5 < ahead["8,000 cells"] < 1.1
    for data in DATA[:3]:
        spreads = [
            float(re.findall(r"[\d.]+", line[1 + DATA.index(data)])[1])
            for line in overview(ROWS)[2:]
        ]
        *_, (exact, _), (anchored, _) = measured()[data]
        assert abs(exact - anchored) < max(spreads)
    for data, points in (("CIFAR-10", 8), ("Fashion-MNIST", 2)):
        *_, (exact, _), (anchored, _) = measured()[data]
        assert round(anchored - exact) == points
