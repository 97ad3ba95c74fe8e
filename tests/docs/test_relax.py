"""What is said of relaxing is what was measured."""

import pytest

from benchmarks import relaxing
from benchmarks.relax_time import report
from symclone_tf.figures.relaxing import read_relax_times

from pages import RESULTS, doc, results, table

PAGE = doc("relax")


@pytest.fixture(scope="module")
def rows():
    return read_relax_times(RESULTS / "relax_time.csv")


def test_the_page_has_all_runs_as_measured(rows):
    expected = [report.cells(*each) for each in report.grouped(rows)]
    assert table(PAGE, "data") == expected


def test_the_page_has_all_published_networks_as_measured():
    found = results("relaxing")["rows"]
    assert [(row["network"], row["size"]) for row in found] == list(relaxing.CASES)
    assert table(PAGE, "network") == [relaxing.cells(row) for row in found]
