"""What is said of relaxing is what was measured."""

import statistics

import pytest

from benchmarks import architectures, relaxing
from benchmarks.relax_time import report
from benchmarks.relax_time.rows import read_beside, read_relax_times

from pages import RESULTS, doc, flowing, results, table

PAGE = doc("relax")


@pytest.fixture(scope="module")
def rows():
    return read_relax_times(RESULTS / "relax_time.csv")


def test_the_page_has_all_runs_as_measured(rows):
    expected = [report.cells(*each) for each in report.grouped(rows)]
    assert table(PAGE, "data") == expected


CLOTHES, TRANSLATED, CIFAR = "fashion_mnist", "fashion_mnist-shifted", "cifar10"


@pytest.fixture(scope="module")
def mean(rows):
    def of(title, at, data=CLOTHES, size=10_000):
        key = data, size, title, at
        names = ("data", "train_size", "variant", "relaxed_at")
        kept = [row for row in rows if tuple(row[n] for n in names) == key]
        return statistics.mean(row["accuracy"] for row in kept)

    return of


def test_gains_and_their_lack_are_what_was_measured(mean):
    text = flowing(PAGE)

    def gain(title="relaxed", at=4, *where):
        return f"{100 * (mean(title, at, *where) - mean('cnn', 0, *where)):.1f}"

    relaxed, untied, mlp = mean("relaxed", 4), mean("untied", 4), mean("mlp", 0)
    assert f"ends at {relaxed:.1%}, {gain()} points above" in text
    both = f"{mean('relaxed', 4, CIFAR):.1%} against {mean('cnn', 0, CIFAR):.1%}"
    assert f"gains {gain('relaxed', 4, CIFAR)} points, {both}" in text
    assert f"as many weights has {mean('mlp', 0, CIFAR):.1%}" in text
    little = gain("relaxed", 24, CLOTHES, 1000)
    assert f"With 1,000 images it gains {little} points" in text
    translated = mean("relaxed", 4, TRANSLATED), mean("cnn", 0, TRANSLATED)
    assert "{:.1%} relaxed, {:.1%} not".format(*translated) in text
    assert f"reach {mean('relaxed', 0):.1%}, as after four" in text
    assert f"with three left, {mean('relaxed', 7):.1%}" in text
    assert f"alone gains {gain('last relaxed')} points" in text
    assert f"third of the rate {gain('relaxed, a third of the rate')} (" in text
    assert f"L2-SP of 10 it is {gain('relaxed, decoupled L2-SP 10')}, and" in text
    assert f"better on clothes, {untied:.1%}" in text
    assert f"MLP as good, {mlp:.1%}" in text
    assert abs(mlp - relaxed) < 0.01


def test_main_comparisons_have_three_seeds(rows):
    found = {tuple(each[:3]): each[3] for each in report.grouped(rows)}
    for (study, title, _), kept in found.items():
        if title in ("cnn", "mlp"):
            assert len(kept) == 3, (study, title)
        if title == "relaxed" and kept[0]["relaxed_at"] in (4, 24):
            assert len(kept) == 3, study


def test_the_hours_are_those_of_all_runs(rows):
    seconds = [
        row["seconds_per_epoch"] * (row["epochs"] - row["relaxed_at"]) for row in rows
    ]
    assert f"{sum(seconds) / 3600:.1f} hours of one core" in flowing(PAGE)


def test_errors_grow_without_an_anchor():
    (courses,) = read_beside(RESULTS / "relax_time.csv", "errors").values()
    free, anchored = courses["relaxed, 4"], courses["relaxed, decoupled L2-SP 10, 4"]
    assert min(free[-1].values()) > 0.25
    assert max(anchored[-1].values()) < 0.12


def test_untied_networks_have_so_many_more_weights(rows):
    weights = {row["variant"]: row["weights"] for row in rows if row["data"] == CLOTHES}
    times = weights["untied"] / weights["relaxed"]
    assert f"with {times:.0f} times the weights" in flowing(PAGE)


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
