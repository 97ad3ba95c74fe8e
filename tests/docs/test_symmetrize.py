"""What is said of networks that became invariant is what was measured."""

from benchmarks.symmetrizing.data import DATA
from benchmarks.symmetrizing.report import heads, table
from benchmarks.symmetrizing.runs import read_rows

from pages import RESULTS, doc, flowing, results
from pages import table as on_page

PAGE = doc("symmetrize")
ROWS = read_rows(RESULTS / "symmetrizing.csv")


def accuracy(data, method, epochs, tested="transformed"):
    found = [
        row[tested]
        for row in ROWS
        if (row["data"], row["method"], row["epochs"]) == (data, method, epochs)
    ]
    return sum(found) / len(found)


def test_accuracies_are_those_that_were_measured():
    for title in ("MNIST", "cells, 900"):
        data = DATA[title]
        kept = [row for row in ROWS if row["data"] == title]
        measured = [
            [method, *shares]
            for method, _, _, *shares in table(kept, data, "transformed")
        ]
        assert on_page(PAGE, title) == measured
        assert f"| {title} | {' | '.join(heads(data))} |" in flowing(PAGE)


def test_what_the_text_concludes_is_in_the_table():
    def last(method):
        return accuracy("MNIST", method, 8)

    assert last("mean of logits") > last("on transformed images, averaged in tests")
    for epochs in (1, 3, 8):
        mean, weighted = (
            accuracy("MNIST", method, epochs)
            for method in ("mean of logits", "λ-equitune")
        )
        assert weighted > mean
    at_once = {row["method"] for row in ROWS if row["data"] == "MNIST"}
    best = max(at_once, key=lambda method: accuracy("MNIST", method, 0))
    assert best == "most confident"
    for method in ("mean of logits", "last layer anchored", "as it is"):
        found = accuracy("MNIST, breaking", method, 8, "as_they_are")
        assert f"{found:.1%}" in flowing(PAGE)


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
