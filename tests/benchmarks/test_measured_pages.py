"""Pages of measurements, by their examples."""

import doctest

from benchmarks import measured_pages


def test_examples_are_true():
    found = doctest.testmod(measured_pages)
    assert found.attempted == 3
    assert found.failed == 0
