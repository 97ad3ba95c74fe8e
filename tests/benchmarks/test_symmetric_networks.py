"""What is measured of ready-made networks that became invariant."""

import pytest

from benchmarks import symmetric_networks

pytestmark = pytest.mark.slow


def test_deviations_and_times_are_reported():
    row = symmetric_networks.measure("MobileNetV2", 32, "flip", repetitions=1, batch=2)
    assert row["before"] > 1e-3
    assert row["after"] < 1e-5
    assert row["of_order"] == pytest.approx(row["ratio"] / 2)
    text = symmetric_networks.report({"machine": {"cores": 2}, "rows": [row]})
    assert "| MobileNetV2 | 32 | 2 | flip | " in text
    assert f" | {row['ratio']:.2f} | {row['of_order']:.2f} |" in text
