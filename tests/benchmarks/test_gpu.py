"""What is measured on a GPU is measured on a CPU too, and said to be."""

import sys

import pytest

from benchmarks import gpu


def test_what_is_not_installed_is_said_in_a_line(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gpu", "--backend", "torch"])
    monkeypatch.setattr(gpu.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        SystemExit, match=r"^keras is not installed, and .* needs it\.$"
    ):
        gpu.main()


@pytest.mark.slow
def test_small_sizes_are_measured_on_the_cpu(monkeypatch):
    monkeypatch.setattr(gpu, "PRECISIONS", ("tf32",))
    monkeypatch.setattr(gpu, "NAMES", ("convolution", "local"))
    steps, cloned = gpu.SMALL
    results = gpu.collect("tensorflow", 1, steps, cloned)
    assert results["machine"]["device"].startswith("CPU")
    (row,) = results["steps"]
    text = gpu.report(results)
    ratio = row["local"]["seconds"] / row["convolution"]["seconds"]
    assert "| c4, 6×6 | 1 → 1 | 2 | tf32 |" in text
    assert f"| {ratio:.2f} ({row['local']['memory'] / 1e6:.0f}) |" in text
    (found,) = results["cloning"]
    assert max(found["trained_nmse"], found["solved_nmse"]) < 1e-9
