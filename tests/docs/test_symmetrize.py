"""What is said of networks that became invariant is what was measured."""

from benchmarks.symmetrizing.data import DATA
from benchmarks.symmetrizing.report import heads, table
from benchmarks.symmetrizing.runs import read_rows

from pages import RESULTS, doc, flowing, results
from pages import table as on_page

PAGE = doc("symmetrize")
LAST = "last layer's copies learn of each other"
ALL = "all layers' copies learn of each other"
ROWS = read_rows(RESULTS / "symmetrizing.csv")


def accuracy(data, method, epochs, tested="transformed"):
    found = [
        row[tested]
        for row in ROWS
        if (row["data"], row["method"], row["epochs"]) == (data, method, epochs)
    ]
    return sum(found) / len(found)


def test_accuracies_are_those_that_were_measured():
    for title in ("MNIST", "CIFAR-10", "cells, 900", "cells, 8,000"):
        data = DATA[title]
        kept = [row for row in ROWS if row["data"] == title]
        measured = [
            [method, *shares]
            for method, _, _, *shares in table(kept, data, "transformed")
        ]
        assert on_page(PAGE, title) == measured
        assert f"| {title} | {' | '.join(heads(data))} |" in flowing(PAGE)


def test_what_the_text_concludes_of_digits_is_in_the_table():
    def after(epochs, method):
        return accuracy("MNIST", method, epochs)

    mean, weighted = "mean of logits", "λ-equitune"
    assert after(8, mean) > after(8, "on transformed images, averaged in tests")
    known = {row["method"] for row in ROWS if row["data"] == "MNIST"}
    assert max(known, key=lambda method: after(0, method)) == "most confident"
    for epochs in (1, 3, 8):
        assert after(epochs, weighted) > after(epochs, mean)
    for epochs in (1, 3):
        assert max(after(epochs, LAST), after(epochs, ALL)) < after(epochs, weighted)
    assert max(known, key=lambda method: after(8, method)) == ALL
    weights = {row["method"]: row["weights"] for row in ROWS if row["data"] == "MNIST"}
    assert weights[weighted] - weights[mean] == 51
    assert round(weights[ALL] / weights[mean], 1) == 3.6
    for method in ("mean of logits", "last layer anchored", "as it is"):
        found = accuracy("MNIST, breaking", method, 8, "as_they_are")
        assert f"{found:.1%}" in flowing(PAGE)


def test_what_the_text_concludes_of_photographs_is_in_the_table():
    def after(epochs, method):
        return accuracy("CIFAR-10", method, epochs)

    mean, augmented = "mean of logits", "on transformed images, averaged in tests"
    for epochs in (2, 5):
        assert after(epochs, mean) > after(epochs, augmented)
    assert round(100 * (after(13, augmented) - after(13, mean)), 1) == 0.9
    known = {row["method"] for row in ROWS if row["data"] == "CIFAR-10"}
    best = [max(known, key=lambda method: after(n, method)) for n in (2, 5, 13)]
    assert [method == LAST for method in best] == [False, True, False]


def test_what_the_text_concludes_of_cells_is_in_the_table():
    rotated, mean = "with RandomFlip, RandomRotation", "mean of logits"
    averaged = f"{rotated}, averaged in tests"
    text = flowing(PAGE)
    for data, epochs, method, said in (
        ("cells, 8,000", 4, mean, "reached 93.1% after 4 epochs"),
        ("cells, 8,000", 4, rotated, "reflected and rotated gave 91.5%"),
        ("cells, 8,000", 4, averaged, "and 92.1% with the mean in tests"),
        ("cells, 8,000, C8", 10, mean, "had 93.6% after 10 epochs"),
        ("cells, 8,000, C8", 10, LAST, "and 94.7% with copies"),
        ("cells, 8,000, C8", 10, averaged, "rotated, 91.8% with the mean"),
    ):
        assert f"{accuracy(data, method, epochs):.1%}" in said
        assert said in text
    eight = [row for row in ROWS if row["data"].startswith("cells, 8,000")]
    best = max(eight, key=lambda row: row["transformed"])
    assert (best["data"], best["method"]) == ("cells, 8,000, C8", LAST)


def test_times_and_deviations_are_those_that_were_measured():
    rows = results("symmetric_networks")["rows"]
    for group, said in (("flip", "1.6 to 1.8"), ("d4", "4.4 to 6.8")):
        ratios = [row["ratio"] for row in rows if row["group"] == group]
        assert f"{min(ratios):.1f} to {max(ratios):.1f}" == said
        assert f"{said} times" in flowing(PAGE)
    # No more than what as many images cost, at most.
    assert max(row["of_order"] for row in rows) < 1
    assert max(row["after"] for row in rows) < 1.5e-7
    files = results("symmetric_exports")["rows"]
    kinds = (".keras", "SavedModel", "ONNX", "LiteRT")
    assert f"{max(row[kind] for row in files for kind in kinds):.0e}" == "3e-05"
