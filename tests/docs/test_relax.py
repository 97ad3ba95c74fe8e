"""What is said of relaxing is what was measured."""

import itertools
import statistics

import pytest

from benchmarks import architectures, relaxing
from benchmarks.relax_time.data import DATA
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


SHIFTED, OBJECTS = "fashion_mnist-shifted", "cifar10"
ON, PIXEL = "cnn goes on", "relaxed, per pixel"


def regions(number):
    return f"relaxed, {number}×{number}"


ALL = [*map(regions, (1, 2, 4, 7)), PIXEL]


@pytest.fixture(scope="module")
def gain(mean):
    """Points by which a network is better than the CNN that goes on."""
    return lambda title, *where: 100 * (mean(title, *where) - mean(ON, *where))


def test_every_study_has_all_networks_and_three_seeds(rows):
    found = {(r["data"], r["images"], r["network"], r["seed"]) for r in rows}
    studies = itertools.product(DATA, LENGTHS, TITLES, range(3))
    assert found == set(studies)


def test_gains_are_what_was_measured(mean, gain):
    text = flowing(PAGE)
    assert f"the CNN ends at {mean('cnn'):.1%}, and goes on to {mean(ON):.1%}" in text
    one, two, four, seven = (mean(regions(n)) for n in (1, 2, 4, 7))
    assert f"it has {one:.1%} with one region and {two:.1%} with 2×2, no more" in text
    assert max(one, two) < mean(ON)
    assert f"{four:.1%} with 4×4, {seven:.1%} with 7×7 and {mean(PIXEL):.1%}" in text
    assert f"{gain(PIXEL):.1f} points more than by going on" in text
    pair = [gain(regions(n), OBJECTS) for n in (4, 7)]
    said = "gain {:.1f} and {:.1f} points over {:.1%}, and single pixels {:.1f}, fewer"
    assert said.format(*pair, mean(ON, OBJECTS), gain(PIXEL, OBJECTS)) in text
    assert gain(PIXEL, OBJECTS) < min(pair)
    few = max(gain(title, data, 1000) for data in DATA for title in ALL)
    assert f"no relaxed network gains more than {few:.1f} points" in text
    most = max(gain(title, data) for data in DATA for title in ALL)
    assert most < 1.2  # "about a point at most"
    other = flowing(doc("learn/freeze-anchor-relax"))
    assert f"{mean(PIXEL):.1%} per pixel, {mean(ON):.1%} as it is" in other


def test_costs_and_what_it_does_not_beat_are_what_was_measured(mean, gain):
    text = flowing(PAGE)
    costs = [-gain(title, SHIFTED) for title in ALL]
    assert min(costs) > 0
    said = "by {:.1f} points with one region to {:.1f} per pixel"
    assert said.format(costs[0], costs[-1]) in text
    assert max(costs) == costs[-1]
    untied = mean("untied"), mean("untied", OBJECTS)
    assert (
        "network has {:.1%} on clothes and {:.1%} on CIFAR-10".format(*untied) in text
    )
    assert untied[0] > max(map(mean, ALL))
    assert untied[1] > max(mean(title, OBJECTS) for title in ALL)
    weights = mean("untied", what="weights") / mean(PIXEL, what="weights")
    assert f"with {weights:.0f} times the weights" in text
    pair = mean("mlp"), mean("mlp", OBJECTS)
    assert "as the latter has {:.1%} and {:.1%}".format(*pair) in text


def test_what_an_epoch_takes_is_what_was_measured(rows):
    def fastest(title):
        key = CLOTHES, 10_000, title
        kept = [r for r in rows if (r["data"], r["images"], r["network"]) == key]
        return min(row["seconds_per_epoch"] for row in kept)

    ratios = [fastest(title) / fastest(ON) for title in ALL[1:]]
    said = (
        "{:.1f} times the CNN's with 2×2 regions, {:.1f} times with 4×4, {:.1f} times "
        "with 7×7 and {:.1f} times per pixel"
    )
    assert said.format(*ratios) in flowing(PAGE)


def test_seams_are_what_was_measured():
    found = results("seams")["rows"]
    assert len({row["seed"] for row in found}) == 3

    def mean(network, what):
        return statistics.mean(r[what] for r in found if r["network"] == network)

    text = flowing(PAGE)
    four, on = (mean(name, "seams_4") for name in ("4×4 regions", "goes on"))
    assert f"is {four:.3f} times that beside them, and {on:.3f} times where" in text
    assert f"goes on as it is: {four / on - 1:.1%} more" in text
    anchored = mean("4×4 regions, decoupled L2-SP 30", "seams_4")
    assert f"strength 30, it is {anchored:.3f} times" in text
    names = ("goes on", "4×4 regions", "8×8 regions", "each pixel")
    said = (
        "from {:.5f} to {:.5f} with 4×4 regions, {:.5f} with 8×8 and {:.5f} per pixel"
    )
    assert said.format(*(mean(name, "error") for name in names)) in text


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
