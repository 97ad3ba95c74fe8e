"""What is said of relaxing is what was measured."""

import statistics

import pytest

from benchmarks import architectures, relaxing
from benchmarks.relax_time.networks import TITLES
from benchmarks.relax_time.report import accuracies
from benchmarks.relax_time.rows import read_rows
from benchmarks.relax_time.training import LENGTHS

from pages import RESULTS, doc, flowing, results, table

PAGE = doc("relax")


@pytest.fixture(scope="module")
def rows():
    return read_rows(RESULTS / "relax_time.csv")


def test_the_page_has_all_accuracies_as_measured(rows):
    assert table(PAGE, "data") == accuracies(rows)


def test_columns_of_accuracies_are_networks():
    head = "| data | seeds | " + " | ".join(TITLES) + " |"
    assert head in PAGE.read_text("utf-8").splitlines()


def test_networks_were_trained_as_the_page_says():
    many, few = (LENGTHS[size] for size in (10_000, 1_000))
    text = flowing(PAGE)
    assert f"not fallen for {many.patience} epochs ({few.patience} with 1,000" in text
    assert f"for at most {many.most} ({few.most})" in text
    assert f"goes on for {many.further} epochs ({few.further})" in text


CLOTHES = "fashion_mnist"


@pytest.fixture(scope="module")
def mean(rows):
    def of(title, data=CLOTHES, size=10_000, what="accuracy"):
        key = data, size, title
        kept = [r for r in rows if (r["data"], r["images"], r["network"]) == key]
        return statistics.mean(row[what] for row in kept)

    return of


def few_regions(mean, *where):
    """Accuracies of networks with fewer regions than 7×7, from the least on."""
    return sorted(mean(f"relaxed, {n}×{n}", *where) for n in (1, 2, 4))


def test_gains_and_their_lack_are_what_was_measured(mean):
    text = flowing(PAGE)
    further, pixel = mean("cnn goes on"), mean("relaxed, per pixel")
    assert f"the CNN ends at {mean('cnn'):.1%}, and goes on to {further:.1%}" in text
    least, _, most = few_regions(mean)
    assert f"up to 4×4 regions it has {least:.1%} to {most:.1%}" in text
    assert most < further
    seven = mean("relaxed, 7×7")
    assert f"with 7×7 regions {seven:.1%}, and per pixel {pixel:.1%}" in text
    assert f"{100 * (pixel - further):.1f} points more" in text
    assert f"An untied network has {mean('untied'):.1%}" in text
    assert f"MLP of as many weights as the latter {mean('mlp'):.1%}" in text
    weights = mean("untied", what="weights") / mean(
        "relaxed, per pixel", what="weights"
    )
    assert f"with {weights:.0f} times the weights" in text
    few = CLOTHES, 1000
    pair = mean("relaxed, per pixel", *few), mean("cnn goes on", *few)
    assert "it is {:.1%} per pixel against {:.1%}".format(*pair) in text
    pair = mean("untied", *few), mean("mlp", *few)
    assert "with 1,000 images they have {:.1%} and {:.1%}".format(*pair) in text
    other = flowing(doc("learn/freeze-anchor-relax"))
    assert f"{pixel:.1%} per pixel, {further:.1%} as it is" in other


def test_relaxed_networks_are_soon_at_their_best(rows):
    best = [
        row["best_epoch"]
        for row in rows
        if row["network"].startswith("relaxed") and row["images"] == 10_000
    ]
    assert f"after {min(best)} to {max(best)} of 5 epochs" in flowing(PAGE)


def test_the_page_has_all_published_networks_as_measured():
    found = results("relaxing")["rows"]
    assert [(row["network"], row["size"]) for row in found] == list(relaxing.CASES)
    assert table(PAGE, "network") == [relaxing.cells(row) for row in found]


def test_the_page_has_all_architectures_as_measured():
    found = architectures.read(RESULTS / "architectures.csv")
    assert table(PAGE, "architecture") == [architectures.cells(row) for row in found]
    for row in found:
        assert float(row["layer_difference"]) < 1e-5
        assert float(row["difference"]) < 10 * max(float(row["rounding"]), 1e-5)
